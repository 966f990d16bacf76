"""Decides whether a channel has integer constants with given fractional bits.

For one input, one integer sum S, the real neuron's decisions at (step t, count
n) are two thresholds on S. With gain m = 2^f the integer neuron has the same
ones exactly if, with P = V0 - Theta and Q = V0 + E,

    -m U  <=  P + t B - n Theta  <=  -m (U - 1) - 1       up at S >= U
    1 - m W  <=  Q + t B - n Theta  <=  -m (W - 1)        down at S < W

where U or W lie inside the range of S; and E >= 1 means Q >= P + Theta + 1.
These are inequalities over the integers P, Q, Theta and one B for each
distinct bias. P and Q have unit coefficients, so that eliminating them keeps
exactly the integer solutions; what is left is searched by Theta.
"""

from fractions import Fraction
import math

import lattice


class Undecided(Exception):
    """The search space is larger than this program is willing to walk."""


# Values of Theta (or combinations with several biases) that are tried.
_LIMIT = 200000


def _thresholds(layer, channel, bias):
    """Pairs of inequalities lower <= X + t B - n Theta <= upper, f left open:
    lists (t, n, U or None, U - 1 or None) for up and down, in units of sum
    steps, with the size of such a step."""
    up, down = [], []
    for step in range(1, layer.time_steps + 1):
        lo, hi, size = layer.sum_range(channel, 0, step)
        lo, hi = lo // size, hi // size
        gain = channel.gains[0] * size
        if gain < 0:
            # The same with the sum mirrored.
            lo, hi, gain = -hi, -lo, -gain
        low, high = layer.count_range(step)
        for count in range(low, high + 1):
            rest = channel.start + step * bias - count * channel.theta

            def first(decides):
                """Smallest S in lo..hi+1 from which `decides` holds on."""
                begin, end = lo, hi + 1
                while begin < end:
                    middle = (begin + end) // 2
                    if decides(gain * middle + rest):
                        end = middle
                    else:
                        begin = middle + 1
                return begin

            def bounds(threshold):
                """S from which on, S up to which; None: no such S."""
                return (threshold * size if threshold <= hi else None,
                        (threshold - 1) * size if threshold > lo else None)

            if count < layer.hi:
                up.append((step, count) + bounds(
                    first(lambda v: v >= channel.theta)))
            if count > layer.lo and not layer.unsigned:
                if layer.epsilon == 0:
                    stays = lambda v: v >= 0
                else:
                    stays = lambda v: v > -layer.epsilon
                down.append((step, count) + bounds(first(stays)))
    return up, down


def _inequalities(rows, gain, offset):
    """lower bounds [(t, n, c)]: X + t B - n Theta >= c, and upper bounds.
    offset: 0 for up, 1 for down."""
    lower, upper = [], []
    for t, n, from_sum, to_sum in rows:
        if from_sum is not None:
            lower.append((t, n, offset - gain * from_sum))
        if to_sum is not None:
            upper.append((t, n, offset - 1 - gain * to_sum))
    return lower, upper


def _pair(lower, upper, extra_n, extra_c, into):
    """Eliminates X between lower and upper bounds: p B + q Theta >= r, the
    largest r kept for each (p, q)."""
    for t, n, c in lower:
        for s, m, d in upper:
            # c - t B + n Theta + extra <= d - s B + m Theta
            key = (t - s, m - n - extra_n)
            r = c - d + extra_c
            if key not in into or into[key] < r:
                into[key] = r


def _clip(polygon, p, q, r):
    """The part of a convex polygon with p x + q y >= r."""
    result = []
    for i, (x, y) in enumerate(polygon):
        u, v = polygon[i - 1]
        inside, before = p * x + q * y - r, p * u + q * v - r
        if (inside >= 0) != (before >= 0):
            ratio = before / (before - inside)
            result.append((u + ratio * (x - u), v + ratio * (y - v)))
        if inside >= 0:
            result.append((x, y))
    return result


def _polygon(constraints, box):
    """Vertices (B, Theta) of the real solutions inside the box."""
    polygon = [(Fraction(-box), Fraction(1)), (Fraction(box), Fraction(1)),
               (Fraction(box), Fraction(box)), (Fraction(-box), Fraction(box))]
    for (p, q), r in constraints.items():
        if p == 0 == q:
            if r > 0:
                return []
            continue
        if all(p * x + q * y >= r for x, y in polygon):
            continue
        polygon = _clip(polygon, p, q, r)
        if not polygon:
            break
    return polygon


def _bias_interval(constraints, theta, near):
    """(first, last, open) of the integers B that fulfil all constraints
    p B + q Theta >= r, or None. Where they have no end, `open` is true and the
    interval reaches from the other end to `near`."""
    low, high = None, None
    for (p, q), r in constraints.items():
        rest = r - q * theta
        if p > 0:
            bound = lattice.ceil_div(rest, p)
            low = bound if low is None else max(low, bound)
        elif p < 0:
            bound = rest // p
            high = bound if high is None else min(high, bound)
        elif rest > 0:
            return None
    if low is None and high is None:
        return near, near + 1, True
    if low is None or high is None:
        end = high if low is None else low
        return min(end, near), max(end, near), True
    return (low, high, False) if low <= high else None


def _range_of(lower, upper, theta, bias, default):
    """Integers X with all bounds at given Theta and B; `default` stands in for
    a missing side."""
    low = [c - t * bias + n * theta for t, n, c in lower]
    high = [d - t * bias + n * theta for t, n, d in upper]
    return (max(low) if low else min(high) - default if high else -default,
            min(high) if high else max(low) + default if low else default)


