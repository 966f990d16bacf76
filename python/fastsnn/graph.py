# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a recorded network as an ONNX graph.

Constants are folded; what depends on the inputs goes through the table of
`fastsnn.operators`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
import torch

from fastsnn.errors import ExportError
from fastsnn.folding import Folder
from fastsnn.recording import Node, Recording, Value

OPSET = 20
# Files above protobuf's limit keep their tensors beside them.
EXTERNAL_FROM = 1 << 30


class Unsupported(Exception):
    """An operator that cannot be written: `<what>, <limit>; <what to do>`."""


class GraphWriter:
    """An ONNX graph under construction.

    With `float64` the graph computes in float64 and its constants keep all their
    digits; otherwise float64 constants are rounded to float32.
    """

    def __init__(self, recording: Recording, float64: bool) -> None:
        self.recording = recording
        self.float64 = float64
        self.folder = Folder()
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}
        self.scalars: dict[Any, str] = {}
        self.names: dict[Value, str] = {}
        self.used: set[str] = set()
        self.node: Node | None = None

    # Names and types.

    def unique(self, name: str) -> str:
        candidate, number = name, 0
        while candidate in self.used:
            number += 1
            candidate = f"{name}_{number}"
        self.used.add(candidate)
        return candidate

    def element_type(self, dtype: torch.dtype) -> int:
        """The ONNX type of an activation of a type."""
        if dtype.is_floating_point:
            return TensorProto.DOUBLE if self.float64 else TensorProto.FLOAT
        types = {torch.bool: TensorProto.BOOL, torch.int64: TensorProto.INT64}
        return types.get(dtype, TensorProto.INT32)

    @property
    def path(self) -> str:
        assert self.node is not None
        return self.node.path or self.node.operator.split("::")[1]

    # Constants.

    def tensor(self, array: np.ndarray[Any, Any], name: str) -> str:
        """An initializer; float64 becomes float32 unless the graph is float64."""
        if array.dtype.kind == "f":
            array = array.astype(np.float64 if self.float64 else np.float32)
        key = None
        if array.size <= 1:
            key = (array.dtype, array.shape, array.tobytes())
            if key in self.scalars:
                return self.scalars[key]
        name = self.unique(name)
        # A scalar must stay one: ascontiguousarray gives it a dimension.
        packed = np.ascontiguousarray(array).reshape(array.shape)
        self.initializers[name] = numpy_helper.from_array(packed, name)
        if key is not None:
            self.scalars[key] = name
        return name

    def tensor_of(self, array: np.ndarray[Any, Any], name: str) -> str:
        """An initializer of the array's own type."""
        name = self.unique(name)
        self.initializers[name] = numpy_helper.from_array(array, name)
        return name

    def scalar(self, number: float) -> str:
        return self.tensor(np.array(float(number)), "constant")

    def integers(self, numbers: Iterable[int]) -> str:
        return self.tensor(np.array(list(numbers), dtype=np.int64), "integers")

    def fold(self, value: Value, name: str = "") -> np.ndarray[Any, Any]:
        """The constant as an array, floats in float64."""
        return np.asarray(self.folder.fold(value, name or self.path).cpu().numpy())

    def constant(self, operand: Any, role: str = "constant") -> np.ndarray[Any, Any] | None:
        """The number or constant tensor as an array; None for an activation."""
        if isinstance(operand, Value):
            return None if operand.depends else self.fold(operand, f"{self.path}.{role}")
        return np.array(operand)

    # Operands and nodes.

    def use(self, operand: Any, role: str = "constant", as_float: bool = False) -> str:
        """The name of an activation, or of an initializer with a constant."""
        if operand is None:
            return ""
        if not isinstance(operand, Value):
            if as_float or isinstance(operand, float):
                return self.scalar(operand)
            return self.tensor(np.array(operand), "constant")
        if operand in self.names:
            return self.names[operand]
        if operand.depends:
            raise Unsupported("uses a result that could not be exported")
        name = operand.name or f"{self.path}.{role}"
        stored = self.stored_integers(operand, name)
        if stored is None:
            array = self.fold(operand, name)
            if as_float:
                array = array.astype(np.float64)
            stored = self.tensor(array, name)
        self.names[operand] = stored
        return stored

    def stored_integers(self, value: Value, name: str) -> str | None:
        """A dequantized constant as integers with a DequantizeLinear behind them."""
        from fastsnn.quantizer_operators import dequantize_parameters

        if self.float64 or value.node is None:
            return None
        parameters = dequantize_parameters(self, value.node)
        if parameters is None:
            return None
        integers, scale, zero, axis = parameters
        if integers.dtype not in (np.int8, np.uint8, np.int32):
            return None
        inputs = [self.tensor(integers, f"{name}.integers"), self.tensor(scale, f"{name}.scale")]
        if integers.dtype != np.int32:
            inputs.append(self.tensor(zero.astype(integers.dtype), f"{name}.zero_point"))
        return self.emit("DequantizeLinear", inputs, axis=axis)

    def emit(
        self, op: str, inputs: Sequence[str], name: str = "", **attributes: Any
    ) -> str:
        """Adds a node; returns the name of its output."""
        path = self.path
        label = self.unique(name or f"{path}/{op}")
        result = self.unique(f"{label}_output")
        self.nodes.append(helper.make_node(op, list(inputs), [result], name=label, **attributes))
        return result

    def cast(self, name: str, dtype: torch.dtype) -> str:
        return self.emit("Cast", [name], to=self.element_type(dtype))

    # The whole graph.

    def write(
        self, table: dict[str, Callable[["GraphWriter", Node], str | list[str]]]
    ) -> onnx.ModelProto:
        """The model; ExportError lists every operator that has no form in it."""
        problems = []
        for value in self.recording.inputs:
            self.used.add(value.name)
            self.names[value] = value.name
        for name in self.recording.output_names:
            self.used.add(name)
        for node in self._live_nodes():
            self.node = node
            try:
                write = table.get(node.operator)
                if write is None:
                    raise Unsupported(
                        f"{node.operator} has no form that FastSNN knows; {hint(node.operator)}"
                    )
                result = write(self, node)
                results = [result] if isinstance(result, str) else result
                self.names |= dict(zip(node.outputs, results))
            except Unsupported as problem:
                text = str(problem)
                if "could not be exported" not in text:
                    problems.append(f"{node.path or node.operator}: {text}")
        if problems:
            raise ExportError(list(dict.fromkeys(problems)))
        outputs = list(zip(self.recording.output_names, self.recording.outputs))
        for name, value in outputs:
            self.nodes.append(
                helper.make_node("Identity", [self.names[value]], [name], name=f"{name}/Identity")
            )
        graph = helper.make_graph(
            self.nodes,
            "network",
            [self._info(value.name, value) for value in self.recording.inputs],
            [self._info(name, value) for name, value in outputs],
            list(self.initializers.values()),
        )
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=9,
            producer_name="fastsnn",
        )

    def _info(self, name: str, value: Value) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(
            name, self.element_type(value.dtype), ["N", *value.shape[1:]]
        )

    def _live_nodes(self) -> list[Node]:
        """Nodes that depend on the inputs and that an output needs, in order."""
        live: set[Node] = set()
        stack = [value.node for value in self.recording.outputs]
        while stack:
            node = stack.pop()
            if node is None or not node.depends or node in live:
                continue
            live.add(node)
            stack += [value.node for value in node.inputs()]
        return sorted(live, key=lambda node: node.order)


