#!/usr/bin/env python3
"""Emitted CUDA networks against the CPU executor, bit for bit, without a GPU.

The project's ResNet-20, small networks and random graphs are emitted, compiled
for the emulator and run at several batch sizes: spikes, outputs, spike counts and
additions must be those of the CPU. The plain kernels alone do the same. Errors
of the library (no device, too little memory, a foreign or damaged archive,
another program) have names. Where nvcc is found, it compiles the ResNet-20 for
sm_80 and sm_90 in less than a minute each.

    cuda_emulator_test.py [--graphs N] [--first SEED]
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
import filecmp
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile

import cuda_tools
import tools

try:
    import numpy as np
    from graph_generator import generate
    from onnx_builder import save
except ImportError as missing:
    tools.skip(f"{missing.name} is not installed")

RESNET = tools.ROOT / "models" / "resnet20_w2a2_qonnx.onnx"
CIFAR = tools.ROOT / "data" / "cifar10_test_1000.bin.gz"
# Seconds that nvcc may take for one architecture.
COMPILE_LIMIT = 60


def check_resnet(folder):
    cuda_tools.emit(RESNET, folder, tools.CIFAR_PREPROCESS)
    library = cuda_tools.compile_for_emulator(folder)
    options = [f"--input={CIFAR}", "--limit=4"]
    yield from cuda_tools.differences(folder, library, options, batches=(3,))
    # Two devices share the samples.
    for text in cuda_tools.differences(
            folder, library, [*options, "--threads=2"], batches=(1,),
            environment={"FASTSNN_EMULATED_DEVICES": "2"}):
        yield f"two devices: {text}"
    # Without statistics, and from the model instead of the program.
    report = cuda_tools.run_program(
        folder, "quiet", *options, "--device=cuda", f"--library={library}",
        "--no-statistics", spikes=False)
    if any(layer["additions"] is not None for layer in report["layers"]):
        yield "--no-statistics: additions are reported"
    if not filecmp.cmp(folder / "cpu-outputs.npz", folder / "quiet-outputs.npz",
                       shallow=False):
        yield "--no-statistics: outputs differ"
    compared, _, _ = tools.run_model(
        RESNET, folder, tools.CIFAR_PREPROCESS, *options, "--device=cuda",
        f"--library={library}", "--compare=folded", name="compared", spikes=False)
    if any(layer["spikes_differing"] for layer in compared["compare"][0]["layers"]):
        yield "--compare=folded: spikes differ"
    yield from check_errors(folder, library, options)


def check_errors(folder, library, options):
    """Every failure names what is wrong."""
    foreign = folder / "foreign"
    foreign.mkdir()
    archive = (folder / "weights.fsnnw").read_bytes()
    damaged = foreign / "damaged.fsnnw"
    damaged.write_bytes(archive[:-1] + bytes([archive[-1] ^ 1]))
    other = foreign / "program.nmc"
    tools.run("fastsnn-compile", RESNET, "-o", other, "--time-steps=4",
              tools.CIFAR_PREPROCESS)
    program = folder / "program.nmc"
    cases = (
        (program, {"FASTSNN_EMULATED_DEVICES": "0"}, [], "no CUDA device"),
        (program, {"FASTSNN_EMULATED_MEMORY": "4000000"}, ["--batch=100"],
         "; a batch of "),
        (program, {"FASTSNN_EMULATED_MEMORY": "1000"}, [],
         "not even one image fits"),
        (program, {}, ["--devices=3"], "device 3: there is no such device"),
        (program, {}, ["--devices=0,0"], "given twice"),
        (program, {}, [f"--weights={damaged}"], "the SHA-256 does not fit"),
        (program, {}, [f"--weights={foreign / 'absent.fsnnw'}"],
         "cannot be opened"),
        (other, {}, [], "was emitted from program"),
    )
    for path, environment, extra, expected in cases:
        os.environ.update(environment)
        result = tools.start("fastsnn-run", path, *options, "--device=cuda",
                             f"--library={library}", *extra)
        for key in environment:
            del os.environ[key]
        text = result.stderr.decode(errors="replace")
        if result.returncode != 1 or expected not in text or "error: " not in text:
            yield (f"expected an error with '{expected}', exit code "
                   f"{result.returncode}: {text[-500:]}")


def check_small(model, folder):
    """Plain and chosen kernels of a small .mlir network on random pixels."""
    cuda_tools.emit(model, folder)
    library = cuda_tools.compile_for_emulator(folder)
    inputs = folder / "inputs.npy"
    np.save(inputs, np.random.default_rng(1).random((5, 1, 2, 2)))
    yield from cuda_tools.differences(folder, library, [f"--input={inputs}"],
                                      batches=(1, 3))
    yield from check_plain(model, folder, inputs)
    yield from check_runner(folder, library)


def check_runner(folder, library):
    """The emitted runner, on the emulated library."""
    runner = folder / "network-run"
    cuda_tools.run_compiler(
        [os.environ.get("CXX", "c++"), "-std=c++17", f"-I{folder}/include",
         folder / "runner.cpp", library, f"-Wl,-rpath,{folder}", "-pthread", "-o",
         runner])
    outputs = folder / "sums.bin"
    result = subprocess.run(
        [runner, "--images=5", "--batch=2", "--repeat=1", "--statistics",
         "--profile", f"--output={outputs}"],
        capture_output=True, text=True, timeout=300, check=False)
    if result.returncode != 0 or "5 images in" not in result.stdout:
        yield f"network-run: {result.stdout}{result.stderr}"
    elif outputs.stat().st_size != 5 * 2 * 8:
        yield f"network-run wrote {outputs.stat().st_size} bytes"
    result = subprocess.run([runner, "--batch=x"], capture_output=True, text=True,
                            timeout=300, check=False)
    if result.returncode != 1 or "error: --batch: 'x'" not in result.stderr:
        yield f"network-run --batch=x: {result.stderr}"
    result = subprocess.run([runner], capture_output=True, text=True, timeout=300,
                            env={**os.environ, "FASTSNN_EMULATED_DEVICES": "0"},
                            check=False)
    if result.returncode != 1 or "error: no CUDA device" not in result.stderr:
        yield f"network-run without a device: {result.stderr}"


def check_plain(model, emitted, inputs, *options):
    """The same of the plain kernels."""
    folder = cuda_tools.emit_plain(model, emitted, emitted / "plain", *options)
    library = cuda_tools.compile_for_emulator(folder)
    for text in cuda_tools.differences(folder, library, [f"--input={inputs}"],
                                       batches=(2,)):
        yield f"plain kernels: {text}"


def check_graph(seed, folder):
    graph = generate(seed)
    model = folder / "model.onnx"
    save(graph.model, model, graph.external)
    options = list(graph.options)
    if seed % 3 == 0:
        options = [o for o in options if not o.startswith("--epsilon")]
        options.append("--timing=settled")
    emitted = folder / "emitted"
    try:
        cuda_tools.emit(model, emitted, *options)
    except tools.ToolError as error:
        # Some random combinations are beyond what the compiler takes at all.
        if "analogue or real-weighted current" in str(error):
            return
        raise
    library = cuda_tools.compile_for_emulator(emitted)
    inputs = folder / "inputs.npy"
    np.save(inputs, graph.inputs[:5])
    yield from cuda_tools.differences(emitted, library, [f"--input={inputs}"],
                                      batches=(2,))
    if seed % 3 == 1:
        yield from check_plain(model, emitted, inputs, *options)


def check_nvcc(folder):
    nvcc = cuda_tools.find_nvcc()
    if not nvcc:
        print("nvcc is not installed: nothing compiled by it")
        return
    cuda_tools.emit(RESNET, folder, tools.CIFAR_PREPROCESS)
    for architecture in (80, 90):
        seconds = cuda_tools.compile_with_nvcc(nvcc, folder, architecture)
        print(f"nvcc, ResNet-20, sm_{architecture}: {seconds:.1f} s")
        # A loaded machine is no fault of the source: the limit is judged by
        # scripts/check_cuda.py, here only a gross excess.
        if seconds > 5 * COMPILE_LIMIT:
            yield f"nvcc took {seconds:.0f} s for sm_{architecture}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=6)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", help="folder for what is emitted")
    arguments = parser.parse_args()
    if not shutil.which(os.environ.get("CXX", "c++")):
        tools.skip("no C++ compiler")
    checks = []
    if arguments.first == 0:
        inputs = tools.ROOT / "test" / "Tools" / "Inputs"
        checks = [("nvcc", check_nvcc), ("resnet20", check_resnet),
                  ("two-layers",
                   lambda folder: check_small(inputs / "two-layers.mlir", folder))]
    checks += [(f"seed {seed}", lambda folder, seed=seed: check_graph(seed, folder))
               for seed in range(arguments.first,
                                 arguments.first + arguments.graphs)]
    failures = []
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(arguments.keep or temporary)

        def run(named):
            name, check = named
            folder = base / name.replace(" ", "-")
            folder.mkdir(parents=True)
            try:
                return [f"{name}: {text}" for text in check(folder)]
            except tools.ToolError as error:
                return [f"{name}: {error}"]

        # The environment of errors is the process's: the first three alone.
        alone = [c for c in checks if c[0] == "resnet20"]
        for named in alone:
            failures += run(named)
        with ThreadPoolExecutor(arguments.jobs) as pool:
            for texts in pool.map(run, [c for c in checks if c not in alone]):
                failures += texts
    for failure in failures:
        print(f"FAIL {failure}")
    print(f"{len(checks)} checks, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
