#!/usr/bin/env python3
#===- tuning_results.py - Accuracy after calibration and tuning ----------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
"""Makes the table of docs/results.md: top-1 accuracy of ResNet-20 at 2, 3 and 4
bits on all CIFAR-10 test images, as quantized network and as spiking network in
several states of tuning. Calibration and tuning use training images only.

  python3 benchmarks/tuning_results.py --models DIR --train FILE --test FILE \\
      --work DIR [--bits 2 3 4] [--columns NAME...] [--threads N]

Every step leaves its report in the work folder and is not done again if it is
there, so that a run can be taken up where it was interrupted. A column whose
tools are not there yet (settled timing) is left out, with a note.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

import machine

ROOT = pathlib.Path(__file__).resolve().parent.parent
PREPROCESS = ("--preprocess=scale=255,mean=0.491:0.482:0.447,"
              "std=0.247:0.243:0.262")
# Images that calibration and training see, by bits: a step is run T times.
CALIBRATION_IMAGES = 500
TRAINING_IMAGES = {2: 1000, 3: 500, 4: 250}

# Column -> (title, options of fastsnn-tune, or None without tuning).
COLUMNS = {
    "quantized": ("quantized ANN", None),
    "pipelined": ("pipelined", None),
    "calibrated": ("calibrated", None),
    "searched": ("searched and calibrated", ["--parameters=bias-threshold", "--calibrate"]),
    "tuned": ("fine-tuned", ["--parameters=all"]),
    "both": ("fine-tuned and calibrated", ["--parameters=all", "--calibrate"]),
    "settled": ("settled", None),
}


class Measurement:
    def __init__(self, arguments):
        self.arguments = arguments
        self.bin = pathlib.Path(arguments.bin)
        self.commands = []

    def start(self, *command):
        shown = " ".join(str(part) for part in command)
        self.commands.append(shown)
        print("+", shown, flush=True)
        begin = time.perf_counter()
        subprocess.run([self.bin / command[0], *map(str, command[1:])], check=True,
                       stdout=subprocess.DEVNULL)
        return time.perf_counter() - begin

    def knows(self, tool, option):
        shown = subprocess.run([self.bin / tool, "--help"], capture_output=True,
                               text=True, check=True).stdout
        return f"--{option}=" in shown

    def threads(self):
        return [f"--threads={self.arguments.threads}"] if self.arguments.threads else []

    def cell(self, bits, column):
        """{"top1": ..., "seconds": of tuning} of one column, or None."""
        done = self.arguments.work / f"w{bits}-{column}.json"
        if done.exists():
            return json.loads(done.read_text(encoding="utf-8"))
        if column == "settled" and not self.knows("fastsnn-compile", "timing"):
            return None
        model = self.arguments.models / f"resnet20_w{bits}a{bits}_qonnx.onnx"
        program = self.arguments.work / f"w{bits}-{column}.nmc"
        report = self.arguments.work / f"w{bits}-{column}-run.json"
        run = ["fastsnn-run", f"--input={self.arguments.test}", f"--json={report}",
               *self.threads()]
        seconds = 0.0
        options = COLUMNS[column][1]
        if column == "quantized":
            self.start(*run, model, PREPROCESS, "--level=qnn")
        else:
            if options:
                tuned = self.arguments.work / f"w{bits}-{column}.mlirbc"
                seconds = self.start(
                    "fastsnn-tune", model, PREPROCESS, f"--data={self.arguments.train}",
                    f"--limit={TRAINING_IMAGES[bits]}", *options, *self.threads(),
                    f"--json={self.arguments.work / f'w{bits}-{column}-tune.json'}",
                    "-o", tuned)
                self.start("fastsnn-compile", tuned, "-o", program)
            else:
                more = {"calibrated": [f"--calibrate={self.arguments.train}",
                                       f"--calibrate-limit={CALIBRATION_IMAGES}",
                                       *self.threads()],
                        "settled": ["--timing=settled"]}.get(column, [])
                seconds = self.start("fastsnn-compile", model, PREPROCESS, *more,
                                     "-o", program)
            self.start(*run, program)
        ran = json.loads(report.read_text(encoding="utf-8"))
        cell = {"top1": ran["top1"], "samples": ran["samples"],
                "time_steps": ran["time_steps"], "certificate": ran["certificate"],
                "seconds": round(seconds, 1)}
        done.write_text(json.dumps(cell), encoding="utf-8")
        return cell


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=pathlib.Path, required=True)
    parser.add_argument("--train", type=pathlib.Path, required=True)
    parser.add_argument("--test", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--bits", type=int, nargs="+", default=[2, 3, 4], choices=(2, 3, 4))
    parser.add_argument("--columns", nargs="+", default=list(COLUMNS), choices=list(COLUMNS))
    parser.add_argument("--threads", type=int)
    parser.add_argument("--bin", default=os.environ.get("FASTSNN_BIN",
                                                        ROOT / "build" / "release" / "bin"))
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    measurement = Measurement(arguments)
    cells = {bits: {column: measurement.cell(bits, column) for column in arguments.columns}
             for bits in arguments.bits}

    columns = [c for c in arguments.columns if any(cells[b][c] for b in arguments.bits)]
    for column in arguments.columns:
        if column not in columns:
            print(f"note: {column}: the tools cannot do this yet", file=sys.stderr)
    print("\n| ResNet-20 | T | " + " | ".join(COLUMNS[c][0] for c in columns) + " |")
    print("|---|---|" + "---|" * len(columns))
    for bits in arguments.bits:
        steps = max((cells[bits][c] or {}).get("time_steps") or 0 for c in columns)
        row = [f"{100 * cells[bits][c]['top1']:.2f} %" if cells[bits][c] else "-"
               for c in columns]
        print(f"| {bits} bits | {steps} | " + " | ".join(row) + " |")
    print("\n" + json.dumps(machine.describe(ROOT)))


if __name__ == "__main__":
    main()
