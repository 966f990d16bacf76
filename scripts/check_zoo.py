#!/usr/bin/env python3
#===- check_zoo.py - The paper's networks, spike for spike ----------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
"""Exports, compiles and runs networks of fastsnn.zoo at their full resolution and
compares every spike with test/e2e/torch_reference.py, a float64 simulation in PyTorch.

    check_zoo.py [NETWORK ...] [--bits 2] [--images 4] [--epsilon 1e-3] [--json FILE]
    check_zoo.py --settled [--weights float] [NETWORK ...] [--bits 2] [--images 4]

Weights are random, batch norms and clips calibrated on the images: CIFAR-10 test images,
enlarged where the network wants more. A network passes if all spikes are equal, or, where
its certificate is not exact, if each layer fed the real-valued level's spikes gives that
level's spikes: all of them in exact layers, but for one in a million in bounded ones. Every
layer's rate must be between 2 and 60 %, and 0.5 % of all spikes negative.

With --settled the programs of settled timing are compared with the quantized network:
every count of every layer must be equal, outputs to 1e-9 of the largest. With --weights
float as well, weights stay what PyTorch has: level snn, which runs those, is compared so.
The tools quantize the weights to 8 bits for the programs (--quantize-weights), settled and
pipelined, whose spikes must be those of level folded.

Needs the packages of python/ with torch; 8 GB of memory for the largest ones.
"""

import argparse
import gc
import gzip
import json
from pathlib import Path
import sys
import tempfile
import time

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "test" / "e2e")]

import fastsnn  # noqa: E402
from fastsnn import zoo  # noqa: E402
import torch_reference  # noqa: E402

MEAN, STD = (0.491, 0.482, 0.447), (0.247, 0.243, 0.262)
PREPROCESS = {"scale": 255, "mean": MEAN, "std": STD}
RATES, NEGATIVE, BOUNDED = (0.02, 0.6), 0.005, 1e-6


def load_images(count, size):
    """Test images [N, 3, size, size], uint8."""
    with gzip.open(ROOT / "data" / "cifar10_test_1000.bin.gz") as file:
        records = np.frombuffer(file.read(count * 3073), np.uint8).reshape(-1, 3073)
    pixels = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).copy())
    if size == 32:
        return pixels
    larger = torch.nn.functional.interpolate(
        pixels.double(), size=(size, size), mode="bilinear", align_corners=False)
    return larger.round().clamp(0, 255).to(torch.uint8)


def normalize(pixels):
    """(p / 255 - mean) / std in float64."""
    mean, std = (torch.tensor(v, dtype=torch.float64).view(3, 1, 1) for v in (MEAN, STD))
    return (pixels.double() / 255 - mean) / std


def teacher_forced(model, pixels, options):
    """Problems of layers fed the real-valued level's spikes."""
    result = fastsnn.run(model, pixels, level="folded", compare=["snn"], teacher_forced=True,
                         **options)
    kinds = {layer.name: layer.certificate for layer in result.layers}
    problems = []
    for layer in result.report["compare"][0]["layers"]:
        neurons = next(x.neurons for x in result.layers if x.name == layer["name"])
        entries = neurons * result.report["time_steps"] * len(pixels)
        allowed = entries * BOUNDED if kinds[layer["name"]] == "bounded" else 0
        if layer["spikes_differing"] > allowed:
            problems.append(f"{layer['name']}: {layer['spikes_differing']} of {entries} spikes "
                            "differ with teacher forcing")
    return problems


def make_network(name, bits, weights="quantized", seed=0, pooling=None):
    """A network of random weights whose layers spike on the images."""
    network = zoo.create(name, bits, weights, pooling=pooling)
    zoo.randomize(network, seed)
    size = zoo.NETWORKS[name].size
    calibration = load_images(32 if size == 32 else 4, size)
    # Max pooling raises rates where the network is made for average pooling.
    rate = (0.06, 0.14) if pooling == "max" else (0.15, 0.35)
    zoo.calibrate(network, normalize(calibration).float(), rate, seed)
    return network


