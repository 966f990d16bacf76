# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks exported graphs against the mapping report they belong to.

    check_graphs.py REPORT.json FILE.graph FILE.hgr
"""

import json
import sys


def read(path):
    with open(path) as file:
        lines = [line.split() for line in file if not line.startswith("%")]
    return [[int(word) for word in line] for line in lines]


def main():
    with open(sys.argv[1]) as file:
        report = json.load(file)
    neurons = [core["use"]["neurons"]["used"] for core in report["cores"]]
    traffic = report["traffic_per_step"]
    between_cores = traffic["deliveries"] - traffic["deliveries_inside_cores"]

    head, *lines = read(sys.argv[2])
    vertices, edges, form = head
    assert (vertices, form) == (len(neurons), 11), head
    assert len(lines) == vertices
    ends, total = {}, 0
    for vertex, line in enumerate(lines, 1):
        assert line[0] == neurons[vertex - 1], vertex
        for other, weight in zip(line[1::2], line[2::2]):
            assert other != vertex and 1 <= other <= vertices and weight >= 1
            ends[vertex, other] = weight
            total += weight
    assert len(ends) == 2 * edges
    assert all(ends[b, a] == weight for (a, b), weight in ends.items())
    # Each delivery is on one edge, which has two ends.
    assert abs(total / 2000 - between_cores) <= 1e-3 * between_cores

    head, *lines = read(sys.argv[3])
    edges, vertices, form = head
    assert (vertices, form) == (len(neurons), 11), head
    assert len(lines) == edges + vertices
    assert [line for (line,) in lines[edges:]] == neurons
    deliveries = 0
    for weight, *cores in lines[:edges]:
        assert len(cores) == len(set(cores)) >= 2
        assert all(1 <= core <= vertices for core in cores)
        deliveries += weight * (len(cores) - 1)
    assert abs(deliveries / 1000 - between_cores) <= 1e-3 * between_cores


if __name__ == "__main__":
    main()
