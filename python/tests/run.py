#!/usr/bin/env python3
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the tests that need torch, for ctest; ends with 77 ("skipped") and the reason where
they cannot run.

    run.py [pytest arguments...]
"""

import importlib.util
import os
from pathlib import Path
import sys

ROOT = Path(__file__).resolve().parents[2]
# Made by scripts/bootstrap.sh --with-torch.
PYTHON = ROOT / ".venv-python" / "bin" / "python"


def main():
    if PYTHON.exists() and Path(sys.prefix) != PYTHON.parents[1]:
        os.execv(PYTHON, [str(PYTHON), *sys.argv])
    missing = [name for name in ("pytest", "torch", "onnx", "numpy")
               if importlib.util.find_spec(name) is None]
    if missing:
        print(f"SKIP: {', '.join(missing)} not installed; scripts/test.sh --python installs what "
              "the Python tests need (about 250 MB)")
        return 77
    arguments = sys.argv[1:] or [str(Path(__file__).parent)]
    os.chdir(ROOT / "python")
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q", "-rs", *arguments])


if __name__ == "__main__":
    sys.exit(main())
