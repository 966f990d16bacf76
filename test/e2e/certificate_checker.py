#!/usr/bin/env python3
"""Checks folding certificates, independently of the compiler.

`fastsnn-compile --emit=certificate` claims for every neuron layer that its
integer constants fire exactly when the real constants do (`exact`), that the
membranes never differ by more than a bound (`bounded`), and that fewer
fractional bits cannot do (`minimal`). This program decides each claim in exact
integer arithmetic. It shares nothing with the compiler but the file.

    certificate_checker.py cert.json        exit status 1 if a claim is false
"""

from dataclasses import dataclass
from fractions import Fraction
import itertools
import json
import math
import sys

import certificate
import lattice
import minimality


@dataclass
class Finding:
    """A false claim. `case`, where there is one, is the counterexample
    {step, count, bias, sums, test}: sums are those of the inputs."""
    layer: str
    channel: int
    claim: str
    text: str
    case: dict = None

    def __str__(self):
        where = self.layer if self.channel is None else (
            f"{self.layer}, channel {self.channel}")
        return f"{where}: {self.claim}: {self.text}"


def decide_settled(layer, v, theta, count):
    """+1, -1 or 0: what a settled neuron with membrane v does, by its definition."""
    odd = count % 2 == 1
    even = layer.settled == "even"
    if count < layer.hi and (v > theta or (v == theta and (odd or not even))):
        return 1
    falls = v < 0 or (v == 0 and even and odd)
    return -1 if falls and count > layer.lo and not layer.unsigned else 0


def decide_real(layer, channel, step, count, sums, bias):
    """+1, -1 or 0: what the neuron with real constants does, by its definition
    and in rational arithmetic."""
    v = (channel.start + sum(g * s for g, s in zip(channel.gains, sums)) +
         step * bias - count * channel.theta)
    if layer.settled:
        return decide_settled(layer, v, channel.theta, count)
    if v >= channel.theta and count < layer.hi:
        return 1
    below = v < 0 if layer.epsilon == 0 else v <= -layer.epsilon
    return -1 if below and count > layer.lo and not layer.unsigned else 0


def decide_integer(layer, channel, step, count, sums, bias):
    """The same for the neuron with integer constants."""
    v = (channel.integer_start + layer.integer_steps(step) * bias -
         count * channel.integer_theta)
    for k, s in enumerate(sums):
        if layer.settled and layer.inputs[k].constant:
            s //= step
        v += channel.factors[k] * s << layer.inputs[k].shift
    if layer.settled:
        return decide_settled(layer, v, channel.integer_theta, count)
    if v >= channel.integer_theta and count < layer.hi:
        return 1
    below = v <= -channel.integer_epsilon
    return -1 if below and count > layer.lo and not layer.unsigned else 0


def structure_findings(layer):
    """What has to hold before anything else can be said about a layer."""
    def fail(text, channel=None):
        return Finding(layer.name, channel, "structure", text)

    found = []
    if layer.kind not in ("exact", "bounded"):
        found.append(fail(f"unknown kind '{layer.kind}'"))
    if not layer.lo <= 0 <= layer.hi or layer.lo == layer.hi:
        found.append(fail(f"count range {layer.lo}..{layer.hi}"))
    if layer.unsigned and layer.lo != 0:
        found.append(fail("unsigned neurons with negative counts"))
    if layer.epsilon < 0 or (layer.settled and layer.epsilon != 0):
        found.append(fail("epsilon is negative, or that of a settled layer"))
    if layer.bound < 0 or (layer.kind == "exact" and layer.bound != 0):
        found.append(fail(f"bound {float(layer.bound)} of kind {layer.kind}"))
    if layer.state_bits not in (32, 64):
        found.append(fail(f"state of {layer.state_bits} bits"))
    limit = 1 << (layer.state_bits - 1)
    low, high = layer.membrane
    if not -limit <= low <= high < limit:
        found.append(fail(f"membrane {low}..{high} in {layer.state_bits} bits"))
    if not layer.inputs or not layer.channels:
        # A real current has no integer sums: bounded, and nothing to decide.
        if layer.kind == "exact" or layer.inputs or layer.channels:
            found.append(fail("no inputs or no channels"))
    for source in layer.inputs:
        if source.lo > source.hi or not 0 <= source.shift < 64:
            found.append(fail(f"input range {source.lo}..{source.hi}, shift "
                              f"{source.shift}"))
        if not source.constant and not source.lo <= 0 <= source.hi:
            found.append(fail(f"source counts {source.lo}..{source.hi}"))
    if layer.inputs and layer.main_input() is None:
        found.append(fail("no input has fractional_bits as its shift and no factor"))
    for index, channel in enumerate(layer.channels):
        if channel.theta <= 0 or channel.integer_theta < 1:
            found.append(fail("threshold is not positive", index))
        if channel.integer_epsilon < 1 or (layer.settled and
                                           channel.integer_epsilon > 1):
            found.append(fail("E is below 1, or above in a settled layer", index))
        if any(p < 0 for p in channel.positive) or any(
                n > 0 for n in channel.negative):
            found.append(fail("weight sums of the wrong sign", index))
        for (a, b) in zip(channel.positive, channel.negative):
            if max(a, -b) >= 1 << 62:
                found.append(fail("weight sums out of range", index))
    return found


