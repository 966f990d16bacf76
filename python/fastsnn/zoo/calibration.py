# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks with random weights that spike.

Untrained networks are good test subjects if their layers fire, neither always nor
never, and if no number lies by accident on a rounding boundary. `randomize` moves
weights away from the middle of two levels and gives scales few bits; `calibrate` sets
batch norms and clips from images.
"""

from typing import Any

import torch
from torch import Tensor, nn

from fastsnn.zoo.layers import ActivationQuantizer, WeightQuantizer

# Distance of latent weights from rounding boundaries, in units of the largest level.
MARGIN = 1e-3


def randomize(network: nn.Module, seed: int = 0) -> None:
    """Random weights whose quantization does not depend on float rounding.

    Latent weights stay `MARGIN` away from the middle of two levels, and the value of
    a level has few bits, so that it is exact in float32.
    """
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        quantizer = getattr(module, "quantizer", None)
        if not isinstance(quantizer, WeightQuantizer):
            continue
        assert isinstance(module, (nn.Conv2d, nn.Linear))
        weight = torch.randn(module.weight.shape, generator=generator)
        if module.bias is not None:
            noise = torch.randn(module.bias.shape, generator=generator)
            module.bias.data = torch.round(noise * 64) / 1024
        if quantizer.bits == 8:
            # The largest magnitude is 127 steps of a power of two.
            weight = (weight / 4).clamp(-1, 1)
            weight.view(-1)[0] = 1.0
            weight *= 127 / 512
        elif quantizer.bits < 8:
            # In units of the smallest level: 0, 1, 2, .. 10.
            units = {2: 1, 3: 4, 4: 10}[quantizer.bits]
            clip = {2: 1.5, 3: 2.5, 4: 3.0}[quantizer.bits]
            quantizer.clip.data.fill_(units * round(clip * 256 / units) / 256)
        with torch.no_grad():
            module.weight.copy_(weight)
            if quantizer.bits <= 8:
                _move_from_boundaries(module.weight, quantizer)


def _move_from_boundaries(weight: Tensor, quantizer: WeightQuantizer) -> None:
    boundaries = quantizer.boundaries()
    for _ in range(20):
        scaled = quantizer.normalize(weight.double())
        magnitude = scaled.abs().float()
        above = torch.bucketize(magnitude, boundaries)
        lower = boundaries[(above - 1).clamp(min=0)]
        upper = boundaries[above.clamp(max=len(boundaries) - 1)]
        nearest = torch.where((magnitude - lower).abs() < (magnitude - upper).abs(), lower, upper)
        distance = magnitude - nearest
        close = distance.abs() < MARGIN
        if not bool(close.any()):
            return
        # 8 bits have steps of 1 / 127: twice the margin is still inside.
        away = torch.where(distance < 0, -2 * MARGIN, 2 * MARGIN) - distance
        unit = float(weight.abs().max()) if quantizer.bits == 8 else float(
            weight.std() * quantizer.clip)
        moved = weight + torch.where(close, away, 0) * torch.sign(scaled).float() * unit
        weight.copy_(moved)
    raise RuntimeError("weights could not be moved away from rounding boundaries")


def calibrate(
    network: nn.Module, images: Tensor, rate: tuple[float, float] = (0.15, 0.35), seed: int = 0
) -> None:
    """Sets batch norms and clips in one pass over images [N, C, H, W], so that the mean
    activation of each layer is a fraction of its clip drawn from `rate`.

    The statistics are means, not quantiles: activations of quantized layers are
    discrete, and a clip on one of their values would put many of them on a tie.
    """
    generator = torch.Generator().manual_seed(seed)
    handles = []
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            handles.append(module.register_forward_pre_hook(_set_norm(generator)))
        elif isinstance(module, ActivationQuantizer):
            handles.append(module.register_forward_pre_hook(_set_clip(generator, rate)))
    network.eval()
    try:
        with torch.no_grad():
            network(images)
    finally:
        for handle in handles:
            handle.remove()


def _set_norm(generator: torch.Generator) -> Any:
    def hook(norm: nn.BatchNorm2d, arguments: tuple[Tensor]) -> None:
        x = arguments[0]
        axes = [axis for axis in range(x.dim()) if axis != 1]
        mean, variance = x.mean(axes), x.var(axes, correction=0)
        # A channel that hardly moves in these images must not become the loudest one.
        variance = variance.clamp(min=0.05 * float(variance.mean()) + 1e-6)
        assert norm.running_mean is not None and norm.running_var is not None
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        size = mean.shape
        norm.weight.copy_(0.75 + 0.5 * torch.rand(size, generator=generator))
        norm.bias.copy_(0.3 * torch.randn(size, generator=generator))

    return hook


def _set_clip(generator: torch.Generator, rate: tuple[float, float]) -> Any:
    def hook(quantizer: ActivationQuantizer, arguments: tuple[Tensor]) -> None:
        low, high = rate
        share = low + (high - low) * float(torch.rand((), generator=generator))
        positive = arguments[0].clamp(min=0)
        clip = max(float(positive.mean()), 1e-3) / share
        # Small activations round to nothing: the clip comes down until enough are left. In
        # coarse steps, so that it does not end on one of the discrete values.
        for _ in range(20):
            quantizer.alpha.fill_(clip)
            mean = float(quantizer.forward(positive).mean())
            if not quantizer.levels or mean >= 0.8 * share * clip:
                return
            clip *= 0.83

    return hook
