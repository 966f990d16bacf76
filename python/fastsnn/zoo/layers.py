# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Quantizers and quantized layers.

Activations: uniform, 2^b - 1 levels above zero up to a learned clip. Weights: mean and
deviation are normalized, then levels are sums of powers of two (additive powers of two,
arXiv 1909.13144) up to a learned clip; 2 bits are ternary. First and last layer: 8 bits,
scaled by the largest magnitude. All gradients pass the rounding unchanged
(straight-through).
"""

from typing import Any

import torch
from torch import Tensor, nn
import torch.nn.functional as F

# More bits than these stand for floats.
FLOAT_BITS = 32


def straight_through(exact: Tensor, rounded: Tensor) -> Tensor:
    """`rounded` with the gradient of `exact`."""
    return exact + (rounded - exact).detach()


def powers_of_two_levels(bits: int) -> list[int]:
    """The non-negative levels of a weight, in units of the smallest.

    With b - 1 bits for the magnitude: 3 bits are one power of two or zero; 4 bits the sums
    of {0, 1, 4, 8} and {0, 2}, ten times the levels of the paper's `k = 2, n = 2` set cut to
    eight; 2 bits leave 0 and 1.
    """
    if bits == 2:
        return [0, 1]
    if bits == 3:
        return [0, 1, 2, 4]
    if bits == 4:
        return sorted(first + second for first in (0, 1, 4, 8) for second in (0, 2))
    raise ValueError(f"weights of {bits} bits, 2, 3 and 4 are supported; choose one of these")


class ActivationQuantizer(nn.Module):
    """alpha / L * round(L * clamp(x / alpha, 0, 1)), L = 2^bits - 1.

    With 32 bits a ReLU. `alpha` is the learned clip, in units of the activation.
    """

    def __init__(self, bits: int, clip: float = 6.0) -> None:
        super().__init__()
        self.bits = bits
        self.alpha = nn.Parameter(torch.tensor(float(clip)))

    @property
    def levels(self) -> int:
        """Levels above zero; 0 of a ReLU."""
        return 0 if self.bits >= FLOAT_BITS else 2**self.bits - 1

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)
        if not self.levels:
            return x
        scaled = (x / self.alpha).clamp(0, 1) * self.levels
        return straight_through(scaled, torch.round(scaled)) / self.levels * self.alpha

    def extra_repr(self) -> str:
        return f"bits={self.bits}"


class WeightQuantizer(nn.Module):
    """Weights on additive powers of two, or of 8 bits (first and last layer).

    With 32 bits the weights themselves. `clip` is learned, in standard deviations.
    """

    # Read by the reference simulation and the exporter alike: no buffers, so that state
    # dictionaries fit all bit widths.
    def __init__(self, bits: int, clip: float = 3.0) -> None:
        super().__init__()
        self.bits = bits
        self.clip = nn.Parameter(torch.tensor(float(clip)))

    def normalize(self, weight: Tensor) -> Tensor:
        """The weights in units of the largest level, what is then rounded: in -1..1."""
        if self.bits == 8:
            return weight / weight.abs().max()
        centred = weight - weight.mean()
        return (centred / centred.std() / self.clip).clamp(-1, 1)

    def forward(self, weight: Tensor) -> Tensor:
        if self.bits >= FLOAT_BITS:
            return weight
        scaled = self.normalize(weight)
        if self.bits == 8:
            rounded = torch.round(scaled * 127) / 127
            return straight_through(scaled, rounded) * weight.abs().max()
        numbers = powers_of_two_levels(self.bits)
        levels = torch.tensor(numbers, dtype=weight.dtype, device=weight.device) / numbers[-1]
        middles = (levels[1:] + levels[:-1]) / 2
        rounded = levels[torch.bucketize(scaled.detach().abs(), middles)] * torch.sign(scaled)
        y: Tensor = straight_through(scaled, rounded) * self.clip
        return y

    def boundaries(self) -> Tensor:
        """The magnitudes between two levels, in units of the largest level."""
        if self.bits == 8:
            return (torch.arange(127) + 0.5) / 127
        numbers = powers_of_two_levels(self.bits)
        levels = torch.tensor(numbers) / numbers[-1]
        return (levels[1:] + levels[:-1]) / 2

    def extra_repr(self) -> str:
        return f"bits={self.bits}"


class QuantizedConv2d(nn.Conv2d):
    """A convolution without bias whose weights are quantized in forward."""

    def __init__(self, inputs: int, outputs: int, kernel: int, bits: int, **options: Any) -> None:
        options.setdefault("bias", False)
        super().__init__(inputs, outputs, kernel, **options)
        self.quantizer = WeightQuantizer(bits)

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = self._conv_forward(input, self.quantizer(self.weight), self.bias)
        return y


class QuantizedLinear(nn.Linear):
    """A linear layer whose weights are quantized in forward."""

    def __init__(self, inputs: int, outputs: int, bits: int, bias: bool = True) -> None:
        super().__init__(inputs, outputs, bias)
        self.quantizer = WeightQuantizer(bits)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.quantizer(self.weight), self.bias)


def set_bits(network: nn.Module, bits: int, weights: str = "quantized") -> None:
    """Switches a network to another bit width; parameters stay.

    First and last layer keep 8 bits, with 32 bits everything is float.
    `weights="float"` quantizes activations alone.
    """
    layers = [m for m in network.modules() if isinstance(m, WeightQuantizer)]
    for index, quantizer in enumerate(layers):
        outer = index in (0, len(layers) - 1)
        if bits >= FLOAT_BITS or weights == "float":
            quantizer.bits = FLOAT_BITS
        else:
            quantizer.bits = 8 if outer else bits
    for module in network.modules():
        if isinstance(module, ActivationQuantizer):
            module.bits = bits


class Block(nn.Module):
    """Convolution, batch norm and, unless `active` is false, quantized activation."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, active: bool = True, **options: Any
    ) -> None:
        super().__init__()
        dilation = int(options.get("dilation", 1))
        options.setdefault("padding", dilation * (kernel - 1) // 2)
        self.conv = QuantizedConv2d(inputs, outputs, kernel, FLOAT_BITS, **options)
        self.norm = nn.BatchNorm2d(outputs)
        self.act = ActivationQuantizer(FLOAT_BITS) if active else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.norm(self.conv(x)))
        return y


class LinearBlock(nn.Module):
    """Linear layer, batch norm and quantized activation."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = QuantizedLinear(inputs, outputs, FLOAT_BITS, bias=False)
        self.norm = nn.BatchNorm1d(outputs)
        self.act = ActivationQuantizer(FLOAT_BITS)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.norm(self.linear(x)))
        return y


class Residual(nn.Module):
    """Two 3x3 convolutions and a skip; a 1x1 convolution where the extents change."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.first = Block(inputs, outputs, stride=stride, dilation=dilation)
        self.second = Block(outputs, outputs, active=False, dilation=dilation)
        self.skip: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.skip = Block(inputs, outputs, 1, active=False, stride=stride)
        self.act = ActivationQuantizer(FLOAT_BITS)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.second(self.first(x)) + self.skip(x))
        return y
