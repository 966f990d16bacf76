# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`fastsnn.compile` and `fastsnn.run`: the tools, with arrays in and out.

Only numpy is needed here, and the built or installed tools.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastsnn.errors import ToolError

if TYPE_CHECKING:
    import torch

PathLike = str | os.PathLike[str]
Option = str | int | float | bool | Sequence[str] | Sequence[int] | Mapping[str, Any] | None


@dataclass(frozen=True)
class Compiled:
    """A file that fastsnn-compile wrote, and its warnings."""

    path: Path
    warnings: list[str]


@dataclass(frozen=True)
class Layer:
    """A layer of a report; docs/report.md says what its numbers are."""

    name: str
    neurons: int
    rate: float
    spikes_pos: int
    spikes_neg: int
    certificate: str | None
    data: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What a run gave.

    `predictions` [N] is the index of the largest element of the first output,
    `outputs` has each output under its name, [N, ...] float64; `spikes`, where
    asked for, has each layer's int8 [N, T, ...]. `report` is the whole report of
    docs/report.md.
    """

    report: dict[str, Any]
    predictions: NDArray[np.int64]
    outputs: dict[str, NDArray[Any]]
    spikes: dict[str, NDArray[np.int8]] | None
    warnings: list[str] = field(default_factory=list)

    @property
    def accuracy(self) -> float | None:
        """Fraction of samples whose prediction is the label; None without labels."""
        value = self.report["top1"]
        return None if value is None else float(value)

    @property
    def certificate(self) -> str | None:
        """"exact", "bounded" or None; see docs/report.md."""
        value = self.report["certificate"]
        return None if value is None else str(value)

    @property
    def layers(self) -> list[Layer]:
        """The layers, in execution order."""
        return [
            Layer(
                entry["name"],
                entry["neurons"],
                entry["rate"],
                entry["spikes_pos"],
                entry["spikes_neg"],
                (entry["certificate"] or {}).get("kind"),
                entry,
            )
            for entry in self.report["layers"]
        ]


def find_tool(name: str) -> Path:
    """The path of a tool such as "fastsnn-run".

    Looked for in the folder FASTSNN_BIN, then on the PATH, then in build/release/bin
    of the repository that this package lies in. ToolError if it is nowhere.
    """
    folder = os.environ.get("FASTSNN_BIN")
    if folder:
        path = Path(folder) / name
        if path.is_file():
            return path
        raise ToolError(f"{name} is not in {folder}, where FASTSNN_BIN points; build it there")
    found = shutil.which(name)
    if found:
        return Path(found)
    built = Path(__file__).resolve().parents[2] / "build" / "release" / "bin" / name
    if built.is_file():
        return built
    raise ToolError(
        f"{name} is not in the PATH and not built; run scripts/build.sh, or set FASTSNN_BIN to "
        "the folder of the tools"
    )


def compile(
    model: "PathLike | torch.nn.Module",
    out: PathLike,
    *,
    example: Any = None,
    timeout: float | None = None,
    **options: Option,
) -> Compiled:
    """Compiles an ONNX file, or a module by way of `fastsnn.export`.

    Args:
      model: an ONNX, .mlir or .mlirbc file, or a module together with `example`.
      out: the file to write; a program unless `emit` says otherwise.
      example: an input of the module, as in `fastsnn.export`.
      timeout: seconds after which the tool is ended.
      **options: of fastsnn-compile, with underscores: `time_steps=3`,
        `epsilon=1e-3`, `preprocess={"scale": 255, "mean": [...], "std": [...]}`,
        `unsigned=True`, `emit="manifest"`.

    Raises:
      ToolError: with the messages of the tool.
      ExportError: if the module cannot be exported.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = _as_file(model, example, Path(folder))
        arguments = [path, "-o", os.fspath(out), *_flags(options)]
        _, warnings = _start("fastsnn-compile", arguments, timeout)
    return Compiled(Path(out), warnings)


