"""Exact comparison of half-planes on a box of integers.

A test `sum_k a[k] * S[k] >= c` with integer `a`, `c` splits the integer points
of a box in two. `first_difference` decides whether two such tests split it in
the same way, and returns a point where they do not. Only integers are used.
"""


def ceil_div(numerator, denominator):
    """Smallest integer >= numerator / denominator, denominator != 0."""
    return -(-numerator // denominator)


def floor_sum(count, modulus, slope, offset):
    """sum of floor((slope * i + offset) / modulus) for i in 0..count-1.

    modulus > 0; slope and offset may have any sign. O(log modulus): the part
    that is an integer multiple is taken out, then the roles of the two axes
    are exchanged, as in Euclid's algorithm.
    """
    total = 0
    while count > 0:
        total += (count * (count - 1) // 2) * (slope // modulus)
        total += count * (offset // modulus)
        slope %= modulus
        offset %= modulus
        top = slope * count + offset
        if top < modulus:
            break
        count, offset = divmod(top, modulus)
        slope, modulus = modulus, slope
    return total


def _half_line(coefficient, bound, lo, hi):
    """The integers s of [lo, hi] with coefficient * s >= bound, as (first, last)."""
    if coefficient > 0:
        return max(lo, ceil_div(bound, coefficient)), hi
    if coefficient < 0:
        return lo, min(hi, bound // coefficient)
    return (lo, hi) if bound <= 0 else (lo, lo - 1)


def _difference_1d(a, c, b, d, lo, hi):
    first, second = _half_line(a, c, lo, hi), _half_line(b, d, lo, hi)
    for s in first + second:
        in_first = first[0] <= s <= first[1]
        in_second = second[0] <= s <= second[1]
        if in_first != in_second:
            return s
    return None


def _threshold_sum(a1, a2, c, lo, hi, begin, end):
    """Sum over s2 in [begin, end] of the smallest s1 of [lo, hi + 1] with
    a1 * s1 >= c - a2 * s2; a1 and a2 are positive (hi + 1: there is none)."""
    if end < begin:
        return 0
    inside = min(max(ceil_div(c - hi * a1, a2), begin), end + 1)
    below = min(max(ceil_div(c - lo * a1, a2), begin), end + 1)
    return ((inside - begin) * (hi + 1) + (end + 1 - below) * lo +
            floor_sum(below - inside, a1, -a2, c - a2 * inside + a1 - 1))


def _difference_2d(a, c, b, d, ranges):
    """Both tests have positive coefficients. The thresholds on s1, as functions
    of s2, come from two straight lines; between crossings one line lies above
    the other, so that the sums of the thresholds are equal only if all
    thresholds are."""
    (lo1, hi1), (lo2, hi2) = ranges

    def differs(begin, end):
        return (_threshold_sum(a[0], a[1], c, lo1, hi1, begin, end) !=
                _threshold_sum(b[0], b[1], d, lo1, hi1, begin, end))

    segments = [(lo2, hi2)]
    slope = a[1] * b[0] - b[1] * a[0]
    if slope != 0:
        crossing = (c * b[0] - d * a[0]) // slope
        if lo2 <= crossing < hi2:
            segments = [(lo2, crossing), (crossing + 1, hi2)]
    for begin, end in segments:
        if not differs(begin, end):
            continue
        while begin < end:
            middle = (begin + end) // 2
            if differs(begin, middle):
                end = middle
            else:
                begin = middle + 1
        s1 = _difference_1d(a[0], c - a[1] * begin, b[0], d - b[1] * begin,
                            lo1, hi1)
        return [s1, begin]
    return None


# Below this extent walking through one axis is faster than summing.
_ENUMERATE = 24


def first_difference(a, c, b, d, ranges):
    """A point S of the box with (a.S >= c) != (b.S >= d), or None.

    a, b: integer coefficients, one an axis; c, d: integer bounds; ranges: one
    (lo, hi), lo <= hi, an axis.
    """
    axes = len(ranges)
    # Axes with a single value are constants.
    for k in range(axes):
        lo, hi = ranges[k]
        if lo == hi or a[k] == 0 == b[k]:
            rest = [i for i in range(axes) if i != k]
            if not rest:
                return [lo] if (a[k] * lo >= c) != (b[k] * lo >= d) else None
            point = first_difference([a[i] for i in rest], c - a[k] * lo,
                                     [b[i] for i in rest], d - b[k] * lo,
                                     [ranges[i] for i in rest])
            if point is not None:
                point.insert(k, lo)
            return point
    if axes == 1:
        s = _difference_1d(a[0], c, b[0], d, *ranges[0])
        return None if s is None else [s]

    regular = all(x * y > 0 for x, y in zip(a, b))
    extents = [hi - lo + 1 for lo, hi in ranges]
    if axes == 2 and regular and min(extents) > _ENUMERATE:
        # Mirror the axes with negative coefficients.
        signs = [1 if x > 0 else -1 for x in a]
        mirrored = [(lo, hi) if s > 0 else (-hi, -lo)
                    for s, (lo, hi) in zip(signs, ranges)]
        point = _difference_2d([abs(x) for x in a], c, [abs(x) for x in b], d,
                               mirrored)
        return None if point is None else [s * x for s, x in zip(signs, point)]
    # Walk through one axis: an irregular one if there is one, else the shortest.
    k = min(range(axes), key=lambda i: (a[i] * b[i] > 0, extents[i]))
    rest = [i for i in range(axes) if i != k]
    for s in range(ranges[k][0], ranges[k][1] + 1):
        point = first_difference([a[i] for i in rest], c - a[k] * s,
                                 [b[i] for i in rest], d - b[k] * s,
                                 [ranges[i] for i in rest])
        if point is not None:
            point.insert(k, s)
            return point
    return None
