#!/usr/bin/env bash
#===- test.sh - Build everything and run every test ----------------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Bootstraps, builds the release preset, checks the format and runs all tests.
# The last line is `N passed, N failed, N skipped`; the exit code is 0 only if
# nothing failed and something passed.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'USAGE'
usage: scripts/test.sh [options] [ctest arguments...]

  --python    also install torch (CPU, about 250 MB) and run the tests of python/ that
              need it; without it they are skipped
  --asan      build and test the asan preset (address and undefined behaviour
              sanitizers) after release
  -h, --help  this text

The other arguments go to ctest, such as: -L unit   -L lit   -L e2e   -L python   -R Reader
USAGE
}

presets=(release)
bootstrap=()
arguments=()
for argument in "$@"; do
  case $argument in
  --python) bootstrap+=(--with-torch) ;;
  --asan) presets+=(asan) ;;
  -h | --help)
    usage
    exit 0
    ;;
  *) arguments+=("$argument") ;;
  esac
done

# A failing step is counted, not the end: all failures are shown in one run.
scripts/bootstrap.sh "${bootstrap[@]}"
format=passed
scripts/check-format.sh || format=failed

reports=()
for preset in "${presets[@]}"; do
  report=$PWD/build/$preset/test-report
  rm -rf "$report"
  mkdir -p "$report"
  reports+=("$report")
  if ! scripts/build.sh "$preset"; then
    echo "error: the $preset preset does not build; its tests did not run" >&2
    continue
  fi
  # ctest sees the lit suite as one test; lit's own report has them one by one.
  LIT_OPTS="${LIT_OPTS:-} --xunit-xml-output=$report/lit.xml" \
    ctest --preset "$preset" --parallel "$(nproc)" --no-tests=error \
    --output-junit "$report/ctest.xml" "${arguments[@]}" || true
done

python3 scripts/count_tests.py --format="$format" "${reports[@]}"
