"""Random quantized networks as ONNX graphs, from a seed.

Each network is built layer by layer with real values flowing: scales of
quantizers are chosen from what arrives at them, so that all levels occur.
"""

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto

from graph_layers import LayerWriter, Value
from graph_resampling import ResamplingWriter
from onnx_builder import GraphBuilder, OPSETS
from quantizer_styles import ActivationWriter, WeightWriter, axis_shape
from reference_evaluator import Evaluator

SAMPLES = 4


@dataclass
class RandomGraph:
    """A model with its inputs and what has to be known to judge its results.

    exact: every number is a dyadic rational small enough for float64, so that
    any order of evaluation gives the same bits.
    host: output name -> name of the value in front of its host operators.
    """
    seed: int
    model: onnx.ModelProto
    inputs: np.ndarray
    options: list
    features: set
    exact: bool
    external: bool
    pixels: object = None
    host: dict = field(default_factory=dict)
    encodings: bool = False

    def reference_inputs(self):
        """What the graph itself sees of the inputs."""
        x = self.inputs.astype(np.float64)
        if self.pixels is not None:
            scale, mean, std = self.pixels
            spread = axis_shape(x.ndim, 1, x.shape[1])
            x = (x / scale - np.reshape(mean, spread)) / np.reshape(std, spread)
        return x