def run(
    model: "PathLike | Compiled | torch.nn.Module",
    images: NDArray[Any] | Sequence[NDArray[Any]] | PathLike,
    labels: NDArray[Any] | PathLike | None = None,
    *,
    spikes: bool = False,
    example: Any = None,
    timeout: float | None = None,
    **options: Option,
) -> Result:
    """Runs a program, a model file or a module on images.

    Args:
      model: what `compile` returned, a program, an ONNX or MLIR file, or a module
        together with `example`. What is not compiled yet is compiled first and
        takes the options of `compile`.
      images: [N, ...], one array for each input of the network, or a file that
        fastsnn-run reads. With `preprocess` they are pixels 0..255.
      labels: classes [N], for the accuracy.
      spikes: give the spikes of every layer.
      **options: of fastsnn-run, with underscores: `level="qnn"`,
        `compare=["snn"]`, `limit=100`, `threads=2`.

    Raises:
      ToolError: with the messages of the tool.
      ExportError: if the module cannot be exported.
    """
    if isinstance(model, Compiled):
        model = model.path
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arguments = [_as_file(model, example, folder), *_flags(options)]
        inputs = [images] if isinstance(images, (np.ndarray, str, os.PathLike)) else list(images)
        for index, array in enumerate(inputs):
            arguments.append(f"--input={_array_file(array, folder / f'input{index}.npy')}")
        if labels is not None:
            arguments.append(f"--labels={_array_file(labels, folder / 'labels.npy')}")
        report, output, dump = (folder / n for n in ("report.json", "output.npz", "spikes.npz"))
        arguments += [f"--json={report}", f"--output={output}"]
        if spikes:
            arguments.append(f"--dump-spikes={dump}")
        _, warnings = _start("fastsnn-run", arguments, timeout)
        outputs = _read_archive(output)
        return Result(
            json.loads(report.read_text(encoding="utf-8")),
            outputs.pop("prediction"),
            outputs,
            _read_archive(dump) if spikes else None,
            warnings,
        )


def _as_file(model: Any, example: Any, folder: Path) -> str:
    if isinstance(model, (str, os.PathLike)):
        return os.fspath(model)
    if example is None:
        raise ToolError("a module is exported first, which needs an example input; pass example=")
    from fastsnn.exporting import export

    path = folder / "model.onnx"
    export(model, example, path)
    return str(path)


def _array_file(array: Any, path: Path) -> str:
    if isinstance(array, (str, os.PathLike)):
        return os.fspath(array)
    np.save(path, np.asarray(array), allow_pickle=False)
    return str(path)


def _read_archive(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path) as archive:
        return {key: archive[key] for key in archive.files}


def _flags(options: Mapping[str, Option]) -> list[str]:
    """Options as the tools take them."""
    flags = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            flags.append(flag)
        elif isinstance(value, Mapping):
            parts = [f"{key}={_text(item, ':')}" for key, item in value.items()]
            flags.append(f"{flag}={','.join(parts)}")
        else:
            flags.append(f"{flag}={_text(value, ',')}")
    return flags


def _text(value: Any, separator: str) -> str:
    if isinstance(value, (list, tuple, np.ndarray)):
        return separator.join(str(item) for item in value)
    return str(value)


def _start(name: str, arguments: Sequence[str], timeout: float | None) -> tuple[str, list[str]]:
    """Runs a tool to its end; its standard output and its warnings."""
    command = [str(find_tool(name)), *arguments]
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise ToolError(f"{name}: no end after {timeout} s; allow more time") from None
    except OSError as problem:
        raise ToolError(f"{name}: does not start ({problem}); build it again") from problem
    lines = result.stderr.splitlines()
    if result.returncode != 0:
        errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
        text = "\n".join(errors) or result.stderr.strip() or f"exit code {result.returncode}"
        raise ToolError(f"{name}: {text}", errors, result.returncode)
    warnings = [line.removeprefix("warning: ") for line in lines if line.startswith("warning: ")]
    return result.stdout, warnings
