"""The smallest changes of integer constants that make a certificate false.

For every decision that a channel can be asked to make, the distance of the
integer state to its threshold is known; a constant that moves the state by k
for each unit breaks the claim once the nearest decision is passed. This is
found by walking through all sums, not by the checker's half-planes.
"""

from dataclasses import dataclass
from fractions import Fraction
import itertools

CONSTANTS = ("Theta", "V0", "B", "E")


@dataclass
class Decision:
    """A decision and the integer states nearest to its threshold, of those that
    have to lie on its upper side (`above`, >= 0) and below (`below`, <= -1)."""
    up: bool
    step: int
    count: int
    bias: int
    above: int = None
    below: int = None


def _ceil(value):
    return -(-value.numerator // value.denominator)


def decisions(layer, channel):
    """All decisions of a channel, from the definition of the two neurons."""
    found = []
    for index, (real_bias, integer_bias) in enumerate(channel.biases):
        for step in layer.steps():
            terms = layer.terms(channel, step)
            axes = [range(lo, hi + 1) for lo, hi, _, _ in terms]
            real_gains = [real for _, _, real, _ in terms]
            gains = [integer for _, _, _, integer in terms]
            added = layer.integer_steps(step)
            for count in layer.counts(step):
                real = (channel.start + step * real_bias - count * channel.theta)
                integer = (channel.integer_start + added * integer_bias -
                           count * channel.integer_theta)
                asked = layer.decisions(step, count)
                if "up" in asked:
                    strict = layer.strict("up", count)
                    found.append(_decision(
                        True, added, count, index, axes, real_gains, gains,
                        channel.theta - real,
                        integer - channel.integer_theta - strict, strict))
                if "down" in asked:
                    # Not down: V >= 0, or V > -epsilon; integer V + E >= 1. A
                    # settled neuron at a tie may go down at V == 0, too.
                    strict = layer.strict("down", count)
                    found.append(_decision(
                        False, added, count, index, axes, real_gains, gains,
                        -layer.epsilon - real,
                        integer + channel.integer_epsilon - 1 - strict,
                        layer.epsilon > 0 or strict))
    return found


def _decision(up, step, count, bias, axes, gains, integer_gains, bound, offset,
              strict):
    """Charge `gains . S >= bound` (or >) lies on the upper side; the integer
    state relative to its threshold is `integer_gains . S + offset`."""
    result = Decision(up, step, count, bias)
    first, others = axes[0], axes[1:]
    if gains[0] < 0:
        # The same with the first sum mirrored.
        first = range(-first[-1], -first[0] + 1, first.step)
        gains = [-gains[0]] + list(gains[1:])
        integer_gains = [-integer_gains[0]] + list(integer_gains[1:])
    for rest in itertools.product(*others):
        charge = sum((g * s for g, s in zip(gains[1:], rest)), Fraction(0))
        state = offset + sum(g * s for g, s in zip(integer_gains[1:], rest))
        # The upper side begins at position `begin` of the first axis.
        if gains[0] == 0:
            upper = charge > bound if strict else charge >= bound
            begin = 0 if upper else len(first)
        else:
            threshold = (bound - charge) / gains[0]
            value = (threshold.numerator // threshold.denominator + 1 if strict
                     else _ceil(threshold))
            begin = min(max(-(-(value - first.start) // first.step), 0), len(first))
        if begin < len(first):
            ends = (first[begin], first[-1])
            v = min(state + integer_gains[0] * s for s in ends)
            if result.above is None or v < result.above:
                result.above = v
        if begin > 0:
            ends = (first[0], first[begin - 1])
            v = max(state + integer_gains[0] * s for s in ends)
            if result.below is None or v > result.below:
                result.below = v
    return result


def sensitivity(decision, constant, bias):
    """By how much a unit of the constant moves the state against its threshold."""
    if constant == "Theta":
        return -(decision.count + 1) if decision.up else -decision.count
    if constant == "V0":
        return 1
    if constant == "B":
        return decision.step if decision.bias == bias else 0
    return 0 if decision.up else 1


def smallest_moves(layer, channel, bias=0):
    """{(constant, sign): moves} with the smallest number of units that makes a
    decision wrong, for those that can."""
    table = decisions(layer, channel)
    moves = {}
    for constant in CONSTANTS:
        if constant == "E" and layer.settled:
            continue  # It is 1 and means V < 0.
        for sign in (1, -1):
            best = None
            for decision in table:
                k = sign * sensitivity(decision, constant, bias)
                if k < 0 and decision.above is not None:
                    needed = decision.above // -k + 1
                elif k > 0 and decision.below is not None:
                    needed = (-1 - decision.below) // k + 1
                else:
                    continue
                if best is None or needed < best:
                    best = needed
            if best is not None:
                moves[constant, sign] = best
    return moves


def move(channel, constant, amount, bias=0):
    """Changes one constant of a channel in place."""
    if constant == "Theta":
        channel.integer_theta += amount
    elif constant == "V0":
        channel.integer_start += amount
    elif constant == "E":
        channel.integer_epsilon += amount
    else:
        real, integer = channel.biases[bias]
        channel.biases[bias] = (real, integer + amount)
