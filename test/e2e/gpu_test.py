#!/usr/bin/env python3
"""Emitted networks on a GPU against the CPU executor, bit for bit.

The project's ResNet-20 at several T, every shared model and random graphs, at
batches from 1 to 4,096 and odd ones between; spikes, outputs, spike counts and
additions must be equal. Where compute-sanitizer is installed, memcheck and
racecheck must find nothing. Skipped without a GPU or without nvcc.

    gpu_test.py [--graphs N]
"""

import argparse
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
TIME_STEPS = (1, 3, 7, 15, 31, 255)


def networks(folder, graphs):
    """Name, model, options and inputs of everything that is checked."""
    for steps in TIME_STEPS:
        yield (f"resnet20-T{steps}", RESNET,
               [tools.CIFAR_PREPROCESS, f"--time-steps={steps}"], CIFAR)
    yield ("resnet20-settled", RESNET,
           [tools.CIFAR_PREPROCESS, "--timing=settled"], CIFAR)
    models = tools.SHARED / "models"
    for model in sorted(models.glob("resnet20_*.onnx")):
        yield model.stem, model, [tools.CIFAR_PREPROCESS], CIFAR
    digits = tools.SHARED / "data" / "mnist" / "t10k-images-idx3-ubyte.gz"
    for model in sorted(models.glob("TFC_*.onnx")):
        if digits.exists():
            yield model.stem, model, ["--preprocess=scale=255"], digits
    for seed in range(graphs):
        graph = generate(seed)
        model = folder / f"graph-{seed}.onnx"
        save(graph.model, model, graph.external)
        inputs = folder / f"graph-{seed}.npy"
        np.save(inputs, graph.inputs)
        yield f"graph-{seed}", model, list(graph.options), inputs


def sanitize(folder, library, inputs):
    """What compute-sanitizer finds in a run of a few images."""
    tool = shutil.which("compute-sanitizer")
    if not tool:
        print("compute-sanitizer is not installed: not asked")
        return
    for check in ("memcheck", "racecheck"):
        result = subprocess.run(
            [tool, "--tool", check, "--error-exitcode=9",
             tools.BIN / "fastsnn-run", folder / "program.nmc",
             f"--input={inputs}", "--limit=3", "--device=cuda",
             f"--library={library}", "--batch=2"],
            capture_output=True, text=True, timeout=300, check=False)
        if result.returncode != 0:
            yield f"{check}: {(result.stdout + result.stderr)[-1500:]}"


def check(name, model, options, inputs, nvcc, architecture, folder):
    folder.mkdir()
    try:
        cuda_tools.emit(model, folder, *options)
    except tools.ToolError as error:
        if "analogue or real-weighted current" in str(error):
            return
        raise
    seconds = cuda_tools.compile_with_nvcc(nvcc, folder, architecture)
    print(f"{name}: nvcc {seconds:.1f} s", flush=True)
    library = folder / f"libnetwork-sm_{architecture}.so"
    given = [f"--input={inputs}"]
    few = [] if str(inputs).endswith(".npy") else ["--limit=67"]
    yield from cuda_tools.differences(folder, library, [*given, *few],
                                      batches=(1, 3, 16))
    if name == "resnet20-T3":
        yield from sanitize(folder, library, inputs)
        many = folder / "many.npy"
        images = np.random.default_rng(1).integers(0, 256, (4203, 3, 32, 32),
                                                   np.uint8)
        np.save(many, images)
        yield from cuda_tools.differences(
            folder, library, [f"--input={many}"], batches=(64, 1024, 4096, 1000),
            spikes=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=12)
    arguments = parser.parse_args()
    architecture = cuda_tools.find_gpu()
    if not architecture:
        tools.skip("no GPU (nvidia-smi finds none)")
    nvcc = cuda_tools.find_nvcc()
    if not nvcc:
        tools.skip("no nvcc; scripts/bootstrap.sh --with-cuda takes it from PyPI")
    failures, count = [], 0
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        for name, model, options, inputs in networks(base, arguments.graphs):
            count += 1
            try:
                failures += [f"{name}: {text}" for text in check(
                    name, model, options, inputs, nvcc, architecture, base / name)]
            except tools.ToolError as error:
                failures.append(f"{name}: {error}")
    for failure in failures:
        print(f"FAIL {failure}")
    print(f"{count} networks on sm_{architecture}, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
