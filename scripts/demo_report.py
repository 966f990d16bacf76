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

Counts are totals over the images, as docs/spec.md defines them; the table
gives them for one image.
"""

import json
import sys


def thousands(value):
    return f"{value:,.0f}"


def certificate(layer):
    proof = layer["certificate"]
    if proof["kind"] == "bounded":
        return f"bounded <= {proof['bound']:.1e}"
    return proof["kind"]


def print_layers(report):
    samples = report["samples"]
    header = ("layer", "neurons", "spikes", "additions", "neuron add.", "rate", "state", "seen", "f", "certificate")
    rows = [header]
    for layer in report["layers"]:
        spikes = layer["spikes_pos"] + layer["spikes_neg"]
        rows.append(
            (
                layer["name"],
                thousands(layer["neurons"]),
                thousands(spikes / samples),
                thousands(layer["additions"] / samples),
                thousands(layer["neuron_additions"] / samples),
                f"{layer['rate']:.3f}",
                f"{layer['membrane_bits']} bits",
                f"{layer['membrane_seen']} bits",
                str(layer["certificate"]["fractional_bits"]),
                certificate(layer),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [text.rjust(width) for text, width in zip(row[1:], widths[1:])]
        print("  ".join(cells))


def main():
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} QNN.json NMC.json")
    with open(sys.argv[1], encoding="utf-8") as file:
        quantized = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        spiking = json.load(file)

    samples = spiking["samples"]
    layers = spiking["layers"]
    spikes = sum(layer["spikes_pos"] + layer["spikes_neg"] for layer in layers)
    negative = sum(layer["spikes_neg"] for layer in layers)
    additions = spiking["totals"]["additions"]
    neuron_additions = spiking["totals"]["neuron_additions"]

    print("\nPer layer; counts are for one image, rate is spikes a neuron and step,")
    print("state is the proved width of the membrane, f its fractional bits.\n")
    print_layers(spiking)
    print(f"""
quantized network   {quantized['top1']:.1%} of {quantized['samples']} images right
spiking network     {spiking['top1']:.1%} of {samples} images right
time steps          T = {spiking['time_steps']}, {spiking['timing']} timing, epsilon = {spiking['epsilon']:g}
certificate         {spiking['certificate']}, ties met: {spiking['ties']}
spikes              {thousands(spikes / samples)} an image, {negative / spikes:.1%} of them negative
additions           {thousands(additions / samples)} an image, and {thousands(neuron_additions / samples)} in the neurons
throughput          {thousands(spiking['images_per_second'])} images/s""")


if __name__ == "__main__":
    main()
