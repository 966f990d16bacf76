#===- large_model.py - A network of 138 million parameters ---------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
"""Writes a VGG-16 for ImageNet with made-up weights as a QONNX file.

Real in every size: 13 convolutions, 3 matrix products, 138.3 million weights,
4-bit weights on a uniform grid, 4-bit activations, 224 x 224 images. The
weights are pseudo-random from a fixed seed: the file serves to measure the
compiler, and its predictions mean nothing.
"""

import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DOMAIN = "qonnx.custom_op.general"
CONVOLUTIONS = [
    [64, 64],
    [128, 128],
    [256, 256, 256],
    [512, 512, 512],
    [512, 512, 512],
]
DENSE = [4096, 4096, 1000]
ACTIVATION_BITS = WEIGHT_BITS = 4
LARGEST_LEVEL = 2 ** (WEIGHT_BITS - 1) - 1


class Builder:
    """Collects the nodes and initializers of the graph."""

    def __init__(self):
        self.nodes, self.initializers = [], []
        self.random = np.random.default_rng(16)

    def constant(self, name, array):
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def quant(self, name, source, scale, bits, signed):
        inputs = [
            source,
            self.constant(f"{name}.scale", np.float32(scale)),
            self.constant(f"{name}.zero_point", np.float32(0)),
            self.constant(f"{name}.bits", np.float32(bits)),
        ]
        self.nodes.append(
            helper.make_node(
                "Quant",
                inputs,
                [f"{name}.out"],
                name=name,
                domain=DOMAIN,
                signed=int(signed),
                narrow=int(signed),
                rounding_mode="ROUND",
            )
        )
        return f"{name}.out"

    def weight(self, name, shape):
        # About unit variance behind the layer, on the grid of the quantizer.
        fan_in = int(np.prod(shape[1:]))
        scale = np.float32(1.0 / (4.0 * np.sqrt(fan_in)))
        levels = self.random.integers(
            -LARGEST_LEVEL, LARGEST_LEVEL, size=shape, endpoint=True, dtype=np.int8
        )
        stored = self.constant(name, levels.astype(np.float32) * scale)
        return self.quant(f"{name}_quant", stored, scale, WEIGHT_BITS, signed=True)

    def node(self, operator, name, inputs, **attributes):
        self.nodes.append(
            helper.make_node(operator, inputs, [f"{name}.out"], name=name, **attributes)
        )
        return f"{name}.out"

    def activation(self, name, source):
        positive = self.node("Relu", f"{name}.relu", [source])
        return self.quant(f"{name}.quant", positive, 0.25, ACTIVATION_BITS, signed=False)


def build():
    builder = Builder()
    value, channels = "image", 3
    for block, widths in enumerate(CONVOLUTIONS):
        for index, width in enumerate(widths):
            name = f"conv{block}_{index}"
            weight = builder.weight(f"{name}.weight", (width, channels, 3, 3))
            bias = builder.constant(f"{name}.bias", np.zeros(width, np.float32))
            value = builder.node(
                "Conv",
                name,
                [value, weight, bias],
                kernel_shape=[3, 3],
                pads=[1, 1, 1, 1],
            )
            value = builder.activation(name, value)
            channels = width
        value = builder.node(
            "MaxPool", f"pool{block}", [value], kernel_shape=[2, 2], strides=[2, 2]
        )
    value = builder.node("Flatten", "flatten", [value])
    features = channels * 7 * 7
    for index, width in enumerate(DENSE):
        name = f"dense{index}"
        weight = builder.weight(f"{name}.weight", (width, features))
        bias = builder.constant(f"{name}.bias", np.zeros(width, np.float32))
        value = builder.node("Gemm", name, [value, weight, bias], transB=1)
        if index + 1 < len(DENSE):
            value = builder.activation(name, value)
        features = width
    graph = helper.make_graph(
        builder.nodes,
        "vgg16",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, 224, 224])],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, ["N", DENSE[-1]])],
        builder.initializers,
    )
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid(DOMAIN, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def write_vgg16(folder):
    """Writes vgg16_w4a4.onnx (553 MB) into the folder; returns its path.

    Another process does, and keeps its memory to itself: the kernel counts what
    a process holds when it starts a child to the child's peak.
    """
    path = folder / "vgg16_w4a4.onnx"
    subprocess.run([sys.executable, __file__, path], check=True)
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: large_model.py FILE.onnx (553 MB)")
    onnx.save(build(), sys.argv[1])
