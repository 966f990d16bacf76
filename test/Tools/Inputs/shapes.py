# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks without weights, as ONNX in protobuf's text form on standard output.

    shapes.py NAME [SCALE]

The weights are initializers that have dimensions and no data. `alexnet` and `vgg11` are
the CIFAR networks of the Fast-SNN paper, strides in place of poolings; `resnet20` its
smallest ResNet; `vgg16` the ImageNet network, with SCALE times the height and width and,
if scaled, without its fully connected layers.
"""

import sys


class Network:
    """Nodes and initializers, added one behind the other."""

    def __init__(self, size):
        self.nodes, self.initializers = [], []
        self.size, self.channels, self.last = size, 3, "image"
        self.input = f"dim {{ dim_value: 1 }} dim {{ dim_value: 3 }} " + " ".join(
            f"dim {{ dim_value: {size} }}" for _ in range(2)
        )

    def add(self, op, inputs, output, attributes=""):
        inputs = ", ".join(f'"{name}"' for name in inputs)
        self.nodes.append(
            f'  node {{ name: "{output}" op_type: "{op}" input: [{inputs}] output: "{output}" {attributes} }}'
        )
        self.last = output

    def weights(self, name, dims):
        self.initializers.append(
            f'  initializer {{ name: "{name}" data_type: 1 dims: {list(dims)} }}'
        )

    def conv(self, name, channels, stride=1, kernel=3, relu=True):
        def ints(key, values):
            return f'attribute {{ name: "{key}" type: INTS ints: {values} }} '

        self.weights(name + ".w", (channels, self.channels, kernel, kernel))
        attributes = ints("strides", [stride] * 2) + ints("pads", [kernel // 2] * 4)
        self.add("Conv", [self.last, name + ".w"], name + ".sum", attributes)
        self.channels, self.size = channels, -(-self.size // stride)
        if relu:
            self.add("Relu", [self.last], name)

    def flatten(self):
        self.add("Flatten", [self.last], "flat")
        self.channels *= self.size**2

    def dense(self, name, outputs, relu=True):
        self.weights(name + ".w", (outputs, self.channels))
        transposed = 'attribute { name: "transB" type: INT i: 1 }'
        self.add("Gemm", [self.last, name + ".w"], name + (".sum" if relu else ""), transposed)
        self.channels = outputs
        if relu:
            self.add("Relu", [self.last], name)

    def text(self):
        body = "\n".join(self.nodes + self.initializers)
        return (
            'ir_version: 8\nopset_import { version: 17 }\ngraph {\n  name: "shapes"\n'
            f"{body}\n"
            f'  input {{ name: "image" type {{ tensor_type {{ elem_type: 1 shape {{ {self.input} }} }} }} }}\n'
            f'  output {{ name: "{self.last}" }}\n}}\n'
        )


def classifier(size, plan, hidden, classes):
    """`plan`: channels and stride of each convolution."""
    network = Network(size)
    for number, (channels, stride) in enumerate(plan, 1):
        network.conv(f"conv{number}", channels, stride)
    if hidden:
        network.flatten()
        for number, outputs in enumerate(hidden, len(plan) + 1):
            network.dense(f"fc{number}", outputs)
        network.dense("scores", classes, relu=False)
    return network


def resnet20():
    network = Network(32)
    network.conv("stem", 16)
    for group, width in enumerate((16, 32, 64)):
        for block in range(3):
            name, entry, entry_channels = f"{group}.{block}", network.last, network.channels
            size = network.size
            network.conv(f"{name}.first", width, 2 if group and not block else 1)
            network.conv(f"{name}.second", width, relu=False)
            second, end = network.last, network.size
            if entry_channels != width:
                network.last, network.channels, network.size = entry, entry_channels, size
                network.conv(f"{name}.side", width, 2, kernel=1, relu=False)
                entry = network.last
            network.add("Add", [second, entry], f"{name}.add")
            network.channels, network.size = width, end
            network.add("Relu", [network.last], name)
    network.add("GlobalAveragePool", [network.last], "pool")
    network.size = 1
    network.flatten()
    network.dense("scores", 10, relu=False)
    return network


def main():
    name, scale = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    if name == "alexnet":
        plan = [(96, 1), (256, 2), (384, 2), (384, 1), (256, 2)]
        network = classifier(32, plan, [2048], 10)
    elif name == "vgg11":
        widths = [64, 128, 256, 256, 512, 512, 512, 512]
        network = classifier(32, [(w, 1 + i % 2) for i, w in enumerate(widths)], [4096, 4096], 10)
    elif name == "vgg16":
        widths = [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
        # Each stage but the first halves its images, and so do the dense layers' inputs.
        plan = [(w, 2 if i in (2, 4, 7, 10) else 1) for i, w in enumerate(widths)]
        hidden = [] if scale > 1 else [4096, 4096]
        if hidden:
            plan[-1] = (512, 2)
        network = classifier(224 * scale, plan, hidden, 1000)
    else:
        network = {"resnet20": resnet20}[name]()
    sys.stdout.write(network.text())


if __name__ == "__main__":
    main()
