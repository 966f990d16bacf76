#!/usr/bin/env python3
"""Equal inputs give equal bytes: two compiles, in different folders and under
different names, of every kind of output; and runs at 1, 2 and 4 threads."""

import json
from pathlib import Path
import shutil
import sys
import tempfile

import numpy as np

from graph_generator import generate
from onnx_builder import save
import tools

EMITS = {"qnn": ".mlir", "snn": ".mlirbc", "folded": ".mlirbc", "nmc": ".mlirbc",
         "program": ".nmc", "manifest": ".json", "certificate": ".json"}
IMAGES = 24


def networks(folder):
    """(name, model, options, inputs): the shipped network and random ones."""
    data = tools.ROOT / "data" / "cifar10_test_1000.bin.gz"
    yield ("resnet20", tools.ROOT / "models" / "resnet20_w2a2_qonnx.onnx",
           [tools.CIFAR_PREPROCESS], [f"--input={data}", f"--limit={IMAGES}"])
    for seed in (3, 8, 21):
        graph = generate(seed)
        model = folder / f"random{seed}.onnx"
        save(graph.model, model, graph.external)
        inputs = folder / f"random{seed}.npy"
        np.save(inputs, np.concatenate([graph.inputs] * 8))
        yield f"random{seed}", model, graph.options, [f"--input={inputs}"]


def check_compiles(name, model, options, folder, fail):
    """Every kind of output, twice; returns the program."""
    elsewhere = folder / "a folder" / "of another name"
    elsewhere.mkdir(parents=True, exist_ok=True)
    copy = elsewhere / model.name
    shutil.copy(model, copy)
    data = Path(str(model) + ".data")
    if data.exists():
        shutil.copy(data, elsewhere / data.name)
    for emit, suffix in EMITS.items():
        first = folder / f"{name}-{emit}{suffix}"
        second = elsewhere / f"other{suffix}"
        tools.compile_model(model, first, f"--emit={emit}", *options)
        tools.compile_model(copy, second, f"--emit={emit}", *options)
        if first.read_bytes() != second.read_bytes():
            fail(f"{name}: two compiles to {emit} differ")
        for path in (folder, elsewhere):
            if str(path).encode() in first.read_bytes():
                fail(f"{name}: {emit} holds the path of a folder")
    return folder / f"{name}-program.nmc"


def check_runs(name, file, level, options, inputs, folder, fail):
    """One level at several thread counts, and once more."""
    first = None
    for threads in (1, 2, 4, 2):
        report, _, _ = tools.run_model(file, folder, *inputs, *options,
                                       f"--threads={threads}", name="run")
        result = (json.dumps(tools.without_timing(report), sort_keys=True),
                  (folder / "run-spikes.npz").read_bytes(),
                  (folder / "run-outputs.npz").read_bytes())
        if first is None:
            first = result
        for what, a, b in zip(("report", "spike file", "output file"), first, result):
            if a != b:
                fail(f"{name}, {level}: the {what} changes at {threads} threads")


def main():
    failures = []

    def fail(text):
        print(f"FAIL {text}")
        failures.append(text)

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, model, options, inputs in networks(folder):
            try:
                program = check_compiles(name, model, options, folder, fail)
                check_runs(name, program, "program", [], inputs, folder, fail)
                for level in ("snn", "folded", "nmc"):
                    few = inputs + (["--limit=6"] if name == "resnet20" else [])
                    check_runs(name, model, level, options + [f"--level={level}"],
                               few, folder, fail)
            except tools.ToolError as error:
                fail(f"{name}: {error}")
            print(f"{name}: {'ok' if not failures else 'failed'}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
