# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains networks of the zoo on CIFAR-10: first in float, then with fewer and fewer bits.

    fastsnn-train resnet20 --train data_batch_*.bin --test test_batch.bin -o resnet20
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
import gzip
from pathlib import Path
import sys
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
import torch.nn.functional as F

from fastsnn.zoo.layers import ActivationQuantizer, set_bits
from fastsnn.zoo.networks import NETWORKS, create

MEAN, STD = (0.491, 0.482, 0.447), (0.247, 0.243, 0.262)
_RECORD = 1 + 3 * 32 * 32


def read_cifar(paths: Sequence[str | Path]) -> tuple[Tensor, Tensor]:
    """Pixels [N, 3, 32, 32] uint8 and labels [N] of CIFAR-10 binary files, gzipped or not.

    ValueError if a file is no whole number of records or a label is above 9.
    """
    parts = []
    for path in paths:
        data = Path(path).read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        if not data or len(data) % _RECORD:
            raise ValueError(
                f"{path}: {len(data)} bytes, a CIFAR-10 binary file has {_RECORD} an image; "
                "use the binary version of the data set"
            )
        parts.append(np.frombuffer(data, np.uint8).reshape(-1, _RECORD))
    records = np.concatenate(parts)
    labels = torch.from_numpy(records[:, 0].astype(np.int64))
    if int(labels.max()) > 9:
        raise ValueError(f"label {int(labels.max())}, CIFAR-10 has 0..9; check the files")
    return torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).copy()), labels


def normalize(pixels: Tensor) -> Tensor:
    """(p / 255 - mean) / std, float32."""
    mean, std = (torch.tensor(v, device=pixels.device).view(3, 1, 1) for v in (MEAN, STD))
    return (pixels.float() / 255 - mean) / std


