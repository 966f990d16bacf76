# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where the tests find the package, the reference simulation and the tools."""

import os
from pathlib import Path
import sys

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("FASTSNN_SHARED", ROOT.parent / "shared"))
sys.path[:0] = [str(ROOT / folder) for folder in ("python", "test/e2e", "scripts")]


@pytest.fixture(scope="session", autouse=True)
def threads():
    import torch

    torch.set_num_threads(2)
