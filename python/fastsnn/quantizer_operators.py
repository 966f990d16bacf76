# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX forms of the operators that quantize: torch.fake_quantize, FX and PT2E."""

from typing import Any

import numpy as np
import torch

from fastsnn.graph import GraphWriter, Unsupported
from fastsnn.operators import output, writes
from fastsnn.recording import Node, Value


def _is_stored(dtype: torch.dtype, low: int, high: int) -> tuple[Any, int, int]:
    """The ONNX storage of integers low..high, and its range."""
    if low >= 0 and high <= 255:
        return np.uint8, 0, 255
    if low >= -128 and high <= 127:
        return np.int8, -128, 127
    raise Unsupported(
        f"quantizes an activation to {low}..{high} ({dtype}), 8 bits are supported; "
        "quantize to 8 bits or fewer"
    )


def quantize(
    graph: GraphWriter, node: Node, x: str, scale: Any, zero: Any, low: int, high: int, axis: int
) -> str:
    """x in integers: QuantizeLinear and, where the range is narrower than the
    type, Clip. In float64, which QuantizeLinear lacks, the same by arithmetic."""
    scale = np.asarray(scale, dtype=np.float64)
    zero = np.asarray(zero)
    if graph.float64:
        shape = [-1] + [1] * (len(output(node).shape) - 1 - axis) if scale.ndim else []
        result = graph.emit("Div", [x, graph.tensor(scale.reshape(shape), "scale")])
        result = graph.emit("Round", [result], name=node.path)
        if np.any(zero):
            result = graph.emit(
                "Add", [result, graph.tensor(zero.astype(np.float64).reshape(shape), "zero_point")]
            )
        return graph.emit("Clip", [result, graph.scalar(low), graph.scalar(high)])
    dtype, smallest, largest = _is_stored(output(node).dtype, low, high)
    inputs = [x, graph.tensor(scale, "scale"), graph.tensor(zero.astype(dtype), "zero_point")]
    result = graph.emit("QuantizeLinear", inputs, name=node.path, axis=axis)
    if (low, high) != (smallest, largest):
        limits = [graph.tensor(np.array(n, dtype=dtype), "limit") for n in (low, high)]
        result = graph.emit("Clip", [result, *limits])
    return result


def dequantize(
    graph: GraphWriter, node: Node, q: str, scale: Any, zero: Any, low: int, axis: int
) -> str:
    scale = np.asarray(scale, dtype=np.float64)
    zero = np.asarray(zero)
    if graph.float64:
        shape = [-1] + [1] * (len(output(node).shape) - 1 - axis) if scale.ndim else []
        if np.any(zero):
            offset = graph.tensor(zero.astype(np.float64).reshape(shape), "zero_point")
            q = graph.emit("Sub", [q, offset])
        return graph.emit("Mul", [q, graph.tensor(scale.reshape(shape), "scale")])
    dtype = np.uint8 if low >= 0 else np.int8
    inputs = [q, graph.tensor(scale, "scale"), graph.tensor(zero.astype(dtype), "zero_point")]
    return graph.emit("DequantizeLinear", inputs, axis=axis)


def _range(bound: dict[str, Any], dtype: torch.dtype) -> tuple[int, int]:
    if bound.get("quant_min") is not None and bound.get("quant_max") is not None:
        return int(bound["quant_min"]), int(bound["quant_max"])
    if dtype in (torch.quint8, torch.uint8):
        return 0, 255
    if dtype in (torch.qint8, torch.int8):
        return -128, 127
    raise Unsupported(f"quantizes to {dtype}, 8 bits are supported; quantize to 8 bits or fewer")


def _quantizer(graph: GraphWriter, bound: dict[str, Any]) -> tuple[Any, Any, int]:
    """Scale, zero point and axis, which must be constants."""
    scale = bound.get("scale", bound.get("scales"))
    zero = bound.get("zero_point", bound.get("zero_points"))
    results = []
    for operand in (scale, 0 if zero is None else zero):
        array = graph.constant(operand, "scale")
        if array is None:
            raise Unsupported(
                "quantizes with a scale that depends on the input, static ones are supported; "
                "use static quantization"
            )
        results.append(array.reshape(()) if array.size == 1 else array)
    return results[0], results[1], int(bound.get("axis") or 0)


_DECOMPOSED = "quantized_decomposed::"


@writes(
    "quantize_per_tensor",
    "quantize_per_channel",
    f"{_DECOMPOSED}quantize_per_tensor",
    f"{_DECOMPOSED}quantize_per_channel",
)
def _quantize(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    scale, zero, axis = _quantizer(graph, bound)
    low, high = _range(bound, output(node).dtype)
    source = bound.get("input", bound.get("self"))
    return quantize(graph, node, graph.use(source), scale, zero, low, high, axis)


@writes(f"{_DECOMPOSED}dequantize_per_tensor", f"{_DECOMPOSED}dequantize_per_channel")
def _dequantize(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    scale, zero, axis = _quantizer(graph, bound)
    low, _ = _range(bound, bound["dtype"])
    return dequantize(graph, node, graph.use(bound["input"]), scale, zero, low, axis)


@writes("dequantize")
def _dequantize_tensor(graph: GraphWriter, node: Node) -> str:
    source = node.bind()["self"]
    if source.node is None or not source.node.operator.startswith("aten::quantize_per"):
        raise Unsupported(
            "dequantizes what no quantizer in front of it made; convert with "
            "convert_to_reference_fx"
        )
    bound = source.node.bind()
    scale, zero, axis = _quantizer(graph, bound)
    low, _ = _range(bound, source.dtype)
    return dequantize(graph, node, graph.use(source), scale, zero, low, axis)


@writes(
    "fake_quantize_per_tensor_affine",
    "fake_quantize_per_tensor_affine_cachemask",
    "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams",
    "fake_quantize_per_channel_affine",
    "fake_quantize_per_channel_affine_cachemask",
    "_fake_quantize_learnable_per_tensor_affine",
    "_fused_moving_avg_obs_fq_helper",
    "fused_moving_avg_obs_fake_quant",
)
def _fake_quantize(graph: GraphWriter, node: Node) -> list[str]:
    bound = node.bind()
    enabled = bound.get("fake_quant_enabled", bound.get("fake_quant_on"))
    if enabled is not None and not np.all(graph.constant(enabled)):
        return [graph.use(bound["self"])]
    scale, zero, axis = _quantizer(graph, bound)
    low, high = int(bound["quant_min"]), int(bound["quant_max"])
    q = quantize(graph, node, graph.use(bound["self"]), scale, zero, low, high, axis)
    return [dequantize(graph, node, q, scale, zero, low, axis)]


def dequantize_parameters(
    graph: GraphWriter, node: Node
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any], int] | None:
    """Integers, scale, zero point and axis of a constant that `node` dequantizes;
    None for other nodes."""
    if not node.operator.startswith(f"{_DECOMPOSED}dequantize_per_"):
        return None
    bound = node.bind()
    if not isinstance(bound["input"], Value) or bound["input"].depends:
        return None
    scale, zero, axis = _quantizer(graph, bound)
    return graph.fold(bound["input"]), scale, zero, axis
