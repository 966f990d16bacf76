#!/usr/bin/env python3
#===- predict.py - What a GPU should reach, on paper ---------------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
"""Predicts time per layer from operations, bytes and instructions.

Nothing here is measured. Two numbers a layer:

floor   the larger of operations over the int8 rate of the tensor cores and
        bytes over the bandwidth of the memory, both from the data sheet. Bytes:
        weights once, spikes read and written once, two bits each. No program
        can be faster.
model   what the kernel of runtime/cuda issues: rounds of its loop times the
        instructions of a round (counted in the machine code for sm_90, two
        warps share a scheduler that issues one a cycle), or the tensor cores'
        time at the rate of mma.sync, whichever is larger, times the waves of
        blocks. Latencies, memory and launches are not in it: it bounds from
        below what to expect, more tightly than the floor does.

  benchmarks/gpu/predict.py [--device=H100] [--layers] [--networks]
"""

import argparse
import math
from dataclasses import dataclass

from networks import NETWORKS


@dataclass(frozen=True)
class Device:
    """Data sheet: dense int8 operations/s, bytes/s, multiprocessors; `clock` is
    the one at which the rate holds: 8,192 operations a cycle and
    multiprocessor."""

    name: str
    operations: float
    bandwidth: float
    multiprocessors: int

    @property
    def clock(self):
        return self.operations / (self.multiprocessors * 8192)


# NVIDIA H100 and H200 Tensor Core GPU data sheets, SXM modules. They print the
# rate with sparsity, 3,958 TOPS; half of it is the dense one.
DEVICES = {
    "H100": Device("H100 SXM", 1979e12, 3.35e12, 132),
    "H200": Device("H200 SXM", 1979e12, 4.8e12, 132),
}

# mma.sync is taken to reach this part of the rate on Hopper, whose full rate
# takes wgmma (compare Luo et al., arXiv 2501.12084).
MMA_SYNC = 0.62

# Executed instructions in a round of the kernel's loop, counted in the machine
# code that nvcc 13.0 makes for sm_90: (steps, fragments) -> instructions.
ROUND = {(3, 8): 247, (3, 4): 205, (3, 2): 185, (7, 4): 355, (8, 4): 389}
WARPS = 8


def steps_and_rows(time_steps):
    """What the kernel keeps in registers, as largeTile() in Gemm.h."""
    steps = math.ceil(time_steps / math.ceil(time_steps / 8))
    return steps, {1: 3, 2: 2}.get(steps, 1)


def operations(layer, time_steps, batch):
    """A multiplication and an addition count as two operations. The current of
    the image is computed once, in other units, and not counted."""
    return 0 if layer.first else 2 * layer.multiplications * time_steps * batch


def memory(layer, time_steps, batch):
    """Bytes: int8 weights, packed spikes in and out, int32 sums of a skip."""
    spikes = lambda channels, pixels: math.ceil(channels / 16) * 4 * pixels
    weights = layer.inputs * layer.outputs * layer.kernel**2
    if layer.first:
        # int32 pixels in, int64 currents out and in again.
        moved = 4 * 3 * layer.input_pixels + 16 * layer.outputs * layer.output_pixels
        return weights + batch * (
            moved + time_steps * spikes(layer.outputs, layer.output_pixels)
        )
    a_step = spikes(layer.inputs, layer.input_pixels)
    if layer.joins:
        # Written here, read by the layer it joins.
        a_step += 2 * 4 * layer.outputs * layer.output_pixels
    elif not layer.readout:
        a_step += spikes(layer.outputs, layer.output_pixels)
    a_step += spikes(layer.skip, layer.output_pixels)
    return weights + batch * time_steps * a_step


def floor_seconds(layer, time_steps, batch, device):
    return max(
        operations(layer, time_steps, batch) / device.operations,
        memory(layer, time_steps, batch) / device.bandwidth,
    )


