#!/usr/bin/env bash
#===- check-format.sh - Are the C++ sources formatted? -------------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Prints what clang-format 22 would change in the tracked C++ sources and fails
# if that is anything. To change them: git ls-files '*.h' '*.cpp' |
# xargs clang-format-22 -i

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -d '' -t sources < <(git ls-files -z -- '*.h' '*.cpp')
if ((${#sources[@]} == 0)); then
  echo "error: git lists no C++ source here; run this in a clone" >&2
  exit 1
fi
# A file that is deleted in the working tree is still listed.
present=()
for source in "${sources[@]}"; do
  if [[ -f $source ]]; then
    present+=("$source")
  fi
done
clang-format-22 --dry-run -Werror "${present[@]}"
echo "format: ${#present[@]} files are as clang-format 22 wants them"
