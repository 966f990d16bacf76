#!/usr/bin/env python3
"""ResNet-20 at 2, 3 and 4 bits in five export styles against golden spike
trains: equal integer weights in all styles, every spike of all 19 layers equal,
every layer certified exact.

    golden_test.py [--bits 2 --bits 3 ...] [--style NAME ...]
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
import json
import os
from pathlib import Path
import sys
import tempfile
import time

import numpy as np

import report
import tools

STYLES = ("qonnx", "raw", "fakequant", "qcdq", "dynamo")
# The two layers in which two convolutions meet.
TWO_SUMS = ("layer2.0.part2", "layer3.0.part2")
LAYERS = 19
CONVOLUTIONS = 21


def weight_hashes(manifest):
    """(shape, hash) of every weight tensor, in the manifest's order."""
    return [(tuple(weights["shape"]), weights["sha256"])
            for layer in manifest["layers"] + manifest["outputs"]
            for weights in layer.get("weights", [])]


def plain_additions(spikes, weights, stride=1):
    """Events times the non-zero weights that they reach, for a 3x3 convolution
    with padding 1: counted from the definition, without convolving.

    spikes: [N, T, C, H, W]; weights: [O, C, 3, 3]."""
    height, width = spikes.shape[3:]
    events = np.abs(spikes.astype(np.int64)).sum(axis=(0, 1))
    nonzero = (weights != 0).sum(axis=0)
    total = 0
    for k in range(3):
        for l in range(3):
            rows = [y for y in range(height) if 0 <= y + 1 - k < height and
                    (y + 1 - k) % stride == 0]
            columns = [x for x in range(width) if 0 <= x + 1 - l < width and
                       (x + 1 - l) % stride == 0]
            inside = events[:, rows][:, :, columns].sum(axis=(1, 2))
            total += int((inside * nonzero[:, k, l]).sum())
    return total


def check_model(bits, style, golden, golden_path, folder):
    """(failures, weight hashes) of one file."""
    failures = []
    fail = failures.append
    model = tools.SHARED / "models" / f"resnet20_w{bits}a{bits}_{style}.onnx"
    options = [tools.CIFAR_PREPROCESS, "--epsilon=1e-3"]
    program = tools.compile_model(model, folder / "program.nmc", *options)
    manifest = tools.compile_model(model, folder / "manifest.json",
                                   "--emit=manifest", *options)
    hashes = weight_hashes(json.loads(manifest.read_text(encoding="utf-8")))
    if len(hashes) != CONVOLUTIONS + 1 or not all(h for _, h in hashes):
        fail(f"weight hashes in the manifest: {hashes}")

    steps = int(golden["time_steps"])
    runs = [("executor", program, [])]
    if style == "qonnx":
        runs += [(level, model, options + [f"--level={level}"])
                 for level in ("snn", "folded", "nmc")]
    for name, file, extra in runs:
        result, outputs, spikes = tools.run_model(
            file, folder, f"--input={golden_path}:input_u8", *extra, name=name)
        failures += [f"{name}: {text}" for text in report.problems(result)]
        if result["time_steps"] != steps:
            fail(f"{name}: {result['time_steps']} time steps, expected {steps}")
        arrays = list(spikes.values())
        if len(arrays) != LAYERS:
            fail(f"{name}: {len(arrays)} layers of spikes: {list(spikes)}")
            continue
        for index, array in enumerate(arrays):
            expected = golden[f"spikes_{index:02d}"]
            layer = golden["layers"][index]
            if array.shape != expected.shape:
                fail(f"{name}: {layer}: {array.shape}, expected {expected.shape}")
            elif not np.array_equal(array, expected):
                fail(f"{name}: {layer}: {int((array != expected).sum())} of "
                     f"{expected.size} entries differ")
            counted = result["layers"][index]
            for key, value in (("spikes_pos", 1), ("spikes_neg", -1)):
                if counted[key] != int((expected == value).sum()):
                    fail(f"{name}: {layer}: {key} is {counted[key]}, the golden "
                         f"train has {int((expected == value).sum())}")
        logits = next(iter(outputs.values()))
        error = np.abs(logits - golden["snn_logits"] / steps).max()
        if not error < 1e-4:
            fail(f"{name}: the readout is off by {error:.3g}")
        if name == "snn":
            continue
        if result["certificate"] != "exact":
            fail(f"{name}: the network's certificate is {result['certificate']}")
        for layer, original in zip(result["layers"], golden["layers"]):
            if layer["certificate"]["kind"] != "exact":
                fail(f"{name}: {original}: {layer['certificate']}")
    if style == "qonnx":
        check_additions(bits, golden, result, fail)
        check_quantized(model, options, golden, golden_path, folder, fail)
        check_narrow_state(model, golden, folder, fail)
    return failures, hashes


