#!/usr/bin/env python3
"""Each integer layer, fed the real-valued level's spikes, gives the real-valued
level's spikes: 0 neurons differ, layer by layer.

    teacher_forced_test.py [--images N] [--bits 2|3|4 ...]

With the published tolerance all images run, with tolerance 0 a fifth of them.
"""

import argparse
import json
from pathlib import Path
import sys
import tempfile

import tools

LAYERS = 19


def model_and_data(bits):
    """The shipped files for 2 bits, the shared ones for the others."""
    model = tools.ROOT / "models" / "resnet20_w2a2_qonnx.onnx"
    if bits != 2:
        model = tools.shared("models", f"resnet20_w{bits}a{bits}_qonnx.onnx")
    return model, tools.ROOT / "data" / "cifar10_test_1000.bin.gz"


def check(bits, images, epsilon, level, folder):
    model, data = model_and_data(bits)
    report_path = folder / "report.json"
    tools.run("fastsnn-run", model, tools.CIFAR_PREPROCESS, f"--epsilon={epsilon}",
              f"--input={data}", f"--limit={images}", f"--level={level}",
              "--compare=snn", "--teacher-forced", f"--json={report_path}")
    report = json.loads(report_path.read_text(encoding="utf-8"))
    failures = []
    if report["samples"] != images:
        failures.append(f"{report['samples']} samples, expected {images}")
    comparison = report["compare"][0]
    layers = comparison["layers"]
    if len(layers) != LAYERS:
        failures.append(f"{len(layers)} layers compared, expected {LAYERS}")
    for layer in layers:
        if layer["counts_differing"] != 0 or layer["spikes_differing"] != 0:
            failures.append(f"{layer['name']}: {layer}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--bits", type=int, action="append", choices=(2, 3, 4))
    parser.add_argument("--level", action="append", choices=("folded", "nmc"))
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for bits in arguments.bits or [2]:
            for epsilon in ("0", "1e-3"):
                for level in arguments.level or ["folded"]:
                    where = f"{bits} bits, epsilon {epsilon}, {level}"
                    try:
                        images = arguments.images
                        if epsilon == "0":
                            images = max(1, images // 5)
                        failures = check(bits, images, epsilon, level, Path(folder))
                    except (tools.ToolError, KeyError, IndexError) as error:
                        failures = [repr(error)]
                    print(f"{where}, {images} images: "
                          f"{'ok' if not failures else 'failed'}", flush=True)
                    for text in failures:
                        print(f"FAIL {where}: {text}")
                    failed = failed or bool(failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
