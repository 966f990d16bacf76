"""The certificate document: reading it, and what its numbers mean.

Real constants are read as exact rationals (every double is one); see
docs/spec.md for the two neurons that a certificate compares.
"""

from dataclasses import dataclass, field
from fractions import Fraction
import math


class FormatError(Exception):
    """The document does not say what a certificate has to say."""


def _get(mapping, key, kind, where):
    if not isinstance(mapping, dict) or key not in mapping:
        raise FormatError(f"{where}: '{key}' is missing")
    value = mapping[key]
    wrong = not isinstance(value, kind) or (kind is int and
                                            isinstance(value, bool))
    if wrong:
        raise FormatError(f"{where}: '{key}' is {value!r}, expected "
                          f"{getattr(kind, '__name__', kind)}")
    return value


def _integers(mapping, key, count, where):
    values = _get(mapping, key, list, where)
    if len(values) != count or any(
            not isinstance(v, int) or isinstance(v, bool) for v in values):
        raise FormatError(f"{where}: '{key}' is {values!r}, expected {count} integers")
    return values


def rational(text, where):
    """The exact value of a double in hexadecimal notation."""
    if not isinstance(text, str):
        raise FormatError(f"{where}: {text!r} is not a hexadecimal float")
    try:
        value = float.fromhex(text)
    except (ValueError, OverflowError):
        raise FormatError(f"{where}: {text!r} is not a hexadecimal float") from None
    if not math.isfinite(value):
        raise FormatError(f"{where}: {text!r} is not finite")
    return Fraction(value)


@dataclass
class Input:
    """Where charge comes from: a spike train with net counts in lo..hi, or a
    constant current whose source values are in lo..hi."""
    lo: int
    hi: int
    constant: bool
    shift: int


@dataclass
class Channel:
    """Constants of one output channel; `biases` holds (real, integer) pairs."""
    gains: list
    theta: Fraction
    start: Fraction
    positive: list
    negative: list
    factors: list
    integer_theta: int
    integer_start: int
    integer_epsilon: int
    biases: list


