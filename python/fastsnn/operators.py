# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX forms of ATen's operators on activations."""

from collections.abc import Callable, Sequence
import math
from typing import Any

import numpy as np
import torch

from fastsnn.graph import GraphWriter, Unsupported
from fastsnn.recording import Node, Value

Writer = Callable[[GraphWriter, Node], str | list[str]]
TABLE: dict[str, Writer] = {}


def writes(*operators: str) -> Callable[[Writer], Writer]:
    """Enters a function for ATen operators (others with their namespace)."""

    def enter(function: Writer) -> Writer:
        for operator in operators:
            TABLE[operator if "::" in operator else f"aten::{operator}"] = function
        return function

    return enter


def pair(numbers: Sequence[int]) -> list[int]:
    return list(numbers) * 2 if len(numbers) == 1 else list(numbers)


def output(node: Node) -> Value:
    return node.outputs[0]


# Elementwise.

_UNARY = {
    "relu": "Relu",
    "neg": "Neg",
    "abs": "Abs",
    "sign": "Sign",
    "sgn": "Sign",
    "floor": "Floor",
    "ceil": "Ceil",
    "sqrt": "Sqrt",
    "exp": "Exp",
    "log": "Log",
    "reciprocal": "Reciprocal",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "logical_not": "Not",
    "bitwise_not": "Not",
    "clone": "Identity",
    "detach": "Identity",
    "alias": "Identity",
    "lift_fresh": "Identity",
    "positive": "Identity",
    "contiguous": "Identity",
    "dropout": "Identity",
}


@writes(*_UNARY)
def _unary(graph: GraphWriter, node: Node) -> str:
    operand = next(iter(node.bind().values()))
    return graph.emit(_UNARY[node.operator.split("::")[1]], [graph.use(operand)])


