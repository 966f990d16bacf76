# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The networks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
import torch.nn.functional as F

from fastsnn.zoo.layers import (
    FLOAT_BITS,
    Block,
    LinearBlock,
    QuantizedConv2d,
    QuantizedLinear,
    Residual,
    set_bits,
)


def pool(kind: str, kernel: int = 2, stride: int = 2, padding: int = 0) -> nn.Module:
    """Average or max pooling."""
    if kind == "average":
        return nn.AvgPool2d(kernel, stride, padding)
    if kind == "max":
        return nn.MaxPool2d(kernel, stride, padding)
    raise ValueError(f"pooling '{kind}', 'average' and 'max' are supported; choose one of these")


def stack(inputs: int, plan: Sequence[int | str], pooling: str) -> nn.Sequential:
    """3x3 blocks of so many channels; "P" is a pooling."""
    layers: list[nn.Module] = []
    for entry in plan:
        if isinstance(entry, str):
            layers.append(pool(pooling))
        else:
            layers.append(Block(inputs, entry))
            inputs = entry
    return nn.Sequential(*layers)


class Classifier(nn.Module):
    """Feature maps, fully connected blocks, class scores."""

    def __init__(self, features: nn.Module, sizes: Sequence[int], classes: int) -> None:
        super().__init__()
        self.features = features
        self.hidden = nn.Sequential(*(LinearBlock(i, o) for i, o in zip(sizes, sizes[1:])))
        self.last = QuantizedLinear(sizes[-1], classes, FLOAT_BITS)

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = self.last(self.hidden(self.features(input).flatten(1)))
        return y


def cifar_alexnet(classes: int, pooling: str) -> nn.Module:
    """Five 3x3 convolutions, two hidden layers of 4,096."""
    plan: list[int | str] = [96, "P", 256, "P", 384, 384, 256, "P"]
    return Classifier(stack(3, plan, pooling), [256 * 4 * 4, 4096, 4096], classes)


def vgg11(classes: int, pooling: str) -> nn.Module:
    """Eight 3x3 convolutions, two hidden layers of 4,096."""
    plan: list[int | str] = [64, "P", 128, "P", 256, 256, "P", 512, 512, "P", 512, 512, "P"]
    return Classifier(stack(3, plan, pooling), [512, 4096, 4096], classes)


class ResNet(nn.Module):
    """A stem, groups of residual blocks, global average pooling, class scores."""

    def __init__(
        self, stem: nn.Module, widths: Sequence[int], depths: Sequence[int], classes: int
    ) -> None:
        super().__init__()
        self.stem = stem
        self.groups = residual_groups(widths, depths)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.last = QuantizedLinear(widths[-1], classes, FLOAT_BITS)

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = self.last(self.pool(self.groups(self.stem(input))).flatten(1))
        return y


def residual_groups(
    widths: Sequence[int],
    depths: Sequence[int],
    strides: Sequence[int] = (1, 2, 2, 2),
    dilations: Sequence[int] = (1, 1, 1, 1),
) -> nn.Sequential:
    groups: list[nn.Module] = []
    inputs = widths[0]
    for width, depth, stride, dilation in zip(widths, depths, strides, dilations):
        blocks = [Residual(inputs, width, stride, dilation)]
        blocks += [Residual(width, width, 1, dilation) for _ in range(depth - 1)]
        groups.append(nn.Sequential(*blocks))
        inputs = width
    return nn.Sequential(*groups)


