#!/usr/bin/env python3
#===- nvcc_test.py - What nvcc makes of the kernels ----------------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
"""Compiles every kernel and reads the report of ptxas.

  nvcc_test.py --arch=sm_90 [--report]

Fails if a kernel does not compile or warns, if a product kernel spills more
than one register, and, where nvdisasm is at hand, if one of them does not
use the integer tensor cores. Without nvcc (in $FASTSNN_NVCC or the path) it is
skipped: exit status 77.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
HEADERS = HERE.parents[3] / "runtime" / "cuda" / "include"

# Bytes that a product kernel may spill and read again: a single register.
SPILL_LIMIT = 8


def kernels(report):
    """(mangled name, registers, spilled bytes) of each kernel of a report."""
    found = []
    name = spilled = None
    for line in report.splitlines():
        match = re.search(r"Compiling entry function '(\S+)'", line)
        if match:
            name = match.group(1)
        match = re.search(r"(\d+) bytes spill stores, (\d+) bytes spill loads", line)
        if match:
            spilled = int(match.group(1)) + int(match.group(2))
        match = re.search(r"Used (\d+) registers", line)
        if match:
            found.append((name, int(match.group(1)), spilled))
    return found


def tile(name):
    """(steps, rows, fragments, state, epilogue) of a product kernel, or None."""
    match = re.search(
        r"implicitGemmILi(\d+)ELi(\d+)ELi(\d+)E([il])LNS0_12GemmEpilogueE(\d)", name
    )
    return match.groups() if match else None


def integer_products(cubin):
    """Products on tensor cores per kernel; None without nvdisasm."""
    tool = shutil.which("nvdisasm")
    if not tool:
        return None
    text = subprocess.run(
        [tool, "-c", str(cubin)], check=True, capture_output=True, text=True
    ).stdout
    parts = re.split(r"(?m)^//-{10,} \.text\.", text)[1:]
    return {
        part.split()[0]: len(re.findall(r"\bIMMA\.16832\.S8\.S8\b", part))
        for part in parts
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--arch", default="sm_90")
    parser.add_argument("--report", action="store_true", help="print every kernel")
    arguments = parser.parse_args()
    nvcc = os.environ.get("FASTSNN_NVCC") or shutil.which("nvcc")
    if not nvcc:
        print("skipped: there is no nvcc in $FASTSNN_NVCC or the path")
        return 77

    with tempfile.TemporaryDirectory() as folder:
        cubin = pathlib.Path(folder) / "kernels.cubin"
        command = [
            nvcc, "-std=c++17", "-O3", f"-arch={arguments.arch}", "-cubin",
            "-Xptxas", "-v", f"-I{HEADERS}", "-o", str(cubin),
            str(HERE / "Inputs" / "Kernels.cu"),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        report = done.stdout + done.stderr
        if done.returncode != 0:
            print(report)
            return 1
        products = integer_products(cubin)

    failures = [line for line in report.splitlines() if "warning" in line]
    counted = 0
    for name, registers, spilled in kernels(report):
        shape = tile(name)
        if arguments.report:
            print(f"{registers:4} registers {spilled:5} bytes spilled  {name}")
        if not shape:
            if spilled:
                failures.append(f"{name}: {spilled} bytes spilled")
            continue
        counted += 1
        if spilled > SPILL_LIMIT:
            failures.append(
                f"product {shape}: {spilled} bytes spilled, "
                f"{SPILL_LIMIT} are allowed"
            )
        steps, rows, fragments = (int(number) for number in shape[:3])
        if products is not None and products[name] < 2 * steps * rows * fragments:
            failures.append(f"product {shape}: {products[name]} IMMA instructions")
    if counted == 0:
        failures.append("no product kernel in the report")
    for failure in failures:
        print("error:", failure)
    checked = "checked" if products is not None else "not checked: no nvdisasm"
    print(f"{arguments.arch}: {counted} product kernels, instructions {checked}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