def check_additions(bits, golden, result, fail):
    """The additions of plain layers, counted independently."""
    import onnx
    model = onnx.load(str(tools.SHARED / "models" /
                          f"resnet20_w{bits}a{bits}_qonnx.onnx"))
    arrays = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    for index, (layer, stride) in {1: ("layer1.0.part1", 1), 3: ("layer1.1.part1", 1),
                                   7: ("layer2.0.part1", 2),
                                   9: ("layer2.1.part1", 1)}.items():
        weights = arrays[f"{layer}.conv.weight"]
        expected = plain_additions(golden[f"spikes_{index - 1:02d}"], weights, stride)
        counted = result["layers"][index]["additions"]
        if counted != expected:
            fail(f"{layer}: {counted} additions, counted by hand {expected}")


def check_quantized(model, options, golden, golden_path, folder, fail):
    """The quantized network itself."""
    _, outputs, _ = tools.run_model(
        model, folder, f"--input={golden_path}:input_u8", *options, "--level=qnn",
        name="qnn", spikes=False)
    error = np.abs(next(iter(outputs.values())) - golden["ann_logits"]).max()
    if not error < 1e-5 * np.abs(golden["ann_logits"]).max():
        fail(f"qnn: the logits are off by {error:.3g}")
    predictions = golden["ann_logits"].argmax(axis=1)
    if not np.array_equal(outputs["prediction"].ravel(), predictions):
        fail(f"qnn: predictions {outputs['prediction']}, expected {predictions}")


def check_narrow_state(model, golden, folder, fail):
    """32 bits of state are enough where a layer has one convolution. The input
    is real here: pixels with a standard deviation a colour need 38 bits."""
    document = tools.certificate_of(model, folder, "--state-bits=32",
                                    "--epsilon=1e-3")
    for layer, original in list(zip(document["layers"], golden["layers"]))[1:]:
        if layer["state_bits"] != 32:
            fail(f"--state-bits=32: {original} has {layer['state_bits']} bits")
        if original not in TWO_SUMS and layer["kind"] != "exact":
            fail(f"--state-bits=32: {original} is {layer['kind']}, bound "
                 f"{layer['bound']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bits", type=int, action="append", choices=(2, 3, 4))
    parser.add_argument("--style", action="append", choices=STYLES)
    arguments = parser.parse_args()
    all_bits = arguments.bits or [2, 3, 4]
    styles = arguments.style or list(STYLES)
    failed = False
    begin = time.time()
    for bits in all_bits:
        golden_path = tools.shared("golden", f"resnet20_w{bits}a{bits}.npz")
        with np.load(golden_path) as archive:
            golden = {key: archive[key] for key in archive.files}

        def check(style):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    return check_model(bits, style, golden, golden_path, Path(folder))
                except tools.ToolError as error:
                    return [str(error)], None

        with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
            results = dict(zip(styles, pool.map(check, styles)))
        for style, (failures, _) in results.items():
            print(f"{bits} bits, {style}: " + ("ok" if not failures else
                                               f"{len(failures)} failures"))
            for text in failures:
                print(f"FAIL {bits} bits, {style}: {text}")
            failed = failed or bool(failures)
        hashes = {style: h for style, (_, h) in results.items() if h is not None}
        first = next(iter(hashes.values()), None)
        for style, value in hashes.items():
            if value != first:
                different = sum(a != b for a, b in zip(value, first))
                print(f"FAIL {bits} bits: the integer weights of {style} differ from "
                      f"those of {next(iter(hashes))} in {different} of {len(first)} "
                      "tensors")
                failed = True
    print(f"{time.time() - begin:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
