#!/usr/bin/env python3
"""independent_reader.py, written from docs/program-format.md alone, gives the
runtime's spikes and outputs.

    independent_reader_test.py --cases fastsnn-rt-write-case [--count N]
        random programs with every kind of stage and pool
    independent_reader_test.py
        ResNet-20, compiled by fastsnn-compile and run by fastsnn-run
"""

import argparse
from pathlib import Path
import subprocess
import sys
import tempfile
import time

import tools

try:
    import numpy as np
except ImportError:
    tools.skip("numpy is not installed")

import independent_reader  # pylint: disable=wrong-import-position


def case_difference(tool, seed, folder):
    """None, or what the two readers disagree about."""
    images = 2
    subprocess.run([tool, str(seed), str(images), folder], check=True)
    folder = Path(folder)
    program = independent_reader.read_program((folder / "program.nmc").read_bytes())
    inputs = [pool for pool in program.pools if pool.kind == "input"]
    integer = inputs[0].input == 1
    values = np.fromfile(folder / "input.bin", np.int32 if integer else np.float64)
    spikes, outputs = independent_reader.run(
        program, {inputs[0].name: values.reshape((images,) + inputs[0].shape)})
    for name, arrays, dtype in (("spikes", spikes, np.int8),
                                ("outputs", outputs, np.float64)):
        actual = np.concatenate([a.astype(dtype).reshape(-1) for a in arrays.values()])
        expected = np.fromfile(folder / f"{name}.bin", dtype)
        if actual.shape != expected.shape or not np.array_equal(actual, expected):
            return f"seed {seed}: {name} differ"
    if not any(train.any() for train in spikes.values()):
        return f"seed {seed}: no spikes at all"
    return None


def refusals(folder):
    """Damaged files that the reader takes."""
    data = (Path(folder) / "program.nmc").read_bytes()
    damaged = {"bad magic": b"X" + data[1:], "truncated": data[:-5],
               "trailing bytes": data + b"\0", "version": data[:8] + b"\2" + data[9:],
               "checksum": data[:300] + bytes([data[300] ^ 1]) + data[301:]}
    for name, bytes_ in damaged.items():
        try:
            independent_reader.read_program(bytes_)
            yield f"{name}: accepted"
        except independent_reader.ProgramError:
            pass


def random_programs(tool, count):
    failures = []
    silent = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(count):
            difference = case_difference(tool, seed, folder)
            if difference and difference.endswith("no spikes at all"):
                silent += 1
            elif difference:
                failures.append(difference)
        failures += refusals(folder)
    if silent > count // 4:
        failures.append(f"{silent} of {count} programs are silent")
    return failures


def resnet():
    model = tools.shared("models", "resnet20_w2a2_qonnx.onnx")
    images = tools.shared("golden", "resnet20_w2a2.npz")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        failures = []
        for timing in ("pipelined", "settled"):
            path = tools.compile_model(model, folder / "program.nmc",
                                       tools.CIFAR_PREPROCESS, f"--timing={timing}")
            _, outputs, spikes = tools.run_model(
                path, folder, f"--input={images}:input_u8", "--limit=1")
            start = time.monotonic()
            program = independent_reader.read_program(path.read_bytes())
            loaded = independent_reader.load_images(f"{images}:input_u8", program, 1)
            own_spikes, own_outputs = independent_reader.run(program, loaded)
            seconds = time.monotonic() - start
            difference = tools.first_spike_difference(spikes, own_spikes)
            if difference:
                failures.append(f"{timing}: {difference}")
            for name, values in own_outputs.items():
                if not np.array_equal(outputs[name].reshape(values.shape), values):
                    failures.append(f"{timing}: output {name} differs")
            print(f"ResNet-20, {timing}, one image: {seconds:.1f} s")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--cases", metavar="TOOL")
    parser.add_argument("--count", type=int, default=60)
    options = parser.parse_args()
    failures = random_programs(options.cases, options.count) if options.cases \
        else resnet()
    for failure in failures:
        print(f"FAIL: {failure}")
    print("FAILED" if failures else "passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
