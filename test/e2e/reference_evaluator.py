"""ONNX's reference evaluator in float64, with the quantizers it lacks.

Some operators of it are replaced, with the reason beside each.

Rounding is watched: `Evaluator.run` returns for each sample how close its
values came to a rounding boundary. Where that is closer than two evaluations
in different order can be told apart, comparing them means nothing.
"""

from fractions import Fraction
import math
import threading

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from onnx.reference.ops import op_quantize_linear, op_round

QUANT_DOMAINS = ("qonnx.custom_op.general", "finn.custom_op.general",
                 "onnx.brevitas")


class _Watch:
    """Smallest distance to a rounding boundary, one an entry of the batch. The
    operators have no other way to report: one run at a time."""
    lock = threading.Lock()
    nearest = None
    # Values that depend on the network's input; constants are not watched.
    dynamic = frozenset()

    @classmethod
    def reset(cls, dynamic):
        cls.nearest, cls.dynamic = None, dynamic

    @classmethod
    def record(cls, node, values, first=None, last=None, offset=0.5):
        """`values` are to be rounded; the boundaries lie at integers + offset,
        between `first` and `last` where a range clamps the result."""
        if node.output[0] not in cls.dynamic:
            return
        boundary = np.floor(values - offset + 0.5) + offset
        if first is not None:
            boundary = np.clip(boundary, first, last)
        distance = np.abs(values - boundary)
        distance = distance.reshape(values.shape[0], -1).min(axis=1)
        cls.nearest = (distance if cls.nearest is None
                       else np.minimum(cls.nearest, distance))


def _round(values, mode):
    mode = mode.upper()
    if mode in ("ROUND", "HALF_EVEN"):
        return np.rint(values)
    if mode == "HALF_UP":
        return np.floor(values + 0.5)
    if mode == "FLOOR":
        return np.floor(values)
    raise ValueError(f"rounding mode {mode}")


def _quant(node, x, scale, zero, bits, signed, narrow, mode):
    bits = float(np.asarray(bits).reshape(()))
    if signed:
        low, high = -2.0 ** (bits - 1) + narrow, 2.0 ** (bits - 1) - 1
    else:
        low, high = 0.0, 2.0 ** bits - 1 - narrow
    raw = x / scale + zero
    if mode.upper() == "FLOOR":
        _Watch.record(node, raw, low + 1, high, 0.0)
    else:
        _Watch.record(node, raw, low + 0.5, high - 0.5)
    return ((_round(np.clip(raw, low, high), mode) - zero) * scale).astype(x.dtype)


def _make_quantizers(op_domain_name):
    """Operator classes Quant, IntQuant and BipolarQuant of one domain."""

    class Quant(OpRun):
        op_domain = op_domain_name

        def _run(self, x, scale, zero, bits, signed=1, narrow=0,
                 rounding_mode="ROUND"):
            return (_quant(self.onnx_node, x, scale, zero, bits,
                           1 if signed is None else signed,
                           0 if narrow is None else narrow,
                           rounding_mode or "ROUND"),)

    class IntQuant(Quant):
        op_domain = op_domain_name

    class BipolarQuant(OpRun):
        op_domain = op_domain_name

        def _run(self, x, scale):
            return (np.where(x >= 0, scale, -scale).astype(x.dtype),)

    return [Quant, IntQuant, BipolarQuant]


class Round(op_round.Round):
    op_domain = ""

    def _run(self, x):
        _Watch.record(self.onnx_node, x)
        return super()._run(x)


class QuantizeLinear(op_quantize_linear.QuantizeLinear_25):
    """The newest one serves all: older ones have fewer attributes."""
    op_domain = ""

    def _run(self, *args, **attributes):
        x, scale = args[0], args[1]
        axis = attributes.get("axis")
        _Watch.record(self.onnx_node,
                      x / _spread(scale, 1 if axis is None else axis, x.ndim))
        return super()._run(*args, **attributes)


def _spread(v, axis, rank):
    """A scale or zero point, one value or one an index of `axis`, to broadcast."""
    if v.size == 1:
        return v.reshape(())
    return v.reshape([-1 if i == axis % rank else 1 for i in range(rank)])


class DequantizeLinear(OpRun):
    """The evaluator has none for operator sets below 19, and computes in
    float32."""
    op_domain = ""

    def _run(self, x, scale, zero=None, axis=1, **unused):
        axis = 1 if axis is None else axis
        y = x.astype(np.float64)
        if zero is not None:
            y = y - _spread(zero, axis, x.ndim).astype(np.float64)
        return (np.asarray(y * _spread(scale, axis, x.ndim)),)


class BatchNormalization(OpRun):
    """The evaluator's takes operator sets 9 to 13 for training."""
    op_domain = ""

    def _run(self, x, gamma, beta, mean, variance, epsilon=None, momentum=None,
             training_mode=None):
        shape = [1, -1] + [1] * (x.ndim - 2)
        gain = gamma / np.sqrt(variance + epsilon)
        return ((x - mean.reshape(shape)) * gain.reshape(shape) +
                beta.reshape(shape),)


