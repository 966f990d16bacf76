#!/usr/bin/env python3
#===- compile_cost.py - Time and memory of the compiler ------------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
"""Measures compile time and peak resident memory over ONNX models.

Each model is compiled in a process of its own, from the file to the program;
the kernel reports the process's largest resident set. `start` is the same
process with --help: what loading the compiler's libraries alone takes.

  .venv/bin/python benchmarks/compile_cost.py [MODEL...] [--vgg16]
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import onnx

import large_model
import machine

ROOT = pathlib.Path(__file__).resolve().parent.parent
MIB = 1 << 20
BYTES_A_FLOAT = 4


def child_cost(command):
    """(seconds, peak resident bytes) of one command; its failure is ours."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"error: exit code {process.returncode}: {' '.join(map(str, command))}")
    return elapsed, usage.ru_maxrss * 1024


def parameters(path):
    """The number of float values that the model's file holds as initializers."""
    graph = onnx.load(path, load_external_data=False).graph
    total = 0
    for tensor in graph.initializer:
        count = 1
        for extent in tensor.dims:
            count *= extent
        total += count
    return total


def measure(path, arguments, folder):
    program = pathlib.Path(folder) / "compiled.nmc"
    command = [
        arguments.tools / "fastsnn-compile",
        path,
        *arguments.compile_option,
        "-o",
        program,
    ]
    costs = [child_cost(command) for _ in range(arguments.rounds)]
    return {
        "model": pathlib.Path(path).name,
        "parameters": parameters(path),
        "seconds": statistics.median(seconds for seconds, _ in costs),
        "peak_bytes": max(peak for _, peak in costs),
        "program_bytes": program.stat().st_size,
    }


def print_table(results, start):
    print(f"start: {start[0] * 1e3:.0f} ms, {start[1] / MIB:.0f} MiB\n")
    print(
        "| model | parameters | compile time | peak memory "
        "| peak less start / float32 weights | program |"
    )
    print("|---|---|---|---|---|---|")
    for result in results:
        weights = result["parameters"] * BYTES_A_FLOAT
        print(
            f"| {result['model']} | {result['parameters'] / 1e6:.2f} M "
            f"| {result['seconds']:.2f} s | {result['peak_bytes'] / MIB:.0f} MiB "
            f"| {(result['peak_bytes'] - start[1]) / weights:.1f} "
            f"| {result['program_bytes'] / MIB:.2f} MiB |"
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "models", nargs="*", default=[str(ROOT / "models/resnet20_w2a2_qonnx.onnx")]
    )
    parser.add_argument("--tools", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compile-option", action="append", default=[])
    parser.add_argument(
        "--vgg16", action="store_true", help="add a made-up VGG-16, 138 M parameters"
    )
    parser.add_argument("--json", type=pathlib.Path, help="write the figures here")
    arguments = parser.parse_args()

    where = machine.describe(ROOT)
    print(json.dumps(where, indent=1), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        start = child_cost([arguments.tools / "fastsnn-compile", "--help"])
        models = list(arguments.models)
        if arguments.vgg16:
            models.append(large_model.write_vgg16(pathlib.Path(folder)))
        results = [measure(path, arguments, folder) for path in models]
    print_table(results, start)
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"machine": where, "start": start, "results": results}, indent=1)
            + "\n"
        )


if __name__ == "__main__":
    main()