def augment(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Shifts each image by up to 4 pixels and mirrors half of them."""
    count = len(pixels)
    padded = F.pad(pixels, (4, 4, 4, 4))
    dy, dx = torch.randint(0, 9, (2, count, 1, 1), generator=generator).to(pixels.device)
    rows = dy + torch.arange(32, device=pixels.device).view(1, 32, 1)
    columns = dx + torch.arange(32, device=pixels.device).view(1, 1, 32)
    mirrored = torch.rand((count, 1, 1), generator=generator).to(pixels.device) < 0.5
    columns = torch.where(mirrored, columns.flip(2), columns)
    samples = torch.arange(count, device=pixels.device).view(count, 1, 1)
    return padded.permute(0, 2, 3, 1)[samples, rows, columns].permute(0, 3, 1, 2)


@dataclass
class Settings:
    """Of one phase: `steps` ends an epoch early."""

    epochs: int
    batch: int
    rate: float
    decay: float
    seed: int
    steps: int | None = None


def accuracy(network: nn.Module, pixels: Tensor, labels: Tensor, device: torch.device) -> float:
    """The share of images whose largest score is the label's."""
    network.eval()
    right = 0
    with torch.no_grad():
        for begin in range(0, len(pixels), 500):
            batch = pixels[begin : begin + 500].to(device)
            scores = network(normalize(batch))
            right += int((scores.argmax(1).cpu() == labels[begin : begin + 500]).sum())
    return right / len(pixels)


def start_clips(network: nn.Module, pixels: Tensor, device: torch.device) -> None:
    """Clips for the first quantized phase: three standard deviations of what is positive."""
    handles = []

    def set_clip(module: nn.Module, arguments: tuple[Tensor]) -> None:
        assert isinstance(module, ActivationQuantizer)
        positive = arguments[0][arguments[0] > 0]
        if positive.numel() > 1:
            module.alpha.fill_(float(3 * positive.square().mean().sqrt()))

    for module in network.modules():
        if isinstance(module, ActivationQuantizer):
            handles.append(module.register_forward_pre_hook(set_clip))
    # By the statistics of the batch: running ones lag behind early in training.
    network.train()
    with torch.no_grad():
        network(normalize(pixels.to(device)))
    for handle in handles:
        handle.remove()


def train_phase(
    network: nn.Module,
    pixels: Tensor,
    labels: Tensor,
    settings: Settings,
    device: torch.device,
) -> float:
    """One bit width; returns the mean loss of the last epoch. Momentum SGD with a cosine
    schedule; clips decay with the weights."""
    generator = torch.Generator().manual_seed(settings.seed)
    batches = max(1, len(pixels) // settings.batch)
    steps = min(batches, settings.steps or batches)
    # Every activation of a layer pulls at its one clip: clips learn more slowly, stay positive.
    clips = [p for name, p in network.named_parameters() if name.endswith((".alpha", ".clip"))]
    known = {id(clip) for clip in clips}
    others = [p for p in network.parameters() if id(p) not in known]
    groups: list[dict[str, Any]] = [
        {"params": others},
        {"params": clips, "lr": settings.rate / 10},
    ]
    optimizer = torch.optim.SGD(
        groups, settings.rate, momentum=0.9, weight_decay=settings.decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.epochs * steps)
    mean = 0.0
    for _ in range(settings.epochs):
        network.train()
        order, total = torch.randperm(len(pixels), generator=generator), 0.0
        for step in range(steps):
            chosen = order[step * settings.batch : (step + 1) * settings.batch]
            batch = augment(pixels[chosen].to(device), generator)
            loss = F.cross_entropy(network(normalize(batch)), labels[chosen].to(device))
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(clips, 1.0)
            optimizer.step()
            with torch.no_grad():
                for clip in clips:
                    clip.clamp_(min=1e-2)
            schedule.step()
            total += float(loss.detach())
        mean = total / steps
    return mean


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    names = [name for name, network in NETWORKS.items() if network.size == 32]
    parser = argparse.ArgumentParser(prog="fastsnn-train", description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=names)
    parser.add_argument("--train", nargs="+", required=True, metavar="FILE",
                        help="CIFAR-10 binary files, gzipped or not")
    parser.add_argument("--test", nargs="+", default=[], metavar="FILE")
    parser.add_argument("-o", "--output", required=True, metavar="PREFIX",
                        help="writes PREFIX_<bits>.pt and PREFIX_<bits>.onnx")
    parser.add_argument("--bits", default="32,4,3,2", help="one after the other [%(default)s]")
    parser.add_argument("--epochs", default="60,20,20,20", help="of each [%(default)s]")
    parser.add_argument("--weights", choices=("quantized", "float"), default="quantized")
    parser.add_argument("--pooling", choices=("average", "max"))
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=0.05,
                        help="learning rate in float; a fifth of it with fewer bits [%(default)s]")
    parser.add_argument("--decay", type=float, default=5e-4, help="of weights [%(default)s]")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, help="end each epoch after so many batches")
    parser.add_argument("--start", metavar="FILE.pt", help="parameters to begin with")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args(arguments)
    try:
        bits = [int(b) for b in given.bits.split(",")]
        epochs = [int(e) for e in given.epochs.split(",")]
        if len(epochs) != len(bits):
            raise ValueError(
                f"{len(epochs)} numbers of epochs for {len(bits)} bit widths; give one for each")
        pixels, labels = read_cifar(given.train)
        test = read_cifar(given.test) if given.test else None
        torch.manual_seed(given.seed)
        device = torch.device(given.device)
        network = create(given.network, bits[0], given.weights, pooling=given.pooling).to(device)
        if given.start:
            network.load_state_dict(torch.load(given.start, weights_only=True))
    except (ValueError, OSError, RuntimeError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    was_float = not given.start
    for width, count in zip(bits, epochs):
        set_bits(network, width, given.weights)
        if width < 32 and was_float:
            start_clips(network, pixels[: given.batch], device)
            was_float = False
        rate = given.rate if width >= 32 else given.rate / 5
        settings = Settings(count, given.batch, rate, given.decay, given.seed, given.steps)
        loss = train_phase(network, pixels, labels, settings, device)
        line = f"{width} bits: loss {loss:.4f}"
        if test is not None:
            line += f", test accuracy {100 * accuracy(network, *test, device):.2f} %"
        print(line, flush=True)
        torch.save(network.state_dict(), f"{given.output}_{width}.pt")
        if width < 32:
            from fastsnn.exporting import export

            export(network.cpu(), torch.zeros(1, 3, 32, 32), f"{given.output}_{width}.onnx")
            network.to(device)
    return 0


if __name__ == "__main__":
    sys.exit(main())