def _common_denominator(numbers):
    return math.lcm(*(n.denominator for n in numbers))


def channel_findings(layer, index, first_only=True):
    """Cases in which the two neurons of a channel decide differently."""
    channel = layer.channels[index]
    scale = _common_denominator(
        channel.gains + [channel.theta, channel.start, layer.epsilon] +
        [bias for bias, _ in channel.biases])
    theta, start = int(channel.theta * scale), int(channel.start * scale)
    epsilon = int(layer.epsilon * scale)
    found = []
    for real_bias, integer_bias in channel.biases:
        bias = int(real_bias * scale)
        for step in layer.steps():
            terms = layer.terms(channel, step)
            ranges = [(lo, hi) for lo, hi, _, _ in terms]
            real = [int(gain * scale) for _, _, gain, _ in terms]
            integer = [gain for _, _, _, gain in terms]
            sizes = [layer.sum_range(channel, k, step)[2] for k in range(len(terms))]
            added = layer.integer_steps(step) * integer_bias
            for count in layer.counts(step):
                # charge >= bound: up, or not down. Both bounds are integers.
                bounds = {
                    "up": ((count + 1) * theta - start - step * bias,
                           (count + 1) * channel.integer_theta -
                           channel.integer_start - added),
                    "down": (count * theta - start - step * bias -
                             (epsilon - 1 if epsilon else 0),
                             count * channel.integer_theta -
                             channel.integer_start - added -
                             channel.integer_epsilon + 1)}
                for test in layer.decisions(step, count):
                    # A tie below the border asks for one unit more.
                    c, d = (b + layer.strict(test, count) for b in bounds[test])
                    point = lattice.first_difference(real, c, integer, d, ranges)
                    if point is None:
                        continue
                    sums = [s * size for s, size in zip(point, sizes)]
                    case = {"step": step, "count": count, "test": test,
                            "sums": sums, "biases": (real_bias, integer_bias)}
                    found.append(Finding(
                        layer.name, index, "exact",
                        f"step {step}, count {count}, sums {sums}: the real "
                        f"neuron decides "
                        f"{decide_real(layer, channel, step, count, sums, real_bias):+d}, the "
                        f"integer neuron "
                        f"{decide_integer(layer, channel, step, count, sums, integer_bias):+d}",
                        case))
                    if first_only:
                        return found
    return found


def largest_error(layer, channel):
    """The largest |integer membrane - real membrane| over all steps, sums and
    counts, in units of theta. The scale between the two is that of the main
    input."""
    main = layer.main_input()
    _, _, real, integer = layer.terms(channel, layer.time_steps)[main]
    if real and integer:
        unit = real / integer
    else:
        unit = channel.theta / channel.integer_theta
    worst = Fraction(0)
    for real_bias, integer_bias in channel.biases:
        for step in layer.steps():
            low = high = (
                channel.integer_start * unit - channel.start +
                layer.integer_steps(step) * integer_bias * unit - step * real_bias)
            for lo, hi, real, integer in layer.terms(channel, step):
                error = integer * unit - real
                low += min(error * lo, error * hi)
                high += max(error * lo, error * hi)
            error = channel.integer_theta * unit - channel.theta
            first, last = layer.counts(step)[0], layer.counts(step)[-1]
            low -= max(error * first, error * last)
            high -= min(error * first, error * last)
            worst = max(worst, -low, high)
    return worst / channel.theta


def membrane_extremes(layer, channel, integer_bias):
    """Range of the state along the two paths on which every source charges (or
    discharges) the neuron as fast as it can: a proved range holds both."""
    low, high = channel.integer_start, channel.integer_start
    if layer.settled:
        terms = layer.terms(channel, layer.time_steps)
        for direction in (1, -1):
            v, count = channel.integer_start + integer_bias, 0
            for lo, hi, _, gain in terms:
                v += gain * (hi if direction * gain > 0 else lo)
            spike = 1
            while spike and abs(count) < layer.time_steps:
                low, high = min(low, v), max(high, v)
                spike = decide_settled(layer, v, channel.integer_theta, count)
                v -= spike * channel.integer_theta
                count += spike
            low, high = min(low, v), max(high, v)
        return low, high
    for direction in (1, -1):
        v, count = channel.integer_start, 0
        previous = [0] * len(layer.inputs)
        for step in range(1, layer.time_steps + 1):
            for k in range(len(layer.inputs)):
                gain = layer.integer_gain(channel, k)
                lo, hi, _ = layer.sum_range(channel, k, step)
                best = hi if direction * gain > 0 else lo
                v += gain * (best - previous[k])
                previous[k] = best
            v += integer_bias
            low, high = min(low, v), max(high, v)
            if v >= channel.integer_theta and count < layer.hi:
                v -= channel.integer_theta
                count += 1
            elif (v <= -channel.integer_epsilon and count > layer.lo and
                  not layer.unsigned):
                v += channel.integer_theta
                count -= 1
            low, high = min(low, v), max(high, v)
    return low, high


