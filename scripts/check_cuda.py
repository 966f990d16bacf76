#!/usr/bin/env python3
#===- check_cuda.py - nvcc on every network -------------------------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
"""Emits networks as CUDA source, compiles them with nvcc for sm_80 and sm_90, and
reports the processor seconds; 60 a file and architecture are allowed.

    check_cuda.py [--models FOLDER] [--zoo] [--only NAME,...] [--architectures 80,90]
                  [--emulate] [--json FILE]

--models takes every .onnx file of a folder, --zoo the networks of fastsnn.zoo with random
weights (needs the packages of python/ with torch). Without either it takes the project's
own model. --emulate also runs two images on the emulator and compares them with the CPU.
"""

import argparse
import json
from pathlib import Path
import resource
import sys
import tempfile
import time

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "test" / "e2e")]

import cuda_tools  # noqa: E402
import tools  # noqa: E402

LIMIT = 60
CIFAR = ROOT / "data" / "cifar10_test_1000.bin.gz"


def model_networks(folder):
    """Name, model file, options, shape of the input."""
    for model in sorted(folder.glob("*.onnx")):
        if model.stem.startswith("TFC"):
            yield model.stem, model, ["--preprocess=scale=255"], (1, 28, 28)
        else:
            yield model.stem, model, [tools.CIFAR_PREPROCESS], (3, 32, 32)


def zoo_networks(folder, only):
    """The same of the zoo, as scripts/check_zoo.py makes them."""
    sys.path.insert(0, str(ROOT / "scripts"))
    import check_zoo
    import fastsnn
    from fastsnn import zoo
    for name in zoo.NETWORKS:
        if only and name not in only:
            continue
        network = check_zoo.make_network(name, bits=2)
        size = zoo.NETWORKS[name].size
        image = check_zoo.normalize(check_zoo.load_images(1, size)).float()
        model = folder / f"{name}.onnx"
        fastsnn.export(network, image, model, float64=True)
        yield name, model, [tools.CIFAR_PREPROCESS, "--epsilon=1e-3"], (3, size, size)


def check(name, model, options, shape, nvcc, arguments, folder):
    begin = time.time()
    cuda_tools.emit(model, folder, *options)
    row = {"network": name, "emit_seconds": round(time.time() - begin, 1),
           "source_lines": len((folder / "network.cu").read_text().splitlines()),
           "weight_bytes": (folder / "weights.fsnnw").stat().st_size}
    for architecture in arguments.architectures.split(","):
        # Not the clock's: a busy machine is no fault of the source.
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        cuda_tools.compile_with_nvcc(nvcc, folder, architecture)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        row[f"sm_{architecture}_seconds"] = round(
            after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, 1)
    if arguments.emulate:
        library = cuda_tools.compile_for_emulator(folder)
        pixels = np.random.default_rng(1).integers(0, 256, (2, *shape), np.uint8)
        np.save(folder / "inputs.npy", pixels)
        found = list(cuda_tools.differences(
            folder, library, [f"--input={folder / 'inputs.npy'}"], batches=(2,)))
        row["equal"] = not found
        for text in found:
            print(f"FAIL {name}: {text}")
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--zoo", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--architectures", default="80,90")
    parser.add_argument("--emulate", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    nvcc = cuda_tools.find_nvcc()
    if not nvcc:
        print("error: no nvcc; scripts/bootstrap.sh --with-cuda takes it from PyPI",
              file=sys.stderr)
        return 1
    only = [name for name in arguments.only.split(",") if name]
    rows, failed = [], 0
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        found = []
        if arguments.models:
            found += [n for n in model_networks(arguments.models)
                      if not only or n[0] in only]
        elif not arguments.zoo:
            found.append(("resnet20_w2a2_qonnx",
                          ROOT / "models" / "resnet20_w2a2_qonnx.onnx",
                          [tools.CIFAR_PREPROCESS], (3, 32, 32)))
        sources = [iter(found)]
        if arguments.zoo:
            sources.append(zoo_networks(base, only))
        for name, model, options, shape in (n for s in sources for n in s):
            try:
                row = check(name, model, options, shape, nvcc, arguments, base / name)
            except tools.ToolError as error:
                print(f"FAIL {name}: {error}")
                failed += 1
                continue
            slow = [k for k, v in row.items() if k.startswith("sm_") and v > LIMIT]
            failed += bool(slow) or row.get("equal") is False
            rows.append(row)
            print(json.dumps(row), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")
    print(f"{len(rows)} networks, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
