#!/usr/bin/env bash
#===- gpu-check.sh - Everything that needs a GPU --------------------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Builds, proves emitted networks equal to the CPU executor on this machine's
# GPU (ctest -L gpu), and times the ResNet-20 with its runner. Without a GPU it
# says so and fails.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
'') ;;
-h | --help)
  echo "usage: scripts/gpu-check.sh"
  exit 0
  ;;
*)
  echo "error: unknown option '$1'; usage: scripts/gpu-check.sh" >&2
  exit 1
  ;;
esac

if ! command -v nvidia-smi >/dev/null || ! nvidia-smi -L; then
  echo "error: no GPU (nvidia-smi finds none); ctest -L cuda checks emitted networks on the CPU" >&2
  exit 1
fi
scripts/bootstrap.sh --with-cuda
scripts/build.sh release
ctest --preset release -L gpu --no-tests=error --output-on-failure

nvcc=${CUDACXX:-$(command -v nvcc || echo .venv/bin/nvcc)}
folder=build/gpu-check
rm -rf "$folder"
build/release/bin/fastsnn-compile models/resnet20_w2a2_qonnx.onnx --emit=cuda -o "$folder" \
  --preprocess=scale=255,mean=0.491:0.482:0.447,std=0.247:0.243:0.262
cmake -S "$folder" -B "$folder/build" -G Ninja -DCMAKE_CUDA_COMPILER="$nvcc" \
  -DCMAKE_CUDA_ARCHITECTURES=native
cmake --build "$folder/build"
for batch in 1 64 1024; do
  "$folder/build/network-run" --batch=$batch --images=$((batch * 8)) --profile
done
build/release/bin/fastsnn-run "$folder/program.nmc" --input=data/cifar10_test_1000.bin.gz \
  --device=cuda --library="$folder/build/libnetwork.so"
