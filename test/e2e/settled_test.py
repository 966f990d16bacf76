#!/usr/bin/env python3
"""Settled timing on trained networks: every count of every layer is that of the
quantized network, and so are the outputs.

The project's ResNet-20 runs on its 1,000 test images; the shared ResNet-20 of 2,
3 and 4 bits in every style of ONNX file, and the TFC networks, on fewer, where
they are there.
"""

import sys
import tempfile

import tools

try:
    import numpy as np
except ImportError:
    tools.skip("numpy is not installed")

STYLES = ("qonnx", "qcdq", "fakequant", "dynamo", "raw")


def check(model, inputs, options, levels, folder):
    """What differs; nothing if the counts are equal."""
    where = f"{model.name} {' '.join(levels)}"
    quantized, expected, _ = tools.run_model(
        model, folder, *options, f"--input={inputs}", "--level=qnn", name="qnn",
        spikes=False)
    for level in levels:
        report, outputs, _ = tools.run_model(
            model, folder, *options, f"--input={inputs}", "--timing=settled",
            f"--level={level}", "--compare=qnn", name=level, spikes=False)
        if report["timing"] != "settled":
            yield f"{where}: timing {report['timing']}"
        if level != "snn" and report["certificate"] != "exact":
            yield f"{where}: certificate {report['certificate']}"
        if report["top1"] != quantized["top1"]:
            yield f"{where}: top-1 {report['top1']}, quantized {quantized['top1']}"
        layers = report["compare"][0]["layers"]
        if len(layers) != len(report["layers"]):
            yield f"{where}: {len(layers)} layers compared"
        for layer in layers:
            if layer["counts_differing"]:
                yield (f"{where}: {layer['name']}: {layer['counts_differing']} "
                       "counts differ")
        for name, values in expected.items():
            error = np.abs(values - outputs[name]).max() / np.abs(values).max()
            if error > 1e-9:
                yield f"{where}: output {name} is off by {error:.2g}"


def main():
    failures, networks = [], 0
    with tempfile.TemporaryDirectory() as folder:
        def run(model, inputs, options, levels=("nmc",)):
            nonlocal networks
            networks += 1
            failures.extend(check(model, inputs, options, levels, folder))

        cifar = tools.ROOT / "data" / "cifar10_test_1000.bin.gz"
        run(tools.ROOT / "models" / "resnet20_w2a2_qonnx.onnx", cifar,
            [tools.CIFAR_PREPROCESS], ("nmc", "folded"))
        models = tools.SHARED / "models"
        for bits in (2, 3, 4):
            for style in STYLES:
                model = models / f"resnet20_w{bits}a{bits}_{style}.onnx"
                if model.exists():
                    levels = ("nmc", "snn") if style == "qonnx" else ("nmc",)
                    run(model, cifar, [tools.CIFAR_PREPROCESS, "--limit=100"], levels)
        digits = tools.SHARED / "data" / "mnist" / "t10k-images-idx3-ubyte.gz"
        for name in ("TFC_1W2A", "TFC_2W2A"):
            model = models / f"{name}.onnx"
            if model.exists() and digits.exists():
                run(model, digits, ["--preprocess=scale=255", "--limit=1000"])
    for failure in failures:
        print(f"FAIL {failure}")
    print(f"{networks} networks, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
