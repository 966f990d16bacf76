# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that the numbers of a mapping report agree with each other.

    check_mapping.py REPORT.json
"""

import json
import sys


def close(a, b):
    return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))


def main():
    with open(sys.argv[1]) as file:
        report = json.load(file)
    assert len(report["cores"]) == report["cores_used"]
    columns, rows = report["traffic_per_step"]["mesh"]
    places = {tuple(core["place"]) for core in report["cores"]}
    assert len(places) == report["cores_used"], "two cores in one place"
    assert all(0 <= x < columns and 0 <= y < rows for x, y in places)

    # Every neuron is in one tile.
    neurons = {layer["name"]: 0 for layer in report["layers"]}
    fullest = {name: 0 for name in report["fullest_core"]}
    for core in report["cores"]:
        for tile in core["tiles"]:
            volume = 1
            for axis in ("channels", "rows", "columns"):
                begin, end = tile[axis]
                volume *= end - begin
            neurons[tile["layer"]] += volume if tile["part"][0] == 0 else 0
        for name, entry in core["use"].items():
            fullest[name] = max(fullest[name], entry["used"])
            if entry["limit"] is not None and name not in report["ignored"]:
                assert entry["used"] <= entry["limit"], (name, entry)
                assert close(entry["share"], entry["used"] / entry["limit"])
    for layer in report["layers"]:
        channels, height, width = layer["shape"]
        assert neurons[layer["name"]] == channels * height * width, layer["name"]
    for name, entry in report["fullest_core"].items():
        assert entry["used"] == fullest[name], name

    traffic = report["traffic_per_step"]
    assert traffic["multicast_hops"] <= traffic["unicast_hops"] * (1 + 1e-9)
    assert traffic["deliveries_inside_cores"] <= traffic["deliveries"]
    activity = report["activity_per_image"]
    if activity["synapses"]:
        assert close(
            activity["spikes_per_synapse"],
            activity["synaptic_operations"] / activity["synapses"],
        )
    for estimate in report["estimates_per_image"]:
        for side in ("spiking", "quantized_ann"):
            bill = estimate[side]
            total = 0
            for term in bill["terms"]:
                assert close(term["total_pj"], term["count"] * term["each_pj"]), term
                assert term["source"] and term["evidence"], term
                total += term["total_pj"]
            assert close(total, bill["total_pj"]), (estimate["profile"], side)
            names = [t["term"] for t in bill["terms"] + bill["unpriced"]]
            assert len(names) == len(set(names))
        if estimate["step_ns"] is not None:
            steps = report["latency"]["steps"]
            assert close(estimate["latency_ns"], estimate["step_ns"] * steps)


if __name__ == "__main__":
    main()
