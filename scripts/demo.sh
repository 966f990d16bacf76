#!/usr/bin/env bash
#===- demo.sh - Compile a ResNet-20 and run it on real images ------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Builds the compiler, compiles the CIFAR-10 ResNet-20 in models/ into an
# accumulate-only program, runs both the quantized network and the program on
# the 1,000 test images in data/, and prints what came out.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

model=models/resnet20_w2a2_qonnx.onnx
images=data/cifar10_test_1000.bin.gz
preprocess=scale=255,mean=0.491:0.482:0.447,std=0.247:0.243:0.262
bin=build/release/bin
out=build/demo

scripts/build.sh release
mkdir -p "$out"

step() {
  printf '\n$ %s\n' "$*"
  "$@"
}

step "$bin/fastsnn-compile" "$model" --preprocess="$preprocess" \
  -o "$out/resnet20.nmc"
step "$bin/fastsnn-run" "$model" --preprocess="$preprocess" --level=qnn \
  --input="$images" --json="$out/qnn.json"
step "$bin/fastsnn-run" "$out/resnet20.nmc" \
  --input="$images" --json="$out/nmc.json"

python3 scripts/demo_report.py "$out/qnn.json" "$out/nmc.json"
