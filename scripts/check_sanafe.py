#!/usr/bin/env python3
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares a mapping report with the simulator SANA-FE (`pip install sanafe`).

    check_sanafe.py REPORT.json ARCHITECTURE.yaml NETWORK.yaml [STEPS]

The files are those of `--emit=mapping`, `sanafe-architecture` and `sanafe-network` for
one model, target and options; STEPS (default 20) is a multiple of 1 / rate. Events,
packets, hops and the energy of the network must be equal; the energy of neurons is
printed beside the report's, since SANA-FE updates every neuron in every step.
"""

import json
import sys

import sanafe


def main() -> int:
    report_file, architecture_file, network_file = sys.argv[1:4]
    steps = int(sys.argv[4]) if len(sys.argv) > 4 else 20
    with open(report_file) as file:
        report = json.load(file)
    architecture = sanafe.load_arch(architecture_file)
    chip = sanafe.SpikingChip(architecture)
    chip.load(sanafe.load_net(network_file, architecture))
    result = chip.sim(steps, timing_model="simple", perf_trace=True)

    traffic = report["traffic_per_step"]
    estimates = report["estimates_per_image"]
    estimate = next((e for e in estimates if e["profile"] == "sana-fe"), None)
    prices = {}
    if estimate:
        time_steps = report["activity_per_image"]["time_steps"]
        terms = estimate["spiking"]["terms"]
        prices = {term["term"]: term["total_pj"] / time_steps for term in terms}
    wanted = {
        "events": (traffic["events"], result["neurons_fired"] / steps),
        "packets": (traffic["deliveries"], result["packets_sent"] / steps),
        "hops": (traffic["unicast_hops"], sum(result["perf_trace"]["hops"]) / steps),
    }
    if prices and traffic["routing"] == "unicast":
        network = sum(prices[term] for term in ("message", "hop_x", "hop_y"))
        wanted["network, pJ"] = (network, result["energy"]["network"] * 1e12 / steps)
    failed = 0
    for name, (ours, theirs) in wanted.items():
        equal = abs(ours - theirs) <= 1e-6 * max(1.0, abs(ours))
        failed += not equal
        print(f"{name}: report {ours:.10g}, SANA-FE {theirs:.10g}" + ("" if equal else "  DIFFER"))
    if prices:
        neurons = sum(prices[term] for term in ("neuron_idle", "neuron_active", "spike"))
        theirs = result["energy"]["soma"] * 1e12 / steps
        print(f"neurons, pJ: report {neurons:.10g}, SANA-FE {theirs:.10g}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
