#!/usr/bin/env bash
#===- build.sh - Configure and build one preset --------------------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Bootstraps, configures and builds. The other scripts and people at a keyboard
# use the same steps:
#
#   scripts/build.sh [preset [target...]]    preset: release (default), debug, asan

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=${1:-release}
shift || true
targets=()
if (($#)); then
  targets=(--target "$@")
fi

scripts/bootstrap.sh

# One compiler process on MLIR's headers takes up to 2 GB: no more jobs than fit.
if [[ -z ${CMAKE_BUILD_PARALLEL_LEVEL:-} ]]; then
  free_gb=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo)
  jobs=$(nproc)
  if ((free_gb / 2 < jobs)); then
    jobs=$((free_gb / 2 > 0 ? free_gb / 2 : 1))
  fi
  export CMAKE_BUILD_PARALLEL_LEVEL=$jobs
fi

cmake --preset "$preset"
cmake --build --preset "$preset" "${targets[@]}"