class Generator(LayerWriter, ResamplingWriter):
    """Builds the network of one seed."""

    def __init__(self, seed):
        self.seed = seed
        self.rng = np.random.default_rng(seed)
        self.features = set()
        self.exact = self.rng.random() < 0.4
        self.ties = self.exact and self.rng.random() < 0.3
        opset = int(self.rng.choice(OPSETS))
        constants = str(self.rng.choice(["initializer", "node"]))
        ir_version = 13 if opset == 22 and self.rng.random() < 0.6 else None
        self.b = GraphBuilder(opset, constants, ir_version)
        self.use(f"opset.{opset}")
        self.use(f"constants.{constants}")
        if ir_version:
            self.use("ir_version.13")
        self.weights = WeightWriter(self.b, self.rng, self.exact, self.use)
        self.activations = ActivationWriter(self.b, self.rng, self.use)
        self.style = None
        if self.rng.random() < 0.5:
            # One way of writing throughout, as an exporter does.
            self.style = str(self.rng.choice(self.activations.styles(False)))
        self.options = []
        self.host = {}
        self.pixels = None
        self.encodings = False
        self.bits_seen = set()
        self.has_unsigned_only = True

    def use(self, feature):
        self.features.add(feature)

    def chance(self, probability):
        return self.rng.random() < probability

    def pick(self, *choices):
        return choices[int(self.rng.integers(len(choices)))]

    # Values.

    def values(self, value):
        """The value's numbers for the samples, in float64."""
        b = self.b
        saved = b.outputs
        b.outputs = []
        model = b.model(extra_outputs=[value.name])
        b.outputs = saved
        outputs, _ = Evaluator(model).run(self.reference_samples)
        return outputs[value.name]

    def number(self, low, high, size=None):
        """A random constant: in exact graphs an odd multiple of 2^-12, which
        keeps sums off rounding boundaries."""
        value = self.rng.uniform(low, high, size=size)
        if self.exact:
            if self.ties:
                return np.round(value * 8) / 8
            return (2 * np.floor(value * 2048) + 1) / 4096
        return np.float32(value).astype(np.float64)

    def scale_for(self, values, limit, channels=None):
        """A quantizer's scale for these values, one a channel if asked."""
        def one(v):
            reach = np.quantile(np.abs(v), 0.93) * self.rng.uniform(0.7, 1.2)
            scale = max(float(reach) / limit, 1e-2)
            if self.exact:
                return float(2.0 ** np.round(np.log2(scale)))
            return float(np.float32(scale))
        if channels is None:
            return one(values)
        base = one(values)
        if self.exact or self.chance(0.5):
            # Rational to each other: they fit on one integer lattice.
            return [base * float(self.pick(0.5, 1, 1, 2)) for _ in range(channels)]
        return [one(values[:, c]) for c in range(channels)]

    def quantize(self, value, description=None, per_channel=None):
        """Appends an activation quantizer."""
        if self.chance(0.15):
            value = Value(self.b.op("Identity", [value.name]), value.shape)
            self.use("identity")
        if description is None:
            description = self.activations.choose_range()
            if self.chance(0.15):
                bits = int(self.pick(3, 4))
                signed = self.chance(0.5)
                zero = (int(self.pick(-2, -1, 1)) if signed
                        else int(self.rng.integers(1, 2 ** bits - 2)))
                description = {"bits": bits, "signed": signed,
                               "narrow": False, "zero": zero}
        style = self.style
        if self.ties and style in ("paper", "straight_through"):
            # Dividing by 2^b - 1 breaks ties either way.
            style = "learned_step"
        if description["zero"] and style not in ("quant", "qcdq"):
            style = None if self.b.opset >= 13 else "quant"
        if per_channel is None:
            per_channel = len(value.shape) > 1 and self.chance(0.12)
        if per_channel and style is not None:
            if style not in self.activations.styles(True):
                style = "quant"
        if style is None:
            names = self.activations.styles(per_channel)
            if description["zero"]:
                names = [n for n in names if n in ("quant", "qcdq")]
            if self.ties:
                names = [n for n in names
                         if n not in ("paper", "straight_through")]
            style = str(self.rng.choice(names))
        if style == "quant" and self.chance(0.2):
            description = dict(description,
                               rounding=self.pick("HALF_UP", "FLOOR"))
        low, high = self.activations.limits(description)
        self.bits_seen.add(description["bits"])
        if low < 0:
            self.has_unsigned_only = False
        elif self.chance(0.5):
            value = Value(self.b.op("Relu", [value.name]), value.shape)
            self.use("relu")
        elif self.chance(0.15):
            # A bound far above the quantizer's: no effect, as ReLU6 has it.
            value = Value(self.b.clip(value.name, 0.0, 1024.0), value.shape)
            self.use("clip")
        scale = self.scale_for(self.values(value), max(high, -low),
                               value.shape[0] if per_channel else None)
        name = self.activations.write(value.name, value.rank, scale, description,
                                      style)
        result = Value(name, value.shape)
        if self.chance(0.08):
            result = Value(self.b.dropout(name), value.shape)
            self.use("dropout")
        return result

    # Inputs and outputs.

    def make_input(self, shape):
        """The network's input with its samples, quantized or not."""
        kinds = ["real", "quantized", "quantized", "affine_quantized", "pixels",
                 "pixels_quantized"]
        kind = self.pick(*kinds)
        if len(shape) == 1 and kind.startswith("pixels"):
            kind = "quantized"
        self.use("input." + kind)
        dynamic = self.chance(0.6)
        self.use("batch.dynamic" if dynamic else "batch.1")
        batch = "N" if dynamic else 1
        name = self.b.input("input", [batch] + list(shape))
        full = (SAMPLES,) + tuple(shape)
        if kind.startswith("pixels"):
            self.inputs = self.rng.integers(0, 256, size=full).astype(np.uint8)
            # The means have the step of the pixels where exactness is wanted.
            scale = "256" if self.exact else "255"
            count = shape[0]
            mean = ["0.5" if self.exact else f"{v:.3f}"
                    for v in self.rng.uniform(0.3, 0.6, size=count)]
            std = ["0.25" if self.exact else f"{v:.3f}"
                   for v in self.rng.uniform(0.2, 0.3, size=count)]
            parts = [f"scale={scale}"]
            if self.chance(0.75):
                parts += ["mean=" + ":".join(mean), "std=" + ":".join(std)]
                self.use("input.pixels_normalized")
            else:
                mean, std = ["0"] * count, ["1"] * count
            self.options.append("--preprocess=" + ",".join(parts))
            self.pixels = (float(scale), [float(m) for m in mean],
                           [float(s) for s in std])
        else:
            self.inputs = self.rng.uniform(-1, 1, size=full)
            if self.exact:
                self.inputs = np.round(self.inputs * 64) / 64 + 1 / 512
            self.inputs = self.inputs.astype(np.float32)
        self.reference_samples = RandomGraph(
            self.seed, None, self.inputs, [], set(), False, False,
            self.pixels).reference_inputs()
        value = Value(name, tuple(shape))
        if kind == "affine_quantized":
            two = self.b.constant(2.0)
            value = Value(self.b.op("Mul", [value.name, two]), value.shape)
            value = Value(self.b.op("Sub", [value.name, self.b.constant(
                self.number(-0.5, 0.5))]), value.shape)
        if kind.endswith("quantized"):
            bits = int(self.pick(2, 4, 8))
            signed = True
            description = {"bits": bits, "signed": signed,
                           "narrow": self.chance(0.5), "zero": 0}
            low, high = self.activations.limits(description)
            scale = self.scale_for(self.values(value), max(high, -low))
            style = "quant" if self.b.opset < 11 or self.chance(0.5) else self.pick(
                "learned_step", "quant")
            value = Value(self.activations.write(value.name, value.rank, scale,
                                                 description, style), value.shape)
        self.encodings = kind != "real"
        return value

    def finish(self, x, name="output"):
        """The last layer, and what the host does with it."""
        y = self.dense(x, int(self.rng.integers(3, 7)))
        if self.chance(0.3):
            y, _ = self.normalize(y)
        raw = y.name
        choice = self.pick("none", "none", "none", "Softmax", "ArgMax", "Sigmoid")
        element, shape = TensorProto.FLOAT, ["N" if "batch.dynamic" in
                                             self.features else 1, y.shape[0]]
        if choice == "Softmax":
            raw_next = self.b.op("Softmax", [raw], axis=self.pick(1, -1)
                                 if self.b.opset >= 13 else 1)
        elif choice == "ArgMax":
            raw_next = self.b.op("ArgMax", [raw], axis=1, keepdims=0)
            element, shape = TensorProto.INT64, shape[:1]
        elif choice == "Sigmoid":
            raw_next = self.b.op("Sigmoid", [raw])
        else:
            raw_next = raw
        if choice != "none":
            self.use("host." + choice)
        # The last node takes the output's name.
        for node in self.b.nodes:
            for i, output in enumerate(node.output):
                if output == raw_next:
                    node.output[i] = name
            for i, operand in enumerate(node.input):
                if operand == raw_next:
                    node.input[i] = name
        self.b.output(name, shape, element)
        self.host[name] = name if raw == raw_next else raw

    def build(self):
        """The RandomGraph of this seed."""
        layout = self.pick("image", "image", "image", "signal", "vector")
        if layout == "image":
            shape = (int(self.pick(1, 2, 3, 4)), int(self.rng.integers(5, 9)),
                     int(self.rng.integers(5, 9)))
        elif layout == "signal":
            shape = (int(self.pick(1, 2, 3)), int(self.rng.integers(8, 13)))
        else:
            shape = (int(self.rng.integers(5, 13)),)
        self.use("layout." + layout)
        x = self.make_input(shape)
        if layout != "vector":
            x = self.spatial_block(x)
            if self.chance(0.75) and min(x.shape[1:]) >= 2:
                x = self.resampling_block(x)
            for _ in range(int(self.rng.integers(1, 3))):
                if min(x.shape[1:]) < 3:
                    break
                block = self.pick(self.spatial_block, self.spatial_block,
                                  self.residual_block, self.residual_block,
                                  self.concat_block, self.average_block,
                                  self.reorder_block, self.resampling_block)
                x = block(x)
            x = self.to_vector(x)
        else:
            x = self.dense_block(x)
        if self.chance(0.5):
            x = self.dense_block(x)
        if self.chance(0.15):
            first, second = self.dense_block(x), self.dense_block(x)
            x = Value(self.b.op("Concat", [first.name, second.name], axis=1),
                      (first.shape[0] + second.shape[0],))
            self.use("concat.vectors")
        self.finish(x)
        if self.chance(0.2):
            self.finish(x, "second")
            self.use("several_outputs")
        if len(self.bits_seen) > 1:
            self.use("range.mixed")
        self.choose_options()
        if self.exact:
            self.use("exact.ties" if self.ties else "exact")
        listed = self.chance(0.2)
        if listed:
            self.use("initializers_listed_as_inputs")
        external = self.chance(0.12)
        if external:
            self.use("external_data")
        return RandomGraph(self.seed, self.b.model(list_initializers=listed),
                           self.inputs, self.options, self.features,
                           self.exact, external, self.pixels,
                           self.host, self.encodings)

    def choose_options(self):
        """Compile options that change what the spiking levels compute."""
        if self.chance(0.15):
            self.options.append("--epsilon=0.001")
            self.use("option.epsilon")
        if self.chance(0.15):
            self.options.append(f"--time-steps={int(self.pick(2, 5, 20))}")
            self.use("option.time_steps")
        if self.has_unsigned_only and self.chance(0.3):
            self.options.append("--unsigned")
            self.use("option.unsigned")


def generate(seed):
    """The network of a seed; equal seeds give equal networks."""
    return Generator(seed).build()