_HINTS = {
    "leaky_relu": "train with ReLU or a clamp in front of the quantizer",
    "elu": "train with ReLU or a clamp in front of the quantizer",
    "gelu": "train with ReLU or a clamp in front of the quantizer",
    "silu": "train with ReLU or a clamp in front of the quantizer",
    "hardswish": "train with ReLU or a clamp in front of the quantizer",
    "mish": "train with ReLU or a clamp in front of the quantizer",
    "softplus": "train with ReLU or a clamp in front of the quantizer",
    "_prelu_kernel": "train with ReLU or a clamp in front of the quantizer",
    "lstm": "recurrent layers have no spiking form here",
    "gru": "recurrent layers have no spiking form here",
    "mkldnn_rnn_layer": "recurrent layers have no spiking form here",
    "native_layer_norm": "train with batch normalization, which folds into thresholds",
    "native_group_norm": "train with batch normalization, which folds into thresholds",
    "bernoulli": "switch random layers off for inference",
}


def hint(operator: str) -> str:
    """What to do about an operator that is not supported."""
    namespace, name = operator.split("::")
    if namespace == "quantized":
        return "convert with convert_to_reference_fx, which keeps the arithmetic visible"
    return _HINTS.get(
        name.removesuffix("_"),
        "replace it in the training code, or return what is in front of it and compute it on "
        "the host",
    )


def save(model: onnx.ModelProto, path: str) -> None:
    """Writes the model; tensors of large ones into `<path>.data` beside it."""
    size = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
    if size < EXTERNAL_FROM:
        onnx.save_model(model, path)
        return
    from pathlib import Path

    data = Path(path + ".data")
    data.unlink(missing_ok=True)
    onnx.save_model(
        model, path, save_as_external_data=True, location=data.name, size_threshold=1024
    )