@dataclass
class Layer:
    """One neuron layer. `membrane` is the proved range of the integer state."""
    name: str
    kind: str
    bound: Fraction
    fractional_bits: int
    minimal: bool
    cases: int
    ties: int
    state_bits: int
    membrane: tuple
    unsigned: bool
    # None, or what a settled neuron does at a tie: "up" or "even".
    settled: str
    lo: int
    hi: int
    epsilon: Fraction
    time_steps: int
    inputs: list
    channels: list = field(default_factory=list)

    def count_range(self, step):
        """Net counts that a neuron can have before its decision of `step`."""
        return max(self.lo, -(step - 1)), min(self.hi, step - 1)

    def sum_range(self, channel, k, step):
        """Bounds of the weighted sum of input k after `step` steps, and the
        distance of the values it takes: (lo, hi, step size)."""
        source = self.inputs[k]
        pos, neg = channel.positive[k], channel.negative[k]
        if source.constant:
            lo, hi = source.lo, source.hi
            return (step * (pos * lo + neg * hi), step * (pos * hi + neg * lo),
                    step)
        lo, hi = max(source.lo, -step), min(source.hi, step)
        return pos * lo + neg * hi, pos * hi + neg * lo, 1

    def steps(self):
        """The steps at which decisions are asked; settled neurons know but one
        sum, that of all steps."""
        return [self.time_steps] if self.settled else range(1, self.time_steps + 1)

    def counts(self, step):
        """The net counts at which decisions of `step` are asked."""
        if self.settled:
            return range(max(self.lo, -self.time_steps),
                         min(self.hi, self.time_steps) + 1)
        low, high = self.count_range(step)
        return range(low, high + 1)

    def terms(self, channel, step):
        """What each input can have added at `step`: (lo, hi, real, integer) says
        that it is real * j for the real and integer * j for the integer membrane,
        lo <= j <= hi. Settled neurons add a constant input once."""
        result = []
        for k in range(len(self.inputs)):
            lo, hi, size = self.sum_range(channel, k, step)
            integer = self.integer_gain(channel, k) * (1 if self.settled else size)
            result.append((lo // size, hi // size, channel.gains[k] * size, integer))
        return result

    def integer_steps(self, step):
        """How often the integer bias has been added at `step`."""
        return 1 if self.settled else step

    def strict(self, test, count):
        """Whether a membrane at exactly the border is below it: "up" asks for
        theta, "down" for 0. Only ties to even differ."""
        border = count + 1 if test == "up" else count
        return self.settled == "even" and border % 2 == 1

    def main_input(self):
        """The input whose sum is shifted by the fractional bits and not scaled:
        the first for which that holds, or None. In a settled layer it may have a
        factor: then it is the one with the widest sum."""
        if self.settled and any(abs(channel.factors[k]) > 1 for channel in self.channels
                                for k, source in enumerate(self.inputs)
                                if source.shift == self.fractional_bits):
            widths = [max((c.positive[k] - c.negative[k]) * (s.hi - s.lo)
                          for c in self.channels) for k, s in enumerate(self.inputs)]
            return widths.index(max(widths))
        for k, source in enumerate(self.inputs):
            if source.shift == self.fractional_bits and all(
                    abs(channel.factors[k]) <= 1 for channel in self.channels):
                return k
        return None

    def decisions(self, step, count):
        """What is asked at (step, count): "up", "down", both or neither."""
        if self.settled and abs(count) == self.time_steps:
            # Nothing follows the last spike.
            return ["down"] if count > 0 and not self.unsigned else (
                ["up"] if count < 0 else [])
        asked = ["up"] if count < self.hi else []
        if count > self.lo and not self.unsigned:
            asked.append("down")
        return asked

    def integer_gain(self, channel, k):
        """What one unit of the weighted sum of input k adds to the state."""
        return channel.factors[k] << self.inputs[k].shift


def _parse_channel(data, inputs, where):
    gains = _get(data, "gains", list, where)
    if len(gains) != inputs:
        raise FormatError(f"{where}: {len(gains)} gains for {inputs} inputs")
    biases = []
    for pair in _get(data, "biases", list, where):
        if (not isinstance(pair, list) or len(pair) != 2 or
                not isinstance(pair[1], int) or isinstance(pair[1], bool)):
            raise FormatError(f"{where}: bias {pair!r} is not [real, integer]")
        biases.append((rational(pair[0], f"{where}: bias"), pair[1]))
    if not biases:
        raise FormatError(f"{where}: no bias")
    return Channel(
        gains=[rational(g, f"{where}: gain") for g in gains],
        theta=rational(_get(data, "theta", str, where), f"{where}: theta"),
        start=rational(_get(data, "start", str, where), f"{where}: start"),
        positive=_integers(data, "positive", inputs, where),
        negative=_integers(data, "negative", inputs, where),
        factors=_integers(data, "factors", inputs, where),
        integer_theta=_get(data, "Theta", int, where),
        integer_start=_get(data, "V0", int, where),
        integer_epsilon=_get(data, "E", int, where), biases=biases)


def parse_layer(data, time_steps):
    """A Layer from its JSON object. Errors: FormatError."""
    name = _get(data, "name", str, "a layer")
    inputs = []
    for source in _get(data, "inputs", list, name):
        inputs.append(Input(_get(source, "lo", int, name),
                            _get(source, "hi", int, name),
                            _get(source, "constant", bool, name),
                            _get(source, "shift", int, name)))
    membrane = _integers(data, "membrane", 2, name)
    layer = Layer(
        name=name, kind=_get(data, "kind", str, name),
        bound=rational(_get(data, "bound", str, name), f"{name}: bound"),
        fractional_bits=_get(data, "fractional_bits", int, name),
        minimal=_get(data, "minimal", bool, name),
        cases=_get(data, "cases", int, name), ties=_get(data, "ties", int, name),
        state_bits=_get(data, "state_bits", int, name),
        membrane=tuple(membrane), unsigned=_get(data, "unsigned", bool, name),
        settled=data.get("settled"),
        lo=_get(data, "lo", int, name), hi=_get(data, "hi", int, name),
        epsilon=rational(_get(data, "epsilon", str, name), f"{name}: epsilon"),
        time_steps=time_steps, inputs=inputs)
    if layer.settled not in (None, "up", "even"):
        raise FormatError(f"{name}: 'settled' is {layer.settled!r}")
    for index, channel in enumerate(_get(data, "channels", list, name)):
        layer.channels.append(
            _parse_channel(channel, len(inputs), f"{name}, channel {index}"))
    return layer


def parse(document):
    """The layers of a certificate document. Errors: FormatError."""
    if _get(document, "version", int, "certificate") != 1:
        raise FormatError("certificate: unknown version")
    time_steps = _get(document, "time_steps", int, "certificate")
    if time_steps < 1:
        raise FormatError("certificate: 'time_steps' is below 1")
    return [parse_layer(layer, time_steps)
            for layer in _get(document, "layers", list, "certificate")]
