# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`fastsnn.export`: a quantization-aware module as ONNX that FastSNN compiles."""

from collections.abc import Sequence
import copy
from dataclasses import dataclass, field
import inspect
import os
import warnings

import torch
from torch import Tensor

from fastsnn.errors import ExportError
from fastsnn.recording import Recording, record, replay


@dataclass(frozen=True)
class Exported:
    """What was written.

    `style` is "qonnx" (Brevitas), "qcdq" (quantize and dequantize operators) or
    "arithmetic"; `differing_weights` names constants and how many of their elements
    float64 would put on another level than the float32 of PyTorch, whose level the
    file has.
    """

    path: str
    style: str
    inputs: list[str]
    outputs: list[str]
    differing_weights: dict[str, int] = field(default_factory=dict)


def export(
    module: torch.nn.Module,
    example: Tensor | Sequence[Tensor],
    path: str | os.PathLike[str],
    *,
    float64: bool = False,
    check: bool = True,
) -> Exported:
    """Writes a quantization-aware module as an ONNX file.

    The module is not changed: a copy in inference mode is exported. It may be

    - made of Brevitas modules: written as QONNX by Brevitas;
    - a GraphModule quantized by PT2E (torchao) or by FX in reference form: written
      with QuantizeLinear, Clip and DequantizeLinear;
    - any other module that quantizes by arithmetic, by torch.fake_quantize or by its
      own autograd.Function. It runs once, and what its operators do is written.
      Whatever does not depend on the input (quantized weights) becomes a constant,
      evaluated in float64.

    Args:
      module: the module.
      example: an input or several, [N, ...]; sizes other than N are fixed by it.
      path: the file. Tensors of large networks go to `<path>.data`.
      float64: write a network that computes in float64, with all digits of its
        constants. Not for Brevitas.
      check: run what was recorded on another input and compare it with the module.

    Raises:
      ExportError: with one line for each thing that cannot be exported.
    """
    inputs = [example] if isinstance(example, Tensor) else list(example)
    _check_inputs(inputs)
    copied = _copy(module)
    if _is_brevitas(module):
        if float64:
            raise ExportError(
                ["module: Brevitas writes float32 only; leave float64 out, or export a module "
                 "that quantizes by arithmetic"]
            )
        from fastsnn.brevitas_modules import export_brevitas

        return export_brevitas(copied, inputs, _input_names(module, inputs), os.fspath(path))

    from fastsnn.graph import GraphWriter, save
    from fastsnn.operators import TABLE
    import fastsnn.quantizer_operators  # noqa: F401  Enters its operators into the table.

    # One sample is enough, but a graph module may insist on its batch size.
    fixed = isinstance(module, torch.fx.GraphModule)
    single = [tensor if fixed else tensor[:1] for tensor in inputs]
    recording = record(copied, single, _input_names(module, inputs))
    if check:
        _check_recording(copied, recording, single)
    writer = GraphWriter(recording, float64)
    model = writer.write(TABLE)
    save(model, os.fspath(path))
    if writer.folder.differing:
        parts = [f"{name} ({count})" for name, count in writer.folder.differing.items()]
        warnings.warn(
            "weights so close to the middle of two levels that float64 chooses another one "
            "than PyTorch's float32, whose level was exported: " + ", ".join(parts),
            stacklevel=2,
        )
    stored = any(node.op_type == "QuantizeLinear" for node in model.graph.node)
    return Exported(
        os.fspath(path),
        "qcdq" if stored else "arithmetic",
        [value.name for value in recording.inputs],
        list(recording.output_names),
        dict(writer.folder.differing),
    )


def _check_inputs(inputs: Sequence[Tensor]) -> None:
    problems = []
    for index, tensor in enumerate(inputs):
        if not isinstance(tensor, Tensor):
            problems.append(
                f"example: input {index} is {type(tensor).__name__}, tensors are supported; "
                "pass a tensor or a sequence of tensors"
            )
        elif tensor.dim() < 2 or tensor.shape[0] < 1:
            problems.append(
                f"example: input {index} has the shape {list(tensor.shape)}, [N, features...] is "
                "needed; add the batch dimension"
            )
    if not inputs:
        problems.append("example: no input, one or more are needed; pass a tensor")
    if problems:
        raise ExportError(problems)


def _copy(module: torch.nn.Module) -> torch.nn.Module:
    """A copy in inference mode with its own buffers; parameters are shared."""
    shared: dict[int, object] = {id(p): p for p in module.parameters()}
    try:
        copied = copy.deepcopy(module, shared)
    except Exception as problem:
        raise ExportError(
            [f"module: cannot be copied ({problem}); keep tensors of a computation out of its "
             "attributes, or detach them"]
        ) from problem
    try:
        copied.eval()
    except NotImplementedError:
        # What torch.export made has no modes of its own.
        pass
    copied.apply(_stop_observing)
    return copied


def _stop_observing(module: torch.nn.Module) -> None:
    """Observers would change scales with each input, in eval mode, too."""
    disable = getattr(module, "disable_observer", None)
    if callable(disable):
        disable()


def _is_brevitas(module: torch.nn.Module) -> bool:
    return any(type(child).__module__.split(".")[0] == "brevitas" for child in module.modules())


def _input_names(module: torch.nn.Module, inputs: Sequence[Tensor]) -> list[str]:
    """The names of forward's arguments."""
    names: list[str] = []
    if not isinstance(module, torch.fx.GraphModule):
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        parameters = inspect.signature(module.forward).parameters.values()
        names = [parameter.name for parameter in parameters if parameter.kind in kinds]
    if len(names) < len(inputs):
        names = ["input"] if len(inputs) == 1 else [f"input_{i}" for i in range(len(inputs))]
    return names[: len(inputs)]


def _check_recording(
    module: torch.nn.Module, recording: Recording, inputs: Sequence[Tensor]
) -> None:
    """What was recorded must do what the module does on another input."""
    generator = torch.Generator().manual_seed(0)
    others = []
    for tensor in inputs:
        if tensor.is_floating_point():
            noise = torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype)
            others.append(noise * tensor.std(correction=0) + tensor.mean())
        else:
            order = torch.randperm(tensor.numel(), generator=generator)
            others.append(tensor.reshape(-1)[order].reshape(tensor.shape))
    with torch.no_grad():
        result = module(*others)
        expected = [result] if isinstance(result, Tensor) else (
            list(result.values()) if isinstance(result, dict) else list(result))
        actual = replay(recording, others)
    for name, first, second in zip(recording.output_names, expected, actual):
        finite = first[first.isfinite()]
        scale = float(finite.abs().max()) if finite.numel() else 0.0
        if not torch.allclose(first, second, rtol=0, atol=1e-4 * scale, equal_nan=True):
            raise ExportError(
                [f"{name}: what was recorded is not what the module computes on another input; "
                 "the module keeps state between calls, draws random numbers, or reads "
                 "activations outside of PyTorch's operators (.numpy()); compute with tensors"]
            )
