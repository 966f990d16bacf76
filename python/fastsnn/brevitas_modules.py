# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Brevitas modules as QONNX."""

from collections.abc import Sequence
from pathlib import Path
import tempfile
from typing import TYPE_CHECKING
import warnings

import onnx
import torch
from torch import Tensor

from fastsnn.errors import ExportError

if TYPE_CHECKING:
    from fastsnn.exporting import Exported


def export_brevitas(
    module: torch.nn.Module, inputs: Sequence[Tensor], names: Sequence[str], path: str
) -> "Exported":
    """Writes a copy of a module; Brevitas changes the module that it exports."""
    from fastsnn.exporting import Exported

    try:
        from brevitas.export import export_qonnx
    except ImportError as problem:
        raise ExportError(
            [f"module: exporting Brevitas modules needs a package that is missing ({problem}); "
             "pip install 'fastsnn[brevitas]'"]
        ) from problem
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = Path(folder) / "model.onnx"
        try:
            export_qonnx(
                module,
                args=tuple(inputs),
                export_path=str(written),
                input_names=list(names),
                dynamic_axes={name: {0: "N"} for name in names},
                dynamo=False,
            )
        except Exception as problem:
            raise ExportError(
                [f"module: Brevitas could not export it ({type(problem).__name__}: {problem}); "
                 "see its message, or write the quantizers as arithmetic"]
            ) from problem
        model = onnx.load(str(written))
    # Brevitas lists initializers as inputs of the graph.
    constants = {tensor.name for tensor in model.graph.initializer}
    kept = [value for value in model.graph.input if value.name not in constants]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    from fastsnn.graph import save

    save(model, path)
    return Exported(
        path,
        "qonnx",
        [value.name for value in model.graph.input],
        [value.name for value in model.graph.output],
    )
