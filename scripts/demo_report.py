#!/usr/bin/env python3
#===- demo_report.py - Print what the demo found -------------------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
"""Prints the demo's findings from two reports of fastsnn-run: QNN.json NMC.json.

fastsnn-run has printed the layers one by one; this puts the two levels beside
each other. docs/spec.md defines the counts.
"""

import json
import sys
from collections import Counter


def read_report(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def accuracy(report):
    return f"{report['top1']:.1%} of {report['samples']:,} images right"


def main():
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} QNN.json NMC.json")
    quantized, spiking = read_report(sys.argv[1]), read_report(sys.argv[2])

    samples, layers, totals = spiking["samples"], spiking["layers"], spiking["totals"]
    negative = sum(layer["spikes_neg"] for layer in layers)
    spikes = negative + sum(layer["spikes_pos"] for layer in layers)
    widths = [layer["membrane_bits"] for layer in layers]
    kinds = Counter(layer["certificate"]["kind"] for layer in layers)
    certificates = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    print(f"""
quantized network  {accuracy(quantized)}
spiking network    {accuracy(spiking)}
time               T = {spiking['time_steps']} steps, {spiking['timing']}
certificates       {certificates}, of {len(layers)} neuron layers
spikes             {spikes / samples:,.0f} an image, {negative / spikes:.1%} of them negative
additions          {totals['additions'] / samples:,.0f} an image in synapses,
                   {totals['neuron_additions'] / samples:,.0f} in neurons
membranes          {min(widths)} to {max(widths)} bits
speed              {spiking['images_per_second']:,.0f} images/s on this machine""")


if __name__ == "__main__":
    main()
