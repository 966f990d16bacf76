"""The ways in which quantized weights and activations are written in ONNX.

Every function appends nodes to a GraphBuilder and records the features it used
in `use`, a callable that takes their names.
"""

import numpy as np
from onnx import TensorProto, helper

# Additive powers of two, as the 3 and 4 bit networks of the paper have them.
APOT_LEVELS = {3: (0, 1, 2, 4), 4: (0, 1, 2, 3, 4, 6, 8, 10)}

LOCAL_DOMAIN = "test.functions"


def axis_shape(rank, axis, size):
    """[1, .., size, .., 1]: a vector along one axis, to broadcast."""
    return [size if i == axis else 1 for i in range(rank)]


class WeightWriter:
    """Random quantized weights of one graph.

    `exact`: all scales are powers of two, so that every float is exact.
    """

    def __init__(self, builder, rng, exact, use):
        self.b, self.rng, self.exact, self.use = builder, rng, exact, use

    def styles(self):
        names = ["grid", "channel_grid", "apot_grid", "quant", "quant",
                 "bipolar"]
        if self.b.opset >= 13:
            names += ["dq", "dq", "qdq"]
        if self.b.opset >= 11:
            names += ["arithmetic", "straight_through"]
            if not self.exact:
                names += ["max_8bit", "normalized", "apot_chain"]
        return names

    def scale(self):
        if self.exact:
            return float(2.0 ** -self.rng.integers(1, 5))
        return float(np.float32(self.rng.uniform(0.05, 0.5)))

    def channel_scales(self, count):
        return np.array([self.scale() for _ in range(count)], np.float32)

    def integers(self, shape, low, high):
        q = self.rng.integers(low, high + 1, size=shape)
        if not q.any():
            q.flat[0] = high
        return q

    def write(self, shape, out_axis, style=None):
        """Weights of `shape`, output channels along `out_axis`; the name of the
        value."""
        if style is None:
            style = str(self.rng.choice(self.styles()))
        return getattr(self, "_" + style)(tuple(shape), out_axis)

    def _grid(self, shape, out_axis):
        self.use("weight.grid_tensor")
        q = self.integers(shape, -3, 3)
        return self.b.constant(np.float32(q) * np.float32(self.scale()),
                               stem="weight")

    def _channel_grid(self, shape, out_axis):
        """As exporters leave them that fuse batch norm into weights."""
        self.use("weight.grid_channel")
        q = self.integers(shape, -4, 4)
        count = shape[out_axis]
        gain = self.channel_scales(count)
        gain[self.rng.random(count) < 0.3] *= -1
        spread = gain.reshape(axis_shape(len(shape), out_axis, count))
        value = np.float32(q) * np.float32(self.scale()) * spread
        return self.b.initializer(value.astype(np.float32), "weight")

    def _apot_grid(self, shape, out_axis):
        self.use("weight.apot")
        levels = np.array(APOT_LEVELS[int(self.rng.choice([3, 4]))])
        q = levels[self.rng.integers(0, len(levels), size=shape)]
        q = q * self.rng.choice([-1, 1], size=shape)
        q.flat[0] = levels[-1]
        return self.b.initializer((np.float32(q) * np.float32(self.scale() / 4)),
                                  "weight")

    def _latent(self, q, scale):
        """Floats that round to q, away from the boundaries."""
        return (q + self.rng.uniform(-0.4, 0.4, size=q.shape)) * scale

    def _quant(self, shape, out_axis):
        bits = int(self.rng.choice([2, 3, 4, 8]))
        narrow = int(self.rng.random() < 0.6)
        low, high = -2 ** (bits - 1) + narrow, 2 ** (bits - 1) - 1
        q = self.integers(shape, max(low, -9), min(high, 9))
        if self.rng.random() < 0.5:
            count = shape[out_axis]
            scale = self.channel_scales(count).reshape(
                axis_shape(len(shape), out_axis, count))
            self.use("weight.quant_channel")
        else:
            scale = np.float32(self.scale())
            self.use("weight.quant_tensor")
        latent = self._latent(q, scale)
        # Beyond the range: clamped.
        latent = np.where(q == low, latent - scale, latent)
        domain, kind = quant_operator(self.rng, self.use)
        return self.b.op(kind, [self.b.initializer(np.float32(latent), "weight"),
                                self.b.constant(scale), self.b.constant(0.0),
                                bit_width(self.b, self.rng, bits, self.use)],
                         domain=domain, signed=1, narrow=narrow,
                         rounding_mode="ROUND")

    def _bipolar(self, shape, out_axis):
        self.use("quant.bipolar_weight")
        latent = self.rng.uniform(0.1, 1, size=shape) * self.rng.choice(
            [-1, 1], size=shape)
        domain, _ = quant_operator(self.rng, self.use)
        return self.b.op("BipolarQuant",
                         [self.b.initializer(np.float32(latent), "weight"),
                          self.b.constant(self.scale())], domain=domain)

    def _zero_and_scale(self, shape, out_axis):
        """Scale and zero point for DequantizeLinear, and its axis."""
        if self.rng.random() < 0.5:
            count = shape[out_axis]
            self.use("qcdq.weight_axis")
            return self.channel_scales(count), np.zeros(count, np.int8), out_axis
        return np.float32(self.scale()), np.int8(0), None

    def _dq(self, shape, out_axis):
        self.use("qcdq.weight_dq")
        scale, zero, axis = self._zero_and_scale(shape, out_axis)
        q = self.integers(shape, -7, 7).astype(np.int8)
        if axis is None and self.rng.random() < 0.4:
            self.use("qcdq.weight_zero_point")
            zero = np.uint8(self.rng.integers(100, 140))
            q = (q.astype(np.int64) + int(zero)).astype(np.uint8)
        value = self.b.initializer(q, "weight")
        if q.dtype == np.int8 and self.rng.random() < 0.5:
            self.use("qcdq.weight_clip")
            value = self.b.op("Clip", [value, self.b.constant(-7, np.int8),
                                       self.b.constant(7, np.int8)])
        return self.b.op("DequantizeLinear",
                         [value, self.b.initializer(scale, "scale"),
                          self.b.initializer(zero, "zero")], axis=axis)

    def _qdq(self, shape, out_axis):
        self.use("qcdq.weight_qdq")
        scale, zero, axis = self._zero_and_scale(shape, out_axis)
        q = self.integers(shape, -3, 3)
        spread = (scale if axis is None else
                  scale.reshape(axis_shape(len(shape), axis, shape[axis])))
        parameters = [self.b.initializer(scale, "scale"),
                      self.b.initializer(zero, "zero")]
        latent = self.b.initializer(np.float32(self._latent(q, spread)), "weight")
        value = self.b.op("QuantizeLinear", [latent] + parameters, axis=axis)
        value = self.b.op("Clip", [value, self.b.constant(-3, np.int8),
                                   self.b.constant(3, np.int8)])
        return self.b.op("DequantizeLinear", [value] + parameters, axis=axis)

    def _arithmetic(self, shape, out_axis, straight_through=False):
        self.use("weight.in_graph_straight_through" if straight_through
                 else "weight.in_graph")
        b = self.b
        scale = self.scale()
        latent = b.initializer(
            np.float32(self._latent(self.integers(shape, -3, 3), scale)), "weight")
        scaled = b.op("Div", [latent, b.constant(scale)])
        clipped = b.clip(scaled, -3.0, 3.0)
        value = b.op("Round", [clipped])
        if straight_through:
            value = b.op("Add", [b.op("Sub", [value, clipped]), clipped])
        return b.op("Mul", [value, b.constant(scale)])

    def _straight_through(self, shape, out_axis):
        return self._arithmetic(shape, out_axis, straight_through=True)

    def _max_8bit(self, shape, out_axis):
        """Scaled by the maximum, not by the largest magnitude: integers below
        -127 occur."""
        self.use("weight.max_8bit")
        b = self.b
        top = float(np.float32(self.rng.uniform(0.5, 2)))
        unit = top / 127
        q = self.integers(shape, -150, 127)
        q.flat[0], q.flat[-1] = 127, -169
        latent = b.initializer(np.float32(self._latent(q, unit)), "weight")
        value = b.op("Div", [latent, b.constant(top)])
        value = b.op("Round", [b.op("Mul", [value, b.constant(127.0)])])
        value = b.op("Mul", [b.op("Div", [value, b.constant(127.0)]),
                             b.constant(top)])
        return b.op("Add", [b.op("Sub", [value, latent]), latent])

    def _normalize(self, latent_array):
        """(w - mean) / standard deviation, as training code computes it."""
        b = self.b
        count = float(latent_array.size)
        latent = b.initializer(latent_array, "weight")
        mean = b.reduce_mean(latent, None, 0)
        centred = b.op("Sub", [latent, mean])
        variance = b.reduce_mean(b.op("Mul", [centred, centred]), None, 0)
        variance = b.op("Div", [b.op("Mul", [variance, b.constant(count)]),
                                b.constant(count - 1)])
        return b.op("Div", [b.op("Add", [latent, b.op("Neg", [mean])]),
                            b.op("Sqrt", [variance])])

    def _latent_away_from(self, shape, boundaries, clip):
        """Normal floats whose normalized values keep away from `boundaries`."""
        boundaries = np.asarray(boundaries)
        while True:
            w = self.rng.normal(size=shape).astype(np.float32)
            wide = w.astype(np.float64)
            unit = (wide - wide.mean()) / wide.std(ddof=1) / clip
            if np.abs(np.abs(unit)[..., None] - boundaries).min() > 1e-3:
                return w

    def _normalized(self, shape, out_axis):
        self.use("weight.normalized_chain")
        b, clip = self.b, float(np.float32(self.rng.uniform(1.0, 2.0)))
        latent = self._latent_away_from(shape, [0.5], clip)
        value = b.clip(b.op("Div", [self._normalize(latent), b.constant(clip)]),
                       -1.0, 1.0)
        return b.op("Mul", [b.op("Round", [value]), b.constant(clip)])

    def _apot_chain(self, shape, out_axis):
        self.use("weight.apot_chain")
        b, clip = self.b, float(np.float32(self.rng.uniform(1.0, 2.0)))
        levels = np.array(APOT_LEVELS[4], np.float64) / 10
        latent = self._latent_away_from(shape, (levels[1:] + levels[:-1]) / 2, clip)
        # Training code keeps the levels in the order of a set.
        table = np.float32(self.rng.permutation(levels))
        value = b.clip(b.op("Div", [self._normalize(latent), b.constant(clip)]),
                       -1.0, 1.0)
        flat = b.unsqueeze(b.op("Reshape", [b.op("Abs", [value]),
                                            b.constant([-1], np.int64)]), [0])
        distance = b.op("Abs", [b.op("Sub", [
            flat, b.constant(table.reshape(-1, 1))])])
        index = b.op("ArgMin", [distance], axis=0, keepdims=0)
        chosen = b.op("Gather", [b.constant(table), index], axis=0)
        chosen = b.op("Reshape", [chosen, b.constant(shape, np.int64)])
        signed = b.op("Mul", [chosen, b.op("Sign", [value])])
        return b.op("Mul", [signed, b.constant(clip)])


