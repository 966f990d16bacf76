#!/usr/bin/env python3
#===- cpu_throughput.py - The executor beside PyTorch --------------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
"""Times the program executor beside the published method in PyTorch.

Both simulate the same spiking network on the same images with the same number
of threads, in turns, so that a busy machine slows both:

  published  float32 PyTorch, every convolution and batch normalization in
             every time step (torch_snn.py)
  folded     the same with batch normalization folded into the convolutions
             and the first layer's current computed once
  fastsnn    fastsnn-run on the compiled program; its own images_per_second,
             which leaves out reading files

Printed are medians over the rounds, and the median of each round's ratio to
`published`. The predictions of all three must agree on all but --tolerate of
the images (float32 rounding can move single ones).

  python3 -m venv .venv-bench
  .venv-bench/bin/pip install torch==2.13.0 numpy onnx
  .venv-bench/bin/python benchmarks/cpu_throughput.py [MODEL...]
"""

import argparse
import gzip
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch

import machine
import torch_snn

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEAN, STD = (0.491, 0.482, 0.447), (0.247, 0.243, 0.262)
RECORD = 1 + 3 * 32 * 32  # CIFAR-10: label, then red, green and blue plane


def read_images(path, limit):
    """The first images of a CIFAR-10 file: uint8 [N, 3, 32, 32]."""
    opened = gzip.open(path) if path.suffix == ".gz" else open(path, "rb")
    with opened as file:
        data = np.frombuffer(file.read(limit * RECORD), np.uint8)
    return data.reshape(-1, RECORD)[:, 1:].reshape(-1, 3, 32, 32)


def colon_list(values):
    return ":".join(str(value) for value in values)


class FastSNN:
    """The compiled program of one model."""

    def __init__(self, model, arguments, folder):
        self.arguments, self.folder = arguments, pathlib.Path(folder)
        self.program = self.folder / (pathlib.Path(model).stem + ".nmc")
        subprocess.run(
            [
                arguments.tools / "fastsnn-compile",
                model,
                f"--epsilon={arguments.epsilon}",
                f"--preprocess=scale=255,mean={colon_list(MEAN)},std={colon_list(STD)}",
                *arguments.compile_option,
                "-o",
                self.program,
            ],
            check=True,
        )

    def run(self, *options):
        """The JSON report of one run over the images."""
        report = self.folder / "run.json"
        subprocess.run(
            [
                self.arguments.tools / "fastsnn-run",
                self.program,
                f"--input={self.arguments.data}",
                f"--limit={self.arguments.images}",
                f"--threads={self.arguments.threads}",
                f"--json={report}",
                *self.arguments.run_option,
                *options,
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return json.loads(report.read_text())

    def predictions(self):
        output = self.folder / "output.npz"
        self.run(f"--output={output}")
        return np.load(output)["prediction"].reshape(-1)


def torch_pass(network, images, batch, epsilon):
    """(images per second, predictions) of one pass over the images."""
    readouts = []
    start = time.perf_counter()
    for first in range(0, len(images), batch):
        readouts.append(network.run(images[first : first + batch], epsilon=epsilon))
    elapsed = time.perf_counter() - start
    return len(images) / elapsed, torch.cat(readouts).argmax(1).numpy()


def measure(model, arguments):
    """One model's figures, as a dictionary."""
    networks = {
        "published": torch_snn.SpikingNetwork(model),
        "folded": torch_snn.SpikingNetwork(model, fold=True),
    }
    pixels = read_images(arguments.data, arguments.torch_images)
    images = torch_snn.normalize(pixels, MEAN, STD).to(torch.float32)
    with tempfile.TemporaryDirectory() as folder:
        program = FastSNN(model, arguments, folder)
        # The first pass warms caches and is not timed.
        predictions = {
            name: torch_pass(network, images, arguments.batch, arguments.epsilon)[1]
            for name, network in networks.items()
        }
        predictions["fastsnn"] = program.predictions()[: len(images)]
        rates = {name: [] for name in (*networks, "fastsnn")}
        for _ in range(arguments.rounds):
            for name, network in networks.items():
                rate, _ = torch_pass(network, images, arguments.batch, arguments.epsilon)
                rates[name].append(rate)
            report = program.run()
            rates["fastsnn"].append(report["images_per_second"])

    time_steps = networks["published"].time_steps
    if report["time_steps"] != time_steps:
        sys.exit(
            f"error: {model}: the program has {report['time_steps']} time steps, "
            f"PyTorch {time_steps}"
        )
    agreement = {
        name: float(np.mean(predictions[name] == predictions["published"]))
        for name in rates
    }
    for name, share in agreement.items():
        if share < 1 - arguments.tolerate:
            sys.exit(
                f"error: {model}: {name} and published agree on {share:.1%} of "
                "the images only; the figures would compare different networks"
            )
    return {
        "model": pathlib.Path(model).name,
        "time_steps": time_steps,
        "images_per_second": {
            name: statistics.median(values) for name, values in rates.items()
        },
        "spread": {name: (min(values), max(values)) for name, values in rates.items()},
        "ratio": {
            name: statistics.median(
                own / base for own, base in zip(values, rates["published"])
            )
            for name, values in rates.items()
        },
        "agreement": agreement,
    }


def print_table(results):
    print("| network | T | method | images/s, median | lowest to highest | ratio |")
    print("|---|---|---|---|---|---|")
    for result in results:
        for name, rate in result["images_per_second"].items():
            lowest, highest = result["spread"][name]
            print(
                f"| {result['model']} | {result['time_steps']} | {name} | {rate:.0f} "
                f"| {lowest:.0f} to {highest:.0f} | {result['ratio'][name]:.2f} |"
            )


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default_model = ROOT / "models/resnet20_w2a2_qonnx.onnx"
    parser.add_argument("models", nargs="*", default=[str(default_model)])
    parser.add_argument(
        "--data", type=pathlib.Path, default=ROOT / "data/cifar10_test_1000.bin.gz"
    )
    parser.add_argument("--tools", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=50, help="images a PyTorch batch")
    parser.add_argument("--images", type=int, default=1000, help="for fastsnn-run")
    parser.add_argument("--torch-images", type=int, default=200, help="for PyTorch")
    parser.add_argument("--epsilon", type=float, default=1e-3)
    parser.add_argument("--tolerate", type=float, default=0.01)
    parser.add_argument("--compile-option", action="append", default=[])
    parser.add_argument("--run-option", action="append", default=[])
    parser.add_argument("--json", type=pathlib.Path, help="write the figures here")
    arguments = parser.parse_args()
    if arguments.torch_images > arguments.images:
        parser.error("--torch-images must not exceed --images")
    return arguments


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    torch.set_num_interop_threads(1)
    where = machine.describe(ROOT)
    where["torch"] = torch.__version__
    where["threads"] = arguments.threads
    print(json.dumps(where, indent=1), flush=True)
    results = [measure(model, arguments) for model in arguments.models]
    print_table(results)
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"machine": where, "results": results}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
