"""Random layers that move, repeat and take elements, or spread them out."""

import numpy as np

from graph_layers import Value


class ResamplingWriter:
    """More layers for the Generator (graph_generator.py)."""

    def transposed(self, x, channels=None):
        """ConvTranspose with random attributes."""
        spatial = len(x.shape) - 1
        cin = x.shape[0]
        groups = 1
        if cin > 1 and self.chance(0.35):
            groups = cin if self.chance(0.5) else next(
                g for g in (2, 3, cin) if cin % g == 0)
            self.use("transposed.groups")
        outputs = channels or int(self.pick(1, 2, 2, 3))
        kernel = [int(self.pick(1, 2, 3, 3, 4)) for _ in range(spatial)]
        strides = [int(self.pick(1, 2, 2, 3)) for _ in range(spatial)]
        dilations = [1] * spatial
        attributes = {"group": groups}
        if self.chance(0.6):
            attributes["kernel_shape"] = kernel
        if self.chance(0.85):
            attributes["strides"] = strides
            self.use("transposed.strides")
        else:
            strides = [1] * spatial
        if self.chance(0.25):
            dilations = [int(self.pick(1, 2)) for _ in range(spatial)]
            attributes["dilations"] = dilations
            self.use("transposed.dilations")
        extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
        if self.chance(0.3) and all(s > 1 for s in strides):
            attributes["output_padding"] = [int(self.rng.integers(0, s))
                                            for s in strides]
            self.use("transposed.output_padding")
        added = attributes.get("output_padding", [0] * spatial)
        reach = [s * (n - 1) + a + e for s, n, a, e in
                 zip(strides, x.shape[1:], added, extent)]
        way = self.pick("pads", "pads", "none", "auto", "auto", "shape")
        fits = all(r >= s * n for r, s, n in zip(reach, strides, x.shape[1:]))
        if way == "pads":
            # More than the kernel covers cuts inputs off.
            pads = [int(self.rng.integers(0, max(1, min(e + 1, r // 2))))
                    for e, r in zip(extent + extent, reach + reach)]
            attributes["pads"] = pads
            self.use("transposed.pads")
            if any(p > e - 1 for p, e in zip(pads, extent + extent)):
                self.use("transposed.cropped_input")
        elif way == "auto" and fits:
            attributes["auto_pad"] = self.pick("SAME_UPPER", "SAME_LOWER")
            self.use("transposed.auto_pad." + attributes["auto_pad"])
        elif way == "shape":
            attributes["output_shape"] = [
                int(self.rng.integers(max(1, r - 3), r + 1)) for r in reach]
            if self.chance(0.4):
                attributes["auto_pad"] = "SAME_UPPER"
            self.use("transposed.output_shape")
        shape = [cin, outputs] + kernel
        inputs = [x.name, self.weights.write(shape, 1)]
        if self.chance(0.4):
            inputs.append(self.bias(outputs * groups))
        if spatial == 1:
            self.use("transposed.1d")
        return self.shaped(self.b.op("ConvTranspose", inputs, **attributes),
                           len(x.shape))

    def upsample(self, x):
        """Nearest upsampling by integer factors, in the words of the opset."""
        b, spatial = self.b, len(x.shape) - 1
        factors = [int(self.pick(1, 2, 2, 3)) for _ in range(spatial)]
        if max(factors) == 1:
            factors[0] = 2
        scales = np.float32([1, 1] + factors)
        if b.opset < 10:
            self.use("upsample.node")
            y = b.op("Upsample", [x.name, b.constant(scales)], mode="nearest")
            return self.shaped(y, len(x.shape))
        modes = ["half_pixel", "asymmetric", "asymmetric", "align_corners",
                 "pytorch_half_pixel"]
        if b.opset < 13:
            modes.append("tf_half_pixel_for_nn")
        if b.opset >= 19:
            modes.append("half_pixel_symmetric")
        mode = self.pick(*modes)
        rounding = self.pick("round_prefer_floor", "round_prefer_ceil", "floor",
                             "ceil")
        attributes = {"mode": "nearest", "coordinate_transformation_mode": mode,
                      "nearest_mode": rounding}
        self.use("resize." + mode)
        self.use("resize." + rounding)
        axes = None
        if b.opset >= 18 and self.chance(0.6):
            axes = list(range(2, 2 + spatial))
            attributes["axes"] = axes
            self.use("resize.axes")
        roi = b.constant([], np.float32) if self.chance(0.3) else ""
        if self.chance(0.5):
            self.use("resize.scales")
            inputs = [x.name, roi, b.constant(scales[2:] if axes else scales)]
        else:
            sizes = [f * n for f, n in zip(factors, x.shape[1:])]
            empty = b.constant([], np.float32) if self.chance(0.3) else ""
            tail = b.constant(sizes, np.int64)
            if not axes:
                # As torch writes it: the batch and channels of the input.
                shape = b.op("Shape", [x.name])
                head = b.op("Slice", [shape, b.constant([0], np.int64),
                                      b.constant([2], np.int64),
                                      b.constant([0], np.int64)])
                tail = b.op("Concat", [head, tail], axis=0)
            inputs = [x.name, roi, empty, tail]
            self.use("resize.sizes")
        return self.shaped(b.op("Resize", inputs, **attributes), len(x.shape))

    def depth_space(self, x):
        """Space and depth exchanged, as one node or as exporters' chains."""
        b = self.b
        block = 2
        if self.chance(0.35):
            if x.shape[0] % 4:
                x = self.quantize(self.convolve(x, 4, plain=True))
            c, h, w = x.shape
            way = self.pick("DCR", "CRD", "chain")
            self.use("depth_to_space." + way)
            if way == "DCR" or (way == "CRD" and b.opset >= 11):
                y = b.op("DepthToSpace", [x.name], blocksize=block,
                         mode=way if b.opset >= 11 else None)
            else:
                y = self.rearranged(x, [c // 4, 2, 2, h, w], [0, 1, 4, 2, 5, 3],
                                    [c // 4, 2 * h, 2 * w])
            return self.shaped(y, 3)
        c, h, w = x.shape
        h, w = h - h % 2, w - w % 2
        if (c, h, w) != x.shape:
            x = self.take(x, [slice(None), slice(0, h), slice(0, w)])
        way = self.pick("node", "node", "chain", "passthrough", "slices")
        self.use("space_to_depth." + way)
        if way == "node":
            y = b.op("SpaceToDepth", [x.name], blocksize=block)
        elif way == "chain":
            y = self.rearranged(x, [c, h // 2, 2, w // 2, 2], [0, 1, 3, 5, 2, 4],
                                [4 * c, h // 2, w // 2])
        elif way == "passthrough":
            # The reorg layer of YOLOv2, as its PyTorch ports write it.
            y = self.rearranged(x, [c, h // 2, 2, w // 2, 2], [0, 1, 2, 4, 3, 5],
                                [c, h // 2 * (w // 2), 4])
            y = self.rearranged(Value(y, (c, h // 2 * (w // 2), 4)), None,
                                [0, 1, 3, 2], [c, 4, h // 2, w // 2])
            y = self.rearranged(Value(y, (c, 4, h // 2, w // 2)), None,
                                [0, 2, 1, 3, 4], [4 * c, h // 2, w // 2])
        else:
            parts = [self.take(x, [slice(None), slice(i, None, 2),
                                   slice(j, None, 2)]).name
                     for j in range(2) for i in range(2)]
            y = b.op("Concat", parts, axis=1)
        return self.shaped(y, 3)

    def rearranged(self, x, split, permutation, shape):
        """Reshape, Transpose, Reshape; `split` may be None."""
        b, name = self.b, x.name
        if split:
            name = b.op("Reshape", [name, b.constant([-1] + split, np.int64)])
        name = b.op("Transpose", [name], perm=permutation)
        return b.op("Reshape", [name, b.constant([-1] + shape, np.int64)])

    def take(self, x, ranges):
        """Slice by Python slices, the batch left out."""
        b = self.b
        axes, starts, ends, steps = [], [], [], []
        for axis, part in enumerate(ranges):
            if part == slice(None):
                continue
            step = part.step or 1
            axes.append(axis + 1)
            starts.append(part.start if part.start is not None
                          else (0 if step > 0 else -1))
            ends.append(part.stop if part.stop is not None
                        else (2 ** 31 - 1 if step > 0 else -2 ** 31))
            steps.append(step)
        if b.opset < 10:
            for axis, step in zip(axes, steps):
                if step != 1:
                    raise ValueError("no steps before opset 10")
            y = b.op("Slice", [x.name], axes=axes, starts=starts, ends=ends)
        else:
            y = b.op("Slice", [x.name] + [b.constant(v, np.int64) for v in
                                          (starts, ends, axes, steps)])
        return self.shaped(y, len(x.shape))

    def split(self, x):
        """Channels in two parts, the second one in front."""
        b, first = self.b, int(self.rng.integers(1, x.shape[0]))
        sizes = [first, x.shape[0] - first]
        way = self.pick("Split", "Slice", "Gather")
        self.use("split." + way)
        if way == "Split":
            if b.opset < 13:
                parts = b.op("Split", [x.name], 2, axis=1, split=sizes)
            else:
                parts = b.op("Split", [x.name, b.constant(sizes, np.int64)], 2,
                             axis=1)
        elif way == "Slice":
            parts = [self.take(x, [slice(0, first)]).name,
                     self.take(x, [slice(first, None)]).name]
        else:
            order = self.rng.permutation(x.shape[0])
            y = b.op("Gather", [x.name, b.constant(order, np.int64)], axis=1)
            return Value(y, x.shape)
        y = b.op("Concat", parts[::-1], axis=1)
        return Value(y, x.shape)

    def bordered(self, x):
        """Borders that repeat elements."""
        spatial = len(x.shape) - 1
        mode = self.pick("edge", "reflect")
        amounts = [int(v) for v in self.rng.integers(0, 3, size=2 * spatial)]
        amounts[0] = 1
        self.use("pad." + mode)
        full = [0, 0] + amounts[:spatial] + [0, 0] + amounts[spatial:]
        y = self.b.pad(x.name, full, mode)
        return self.shaped(y, len(x.shape))

    def resampling_block(self, x):
        """One of these, in front of a convolution or behind one."""
        ways = [self.upsample, self.transposed, self.transposed, self.bordered]
        if x.shape[0] > 1:
            ways.append(self.split)
        if len(x.shape) == 3 and self.b.opset >= 10 and min(x.shape) > 1:
            ways += [self.depth_space, self.depth_space]
        way = ways[int(self.rng.integers(len(ways)))]
        if way == self.transposed:
            y = way(x)
        elif way != self.depth_space and self.chance(0.3):
            # (One channel of weights may not feed channels of other scales.)
            self.use("resampling.behind_weights")
            if way == self.split:
                # Real weights, as channels of different scale make them, have
                # to stay in their channel.
                x = self.quantize(x, per_channel=False)
            y = way(self.convolve(x, max(2, x.shape[0]), plain=True))
        else:
            y = way(x)
            if max(y.shape[1:]) > 20:
                y = self.take(y, [slice(None)] + [slice(0, 16)] *
                              (len(y.shape) - 1))
            if min(y.shape[1:]) < 3:
                return x
            y = self.convolve(y)
        if max(y.shape[1:]) > 10:
            y = self.take(y, [slice(None)] + [slice(0, 9)] * (len(y.shape) - 1))
        if min(y.shape[1:]) >= 4 and self.chance(0.2):
            y = self.pool(y, "AveragePool", "before_quantizer")
        y, _ = self.normalize(y)
        return self.quantize(y)