@writes("round")
def _round(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    if bound.get("decimals"):
        raise Unsupported(
            f"rounds to {bound['decimals']} decimals, quantizers round to integers; scale in front"
        )
    # The tools name a neuron layer after its rounding.
    return graph.emit("Round", [graph.use(bound["self"])], name=node.path)


def _binary(graph: GraphWriter, node: Node, op: str, first: Any, second: Any) -> str:
    dtype = output(node).dtype
    compared = dtype == torch.bool
    names = []
    for operand in (first, second):
        as_float = dtype.is_floating_point or compared
        name = graph.use(operand, as_float=as_float and not _is_integer_tensor(operand))
        if _is_integer_tensor(operand) and as_float and not compared:
            name = graph.cast(name, torch.float32)
        names.append(name)
    return graph.emit(op, names)


def _is_integer_tensor(operand: Any) -> bool:
    return isinstance(operand, Value) and operand.depends and not operand.dtype.is_floating_point


def _scaled(graph: GraphWriter, operand: Any, alpha: Any) -> Any:
    """`operand` times the factor of torch.add and torch.sub."""
    if alpha is None or alpha == 1:
        return operand
    constant = graph.constant(operand)
    if constant is None or constant.size != 1:
        raise Unsupported("adds a tensor with alpha other than 1, numbers are supported; "
                          "multiply first")
    return float(constant.reshape(())) * alpha


@writes("add", "sub", "rsub")
def _add(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    first, second = bound["self"], _scaled(graph, bound["other"], bound.get("alpha"))
    kind = node.operator.split("::")[1]
    if kind == "rsub":
        first, second = second, first
    return _binary(graph, node, "Add" if kind == "add" else "Sub", first, second)


_BINARY = {
    "mul": "Mul",
    "maximum": "Max",
    "minimum": "Min",
    "eq": "Equal",
    "gt": "Greater",
    "ge": "GreaterOrEqual",
    "lt": "Less",
    "le": "LessOrEqual",
    "logical_and": "And",
    "logical_or": "Or",
    "bitwise_and": "And",
    "bitwise_or": "Or",
}


@writes(*_BINARY)
def _simple_binary(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    op = _BINARY[node.operator.split("::")[1]]
    return _binary(graph, node, op, bound["self"], bound["other"])


@writes("div")
def _div(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    mode = bound.get("rounding_mode")
    if mode not in (None, "floor"):
        raise Unsupported(f"divides with rounding '{mode}', floor is supported; use floor")
    result = _binary(graph, node, "Div", bound["self"], bound["other"])
    return graph.emit("Floor", [result], name=node.path) if mode else result


@writes("pow")
def _pow(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    return _binary(graph, node, "Pow", bound["self"], bound["exponent"])


@writes("clamp", "clamp_min", "clamp_max", "hardtanh")
def _clamp(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    low = bound.get("min", bound.get("min_val"))
    high = bound.get("max", bound.get("max_val"))
    result = graph.use(bound["self"])
    scalars = []
    for limit in (low, high):
        constant = None if limit is None else graph.constant(limit)
        if limit is not None and constant is None:
            raise Unsupported(
                "clamps to an activation, which is not supported; use constant bounds"
            )
        scalars.append(constant)
    if all(limit is None or limit.size == 1 for limit in scalars):
        names = ["" if s is None else graph.scalar(float(s.reshape(()))) for s in scalars]
        return graph.emit("Clip", [result, *names] if names[1] else [result, names[0]])
    for op, limit, array in (("Max", low, scalars[0]), ("Min", high, scalars[1])):
        if array is not None:
            result = graph.emit(op, [result, graph.use(limit, as_float=True)])
    return result


@writes("threshold")
def _threshold(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    if bound["threshold"] != 0 or bound["value"] != 0:
        raise Unsupported("is a threshold other than ReLU, which is not supported; use ReLU")
    return graph.emit("Relu", [graph.use(bound["self"])])


@writes("where")
def _where(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    return graph.emit(
        "Where",
        [graph.use(bound["condition"])]
        + [graph.use(bound[key], as_float=True) for key in ("self", "other")],
    )


@writes("_to_copy", "to")
def _cast(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    source, target = bound["self"].dtype, output(node).dtype
    name = graph.use(bound["self"])
    if source.is_floating_point and target.is_floating_point:
        return name
    return graph.cast(name, target)


@writes("copy")
def _copy(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    name = graph.use(bound["src"], as_float=True)
    if tuple(bound["src"].shape) == output(node).shape:
        return name
    return graph.emit("Expand", [name, graph.integers(output(node).shape)])


# Layers.


@writes("convolution")
def _convolution(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    if isinstance(bound["weight"], Value) and bound["weight"].depends:
        raise Unsupported(
            "has weights that depend on the input, which is not supported; freeze them"
        )
    rank = len(bound["weight"].shape) - 2
    padding = list(bound["padding"]) * (rank if len(bound["padding"]) == 1 else 1)
    attributes: dict[str, Any] = {
        "strides": list(bound["stride"]) * (rank if len(bound["stride"]) == 1 else 1),
        "pads": padding * 2,
        "dilations": list(bound["dilation"]) * (rank if len(bound["dilation"]) == 1 else 1),
        "group": bound["groups"],
        "kernel_shape": list(bound["weight"].shape[2:]),
    }
    inputs = [graph.use(bound["input"]), graph.use(bound["weight"], "weight")]
    if bound["bias"] is not None:
        inputs.append(graph.use(bound["bias"], "bias"))
    if bound["transposed"]:
        attributes["output_padding"] = pair(bound["output_padding"])
        return graph.emit("ConvTranspose", inputs, **attributes)
    return graph.emit("Conv", inputs, **attributes)


def _transposed_source(value: Any) -> Value | None:
    """x where the constant is x.t()."""
    if isinstance(value, Value) and value.node is not None and not value.depends:
        if value.node.operator in ("aten::t", "aten::transpose") and len(value.shape) == 2:
            source = value.node.bind()["self"]
            return source if isinstance(source, Value) else None
    return None


def _gemm(graph: GraphWriter, x: Value, weight: Value, bias: Any, transposed: bool) -> str:
    """x times the weight, which is [O, I] if transposed."""
    if weight.depends:
        raise Unsupported("multiplies two activations, which is not supported; freeze one")
    source = None if transposed else _transposed_source(weight)
    if source is not None and weight.tensor is not None:
        # The same numbers, in the order in which the module keeps them.
        source.tensor = weight.tensor.t()
        weight, transposed = source, True
    if len(x.shape) != 2:
        raise Unsupported(
            f"is a linear layer on {len(x.shape)} dimensions, 2 (batch, features) are supported; "
            "flatten first"
        )
    inputs = [graph.use(x), graph.use(weight, "weight")]
    if bias is not None:
        inputs.append(graph.use(bias, "bias", as_float=True))
    return graph.emit("Gemm", inputs, transB=int(transposed))


@writes("addmm")
def _addmm(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    if bound["alpha"] != 1 or bound["beta"] != 1:
        raise Unsupported("is addmm with alpha or beta other than 1; multiply the weights instead")
    return _gemm(graph, bound["mat1"], bound["mat2"], bound["self"], False)


@writes("mm", "matmul")
def _mm(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    return _gemm(graph, bound["self"], bound["mat2" if "mat2" in bound else "other"], None, False)


@writes("bmm", "baddbmm")
def _batched(graph: GraphWriter, node: Node) -> str:
    raise Unsupported("multiplies two activations, which is not supported; freeze one")


@writes("linear")
def _linear(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    return _gemm(graph, bound["input"], bound["weight"], bound["bias"], True)


@writes(
    "native_batch_norm",
    "_native_batch_norm_legit",
    "_native_batch_norm_legit_no_training",
    "cudnn_batch_norm",
    "batch_norm",
    "_batch_norm_no_update",
)
def _batch_norm(graph: GraphWriter, node: Node) -> list[str]:
    bound = node.bind()
    mean, variance = bound.get("running_mean"), bound.get("running_var")
    if bound.get("training") or mean is None or variance is None:
        raise Unsupported(
            "normalizes by the statistics of its input, running statistics are supported; "
            "track them and switch to eval()"
        )
    channels = output(node).shape[1]
    epsilon = float(bound.get("eps", bound.get("epsilon", 0)))
    values = {}
    for role, operand, default in (
        ("weight", bound["weight"], 1.0),
        ("bias", bound["bias"], 0.0),
        ("running_mean", mean, 0.0),
        ("running_var", variance, 0.0),
    ):
        values[role] = np.full(channels, default) if operand is None else graph.fold(operand)
    if graph.float64:
        # The attribute is a float32: added here, epsilon keeps its digits.
        values["running_var"] = values["running_var"] + epsilon
        epsilon = 0.0
    names = [graph.tensor(array, f"{graph.path}.{role}") for role, array in values.items()]
    # An unused statistic of the recorded operator gets no name.
    return [
        graph.emit(
            "BatchNormalization", [graph.use(bound["input"]), *names], epsilon=epsilon
        )
    ]


@writes("max_pool2d_with_indices", "max_pool2d", "mkldnn_max_pool2d")
def _max_pool(graph: GraphWriter, node: Node) -> list[str]:
    bound = node.bind()
    kernel = pair(bound["kernel_size"])
    return [
        graph.emit(
            "MaxPool",
            [graph.use(bound["self"])],
            name=node.path,
            kernel_shape=kernel,
            strides=pair(bound["stride"]) if bound["stride"] else kernel,
            pads=pair(bound["padding"]) * 2,
            dilations=pair(bound["dilation"]),
            ceil_mode=int(bound["ceil_mode"]),
        )
    ]


@writes("avg_pool2d")
def _avg_pool(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    kernel = pair(bound["kernel_size"])
    attributes: dict[str, Any] = {
        "kernel_shape": kernel,
        "strides": pair(bound["stride"]) if bound["stride"] else kernel,
        "pads": pair(bound["padding"]) * 2,
        "ceil_mode": int(bound["ceil_mode"]),
        "count_include_pad": int(bound["count_include_pad"]),
    }
    divisor = bound["divisor_override"]
    if divisor is None:
        return graph.emit("AveragePool", [graph.use(bound["self"])], **attributes)
    if bound["ceil_mode"] or any(bound["padding"]) and not bound["count_include_pad"]:
        raise Unsupported(
            "averages with a divisor of its own over windows of different size; "
            "pool without padding and ceil_mode"
        )
    average = graph.emit("AveragePool", [graph.use(bound["self"])], **attributes)
    return graph.emit("Mul", [average, graph.scalar(math.prod(kernel) / divisor)])


def _adaptive(graph: GraphWriter, node: Node, op: str, whole: str) -> str:
    bound = node.bind()
    source, target = bound["self"].shape[2:], pair(bound["output_size"])
    name = graph.use(bound["self"])
    if target == [1, 1]:
        return graph.emit(whole, [name])
    if any(s % t for s, t in zip(source, target)):
        raise Unsupported(
            f"pools {list(source)} to {target}, windows of equal size are supported; "
            "choose an output size that divides the input"
        )
    kernel = [s // t for s, t in zip(source, target)]
    return graph.emit(op, [name], kernel_shape=kernel, strides=kernel)


@writes("_adaptive_avg_pool2d", "adaptive_avg_pool2d")
def _adaptive_average(graph: GraphWriter, node: Node) -> str:
    return _adaptive(graph, node, "AveragePool", "GlobalAveragePool")


@writes("adaptive_max_pool2d")
def _adaptive_max(graph: GraphWriter, node: Node) -> list[str]:
    return [_adaptive(graph, node, "MaxPool", "GlobalMaxPool")]


@writes("mean", "sum", "amax")
def _reduce(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    rank = len(bound["self"].shape)
    axes = sorted(axis % rank for axis in bound.get("dim") or range(rank))
    if 0 in axes:
        raise Unsupported("reduces over the batch, which must stay; name the other dimensions")
    name, kind = graph.use(bound["self"]), node.operator.split("::")[1]
    keep = bound.get("keepdim", False)
    if axes == [2, 3] and rank == 4 and kind != "sum":
        name = graph.emit("GlobalMaxPool" if kind == "amax" else "GlobalAveragePool", [name])
        return name if keep else graph.emit("Flatten", [name])
    op = {"mean": "ReduceMean", "sum": "ReduceSum", "amax": "ReduceMax"}[kind]
    return graph.emit(op, [name, graph.integers(axes)], keepdims=int(keep))


@writes("_softmax", "softmax")
def _softmax(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    return graph.emit("Softmax", [graph.use(bound["self"])], axis=bound["dim"])


@writes("_log_softmax", "log_softmax")
def _log_softmax(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    return graph.emit("LogSoftmax", [graph.use(bound["self"])], axis=bound["dim"])


@writes("argmax")
def _argmax(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    if bound["dim"] is None:
        raise Unsupported("takes the maximum over the batch, which must stay; name a dimension")
    return graph.emit(
        "ArgMax", [graph.use(bound["self"])], axis=bound["dim"], keepdims=int(bound["keepdim"])
    )


# Movement.


@writes("view", "_unsafe_view", "reshape", "flatten", "squeeze", "unsqueeze")
def _reshape(graph: GraphWriter, node: Node) -> str:
    source, target = node.bind()["self"].shape, output(node).shape
    if len(target) == 0 or target[0] != source[0]:
        raise Unsupported(
            f"reshapes {list(source)} to {list(target)}, the batch must stay the first dimension; "
            "keep it apart"
        )
    if len(target) == 2 and len(source) > 2:
        return graph.emit("Flatten", [graph.use(node.bind()["self"])])
    return graph.emit(
        "Reshape", [graph.use(node.bind()["self"]), graph.integers([0, *target[1:]])]
    )


@writes("permute", "transpose", "t")
def _permute(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    rank = len(output(node).shape)
    order = list(range(rank))
    if "dims" in bound:
        order = [dim % rank for dim in bound["dims"]]
    else:
        first, second = bound.get("dim0", 0) % rank, bound.get("dim1", 1) % rank
        order[first], order[second] = order[second], order[first]
    return graph.emit("Transpose", [graph.use(bound["self"])], perm=order)


@writes("cat")
def _cat(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    axis = bound["dim"] % len(output(node).shape)
    return graph.emit("Concat", [graph.use(t) for t in bound["tensors"]], axis=axis)


@writes("slice", "select")
def _slice(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    source, axis = bound["self"].shape, bound["dim"] % len(bound["self"].shape)
    if node.operator == "aten::select":
        start = bound["index"] % source[axis]
        limits, step = (start, start + 1), 1
    else:
        start, stop, step = bound["start"] or 0, bound["end"], bound["step"]
        limits = slice(start, stop).indices(source[axis])[:2]
    name = graph.use(bound["self"])
    if limits != (0, source[axis]) or step != 1:
        parameters = [graph.integers([n]) for n in (*limits, axis, step)]
        name = graph.emit("Slice", [name, *parameters])
    if node.operator == "aten::select":
        name = graph.emit("Squeeze", [name, graph.integers([axis])])
    return name


@writes("split", "split_with_sizes")
def _split(graph: GraphWriter, node: Node) -> list[str]:
    bound = node.bind()
    axis = bound["dim"] % len(bound["self"].shape)
    name, begin, names = graph.use(bound["self"]), 0, []
    for value in node.outputs:
        parameters = [begin, begin + value.shape[axis], axis, 1]
        names.append(graph.emit("Slice", [name, *(graph.integers([n]) for n in parameters)]))
        begin += value.shape[axis]
    return names


@writes("expand")
def _expand(graph: GraphWriter, node: Node) -> str:
    source, target = node.bind()["self"], output(node).shape
    if source.shape == target:
        return graph.use(source)
    return graph.emit("Expand", [graph.use(source), graph.integers([1, *target[1:]])])


@writes("constant_pad_nd", "pad")
def _pad(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    rank = len(output(node).shape)
    begin, end = [0] * rank, [0] * rank
    for position in range(len(bound["pad"]) // 2):
        begin[rank - 1 - position] = bound["pad"][2 * position]
        end[rank - 1 - position] = bound["pad"][2 * position + 1]
    inputs = [graph.use(bound["self"]), graph.integers(begin + end)]
    if bound["value"]:
        inputs.append(graph.scalar(bound["value"]))
    return graph.emit("Pad", inputs, mode="constant")


@writes("pixel_unshuffle", "pixel_shuffle")
def _pixel_shuffle(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    _, channels, height, width = bound["self"].shape
    name = graph.use(bound["self"])
    if node.operator == "aten::pixel_shuffle":
        factor = bound["upscale_factor"]
        return graph.emit("DepthToSpace", [name], blocksize=factor, mode="CRD")
    factor = bound["downscale_factor"]
    blocks = [0, channels, height // factor, factor, width // factor, factor]
    name = graph.emit("Reshape", [name, graph.integers(blocks)])
    name = graph.emit("Transpose", [name], perm=[0, 1, 3, 5, 2, 4])
    target = [0, channels * factor * factor, height // factor, width // factor]
    return graph.emit("Reshape", [name, graph.integers(target)])


@writes("upsample_nearest2d", "upsample_bilinear2d")
def _upsample(graph: GraphWriter, node: Node) -> str:
    bound = node.bind()
    nearest = node.operator == "aten::upsample_nearest2d"
    height, width = output(node).shape[2:]
    transformation = "align_corners" if bound.get("align_corners") else "half_pixel"
    source = bound["self"].shape
    inputs = [graph.use(bound["self"]), ""]
    if nearest and height % source[2] == 0 and width % source[3] == 0:
        # With whole factors a fixed size is not needed, and the batch stays free.
        factors = [1.0, 1.0, height / source[2], width / source[3]]
        inputs.append(graph.tensor_of(np.array(factors, dtype=np.float32), "scales"))
    else:
        inputs += ["", graph.integers([1, source[1], height, width])]
    attributes: dict[str, Any] = {"coordinate_transformation_mode": transformation}
    if nearest:
        attributes = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return graph.emit("Resize", inputs, mode="nearest" if nearest else "linear", **attributes)
