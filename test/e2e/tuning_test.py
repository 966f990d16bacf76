#!/usr/bin/env python3
"""Calibration and tuning of ResNet-20 with 2 bits: what is tuned is what is
deployed. Each mode, on a few images: the tuned network folds with exact
certificates, not one spike of the integer levels differs from the real-valued
level on other images, and its counts are nearer to the quantized network's. The
errors that the tuner saw in its own forward pass are those of the program.
"""

import json
from pathlib import Path
import sys
import tempfile

import tools

try:
    import numpy as np
except ImportError:
    tools.skip("numpy is not installed")

MODEL = tools.ROOT / "models" / "resnet20_w2a2_qonnx.onnx"
DATA = tools.ROOT / "data" / "cifar10_test_1000.bin.gz"
TUNED_WITH = 40
LAYERS = 19
# fastsnn-tune's options: a mode each.
MODES = {
    "calibrated": ["--parameters=none", "--calibrate"],
    "searched": ["--parameters=bias-threshold"],
    "trained": ["--epochs=1", "--batch=8", "--learning-rate=0.01"],
    "both": ["--epochs=1", "--batch=8", "--learning-rate=0.01", "--calibrate"],
    "together": ["--parameters=none", "--calibrate", "--together-epochs=1",
                 "--together-rate=0.01"],
}


def total_bias(report, when):
    return sum(layer[when]["channel_bias"] for layer in report["layers"])


def check_mode(mode, options, folder, fail):
    tuned = folder / f"{mode}.mlirbc"
    report_path = folder / f"{mode}.json"
    tools.run("fastsnn-tune", MODEL, tools.CIFAR_PREPROCESS, f"--data={DATA}",
              f"--limit={TUNED_WITH}", "--held-back=0.25", "--threads=2",
              f"--json={report_path}", "-o", tuned, *options)
    report = json.loads(report_path.read_text(encoding="utf-8"))
    if report["samples"] != TUNED_WITH or report["held_back"] != TUNED_WITH // 4:
        fail(f"{mode}: {report['samples']} samples, {report['held_back']} held back")
    if len(report["layers"]) != LAYERS or len(report["outputs"]) != 1:
        fail(f"{mode}: {len(report['layers'])} layers, {len(report['outputs'])} outputs")
    if report["top1_before"] is None or report["top1_after"] is None:
        fail(f"{mode}: no accuracy, although the images have labels")
    if report["layers"][0]["before"]["count_mismatch"] != 0:
        fail(f"{mode}: the first layer, whose current is constant, counts wrongly")
    if report["outputs"][0]["loss_after"] > report["outputs"][0]["loss_before"]:
        fail(f"{mode}: the output went away from the quantized network's")
    if total_bias(report, "after") >= total_bias(report, "before"):
        fail(f"{mode}: mean count errors did not become smaller")
    if mode == "together":
        if report["together"]["loss_after"] > report["together"]["loss_before"]:
            fail(f"{mode}: the outputs went away from the quantized network's")
    else:
        check_forward_pass(mode, tuned, report, folder, fail)
    check_equal_levels(mode, tuned, [], folder, fail)


def counts_of(spikes):
    """Net counts [N, ...] of each layer on the held-back samples."""
    return {name: train[-(TUNED_WITH // 4):].astype(int).sum(1)
            for name, train in spikes.items()}


def check_forward_pass(mode, tuned, report, folder, fail):
    """The tuner's forward pass against the program that is made of its result:
    the errors of every layer's counts on the held-back samples. The settled
    program of the model has the counts of the quantized network."""
    options = [f"--input={DATA}", f"--limit={TUNED_WITH}", "--level=nmc"]
    actual = counts_of(tools.run_model(tuned, folder, *options)[2])
    expected = counts_of(tools.run_model(MODEL, folder, tools.CIFAR_PREPROCESS,
                                         "--timing=settled", *options)[2])
    for layer in report["layers"]:
        error = actual[layer["name"]] - expected[layer["name"]]
        channels = error.mean((0, *range(2, error.ndim)))
        for key, value in (("loss", (error ** 2).mean()),
                           ("count_mismatch", (error != 0).mean()),
                           ("channel_bias", np.abs(channels).mean())):
            if abs(layer["after"][key] - value) > 1e-12:
                fail(f"{mode}: {layer['name']}: {key} {layer['after'][key]} in the tuner, "
                     f"{value} of the program")


def check_equal_levels(name, file, options, folder, fail):
    """All levels of a network, on images that it was not tuned with: the last
    samples of a run of as many as were tuned with and four more."""
    report = tools.run_model(file, folder, f"--input={DATA}", f"--limit={TUNED_WITH + 4}",
                             "--level=nmc", "--compare=folded,snn", *options,
                             spikes=False)[0]
    if report["certificate"] != "exact":
        fail(f"{name}: certificate {report['certificate']}")
    for comparison in report["compare"]:
        if len(comparison["layers"]) != LAYERS:
            fail(f"{name}: {len(comparison['layers'])} layers compared")
        for layer in comparison["layers"]:
            if layer["spikes_differing"] != 0:
                fail(f"{name}: {layer['name']} differs from level {comparison['level']}")


def check_calibration(folder, fail):
    """fastsnn-compile --calibrate is fastsnn-tune's calibration, and equal bytes
    come out of any number of threads."""
    calibrate = [f"--calibrate={DATA}", "--calibrate-limit=30"]
    tools.compile_model(MODEL, folder / "a.mlirbc", tools.CIFAR_PREPROCESS,
                        "--emit=snn", *calibrate)
    for threads in (1, 3):
        tools.run("fastsnn-tune", MODEL, tools.CIFAR_PREPROCESS, f"--data={DATA}",
                  f"--limit={TUNED_WITH}", "--held-back=0.25", "--parameters=none",
                  "--calibrate", f"--threads={threads}", "-o", folder / f"{threads}.mlirbc")
    texts = [(folder / name).read_bytes() for name in ("a.mlirbc", "1.mlirbc", "3.mlirbc")]
    if texts[1] != texts[2]:
        fail("1 and 3 threads tune to different bytes")
    if texts[0] != texts[1]:
        fail("fastsnn-compile and fastsnn-tune calibrate differently")


def main():
    failures = []

    def fail(text):
        print(f"FAIL {text}")
        failures.append(text)

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        try:
            for mode, options in MODES.items():
                check_mode(mode, options, folder, fail)
                print(f"{mode}: {'ok' if not failures else 'failed'}", flush=True)
            check_calibration(folder, fail)
        except tools.ToolError as error:
            fail(str(error))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