def count_cases(layer):
    """(cases, ties): decisions at each (step, count) and value of all inputs but
    the main one, over the channels and their biases; and those in which a sum
    of the main input meets the threshold exactly."""
    main = layer.main_input()
    cases = ties = 0
    for channel in layer.channels:
        for bias, _ in channel.biases:
            for step in layer.steps():
                others = [range(lo, hi + 1, size) for lo, hi, size in (
                    layer.sum_range(channel, k, step)
                    for k in range(len(layer.inputs)) if k != main)]
                gains = [g for k, g in enumerate(channel.gains) if k != main]
                combinations = math.prod(len(axis) for axis in others)
                lo, hi, size = layer.sum_range(channel, main, step)
                for count in layer.counts(step):
                    tests = layer.decisions(step, count)
                    if layer.settled:
                        # One case a border, whichever neuron comes to it.
                        tests = ["up"] if count < min(layer.hi, layer.time_steps) else []
                    for test in tests:
                        cases += combinations
                        if combinations > 1000:
                            continue
                        rest = (channel.start + step * bias - count * channel.theta
                                - (channel.theta if test == "up" else
                                   -layer.epsilon))
                        for sums in itertools.product(*others):
                            charge = sum((g * v for g, v in zip(gains, sums)), rest)
                            if channel.gains[main] == 0:
                                ties += layer.settled is not None and charge == 0
                                continue
                            value = -charge / channel.gains[main]
                            ties += (value.denominator == 1 and
                                     lo <= value <= hi and value % size == 0)
    return cases, ties


def check_layer(layer, check_minimal=True):
    """All false claims of a layer, one an affected channel."""
    found = structure_findings(layer)
    if found:
        return found
    for index, channel in enumerate(layer.channels):
        if layer.kind == "exact":
            found += channel_findings(layer, index)
        else:
            error = largest_error(layer, channel)
            if error > layer.bound:
                found.append(Finding(
                    layer.name, index, "bounded",
                    f"the membranes can differ by {float(error):.3g} theta, "
                    f"the claim is {float(layer.bound):.3g}"))
        for _, integer_bias in channel.biases:
            low, high = membrane_extremes(layer, channel, integer_bias)
            if low < layer.membrane[0] or high > layer.membrane[1]:
                found.append(Finding(
                    layer.name, index, "membrane",
                    f"the state reaches {low}..{high}, the claim is "
                    f"{layer.membrane[0]}..{layer.membrane[1]}"))
    if layer.minimal and check_minimal and not found:
        found += minimal_findings(layer)
    return found


def minimal_findings(layer):
    """A layer needs its fractional bits if one channel does."""
    if layer.kind == "exact" and layer.fractional_bits == 0:
        return []
    if layer.kind != "exact" or len(layer.inputs) != 1:
        return [Finding(layer.name, None, "minimal",
                        "claimed for a layer that is not exact or has more "
                        "than one input")]
    undecided = 0
    for index in range(len(layer.channels)):
        try:
            if minimality.solve(layer, index, layer.fractional_bits - 1) is None:
                return []
        except minimality.Undecided:
            undecided += 1
    text = (f"every channel has integer constants with "
            f"{layer.fractional_bits - 1} fractional bits")
    if undecided:
        text = f"{undecided} channels are too large to decide"
    return [Finding(layer.name, None, "minimal", text)]


def check(document, check_minimal=True):
    """(layers, findings) of a certificate document.
    Errors: certificate.FormatError."""
    layers = certificate.parse(document)
    found = []
    for layer in layers:
        found += check_layer(layer, check_minimal)
    return layers, found


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(arguments[0], encoding="utf-8") as file:
            layers, found = check(json.load(file))
    except (OSError, ValueError, certificate.FormatError) as error:
        print(f"error: {arguments[0]}: {error}", file=sys.stderr)
        return 1
    for finding in found:
        print(f"error: {finding}")
    exact = sum(layer.kind == "exact" for layer in layers)
    for layer in layers:
        if not layer.channels:
            print(f"note: {layer.name}: takes a real current, its bound is not "
                  "checked")
    channels = sum(len(layer.channels) for layer in layers)
    print(f"{len(layers)} layers ({exact} exact), {channels} channels, "
          f"{len(found)} false claims")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
