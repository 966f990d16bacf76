"""Random layers: what stands between two quantizers, in all its attributes."""

from dataclasses import dataclass

import numpy as np

from quantizer_styles import axis_shape


@dataclass
class Value:
    """An activation: name and shape without the batch."""
    name: str
    shape: tuple

    @property
    def rank(self):
        return len(self.shape) + 1

    @property
    def size(self):
        return int(np.prod(self.shape))


class LayerWriter:
    """Appends layers to the graph of a Generator (graph_generator.py), which
    provides the builder `b`, the random numbers, the writers of weights and
    activations, and `use`, which records features."""

    # Layers.

    def convolve(self, x, channels=None, kernel=None, plain=False):
        """Conv with random attributes; `plain` keeps the extents."""
        spatial = len(x.shape) - 1
        cin = x.shape[0]
        groups = 1
        if not plain and cin > 1 and self.chance(0.3):
            groups = cin if self.chance(0.5) else next(
                g for g in (2, 3, cin) if cin % g == 0)
        channels = channels or int(self.rng.integers(2, 5))
        if groups > 1:
            channels = groups * int(self.pick(1, 1, 2))
            self.use("conv.depthwise" if groups == cin else "conv.groups")
        if kernel is None:
            kernel = [int(self.pick(1, 2, 3, 3)) for _ in range(spatial)]
            if plain:
                kernel = [3] * spatial
        attributes = {"kernel_shape": kernel, "group": groups}
        strides, dilations = [1] * spatial, [1] * spatial
        if not plain:
            if self.chance(0.35):
                strides = [int(self.pick(1, 2)) for _ in range(spatial)]
                attributes["strides"] = strides
                self.use("conv.strides")
            if self.chance(0.25) and min(x.shape[1:]) >= 5:
                dilations = [int(self.pick(1, 2)) for _ in range(spatial)]
                attributes["dilations"] = dilations
                self.use("conv.dilations")
        extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
        if plain:
            attributes["pads"] = [k // 2 for k in kernel] * 2
        elif self.chance(0.3):
            mode = self.pick("SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET")
            if mode == "VALID" and any(e > s for e, s in zip(extent, x.shape[1:])):
                mode = "SAME_UPPER"
            attributes["auto_pad"] = mode
            self.use("conv.auto_pad." + mode)
        if "pads" not in attributes and attributes.get(
                "auto_pad", "NOTSET") == "NOTSET":
            pads = [int(self.rng.integers(0, e)) for e in extent + extent]
            attributes["pads"] = pads
            if pads[:spatial] != pads[spatial:]:
                self.use("conv.asymmetric_pads")
        if spatial == 1:
            self.use("conv.1d")
        if kernel == [1] * spatial:
            self.use("conv.pointwise")
        if self.chance(0.2):
            del attributes["kernel_shape"]
            self.use("conv.no_kernel_shape")
        shape = [channels, cin // groups] + kernel
        inputs = [x.name, self.weights.write(shape, 0)]
        if self.chance(0.4):
            inputs.append(self.bias(channels))
            self.use("conv.bias")
        y = self.b.op("Conv", inputs, **attributes)
        return self.shaped(y, len(x.shape))

    def bias(self, count):
        value = self.number(-0.5, 0.5, count)
        if self.b.opset >= 13 and self.chance(0.25):
            self.use("qcdq.bias_int32")
            scale = float(2.0 ** -12) if self.exact else float(np.float32(3e-4))
            integers = np.round(value / scale).astype(np.int32)
            return self.b.op("DequantizeLinear",
                             [self.b.initializer(integers, "bias"),
                              self.b.initializer(np.float32(scale), "scale")])
        return self.b.initializer(np.float32(value), "bias")

    def shaped(self, name, dims):
        """A Value whose shape is found by evaluating."""
        array = self.values(Value(name, (1,) * dims))
        return Value(name, tuple(array.shape[1:]))

    def batch_norm(self, x):
        """BatchNormalization, some of its scales negative or zero."""
        count = x.shape[0]
        values = self.values(x)
        axes = tuple(i for i in range(values.ndim) if i != 1)
        spread = np.maximum(values.std(axis=axes), 0.05)
        if self.exact:
            # variance + epsilon is a power of four, and exact in float64.
            epsilon = float(2.0 ** -10)
            root = 2.0 ** np.round(np.log2(spread))
            variance = root ** 2 - epsilon
            gamma = 2.0 ** self.rng.integers(-1, 2, size=count)
            mean = np.round(values.mean(axis=axes) * 8) / 8
        else:
            epsilon = float(self.pick(1e-5, 1e-3))
            variance = spread ** 2 * self.rng.uniform(0.5, 2, size=count)
            gamma = self.rng.uniform(0.4, 1.6, size=count)
            mean = values.mean(axis=axes)
        negative = self.rng.random(count) < 0.3
        gamma = np.where(negative, -gamma, gamma)
        if negative.any():
            self.use("batch_norm.negative_scale")
        if self.chance(0.25):
            gamma[int(self.rng.integers(count))] = 0.0
            self.use("batch_norm.zero_scale")
        self.use("batch_norm" if len(x.shape) > 1 else "batch_norm.vector")
        y = self.b.batch_norm(x.name, gamma, self.number(-0.5, 1.0, count), mean,
                              variance, epsilon)
        return Value(y, x.shape), negative.any()

    def affine(self, x):
        """The same written as arithmetic with constants, of any order."""
        count = x.shape[0]

        def constant(values):
            if np.ndim(values) and len(x.shape) > 1:
                shape = axis_shape(x.rank, 1, count)
                # Broadcasting does not need the batch dimension.
                values = np.reshape(values, shape[1:] if self.chance(0.5) else shape)
            return self.b.constant(np.float32(values))

        name = x.name
        for kind in self.rng.permutation(["Sub", "Mul", "Div", "Add"])[:3]:
            per_channel = self.chance(0.5)
            size = count if per_channel else None
            if kind in ("Sub", "Add"):
                amount = self.number(-0.5, 0.5, size)
                pair = [name, constant(amount)]
                if kind == "Add" and self.chance(0.3):
                    pair.reverse()
            elif self.exact:
                amount = 2.0 ** self.rng.integers(-1, 2, size=size)
                pair = [name, constant(amount)]
            else:
                amount = self.number(0.5, 1.5, size)
                if per_channel:
                    amount = amount * self.rng.choice([-1, 1], size=size)
                pair = [name, constant(amount)]
                if kind == "Div" and not per_channel and self.chance(0.5):
                    # Divided by the root of a variance, as in the zoo's models.
                    pair[1] = self.b.op("Pow", [constant(amount ** 2),
                                                self.b.constant(0.5)])
                    self.use("arithmetic.pow_of_constant")
            if kind == "Sub" and self.chance(0.15):
                pair.reverse()
                self.use("arithmetic.constant_minus")
            name = self.b.op(kind, pair)
            self.use("arithmetic." + kind)
        if self.chance(0.15):
            name = self.b.op("Pow", [name, self.b.constant(1.0)])
            self.use("arithmetic.pow_one")
        return Value(name, x.shape)

    def normalize(self, x):
        """What stands between a sum and its quantizer: nothing, batch norm or
        arithmetic; says whether a scale is negative."""
        choice = self.pick("batch_norm", "batch_norm", "affine", "none")
        if choice == "batch_norm":
            return self.batch_norm(x)
        if choice == "affine":
            return self.affine(x), False
        return x, False

    def pool(self, x, kind, where):
        """AveragePool or MaxPool with random attributes."""
        spatial = len(x.shape) - 1
        prefix = "average_pool" if kind == "AveragePool" else "max_pool"
        self.use(f"{prefix}.{where}")
        if spatial == 1:
            self.use(f"{prefix}.1d")
        sizes = (2,) if kind == "AveragePool" and self.exact else (2, 2, 3)
        kernel = [min(int(self.pick(*sizes)), s) for s in x.shape[1:]]
        attributes = {"kernel_shape": kernel}
        if self.chance(0.7):
            attributes["strides"] = [int(self.pick(1, 2, 2)) for _ in range(spatial)]
        dilated = ((kind == "MaxPool" and self.b.opset >= 10 or
                    self.b.opset >= 19) and min(x.shape[1:]) >= 5 and
                   self.chance(0.25))
        if dilated:
            dilations = [int(self.pick(1, 2)) for _ in range(spatial)]
            attributes["dilations"] = dilations
            self.use(f"{prefix}.dilations")
        modes = ["SAME_UPPER", "SAME_LOWER", "VALID"]
        if self.chance(0.2) and not dilated:
            mode = self.pick(*modes)
            attributes["auto_pad"] = mode
            self.use(f"{prefix}.auto_pad.{mode}")
        else:
            if self.chance(0.45):
                attributes["pads"] = [int(self.rng.integers(0, min(k, 2)))
                                      for k in kernel + kernel]
                self.use(f"{prefix}.pads")
            if self.chance(0.4):
                attributes["ceil_mode"] = 1
                self.use(f"{prefix}.ceil_mode")
        if kind == "AveragePool":
            include = int(self.chance(0.5))
            attributes["count_include_pad"] = include
            if "pads" in attributes or "auto_pad" in attributes:
                self.use(f"{prefix}.count_include_pad_{include}")
        y = self.b.op(kind, [x.name], **attributes)
        return self.shaped(y, len(x.shape))

    def pad(self, x):
        """Zero padding of its own in front of the next layer."""
        spatial = len(x.shape) - 1
        pads = [int(v) for v in self.rng.integers(0, 2, size=2 * spatial)]
        pads[0] = 1
        full = [0, 0] + pads[:spatial] + [0, 0] + pads[spatial:]
        self.use("pad")
        y = self.b.pad(x.name, full)
        return self.shaped(y, len(x.shape))

    def spatial_block(self, x):
        """Convolution and quantizer, with what may stand between them."""
        if self.chance(0.15):
            x = self.pad(x)
        y = self.convolve(x)
        pooled = min(y.shape[1:]) >= 4 and self.chance(0.45)
        place = self.pick("before_batch_norm", "before_relu", "before_quantizer",
                          "after_quantizer") if pooled else None
        if place == "before_batch_norm":
            y = self.pool(y, "MaxPool", "before_batch_norm")
            y, negative = self.batch_norm(y)
            if negative:
                self.use("max_pool.before_negative_scale")
        else:
            y, _ = self.normalize(y)
        if place == "before_relu":
            y = self.pool(y, "MaxPool", "before_relu")
            y = Value(self.b.op("Relu", [y.name]), y.shape)
        if place == "before_quantizer":
            y = Value(self.b.op("Relu", [y.name]), y.shape)
            y = self.pool(y, "MaxPool", "before_quantizer")
        if place is None and min(y.shape[1:]) >= 4 and self.chance(0.12):
            y = self.pool(y, "AveragePool", "before_quantizer")
        y = self.quantize(y)
        if place == "after_quantizer":
            y = self.pool(y, "MaxPool", "after_quantizer")
        return y

    def average_block(self, x):
        """An average of spikes that the next layer receives."""
        return self.pool(x, "AveragePool", "after_quantizer")

    def reorder_block(self, x):
        """Elements moved, then a layer that sees them so."""
        if len(x.shape) != 3 or self.chance(0.5):
            spatial = list(range(2, x.rank))
            perm = [0, 1] + spatial[::-1]
            if len(x.shape) == 2:
                # Positions become channels, which then share one scale.
                x = self.quantize(x, per_channel=False)
                perm = [0, 2, 1]
            self.use("transpose.map")
            shape = tuple(x.shape[p - 1] for p in perm[1:])
            y = Value(self.b.op("Transpose", [x.name], perm=perm), shape)
        else:
            self.use("reshape.map_to_signal")
            shape = (x.shape[0], x.shape[1] * x.shape[2])
            batch = 0 if self.chance(0.5) else -1
            y = Value(self.b.op("Reshape", [x.name, self.b.constant(
                (batch,) + shape, np.int64)]), shape)
        if min(y.shape[1:]) < 3:
            return x
        return self.quantize(self.convolve(y))

    def residual_block(self, x):
        """A sum of branches and its quantizer."""
        kind = self.pick("identity", "projected", "two_quantizers", "three")
        y = self.convolve(x, x.shape[0], plain=True)
        y, _ = self.normalize(y)
        if kind == "two_quantizers":
            # As element-wise additions are exported: a quantizer each.
            y = self.quantize(y)
            other = self.quantize(self.convolve(x, x.shape[0], plain=True))
            self.use("add.two_quantizers")
        elif kind == "identity":
            other = x
            self.use("add.identity_skip")
        else:
            other = self.convolve(x, x.shape[0], [1] * (len(x.shape) - 1),
                                  plain=True)
            other, _ = self.normalize(other)
            self.use("add.projected_skip")
        pair = [y.name, other.name]
        if self.chance(0.5):
            pair.reverse()
        total = self.b.op("Add", pair)
        if kind == "three":
            total = self.b.op("Add", [total, x.name])
            self.use("add.three_branches")
        return self.quantize(Value(total, y.shape), per_channel=False)

    def concat_block(self, x):
        """Two branches of different scale side by side."""
        first = self.convolve(x, plain=True)
        second = self.convolve(x, plain=True)
        if self.chance(0.6):
            first, second = self.quantize(first), self.quantize(second)
            self.use("concat.quantized")
            late = False
        else:
            self.use("concat.sums")
            late = True
        name = self.b.op("Concat", [first.name, second.name], axis=1)
        y = Value(name, (first.shape[0] + second.shape[0],) + first.shape[1:])
        if late:
            return self.quantize(y)
        if self.chance(0.3):
            y = self.pool(y, "AveragePool", "after_quantizer")
        return y

    def dense(self, x, outputs):
        """A matrix product with a vector, as Gemm or as MatMul and Add."""
        inputs = x.shape[0]
        if self.chance(0.4):
            self.use("matmul")
            weight = self.weights.write([outputs, inputs], 0)
            weight = self.b.op("Transpose", [weight], perm=[1, 0])
            y = self.b.op("MatMul", [x.name, weight])
            if self.chance(0.6):
                pair = [y, self.bias(outputs)]
                if self.chance(0.4):
                    pair.reverse()
                y = self.b.op("Add", pair)
                self.use("matmul.add")
            return Value(y, (outputs,))
        attributes = {}
        if self.chance(0.6):
            weight = self.weights.write([outputs, inputs], 0)
            attributes["transB"] = 1
            self.use("gemm.transB")
        else:
            weight = self.weights.write([inputs, outputs], 1)
            self.use("gemm.no_transB")
        name = x.name
        if self.chance(0.2):
            name = self.b.op("Transpose", [name], perm=[1, 0])
            attributes["transA"] = 1
            self.use("gemm.transA")
        if self.chance(0.4):
            attributes["alpha"] = 0.5 if self.exact else float(self.pick(0.7, 1.3))
            self.use("gemm.alpha")
        operands = [name, weight]
        if self.b.opset < 11 or self.chance(0.7):
            operands.append(self.bias(outputs))
            if self.chance(0.4):
                attributes["beta"] = 2.0 if self.exact else float(self.pick(0.3, 1.7))
                self.use("gemm.beta")
        else:
            self.use("gemm.no_bias")
        self.use("gemm")
        return Value(self.b.op("Gemm", operands, **attributes), (outputs,))

    def dense_block(self, x):
        y = self.dense(x, int(self.rng.integers(4, 9)))
        y, _ = self.normalize(y)
        return self.quantize(y)

    # From maps to vectors.

    def flatten(self, x):
        """[N, C, ...] to [N, K] in one of the ways that exporters choose."""
        size = x.size
        ways = ["flatten", "flatten_negative", "constant", "copy", "arithmetic",
                "transpose"]
        if self.b.opset >= 14:
            ways.append("allowzero")
        way = self.pick(*ways)
        self.use("flatten." + way)
        b = self.b
        if way == "transpose" and len(x.shape) == 3:
            # Channels last, as from TensorFlow.
            name = b.op("Transpose", [x.name], perm=[0, 2, 3, 1])
            return Value(b.op("Flatten", [name], axis=1), (size,))
        if way == "flatten_negative" and b.opset >= 11:
            return Value(b.op("Flatten", [x.name], axis=-len(x.shape)), (size,))
        if way == "arithmetic":
            # view(x.size(0), -1)
            batch = b.op("Gather", [b.op("Shape", [x.name]),
                                    b.constant(0, np.int64)], axis=0)
            shape = b.op("Concat", [b.unsqueeze(batch, [0]),
                                    b.constant([-1], np.int64)], axis=0)
            return Value(b.op("Reshape", [x.name, shape]), (size,))
        if way in ("constant", "copy", "allowzero"):
            target = {"constant": [-1, size], "copy": [0, -1],
                      "allowzero": [-1, size]}[way]
            allow = 1 if way == "allowzero" else None
            return Value(b.op("Reshape", [x.name, b.constant(target, np.int64)],
                              allowzero=allow), (size,))
        return Value(b.op("Flatten", [x.name], axis=1), (size,))

    def to_vector(self, x):
        """Averages over space, or keeps all elements."""
        spatial = len(x.shape) - 1
        way = self.pick("flatten", "global", "reduce", "reduce_keep", "average",
                        "average")
        if way == "average" and min(x.shape[1:]) >= 3:
            return self.flatten(self.pool(x, "AveragePool", "after_quantizer"))
        if self.exact and int(np.prod(x.shape[1:])) not in (1, 2, 4, 8, 16, 32, 64):
            # Other divisors do not keep floats exact.
            return self.flatten(x)
        if way == "global":
            self.use("global_average_pool")
            y = self.b.op("GlobalAveragePool", [x.name])
            return self.flatten(Value(y, (x.shape[0],) + (1,) * spatial))
        if way in ("reduce", "reduce_keep"):
            self.use("reduce_mean.axes_input" if self.b.opset >= 18
                     else "reduce_mean.axes_attribute")
            axes = list(range(2, 2 + spatial))
            if self.chance(0.5):
                axes = [a - (2 + spatial) for a in axes]
                self.use("reduce_mean.negative_axes")
            keep = int(way == "reduce_keep")
            self.use(f"reduce_mean.keepdims_{keep}")
            y = self.b.reduce_mean(x.name, axes, keep)
            if keep:
                return self.flatten(Value(y, (x.shape[0],) + (1,) * spatial))
            return Value(y, (x.shape[0],))
        return self.flatten(x)