def _solve_settled(layer, channel, gain):
    """The same for a settled channel: at each border k between two counts
    -m K <= W - k Theta <= -m (K - 1) - 1, K the first sum that reaches count k
    and W = V0 + B, one for each bias. Strict the other way round at odd k of ties
    to even."""
    lo, hi, real, _ = layer.terms(channel, layer.time_steps)[0]
    sign = -1 if real < 0 else 1
    if sign < 0:
        lo, hi, real = -hi, -lo, -real
    systems = []
    for bias, _ in channel.biases:
        lower, upper = [], []
        for k in range(max(layer.lo, -layer.time_steps) + 1,
                       min(layer.hi, layer.time_steps) + 1):
            strict = layer.settled == "even" and k % 2 == 1
            border = k * channel.theta - channel.start - layer.time_steps * bias
            if real == 0:
                reached = border < 0 or (border == 0 and not strict)
                first = lo if reached else hi + 1
            else:
                quotient = border / real
                first = math.floor(quotient) + 1 if strict else math.ceil(quotient)
                first = min(max(first, lo), hi + 1)
            if first <= hi:
                lower.append((k, strict - gain * first))
            if first > lo:
                upper.append((k, strict - 1 - gain * (first - 1)))
        systems.append((lower, upper))
    low, high = 1, None
    for lower, upper in systems:
        for k, c in lower:
            for l, d in upper:
                # c + k Theta <= d + l Theta
                if k > l:
                    bound = (d - c) // (k - l)
                    high = bound if high is None else min(high, bound)
                elif k < l:
                    low = max(low, lattice.ceil_div(c - d, l - k))
                elif c > d:
                    return None
    if high is not None and high - low > _LIMIT:
        raise Undecided("the range of Theta is too large")
    # Without an upper bound every large Theta does.
    for theta in range(low, low + 1 if high is None else high + 1):
        totals = []
        for lower, upper in systems:
            least = max([c + k * theta for k, c in lower], default=None)
            most = min([d + k * theta for k, d in upper], default=None)
            if least is not None and most is not None and least > most:
                break
            totals.append(most if least is None else least)
        else:
            return {"Theta": theta, "V0": 0, "E": 1,
                    "biases": [t if t is not None else 0 for t in totals]}
    return None


def solve(layer, index, fractional_bits):
    """Integers {"Theta", "V0", "E", "biases"} with which the channel of a layer
    with one input decides as the real one, or None if there are none.
    Errors: Undecided."""
    channel = layer.channels[index]
    gain = 1 << fractional_bits
    if layer.settled:
        return _solve_settled(layer, channel, gain)
    systems = []
    for bias, _ in channel.biases:
        up, down = _thresholds(layer, channel, bias)
        systems.append((_inequalities(up, gain, 0), _inequalities(down, gain, 1)))

    largest = max([1] + [abs(c) for up, down in systems
                         for rows in up + down for _, _, c in rows])
    far = 4 * (layer.time_steps + 1) * (largest + 1)
    # Each bias alone, E >= 1 included, gives bounds on Theta.
    polygons, reduced = [], []
    for (up_lower, up_upper), (down_lower, down_upper) in systems:
        constraints = {}
        _pair(up_lower, up_upper, 0, 0, constraints)
        _pair(down_lower, down_upper, 0, 0, constraints)
        _pair(up_lower, down_upper, 1, 1, constraints)
        polygon = _polygon(constraints, far)
        if not polygon:
            return None
        reduced.append(constraints)
        polygons.append(polygon)
    first = max(lattice.ceil_div(min(y for _, y in p).numerator,
                                 min(y for _, y in p).denominator)
                for p in polygons)
    last = min(max(y for _, y in p) for p in polygons)
    last = last.numerator // last.denominator
    unit = gain / abs(channel.gains[0]) if channel.gains[0] else 1
    near = [round(bias * unit) for bias, _ in channel.biases]
    tried = 0
    for theta in range(first, last + 1):
        tried += 1
        if tried > _LIMIT:
            raise Undecided("the range of Theta is too large")
        intervals = [_bias_interval(c, theta, n) for c, n in zip(reduced, near)]
        if any(i is None for i in intervals):
            continue
        solution = _combine(systems, intervals, theta, far)
        if solution is not None:
            return solution
        # One bias alone never fails here: eliminating P and Q was exact.
        if any(is_open for _, _, is_open in intervals):
            raise Undecided("several biases without bounds")
    return None


def _combine(systems, intervals, theta, far):
    """Biases whose ranges of P and of Q overlap, at given Theta."""
    work = 1
    for low, high, _ in intervals:
        work *= high - low + 1
    if work > _LIMIT and len(intervals) > 1:
        raise Undecided("too many combinations of biases")

    def extend(k, biases, p, q):
        if p[0] > p[1] or q[0] > q[1] or q[1] - p[0] < theta + 1:
            return None
        if k == len(systems):
            start = p[0] + theta
            return {"Theta": theta, "V0": start, "E": q[1] - start,
                    "biases": biases}
        (up_lower, up_upper), (down_lower, down_upper) = systems[k]
        for bias in range(intervals[k][0], intervals[k][1] + 1):
            pk = _range_of(up_lower, up_upper, theta, bias, far)
            qk = _range_of(down_lower, down_upper, theta, bias, far)
            result = extend(k + 1, biases + [bias],
                            (max(p[0], pk[0]), min(p[1], pk[1])),
                            (max(q[0], qk[0]), min(q[1], qk[1])))
            if result is not None:
                return result
        return None

    return extend(0, [], (-far * far, far * far), (-far * far, far * far))