def cifar_resnet(depth: int) -> Callable[[int, str], nn.Module]:
    """ResNet-20 and its longer relatives: 6 n + 2 layers, 16, 32 and 64 channels."""

    def build(classes: int, pooling: str) -> nn.Module:
        return ResNet(Block(3, 16), (16, 32, 64), [(depth - 2) // 6] * 3, classes)

    return build


def resnet18(classes: int, pooling: str) -> nn.Module:
    """ResNet-18 for 32x32 images: a 3x3 stem, 64 to 512 channels."""
    return ResNet(Block(3, 64), (64, 128, 256, 512), (2, 2, 2, 2), classes)


def imagenet_alexnet(classes: int, pooling: str) -> nn.Module:
    """AlexNet of one tower; poolings of 3 with stride 2, two hidden layers of 4,096."""
    features = nn.Sequential(
        Block(3, 64, 11, stride=4, padding=2),
        pool(pooling, 3),
        Block(64, 192, 5),
        pool(pooling, 3),
        Block(192, 384),
        Block(384, 256),
        Block(256, 256),
        pool(pooling, 3),
    )
    return Classifier(features, [256 * 6 * 6, 4096, 4096], classes)


def vgg16(classes: int, pooling: str) -> nn.Module:
    """Thirteen 3x3 convolutions, two hidden layers of 4,096: 138 million weights."""
    plan: list[int | str] = []
    for width, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        plan += [width] * depth + ["P"]
    return Classifier(stack(3, plan, pooling), [512 * 7 * 7, 4096, 4096], classes)


def predict(inputs: int, outputs: int) -> QuantizedConv2d:
    """The last layer of detection and segmentation."""
    return QuantizedConv2d(inputs, outputs, 1, FLOAT_BITS, bias=True)


class TinyYolo(nn.Module):
    """Eight 3x3 convolutions, five of them with stride 2 in place of poolings, and the
    prediction: (5 + classes) numbers for each of 5 anchor boxes."""

    def __init__(self, classes: int, anchors: int = 5) -> None:
        super().__init__()
        plan = [(16, 2), (32, 2), (64, 2), (128, 2), (256, 2), (512, 1), (1024, 1), (1024, 1)]
        layers, inputs = [], 3
        for width, stride in plan:
            layers.append(Block(inputs, width, stride=stride))
            inputs = width
        self.features = nn.Sequential(*layers)
        self.last = predict(inputs, anchors * (5 + classes))

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = self.last(self.features(input))
        return y


class YoloResNet34(nn.Module):
    """YOLOv2 on ResNet-34: features of stride 16 go by space-to-depth and concatenation
    beside those of stride 32."""

    def __init__(self, classes: int, pooling: str, anchors: int = 5) -> None:
        super().__init__()
        self.stem = nn.Sequential(Block(3, 64, 7, stride=2), pool(pooling, 3, 2, 1))
        groups = residual_groups((64, 128, 256, 512), (3, 4, 6, 3))
        self.fine, self.coarse = groups[:3], groups[3:]
        self.neck = nn.Sequential(Block(512, 1024), Block(1024, 1024))
        self.side = Block(256, 64, 1)
        self.head = Block(1024 + 4 * 64, 1024)
        self.last = predict(1024, anchors * (5 + classes))

    def forward(self, input: Tensor) -> Tensor:
        fine = self.fine(self.stem(input))
        side = F.pixel_unshuffle(self.side(fine), 2)
        y: Tensor = self.last(self.head(torch.cat([side, self.neck(self.coarse(fine))], 1)))
        return y


class Segmentation(nn.Module):
    """Features of stride 8, scores for each class; `resize` brings them to the extents of
    the input, bilinearly."""

    def __init__(self, features: nn.Module, width: int, classes: int, resize: bool) -> None:
        super().__init__()
        self.features = features
        self.last = predict(width, classes)
        self.resize = resize

    def forward(self, input: Tensor) -> Tensor:
        scores: Tensor = self.last(self.features(input))
        if not self.resize:
            return scores
        return F.interpolate(scores, size=input.shape[2:], mode="bilinear", align_corners=False)


def deeplab_vgg9(classes: int, pooling: str, resize: bool) -> nn.Module:
    """DeepLabv1 on VGG9: nine 3x3 convolutions, the last three dilated by 2, 2 and 12."""
    features = stack(3, [64, 64, "P", 128, 128, "P", 256, 256, "P"], pooling)
    features.append(Block(256, 512, dilation=2))
    features.append(Block(512, 512, dilation=2))
    features.append(Block(512, 1024, dilation=12))
    return Segmentation(features, 1024, classes, resize)


class ParallelDilations(nn.Module):
    """Atrous spatial pyramid pooling: 3x3 convolutions of several dilations, side by side."""

    def __init__(self, inputs: int, outputs: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(Block(inputs, outputs, dilation=d) for d in dilations)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


def deeplab_resnet34(classes: int, pooling: str, resize: bool) -> nn.Module:
    """ResNet-34 of stride 8, its last groups dilated by 2 and 4; branches of dilation 6,
    12, 18, 24, joined by a 1x1 convolution."""
    features = nn.Sequential(
        Block(3, 64, 7, stride=2),
        pool(pooling, 3, 2, 1),
        residual_groups((64, 128, 256, 512), (3, 4, 6, 3), (1, 2, 1, 1), (1, 1, 2, 4)),
        ParallelDilations(512, 256, (6, 12, 18, 24)),
        Block(1024, 256, 1),
    )
    return Segmentation(features, 256, classes, resize)


@dataclass(frozen=True)
class Network:
    """A network of the zoo: `size` is the height and width of its images."""

    name: str
    size: int
    classes: int
    pooling: str
    build: Callable[[int, str], nn.Module]


_SEGMENTATION = {"deeplab_vgg9": deeplab_vgg9, "deeplab_resnet34": deeplab_resnet34}

NETWORKS: dict[str, Network] = {
    network.name: network
    for network in (
        Network("cifar_alexnet", 32, 10, "average", cifar_alexnet),
        Network("vgg11", 32, 10, "average", vgg11),
        *(Network(f"resnet{d}", 32, 10, "average", cifar_resnet(d)) for d in (20, 32, 44, 56, 110)),
        Network("resnet18", 32, 10, "average", resnet18),
        Network("alexnet", 224, 1000, "average", imagenet_alexnet),
        Network("vgg16", 224, 1000, "average", vgg16),
        Network("tiny_yolo", 416, 20, "average", lambda classes, _: TinyYolo(classes)),
        Network("yolo_resnet34", 416, 20, "max", YoloResNet34),
        Network("deeplab_vgg9", 513, 21, "average", lambda c, p: deeplab_vgg9(c, p, False)),
        Network("deeplab_resnet34", 513, 21, "max", lambda c, p: deeplab_resnet34(c, p, False)),
    )
}


def create(
    name: str,
    bits: int = 4,
    weights: str = "quantized",
    *,
    classes: int | None = None,
    pooling: str | None = None,
    resize: bool = False,
) -> nn.Module:
    """Makes a network of the zoo with random weights.

    Args:
      name: a key of `NETWORKS`.
      bits: of activations and inner weights, 2 to 4; 32 is a float network.
      weights: "quantized" or "float": whether the weights are quantized, too.
      classes: of objects; the default is that of the network's usual data set.
      pooling: "average" or "max"; the default is the network's own.
      resize: segmentation only: scores at the extents of the input.
    """
    if name not in NETWORKS:
        raise ValueError(f"network '{name}', known are {', '.join(NETWORKS)}; choose one of these")
    if bits not in (2, 3, 4, FLOAT_BITS):
        raise ValueError(f"{bits} bits, 2, 3, 4 and 32 are supported; choose one of these")
    if weights not in ("quantized", "float"):
        raise ValueError(f"weights '{weights}', 'quantized' and 'float' are supported; choose one")
    if resize and name not in _SEGMENTATION:
        raise ValueError(f"network '{name}' has no map to resize; leave resize out")
    network = NETWORKS[name]
    classes, pooling = classes or network.classes, pooling or network.pooling
    if resize:
        module = _SEGMENTATION[name](classes, pooling, True)
    else:
        module = network.build(classes, pooling)
    set_bits(module, bits, weights)
    return module
