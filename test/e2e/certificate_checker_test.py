#!/usr/bin/env python3
"""Tests the certificate checker itself, on certificates made by hand and
against walking through every case. Needs neither the tools nor any data."""

import copy
from fractions import Fraction
import itertools
import random
import unittest

import certificate
import certificate_checker as checker
import certificate_mutations as mutations
import lattice
import minimality


def document(time_steps=3, lo=0, hi=3, gains=(1.0,), theta=6.0, start=3.0,
             epsilon=0.0, bias=0.5, positive=(4,), negative=(-4,), factors=(1,),
             integers=(12, 6, 1, 1), shifts=(1,), sources=((0, 3, False),),
             minimal=False, kind="exact", bound=0.0, unsigned=False,
             membrane=(-1 << 20, 1 << 20)):
    """A certificate of one layer with one channel; integers: Theta, V0, B, E."""
    big_theta, big_start, big_bias, big_epsilon = integers
    return {"version": 1, "time_steps": time_steps, "layers": [{
        "name": "layer", "kind": kind, "bound": float(bound).hex(),
        "fractional_bits": shifts[0], "minimal": minimal, "cases": 0, "ties": 0,
        "state_bits": 32, "membrane": list(membrane), "unsigned": unsigned,
        "lo": lo, "hi": hi, "epsilon": float(epsilon).hex(),
        "inputs": [{"lo": s[0], "hi": s[1], "constant": s[2], "shift": shift}
                   for s, shift in zip(sources, shifts)],
        "channels": [{
            "gains": [float(g).hex() for g in gains],
            "theta": float(theta).hex(), "start": float(start).hex(),
            "positive": list(positive), "negative": list(negative),
            "factors": list(factors), "Theta": big_theta, "V0": big_start,
            "E": big_epsilon, "biases": [[float(bias).hex(), big_bias]]}]}]}


def findings(doc):
    return checker.check(doc)[1]


def brute_force_exact(layer):
    """Walks through every case of an exact claim."""
    for channel in layer.channels:
        for real_bias, integer_bias in channel.biases:
            for step in range(1, layer.time_steps + 1):
                axes = []
                for k in range(len(layer.inputs)):
                    lo, hi, size = layer.sum_range(channel, k, step)
                    axes.append(range(lo, hi + 1, size))
                low, high = layer.count_range(step)
                for count in range(low, high + 1):
                    for sums in itertools.product(*axes):
                        if (checker.decide_real(layer, channel, step, count,
                                                sums, real_bias) !=
                                checker.decide_integer(layer, channel, step, count,
                                                       sums, integer_bias)):
                            return False
    return True


