# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exports quantized PyTorch networks for FastSNN, compiles and runs them.

`export` and `zoo` need torch, `compile` and `run` only numpy and the tools.
"""

from typing import TYPE_CHECKING, Any

from fastsnn.errors import Error, ExportError, ToolError
from fastsnn.tools import (
    Compiled,
    Layer,
    Result,
    compile,
    find_tool,
    run,
)

if TYPE_CHECKING:
    from fastsnn import zoo
    from fastsnn.exporting import Exported, export

__all__ = [
    "Compiled",
    "Error",
    "ExportError",
    "Exported",
    "Layer",
    "Result",
    "ToolError",
    "compile",
    "export",
    "find_tool",
    "run",
    "zoo",
]


def __getattr__(name: str) -> Any:
    # Late, so that the rest works without torch.
    import importlib

    if name in ("export", "Exported"):
        return getattr(importlib.import_module("fastsnn.exporting"), name)
    if name == "zoo":
        return importlib.import_module("fastsnn.zoo")
    raise AttributeError(f"module 'fastsnn' has no attribute '{name}'")