def quant_operator(rng, use):
    """A domain and its name of the quantizer."""
    domain = str(rng.choice(["qonnx.custom_op.general", "finn.custom_op.general",
                             "onnx.brevitas"]))
    kind = "Quant"
    if domain == "qonnx.custom_op.general" and rng.random() < 0.4:
        kind = "IntQuant"
        use("quant.IntQuant")
    use("quant.domain." + domain)
    return domain, kind


def bit_width(builder, rng, bits, use):
    """The bit width input: float32 or int64 both occur."""
    if rng.random() < 0.3:
        use("quant.bits_int64")
        return builder.constant(bits, np.int64)
    return builder.constant(float(bits))


class ActivationWriter:
    """Activation quantizers of one graph. A range is (lo, hi), the integers that
    the quantized value takes in units of its scale."""

    def __init__(self, builder, rng, use):
        self.b, self.rng, self.use = builder, rng, use

    def styles(self, per_channel):
        names = ["quant"]
        if self.b.opset >= 13:
            names.append("qcdq")
        if self.b.opset >= 11:
            names += ["paper", "straight_through", "learned_step", "round_first"]
            if not per_channel:
                names += ["reciprocal", "clip_first", "outer_straight_through"]
                if self.b.ir_version >= 8 and self.b.opset >= 17:
                    names.append("function")
        return names

    def choose_range(self, bits=None, signed=None):
        """A random range with how it is described: {bits, signed, narrow, zero}."""
        bits = bits or int(self.rng.choice([2, 2, 3, 3, 4]))
        signed = self.rng.random() < 0.3 if signed is None else signed
        narrow = self.rng.random() < 0.3
        return {"bits": bits, "signed": bool(signed), "narrow": bool(narrow),
                "zero": 0}

    @staticmethod
    def limits(description):
        bits, narrow = description["bits"], int(description["narrow"])
        if description["signed"]:
            low, high = -2 ** (bits - 1) + narrow, 2 ** (bits - 1) - 1
        else:
            low, high = 0, 2 ** bits - 1 - narrow
        return low - description["zero"], high - description["zero"]

    def write(self, x, rank, scale, description, style=None):
        """Quantizes x; `scale` is a number or one a channel (axis 1 of `rank`
        dimensions, the batch included)."""
        per_channel = np.ndim(scale) > 0
        if style is None:
            style = str(self.rng.choice(self.styles(per_channel)))
        for key in ("signed", "narrow"):
            if description[key]:
                self.use(f"range.{key}")
        if description["narrow"] and not description["signed"]:
            self.use("range.narrow_unsigned")
        if not description["signed"]:
            self.use("range.unsigned")
        self.use(f"range.{description['bits']}_bits")
        if per_channel:
            self.use("activation.per_channel_scale")
        low, high = self.limits(description)
        if (style in ("paper", "straight_through", "clip_first",
                      "outer_straight_through", "function") and low < 0):
            style = "learned_step"
        return getattr(self, "_" + style)(x, rank, scale, description, low, high)

    def _broadcast(self, scale, rank):
        if np.ndim(scale) == 0:
            return np.float32(scale)
        return np.asarray(scale, np.float32).reshape(
            axis_shape(rank, 1, len(scale)))

    def _quant(self, x, rank, scale, description, low, high):
        domain, kind = quant_operator(self.rng, self.use)
        mode = description.get("rounding", "ROUND")
        self.use("quant.rounding." + mode)
        if description["zero"]:
            self.use("quant.zero_point")
        return self.b.op(kind, [x, self.b.constant(self._broadcast(scale, rank)),
                                self.b.constant(float(description["zero"])),
                                bit_width(self.b, self.rng, description["bits"],
                                          self.use)],
                         domain=domain, signed=int(description["signed"]),
                         narrow=int(description["narrow"]), rounding_mode=mode)

    def _qcdq(self, x, rank, scale, description, low, high):
        signed = low < 0 if description["zero"] == 0 else self.rng.random() < 0.5
        dtype = np.int8 if signed else np.uint8
        zero = 0
        if description["zero"] or self.rng.random() < 0.25:
            # Any zero point will do that leaves the range inside the type.
            info = np.iinfo(dtype)
            zero = int(self.rng.integers(info.min - low, info.max - high + 1))
            self.use("qcdq.zero_point")
        self.use(f"qcdq.{np.dtype(dtype).name}")
        axis = None
        zero_array = np.asarray(zero, dtype)
        if np.ndim(scale):
            self.use("qcdq.axis")
            axis = 1
            zero_array = np.full(len(scale), zero, dtype)
        parameters = [self.b.initializer(np.asarray(scale, np.float32), "scale"),
                      self.b.initializer(zero_array, "zero")]
        value = self.b.op("QuantizeLinear", [x] + parameters, axis=axis)
        self.use("qcdq.clip")
        value = self.b.op("Clip", [value, self.b.constant(low + zero, dtype),
                                   self.b.constant(high + zero, dtype)])
        return self.b.op("DequantizeLinear", [value] + parameters, axis=axis)

    def _relu_sometimes(self, x):
        return self.b.op("Relu", [x]) if self.rng.random() < 0.5 else x

    def _paper(self, x, rank, scale, description, low, high,
               straight_through=False):
        self.use("arithmetic.straight_through" if straight_through
                 else "arithmetic.paper")
        b = self.b
        alpha = b.constant(self._broadcast(np.asarray(scale) * high, rank))
        value = b.op("Div", [self._relu_sometimes(x), alpha])
        value = b.op("Mul", [b.clip(value, 0.0, 1.0), b.constant(float(high))])
        rounded = b.op("Round", [value])
        if straight_through:
            rounded = b.op("Add", [b.op("Sub", [rounded, value]), value])
        return b.op("Mul", [b.op("Div", [rounded, b.constant(float(high))]), alpha])

    def _straight_through(self, *arguments):
        return self._paper(*arguments, straight_through=True)

    def _learned_step(self, x, rank, scale, description, low, high):
        self.use("arithmetic.learned_step")
        if low < 0:
            self.use("arithmetic.signed")
        b = self.b
        step = b.constant(self._broadcast(scale, rank))
        value = b.clip(b.op("Div", [x, step]), float(low), float(high))
        return b.op("Mul", [b.op("Round", [value]), step])

    def _round_first(self, x, rank, scale, description, low, high):
        self.use("arithmetic.round_first")
        b = self.b
        step = b.constant(self._broadcast(scale, rank))
        value = b.op("Round", [b.op("Div", [x, step])])
        return b.op("Mul", [b.clip(value, float(low), float(high)), step])

    def _reciprocal(self, x, rank, scale, description, low, high):
        self.use("arithmetic.reciprocal")
        b = self.b
        value = b.op("Mul", [x, b.constant(np.float32(1 / np.float32(scale)))])
        value = b.op("Round", [b.clip(value, float(low), float(high))])
        return b.op("Mul", [value, b.constant(np.float32(scale))])

    def _clip_first(self, x, rank, scale, description, low, high):
        self.use("arithmetic.clip_first")
        b = self.b
        value = b.clip(x, 0.0, float(np.float32(scale) * np.float32(high)))
        value = b.op("Round", [b.op("Div", [value, b.constant(scale)])])
        return b.op("Mul", [value, b.constant(scale)])

    def _outer_straight_through(self, x, rank, scale, description, low, high):
        """x + (quantized(x) - x) around the whole quantizer."""
        self.use("arithmetic.outer_straight_through")
        b = self.b
        clipped = b.clip(x, 0.0, float(np.float32(scale) * np.float32(high)))
        value = b.op("Round", [b.op("Div", [clipped, b.constant(scale)])])
        value = b.op("Mul", [value, b.constant(scale)])
        return b.op("Add", [clipped, b.op("Sub", [value, clipped])])

    def _function(self, x, rank, scale, description, low, high):
        """The arithmetic as a function of the model, its bounds as attributes of
        the call."""
        self.use("local_function")
        name = "FakeQuantize"
        if not any(f.name == name for f in self.b.functions):
            node = helper.make_node
            body = [node("Constant", [], ["levels"]), node("Constant", [], ["zero"],
                    value=helper.make_tensor("z", TensorProto.FLOAT, [], [0.0])),
                    node("Div", ["x", "step"], ["scaled"]),
                    node("Clip", ["scaled", "zero", "levels"], ["clipped"]),
                    node("Round", ["clipped"], ["rounded"]),
                    node("Mul", ["rounded", "step"], ["y"])]
            reference = body[0].attribute.add()
            reference.name, reference.ref_attr_name = "value", "levels"
            reference.type = 4  # AttributeProto.TENSOR
            self.b.functions.append(helper.make_function(
                LOCAL_DOMAIN, name, ["x", "step"], ["y"], body,
                [helper.make_opsetid("", self.b.opset)], ["levels"]))
        return self.b.op(name, [x, self.b.constant(scale)], domain=LOCAL_DOMAIN,
                         levels=helper.make_tensor("levels", TensorProto.FLOAT, [],
                                                   [float(high)]))
