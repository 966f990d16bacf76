#===- networks.py - Shapes of the networks of the GPU benchmark ----------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
"""ResNet-18 and VGG16 for images of 32 x 32 pixels, as lists of layers.

ResNet-18 is the variant that is usual for CIFAR: a first convolution of 3 x 3
without pooling, four stages of two basic blocks with 64 to 512 channels, global
average pooling, one dense layer. VGG16 has its thirteen convolutions, five average
poolings of 2 x 2 and one dense layer. Everything that predicts or measures on
GPUs takes its shapes from here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """A convolution (a dense layer is one on a single pixel).

    size: height and width of its output. skip: channels of an identity skip
    that its neurons add. first: its input is the image, not spikes.
    joins: its sums go to the neurons of the next layer in the list (the
    convolution on a skip), it has no neurons of its own. pooled: an average
    pooling of 2 x 2 stands in front; the product takes both at once, with a
    kernel of twice the size and stride.
    """

    name: str
    inputs: int
    outputs: int
    size: int
    kernel: int = 3
    stride: int = 1
    skip: int = 0
    first: bool = False
    joins: bool = False
    readout: bool = False
    pooled: bool = False

    @property
    def multiplications(self):
        """Multiply-accumulates of one image and time step, border ignored."""
        return self.inputs * self.outputs * self.kernel**2 * self.size**2

    @property
    def input_pixels(self):
        return (self.size * self.stride * (2 if self.pooled else 1)) ** 2

    @property
    def output_pixels(self):
        return self.size**2


def resnet18():
    layers = [Layer("stem", 3, 64, 32, first=True)]
    channels, size = 64, 32
    for stage, outputs in enumerate((64, 128, 256, 512), start=1):
        for block in (1, 2):
            stride = 2 if stage > 1 and block == 1 else 1
            size //= stride
            name = f"{stage}.{block}"
            layers.append(
                Layer(f"{name} a", channels, outputs, size, stride=stride)
            )
            if stride == 2:
                layers.append(
                    Layer(f"{name} skip", channels, outputs, size, 1, 2, joins=True)
                )
                layers.append(Layer(f"{name} b", outputs, outputs, size))
            else:
                layers.append(Layer(f"{name} b", outputs, outputs, size, skip=outputs))
            channels = outputs
    # Global average pooling composed with the dense layer.
    layers.append(Layer("classifier", 512, 10, 1, kernel=4, stride=4, readout=True))
    return layers


def vgg16():
    layers, channels, size, number = [], 3, 32, 1
    for outputs, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for index in range(count):
            first = number == 1
            pooled = index == 0 and not first
            layers.append(
                Layer(f"conv {number}", channels, outputs, size, first=first, pooled=pooled)
            )
            channels, number = outputs, number + 1
        size //= 2
    # The last pooling is multiplied out with the dense layer.
    layers.append(Layer("classifier", 512, 10, 1, kernel=1, readout=True, pooled=True))
    return layers


NETWORKS = {"ResNet-18": resnet18, "VGG16": vgg16}