def model_seconds(layer, time_steps, batch, device):
    """None where the kernel of the layer is another one."""
    if layer.first or layer.readout:
        return None
    steps, rows = steps_and_rows(time_steps)
    parts = math.ceil(time_steps / steps)
    fragments = min(8 if steps <= 4 else 4, max(2, layer.outputs // 8))
    blocks = math.ceil(batch * layer.output_pixels / (16 * rows * WARPS)) * math.ceil(
        layer.outputs / (8 * fragments)
    )
    taps = layer.kernel**2 * (4 if layer.pooled else 1)
    words = math.ceil(layer.inputs / 16) * taps
    rounds = math.ceil(words / 4)
    issue = WARPS / 4 * ROUND[steps, fragments]
    # A product of 16 x 8 x 32 takes four cycles at the full rate.
    tensor = WARPS / 4 * 2 * steps * rows * fragments * 4 / MMA_SYNC
    cycles = parts * rounds * max(issue, tensor)
    waves = math.ceil(blocks / device.multiprocessors)
    return max(waves * cycles / device.clock, floor_seconds(layer, time_steps, batch, device))


def duration(seconds):
    """Microseconds, as many digits as matter."""
    microseconds = seconds * 1e6
    return f"{microseconds:,.1f}" if microseconds < 100 else f"{microseconds:,.0f}"


def print_layers(device, batches, all_steps):
    """One table a network; layers with equal numbers share a row."""
    for network, make in NETWORKS.items():
        header = ["layers", "shape", "Gop, MB"]
        for time_steps in all_steps:
            header += [f"T = {time_steps}: " + " / ".join(f"{b:,}" for b in batches), "model"]
        print(f"\n| {' | '.join(header)} |\n{'|---' * len(header)}|")
        rows = {}
        for layer in make():
            shape = (
                f"{layer.inputs} to {layer.outputs}, {layer.kernel} x {layer.kernel}, "
                f"{layer.size} x {layer.size}"
            )
            cells = [
                shape,
                f"{operations(layer, 1, 1) / 1e9:.3f}, "
                f"{(memory(layer, 2, 1) - memory(layer, 1, 1)) / 1e6:.3f}",
            ]
            for time_steps in all_steps:
                floors = (
                    duration(floor_seconds(layer, time_steps, batch, device))
                    for batch in batches
                )
                cells.append(" / ".join(floors))
                model = model_seconds(layer, time_steps, batches[-1], device)
                work = operations(layer, time_steps, batches[-1]) / device.operations
                cells.append(f"{duration(model)}, {work / model * 100:.0f} %" if model else "")
            rows.setdefault(" | ".join(cells), []).append(layer.name)
        for cells, names in rows.items():
            print(f"| {', '.join(names)} | {cells} |")


def print_networks(batches, all_steps):
    print("\n| network | T | batch | Gop an image | floor H100, us | images/s | floor H200, us | images/s |")
    print("|---|---|---|---|---|---|---|---|")
    for network, make in NETWORKS.items():
        for time_steps in all_steps:
            for batch in batches:
                cells = []
                for device in DEVICES.values():
                    total = sum(
                        floor_seconds(layer, time_steps, batch, device)
                        for layer in make()
                    )
                    cells.append(f" {duration(total)} | {batch / total:,.0f} |")
                work = sum(operations(layer, time_steps, 1) for layer in make())
                print(
                    f"| {network} | {time_steps} | {batch:,} | {work / 1e9:.2f} |"
                    + "".join(cells)
                )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", choices=DEVICES, default="H100")
    parser.add_argument("--layers", action="store_true", help="a table of each network")
    parser.add_argument("--networks", action="store_true", help="sums over the layers")
    parser.add_argument("--steps", type=int, nargs="+", default=[3, 7, 15])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 64, 1024])
    arguments = parser.parse_args()
    everything = not arguments.layers and not arguments.networks
    if arguments.networks or everything:
        print_networks(arguments.batches, arguments.steps)
    if arguments.layers or everything:
        print_layers(DEVICES[arguments.device], arguments.batches, arguments.steps)


if __name__ == "__main__":
    main()