class _Pool(OpRun):
    """Windows by the text of the operator's definition. The evaluator's shift
    windows where ceil_mode adds more than one row, place the padding of
    SAME_LOWER wrongly, and swap asymmetric pads of unstrided maxima."""

    def windows(self, x, kernel_shape, strides, pads, dilations, auto_pad,
                ceil_mode):
        """Yields (output position, values in front: taps inside; number of taps
        inside the padded input)."""
        n = len(kernel_shape)
        strides = strides or [1] * n
        dilations = dilations or [1] * n
        pads = list(pads or [0] * (2 * n))
        extent = [(k - 1) * d + 1 for k, d in zip(kernel_shape, dilations)]
        size = x.shape[2:]
        out = []
        for i in range(n):
            if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
                count = -(-size[i] // strides[i])
                total = max(0, (count - 1) * strides[i] + extent[i] - size[i])
                head = total // 2 if auto_pad == "SAME_UPPER" else total - total // 2
                pads[i], pads[n + i] = head, total - head
            else:
                if auto_pad == "VALID":
                    pads[i] = pads[n + i] = 0
                room = size[i] + pads[i] + pads[n + i] - extent[i]
                count = (-(-room // strides[i]) if ceil_mode
                         else room // strides[i]) + 1
                if ceil_mode and (count - 1) * strides[i] >= size[i] + pads[i]:
                    count -= 1
            out.append(count)
        for position in np.ndindex(*out):
            inside, padded = [], 1
            for i in range(n):
                first = position[i] * strides[i] - pads[i]
                taps = [first + k * dilations[i] for k in range(kernel_shape[i])]
                inside.append([t for t in taps if 0 <= t < size[i]])
                padded *= sum(-pads[i] <= t < size[i] + pads[n + i] for t in taps)
            yield out, position, x[(slice(None), slice(None)) + np.ix_(*inside)], padded


class AveragePool(_Pool):
    op_domain = ""

    def _run(self, x, auto_pad=None, ceil_mode=None, count_include_pad=None,
             dilations=None, kernel_shape=None, pads=None, strides=None):
        y = None
        for out, position, taps, padded in self.windows(
                x, kernel_shape, strides, pads, dilations, auto_pad, ceil_mode):
            if y is None:
                y = np.zeros(x.shape[:2] + tuple(out), x.dtype)
            taps = taps.reshape(x.shape[:2] + (-1,))
            y[(slice(None), slice(None)) + position] = taps.sum(axis=2) / (
                padded if count_include_pad else taps.shape[2])
        return (y,)


class MaxPool(_Pool):
    op_domain = ""

    def _run(self, x, auto_pad=None, ceil_mode=None, dilations=None,
             kernel_shape=None, pads=None, storage_order=None, strides=None):
        y = None
        for out, position, taps, _ in self.windows(
                x, kernel_shape, strides, pads, dilations, auto_pad, ceil_mode):
            if y is None:
                y = np.zeros(x.shape[:2] + tuple(out), x.dtype)
            y[(slice(None), slice(None)) + position] = taps.reshape(
                x.shape[:2] + (-1,)).max(axis=2)
        return (y,)


class ConvTranspose(OpRun):
    """By definition: every input adds its kernel to the output. The evaluator's
    cuts the weights of groups wrongly."""
    op_domain = ""

    def _run(self, x, w, bias=None, auto_pad=None, dilations=None, group=None,
             kernel_shape=None, output_padding=None, output_shape=None,
             pads=None, strides=None):
        n, groups = x.ndim - 2, group or 1
        strides, dilations = strides or [1] * n, dilations or [1] * n
        added, pads = output_padding or [0] * n, list(pads or [0] * (2 * n))
        reach = [strides[i] * (x.shape[i + 2] - 1) + added[i] +
                 (w.shape[i + 2] - 1) * dilations[i] + 1 for i in range(n)]
        if output_shape is not None or auto_pad in ("SAME_UPPER", "SAME_LOWER"):
            for i in range(n):
                total = reach[i] - (output_shape[i] if output_shape is not None
                                    else x.shape[i + 2] * strides[i])
                pads[i] = total // 2 if auto_pad == "SAME_UPPER" else -(-total // 2)
                pads[n + i] = total - pads[i]
        y = np.zeros((x.shape[0], w.shape[1] * groups) + tuple(reach), x.dtype)
        per = x.shape[1] // groups
        for position in np.ndindex(*x.shape[2:]):
            for tap in np.ndindex(*w.shape[2:]):
                at = tuple(strides[i] * position[i] + dilations[i] * tap[i]
                           for i in range(n))
                for g in range(groups):
                    part = x[(slice(None), slice(g * per, (g + 1) * per)) + position]
                    kernel = w[(slice(g * per, (g + 1) * per), slice(None)) + tap]
                    y[(slice(None), slice(g * w.shape[1], (g + 1) * w.shape[1]))
                      + at] += part @ kernel
        y = y[(slice(None), slice(None)) +
              tuple(slice(pads[i], reach[i] - pads[n + i]) for i in range(n))]
        if bias is not None:
            y = y + bias.reshape((1, -1) + (1,) * n)
        return (y,)


class Resize(OpRun):
    """Nearest only, with exact fractions; the evaluator computes positions in
    floats, which misses ties, and knows no opset below 19."""
    op_domain = ""

    def _run(self, x, *inputs, antialias=None, axes=None,
             coordinate_transformation_mode=None, cubic_coeff_a=None,
             exclude_outside=None, extrapolation_value=None,
             keep_aspect_ratio_policy=None, mode=None, nearest_mode=None):
        given = [v for v in inputs if v is not None and v.size]
        if len(inputs) == 1:
            coordinate_transformation_mode, nearest_mode = "asymmetric", "floor"
        axes = list(range(x.ndim)) if axes is None else list(axes)
        for axis, amount in zip(axes, given[-1]):
            n = x.shape[axis]
            out = (int(amount) if given[-1].dtype.kind == "i"
                   else int(np.floor(n * Fraction(float(amount)))))
            factor = Fraction(out, n)
            index = []
            for i in range(out):
                at = {"half_pixel": (i + Fraction(1, 2)) / factor - Fraction(1, 2),
                      "asymmetric": i / factor,
                      "tf_half_pixel_for_nn": (i + Fraction(1, 2)) / factor,
                      "align_corners": Fraction(i * (n - 1), max(out - 1, 1))}
                at["half_pixel_symmetric"] = at["half_pixel"]
                at["pytorch_half_pixel"] = at["half_pixel"] if out > 1 else 0
                v = at[coordinate_transformation_mode or "half_pixel"]
                rounded = {"floor": math.floor(v), "ceil": math.ceil(v),
                           "round_prefer_floor": math.ceil(v - Fraction(1, 2)),
                           "round_prefer_ceil": math.floor(v + Fraction(1, 2))}
                index.append(min(max(rounded[nearest_mode or "round_prefer_floor"],
                                     0), n - 1))
            x = np.take(x, index, axis=axis)
        return (x,)


class Upsample(Resize):
    def _run(self, x, scales, mode=None):
        return super()._run(x, scales)


def _new_ops():
    classes = [Round, QuantizeLinear, DequantizeLinear, BatchNormalization,
               AveragePool, MaxPool, ConvTranspose, Resize, Upsample]
    for domain in QUANT_DOMAINS:
        classes += _make_quantizers(domain)
    return classes


def _tensor_to_double(tensor):
    if tensor.data_type == TensorProto.FLOAT:
        array = numpy_helper.to_array(tensor).astype(np.float64)
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


def _nodes_to_double(nodes):
    for node in nodes:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                _tensor_to_double(attribute.t)
            elif node.op_type == "Cast" and attribute.name == "to":
                if attribute.i == TensorProto.FLOAT:
                    attribute.i = TensorProto.DOUBLE
            elif node.op_type == "Constant" and attribute.name == "value_float":
                value = float(np.float32(attribute.f))
                attribute.CopyFrom(helper.make_attribute(
                    "value", numpy_helper.from_array(np.float64(value))))


def to_double(model):
    """A copy of the model that computes in float64 with the same constants."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for tensor in copy.graph.initializer:
        _tensor_to_double(tensor)
    _nodes_to_double(copy.graph.node)
    for function in copy.functions:
        _nodes_to_double(function.node)
    for value in (list(copy.graph.input) + list(copy.graph.output) +
                  list(copy.graph.value_info)):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    return copy


class Evaluator:
    """Runs a model of one input in float64."""

    def __init__(self, model):
        constants = {tensor.name for tensor in model.graph.initializer}
        self.input = next(i for i in model.graph.input if i.name not in constants)
        self.fixed_batch = self.input.type.tensor_type.shape.dim[0].dim_value
        self.dynamic = {self.input.name}
        for node in model.graph.node:
            if any(name in self.dynamic for name in node.input):
                self.dynamic.update(node.output)
        for function in model.functions:
            for node in function.node:
                self.dynamic.update(node.output)
        self.session = ReferenceEvaluator(to_double(model),
                                          new_ops=_new_ops())

    def run(self, samples):
        """samples: [N, ...] of any number type. Returns (outputs by name, each
        [N, ...]; distance to the nearest rounding boundary of each sample)."""
        samples = np.asarray(samples, dtype=np.float64)
        parts, distances = [], []
        chunks = [samples] if self.fixed_batch != 1 else [
            samples[i:i + 1] for i in range(len(samples))]
        for chunk in chunks:
            with _Watch.lock:
                _Watch.reset(self.dynamic)
                parts.append(self.session.run(None, {self.input.name: chunk}))
                nearest = _Watch.nearest
            distances.append(np.full(len(chunk), np.inf) if nearest is None
                             else nearest)
        outputs = {name: np.concatenate([np.asarray(part[i]) for part in parts])
                   for i, name in enumerate(self.session.output_names)}
        return outputs, np.concatenate(distances)
