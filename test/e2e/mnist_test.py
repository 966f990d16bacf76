#!/usr/bin/env python3
"""The TFC networks of the QONNX model zoo on the whole MNIST test set: published
accuracy of the quantized network, and the same from its spikes."""

import sys
from pathlib import Path
import tempfile

import report
import tools

# Signed activations in {-1, 0, 1}: one time step.
NETWORKS = {"TFC_2W2A": 0.966, "TFC_1W2A": 0.948}
TOLERANCE = 0.003


def check(name, published, folder):
    model = tools.shared("models", f"{name}.onnx")
    images = tools.shared("data", "mnist", "t10k-images-idx3-ubyte.gz")
    labels = tools.shared("data", "mnist", "t10k-labels-idx1-ubyte.gz")
    data = [f"--input={images}", f"--labels={labels}"]
    scale = "--preprocess=scale=255"
    program = tools.compile_model(model, folder / f"{name}.nmc", scale)
    runs = {"qnn": (model, [scale, "--level=qnn"]),
            "folded": (model, [scale, "--level=folded"]),
            "nmc": (model, [scale, "--level=nmc"]), "program": (program, [])}
    failures, predictions = [], {}
    for level, (file, options) in runs.items():
        result, outputs, _ = tools.run_model(file, folder, *data, *options,
                                             name=f"{name}-{level}", spikes=False)
        predictions[level] = outputs["prediction"].ravel()
        print(f"{name}, {level}: top1 {result['top1']}")
        if result["samples"] != 10000:
            failures.append(f"{level}: {result['samples']} samples")
        if result["top1"] is None or abs(result["top1"] - published) > TOLERANCE:
            failures.append(f"{level}: top1 {result['top1']}, published {published}")
        if level == "qnn":
            continue
        failures += [f"{level}: {text}" for text in report.problems(result)]
        if len(result["layers"]) != 3 or result["time_steps"] != 1:
            failures.append(f"{level}: {len(result['layers'])} neuron layers and "
                            f"{result['time_steps']} time steps, expected 3 and 1")
    for level in ("nmc", "program"):
        if (predictions[level] != predictions["folded"]).any():
            failures.append(f"{level} and folded predict differently")
    return failures


def main():
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name, published in NETWORKS.items():
            try:
                failures = check(name, published, Path(folder))
            except tools.ToolError as error:
                failures = [str(error)]
            for text in failures:
                print(f"FAIL {name}: {text}")
            failed = failed or bool(failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