class HalfPlanes(unittest.TestCase):
    def test_floor_sum(self):
        rng = random.Random(1)
        for _ in range(5000):
            n, m = rng.randint(0, 20), rng.randint(1, 30)
            a, b = rng.randint(-50, 50), rng.randint(-50, 50)
            self.assertEqual(lattice.floor_sum(n, m, a, b),
                             sum((a * i + b) // m for i in range(n)))

    def test_first_difference(self):
        rng = random.Random(2)
        outcomes = {True: 0, False: 0}
        saved, lattice._ENUMERATE = lattice._ENUMERATE, 0
        try:
            for _ in range(20000):
                axes = rng.choice([1, 2, 2, 2, 3])
                box = []
                for _ in range(axes):
                    lo = rng.randint(-8, 5)
                    box.append((lo, lo + rng.randint(0, 7 if axes == 3 else 30)))
                a = [rng.randint(1, 400) for _ in range(axes)]
                ratio = rng.choice([1, 2, 3, 0.5, 0.1, 1.01])
                b = [max(1, round(x * ratio)) for x in a]
                if rng.random() < 0.2:
                    b = [rng.randint(-9, 9) for _ in range(axes)]
                for k in range(axes):
                    if rng.random() < 0.3:
                        a[k], b[k] = -a[k], -b[k]
                inside = [rng.randint(lo, hi) for lo, hi in box]
                c = sum(x * s for x, s in zip(a, inside)) + rng.randint(-3, 3)
                d = sum(x * s for x, s in zip(b, inside)) + rng.randint(-3, 3)

                def differs(point):
                    return ((sum(x * s for x, s in zip(a, point)) >= c) !=
                            (sum(x * s for x, s in zip(b, point)) >= d))

                point = lattice.first_difference(a, c, b, d, box)
                outcomes[point is None] += 1
                if point is None:
                    self.assertFalse(any(differs(p) for p in itertools.product(
                        *[range(lo, hi + 1) for lo, hi in box])))
                else:
                    self.assertTrue(differs(point))
                    self.assertTrue(all(lo <= s <= hi for s, (lo, hi) in
                                        zip(point, box)))
        finally:
            lattice._ENUMERATE = saved
        # Both answers have to occur often for the test to mean something.
        self.assertGreater(min(outcomes.values()), 2000, outcomes)


class HandMade(unittest.TestCase):
    """V = 3 + S + t/2 - 6 n: doubled, all numbers are integers."""

    def test_true(self):
        self.assertEqual(findings(document()), [])

    def test_minimal(self):
        # With f = 0 the first threshold is at S = 3, 2, 2 for t = 1, 2, 3:
        # not a straight line of slope B.
        self.assertEqual(findings(document(minimal=True)), [])

    def test_not_minimal(self):
        found = findings(document(shifts=(2,), integers=(24, 12, 2, 1),
                                  minimal=True))
        self.assertEqual([f.claim for f in found], ["minimal"])

    def test_each_constant(self):
        # Slack by hand: up at V >= 12 where 2 S + 6 + t - 12 n is even + t.
        # t = 1, 3 never hit 12; t = 2 does (S = 2, n = 0): V0 - 1 is late.
        for integers in ((13, 6, 1, 1), (12, 5, 1, 1), (12, 6, 0, 1),
                         (12, 6, 2, 1), (12, 6, 1, 3), (10, 6, 1, 1)):
            with self.subTest(integers=integers):
                found = findings(document(integers=integers))
                self.assertEqual([f.claim for f in found], ["exact"])
                case = found[0].case
                layer = certificate.parse(document(integers=integers))[0]
                channel = layer.channels[0]
                real_bias, integer_bias = case["biases"]
                self.assertNotEqual(
                    checker.decide_real(layer, channel, case["step"],
                                        case["count"], case["sums"], real_bias),
                    checker.decide_integer(layer, channel, case["step"],
                                           case["count"], case["sums"],
                                           integer_bias))

    def test_epsilon_moves_down_decisions(self):
        # At even t the state 2 V is even: V <= -1 is 2 V <= -2, and E = 1 fails
        # first at odd t, where 2 V = -1 occurs. The net count is above 0 then.
        self.assertEqual(findings(document(epsilon=1.0, integers=(12, 6, 1, 2))),
                         [])
        self.assertEqual(
            [f.claim for f in findings(document(epsilon=1.0))], ["exact"])

    def test_tie_belongs_to_the_upper_side(self):
        # theta 4, start 2, no bias: S = 2 is a tie and fires in both neurons.
        doc = document(theta=4.0, start=2.0, bias=0.0, shifts=(0,),
                       integers=(4, 2, 0, 1))
        self.assertEqual(findings(doc), [])
        doc["layers"][0]["channels"][0]["V0"] = 1
        self.assertEqual([f.claim for f in findings(doc)], ["exact"])

    def test_smallest_double_matters(self):
        # The real threshold lies one unit in the last place above the integer.
        up = document(theta=float.fromhex("0x1.8000000000001p+2"))
        self.assertEqual([f.claim for f in findings(up)], ["exact"])

    def test_two_inputs(self):
        doc = document(gains=(1.0, 0.25), positive=(4, 1), negative=(-4, 0),
                       factors=(1, 1), shifts=(2, 0), integers=(24, 12, 2, 1),
                       sources=((0, 3, False), (0, 3, False)))
        self.assertEqual(findings(doc), [])
        doc["layers"][0]["channels"][0]["factors"][1] = 2
        self.assertEqual([f.claim for f in findings(doc)], ["exact"])

    def test_constant_input(self):
        # I of 0..255 at every step: only multiples of t occur.
        doc = document(sources=((0, 255, True),), theta=300.0, start=150.0,
                       integers=(600, 300, 1, 1), positive=(2,), negative=(0,))
        self.assertEqual(findings(doc), [])

    def test_channel_without_weights(self):
        doc = document(gains=(0.0,), positive=(0,), negative=(0,), bias=2.0,
                       integers=(12, 6, 4, 1))
        self.assertEqual(findings(doc), [])
        doc = document(gains=(0.0,), positive=(0,), negative=(0,), bias=2.0,
                       integers=(12, 6, 2, 1))
        self.assertEqual([f.claim for f in findings(doc)], ["exact"])

    def test_bounded(self):
        # Theta 9 stands for 4.5 instead of 4, and n is at most 2 before t = 3:
        # 2 * 0.5 / 4.
        doc = document(integers=(9, 4, 0, 1), theta=4.0, start=2.0, bias=0.0,
                       kind="bounded", bound=0.25)
        self.assertEqual(findings(doc), [])
        doc["layers"][0]["bound"] = (0.24).hex()
        self.assertEqual([f.claim for f in findings(doc)], ["bounded"])

    def test_membrane(self):
        # The fastest charge: S = 4 t, so 2 V reaches 6 + 8 + 1 = 15, then 12,
        # 9 with a spike each; discharge: 6 - 8 + 1, - 8 + 1, - 8 + 1 = -15.
        self.assertEqual(findings(document(membrane=(-15, 15))), [])
        self.assertEqual([f.claim for f in findings(document(membrane=(-15, 14)))],
                         ["membrane"])
        self.assertEqual([f.claim for f in findings(document(membrane=(-14, 15)))],
                         ["membrane"])

    def test_structure(self):
        changes = [("kind", "sure"), ("lo", 1), ("state_bits", 16),
                   ("membrane", [-(1 << 40), 5]), ("fractional_bits", 5),
                   ("unsigned", True), ("bound", (0.5).hex())]
        for key, value in changes:
            doc = document(lo=-1) if key == "unsigned" else document()
            doc["layers"][0][key] = value
            with self.subTest(key=key):
                self.assertIn("structure", [f.claim for f in findings(doc)])
        for key, value in [("E", 0), ("Theta", 0), ("positive", [-1])]:
            doc = document()
            doc["layers"][0]["channels"][0][key] = value
            with self.subTest(key=key):
                self.assertIn("structure", [f.claim for f in findings(doc)])

    def test_format(self):
        for change in (lambda d: d.pop("version"),
                       lambda d: d["layers"][0].pop("inputs"),
                       lambda d: d["layers"][0]["channels"][0].update(V0=1.5),
                       lambda d: d["layers"][0]["channels"][0].update(V0=True),
                       lambda d: d["layers"][0]["channels"][0].update(theta="nan"),
                       lambda d: d["layers"][0]["channels"][0].update(theta=6.0),
                       lambda d: d["layers"][0]["channels"][0].update(gains=[]),
                       lambda d: d["layers"][0]["channels"][0].update(biases=[])):
            doc = document()
            change(doc)
            with self.assertRaises(certificate.FormatError):
                checker.check(doc)


def random_document(rng, inputs):
    """A layer with constants that are close to right, or right."""
    time_steps = rng.randint(1, 4)
    lo = rng.choice([0, 0, -1, -3])
    hi = rng.randint(1, 4)
    f = rng.randint(0, 5)
    scale = rng.choice([0.125, 0.3, 1.0, 0.7])
    gains, factors, shifts, sources = [], [], [], []
    positive, negative = [], []
    for k in range(inputs):
        factor = 1 if k == 0 else rng.randint(1, 20)
        shift = f if k == 0 else rng.choice([0, f])
        error = rng.choice([1.0, 1.0, 1.001])
        gain = scale * (factor << shift) / (1 << f) * error
        if rng.random() < 0.1:
            gain, factor = -gain, -factor
        if rng.random() < 0.05:
            gain = 0.0
        constant = rng.random() < 0.2
        sources.append((0, 3, True) if constant else
                       (rng.choice([0, -2]), rng.randint(1, 3), False))
        gains.append(gain)
        factors.append(factor)
        shifts.append(shift)
        positive.append(rng.randint(0, 4 if inputs > 1 else 9))
        negative.append(-rng.randint(0, 3))
    theta = rng.uniform(1, 8) * scale
    start = rng.choice([0.5, 0.0]) * theta
    bias = rng.choice([0.0, rng.uniform(-2, 2) * scale])
    epsilon = rng.choice([0.0, 0.001, 0.25])
    unit = (1 << f) / scale
    integers = [max(1, round(theta * unit)), round(start * unit),
                round(bias * unit), max(1, round(epsilon * unit))]
    return document(time_steps=time_steps, lo=lo, hi=hi, gains=gains, theta=theta,
                    start=start, epsilon=epsilon, bias=bias, positive=positive,
                    negative=negative, factors=factors, integers=integers,
                    shifts=shifts, sources=sources,
                    unsigned=lo == 0 and rng.random() < 0.2)


class AgainstWalkingThrough(unittest.TestCase):
    def test_exact(self):
        rng = random.Random(3)
        outcomes = {True: 0, False: 0}
        for enumerate_below in (0, 24):
            saved, lattice._ENUMERATE = lattice._ENUMERATE, enumerate_below
            try:
                for _ in range(250):
                    doc = random_document(rng, rng.choice([1, 1, 1, 2, 2, 2, 3]))
                    layer = certificate.parse(doc)[0]
                    expected = brute_force_exact(layer)
                    found = checker.channel_findings(layer, 0)
                    self.assertEqual(not found, expected, doc)
                    outcomes[expected] += 1
            finally:
                lattice._ENUMERATE = saved
        self.assertGreater(min(outcomes.values()), 60, outcomes)

    def test_bounded(self):
        rng = random.Random(4)
        for _ in range(150):
            layer = certificate.parse(random_document(rng, rng.choice([1, 2])))[0]
            channel = layer.channels[0]
            if not channel.gains[0] or not all(channel.factors):
                continue
            unit = channel.gains[0] / layer.integer_gain(channel, 0)
            worst = Fraction(0)
            for real_bias, integer_bias in channel.biases:
                for step in range(1, layer.time_steps + 1):
                    axes = []
                    for k in range(len(layer.inputs)):
                        lo, hi, size = layer.sum_range(channel, k, step)
                        axes.append(range(lo, hi + 1, size))
                    low, high = layer.count_range(step)
                    for n in range(low, high + 1):
                        for sums in itertools.product(*axes):
                            real = (channel.start + step * real_bias -
                                    n * channel.theta +
                                    sum(g * s for g, s in zip(channel.gains, sums)))
                            integer = (channel.integer_start + step * integer_bias -
                                       n * channel.integer_theta +
                                       sum(layer.integer_gain(channel, k) * s
                                           for k, s in enumerate(sums)))
                            worst = max(worst, abs(integer * unit - real))
            self.assertEqual(checker.largest_error(layer, channel),
                             worst / channel.theta)

    def test_smallest_fractional_bits(self):
        """solve() against trying all small integers."""
        rng = random.Random(5)
        outcomes = {True: 0, False: 0, None: 0}
        for _ in range(400):
            doc = random_document(rng, 1)
            entry = doc["layers"][0]
            if rng.random() < 0.3:
                entry["channels"][0]["biases"].append(
                    [rng.uniform(-1, 1).hex(), 0])
            layer = certificate.parse(doc)[0]
            channel = layer.channels[0]
            if channel.gains[0] == 0:
                continue
            f = rng.randint(0, 1)
            try:
                solution = minimality.solve(layer, 0, f)
            except minimality.Undecided:
                outcomes[None] += 1
                continue
            if solution is not None:
                candidate = copy.deepcopy(entry)
                candidate["inputs"][0]["shift"] = f
                target = candidate["channels"][0]
                target.update(factors=[1 if channel.gains[0] > 0 else -1], Theta=solution["Theta"],
                              V0=solution["V0"], E=solution["E"])
                for pair, value in zip(target["biases"], solution["biases"]):
                    pair[1] = value
                self.assertTrue(brute_force_exact(
                    certificate.parse_layer(candidate, layer.time_steps)))
                outcomes[True] += 1
            else:
                self.assertFalse(self.any_constants(layer, f))
                outcomes[False] += 1
        self.assertGreater(min(outcomes[True], outcomes[False]), 10, outcomes)
        self.assertLess(outcomes[None], 10, outcomes)

    @staticmethod
    def any_constants(layer, f):
        """Walks through all constants that can matter near the real ones."""
        channel = layer.channels[0]
        unit = (1 << f) / abs(channel.gains[0])
        sign = 1 if channel.gains[0] > 0 else -1

        def near(value):
            return range(int(value * unit) - 3, int(value * unit) + 4)

        def cases(bias):
            """What the real neuron decides: (t, n, S, decision), edges first."""
            for step in range(1, layer.time_steps + 1):
                lo, hi, size = layer.sum_range(channel, 0, step)
                low, high = layer.count_range(step)
                for n in range(low, high + 1):
                    for s in range(lo, hi + 1, size):
                        yield step, n, s, checker.decide_real(
                            layer, channel, step, n, [s], bias)

        def agrees(theta, start, epsilon, bias, wanted):
            for step, n, s, decision in wanted:
                v = start + (sign * s << f) + step * bias - n * theta
                if v >= theta and n < layer.hi:
                    mine = 1
                else:
                    mine = -1 if (v <= -epsilon and n > layer.lo and
                                  not layer.unsigned) else 0
                if mine != decision:
                    return False
            return True

        tables = [(bias, list(cases(bias))) for bias, _ in channel.biases]
        return any(
            all(any(agrees(theta, start, epsilon, value, wanted)
                    for value in near(bias)) for bias, wanted in tables)
            for theta in near(channel.theta) if theta >= 1
            for start in near(channel.start)
            for epsilon in range(1, int(layer.epsilon * unit) + 3))


class Mutations(unittest.TestCase):
    """The smallest breaking moves, found by walking through all sums, are those
    at which the checker begins to object."""

    def test_smallest_moves(self):
        rng = random.Random(6)
        tried = layers = 0
        while layers < 60:
            layer = certificate.parse(random_document(rng, rng.choice([1, 1, 2])))[0]
            if checker.structure_findings(layer) or checker.channel_findings(layer, 0):
                continue
            layers += 1
            original = layer.channels[0]
            for (constant, sign), needed in mutations.smallest_moves(
                    layer, original).items():
                for amount, breaks in ((needed, True), (needed - 1, False)):
                    channel = copy.deepcopy(original)
                    mutations.move(channel, constant, sign * amount)
                    layer.channels = [channel]
                    self.assertEqual(bool(checker.channel_findings(layer, 0)), breaks)
                    self.assertEqual(not brute_force_exact(layer), breaks)
                    tried += 1
        self.assertGreater(tried, 300)


if __name__ == "__main__":
    unittest.main()