def check(name, bits, count, epsilon, seed=0, pooling=None, log=lambda text: None):
    """A row of the table as a dictionary; `problems` says what is wrong."""
    begin = time.time()
    network = make_network(name, bits, seed=seed, pooling=pooling)
    log("calibrated")
    size = zoo.NETWORKS[name].size
    pixels = load_images(count, size)
    options = {"preprocess": PREPROCESS, "epsilon": epsilon}
    with tempfile.TemporaryDirectory() as folder:
        model, program = Path(folder) / "model.onnx", Path(folder) / "model.nmc"
        fastsnn.export(network, normalize(pixels[:1]).float(), model, float64=True)
        log("exported")
        start = time.time()
        compiled = fastsnn.compile(model, program, **options)
        seconds = time.time() - start
        log(f"compiled in {seconds:.1f} s")
        totals, problems = None, []
        for index in range(count):
            image = pixels[index:index + 1]
            result = fastsnn.run(compiled, image.numpy(), spikes=True)
            log(f"image {index}: program has run")
            outputs, spikes = torch_reference.simulate(
                network, normalize(image), result.report["time_steps"], epsilon)
            row = compare(result, outputs, spikes)
            log(f"image {index}: {sum(row['differing'].values())} spikes differ from the "
                "reference's")
            certificates = result.certificate
            totals = row if totals is None else {
                key: {layer: value[layer] + row[key][layer] for layer in value}
                for key, value in totals.items()}
            del result, outputs, spikes
            gc.collect()
        differing = sum(totals["differing"].values())
        if differing and certificates == "exact":
            problems += [f"{layer}: {n} spikes differ" for layer, n in
                         totals["differing"].items() if n]
        elif differing:
            problems += teacher_forced(model, pixels.numpy(), options)
    rates = {layer: totals["spikes"][layer] / entries
             for layer, entries in totals["entries"].items()}
    problems += [f"{layer}: rate {rate:.4f}" for layer, rate in rates.items()
                 if not RATES[0] <= rate <= RATES[1]]
    negative = sum(totals["negative"].values()) / sum(totals["spikes"].values())
    if negative < NEGATIVE:
        problems.append(f"{negative:.4f} of all spikes are negative")
    if totals["output"]["difference"] > 1e-9 * count:
        problems.append(f"outputs differ by {totals['output']['difference']}")
    return {"network": name, "bits": bits, "size": size, "inputs": count,
            "layers": len(rates), "certificate": certificates,
            "entries": sum(totals["entries"].values()), "differing": differing,
            "rate_min": min(rates.values()), "rate_max": max(rates.values()),
            "negative": negative, "compile_s": seconds, "seconds": time.time() - begin,
            "problems": problems}


def check_settled(name, bits, count, weights="quantized", seed=0, log=lambda text: None):
    """The row of a network whose settled program is compared with the quantized network."""
    begin = time.time()
    network = make_network(name, bits, weights, seed)
    log("calibrated")
    size = zoo.NETWORKS[name].size
    pixels = load_images(count, size)
    options = {"preprocess": PREPROCESS}
    if weights == "float":
        options["quantize_weights"] = 8
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.onnx"
        fastsnn.export(network, normalize(pixels[:1]).float(), model, float64=True)
        log("exported")
        images = pixels.numpy()
        settled = fastsnn.run(model, images, level="nmc" if weights == "quantized" else "snn",
                              timing="settled", compare=["qnn"], **options)
        quantized = fastsnn.run(model, images, level="qnn", **options)
        log("settled and quantized network have run")
        certificate = settled.certificate
        for timing in ("settled", "pipelined") if weights == "float" else ():
            result = fastsnn.run(model, images, level="nmc", compare=["folded"], timing=timing,
                                 **options)
            log(f"{timing} program has run")
            certificate = result.certificate
            problems += [f"{layer['name']}: {layer['spikes_differing']} spikes differ, {timing}"
                         for layer in result.report["compare"][0]["layers"]
                         if layer["spikes_differing"]]
            problems += [f"{layer.name}: silent, {timing}" for layer in result.layers
                         if not layer.spikes_pos]
    layers = settled.report["compare"][0]["layers"]
    # Maximum poolings have no counts of their own in the quantized network.
    pools = sum(isinstance(module, torch.nn.MaxPool2d) for module in network.modules())
    if len(layers) != len(settled.layers) - pools:
        problems.append(f"{len(layers)} layers compared")
    problems += [f"{layer['name']}: {layer['counts_differing']} counts differ"
                 for layer in layers if layer["counts_differing"]]
    if set(settled.outputs) != set(quantized.outputs):
        problems.append(f"outputs {sorted(settled.outputs)}")
    error = max(np.abs(values - settled.outputs[key]).max() / max(np.abs(values).max(), 1e-300)
                for key, values in quantized.outputs.items())
    if error > 1e-9:
        problems.append(f"outputs differ by {error} of the largest")
    return {"network": name, "bits": bits, "weights": weights, "size": size, "inputs": count,
            "layers": len(layers), "certificate": certificate,
            "counts": sum(layer.neurons for layer in settled.layers) * count,
            "differing": sum(layer["counts_differing"] for layer in layers),
            "error": float(error),
            "seconds": time.time() - begin, "problems": problems}


def compare(result, outputs, spikes):
    """Counts a layer of one sample, and the largest difference of the outputs."""
    counts = {key: {} for key in ("entries", "differing", "spikes", "negative")}
    if set(spikes) != set(result.spikes):
        raise SystemExit(f"error: layers {sorted(result.spikes)}, expected {sorted(spikes)}")
    for layer, expected in spikes.items():
        expected = expected.numpy()
        actual = result.spikes[layer].reshape(expected.shape)
        counts["entries"][layer] = expected.size
        counts["differing"][layer] = int((expected != actual).sum())
        counts["spikes"][layer] = int((expected != 0).sum())
        counts["negative"][layer] = int((expected < 0).sum())
    scale = max(1.0, float(outputs.abs().max()))
    actual = next(iter(result.outputs.values()))
    counts["output"] = {"difference": float(np.abs(outputs.numpy() - actual).max()) / scale}
    return counts


COLUMNS = ("network", "bits", "inputs", "layers", "certificate", "spike entries", "differing",
           "rates", "negative", "compile", "all")


def cells(row):
    return (row["network"], row["bits"], f"{row['inputs']} x {row['size']}x{row['size']}",
            row["layers"], row["certificate"], f"{row['entries']:,}", row["differing"],
            f"{100 * row['rate_min']:.1f}-{100 * row['rate_max']:.1f} %",
            f"{100 * row['negative']:.1f} %", f"{row['compile_s']:.1f} s",
            f"{row['seconds']:.0f} s")


SETTLED_COLUMNS = ("network", "bits", "weights", "inputs", "layers", "certificate", "counts",
                   "differing", "outputs off by", "all")


def settled_cells(row):
    return (row["network"], row["bits"], row["weights"],
            f"{row['inputs']} x {row['size']}x{row['size']}", row["layers"],
            row["certificate"], f"{row['counts']:,}", row["differing"], f"{row['error']:.1g}",
            f"{row['seconds']:.0f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK",
                        help=f"default all: {', '.join(zoo.NETWORKS)}")
    parser.add_argument("--bits", type=int, default=2, choices=(2, 3, 4))
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--epsilon", type=float, default=1e-3)
    parser.add_argument("--settled", action="store_true",
                        help="compare settled programs with the quantized networks")
    parser.add_argument("--weights", choices=("quantized", "float"), default="quantized",
                        help="with --settled")
    parser.add_argument("--threads", type=int, help="of PyTorch")
    parser.add_argument("--json", type=Path, help="rows are added to this file, one a line")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    unknown = set(arguments.networks) - set(zoo.NETWORKS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if arguments.weights == "float" and not arguments.settled:
        parser.error("--weights float goes with --settled")
    failed = False
    columns = SETTLED_COLUMNS if arguments.settled else COLUMNS
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns), flush=True)
    for name in arguments.networks or zoo.NETWORKS:
        begin = time.time()

        def log(text):
            print(f"  {name}: {time.time() - begin:.0f} s: {text}", file=sys.stderr, flush=True)

        try:
            if arguments.settled:
                row = check_settled(name, arguments.bits, arguments.images, arguments.weights,
                                    log=log)
            else:
                row = check(name, arguments.bits, arguments.images, arguments.epsilon, log=log)
        except fastsnn.Error as error:
            print(f"FAIL {name}: {error}", flush=True)
            failed = True
            continue
        shown = settled_cells(row) if arguments.settled else cells(row)
        print("| " + " | ".join(map(str, shown)) + " |", flush=True)
        for problem in row["problems"]:
            print(f"FAIL {name}: {problem}", flush=True)
        failed = failed or bool(row["problems"])
        if arguments.json:
            with arguments.json.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
