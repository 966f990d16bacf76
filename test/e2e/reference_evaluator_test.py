#!/usr/bin/env python3
"""Tests what the reference evaluator replaces, and the graph generator.

Pooling is compared with ONNX's own implementation where that is right, and with
values by hand where it is not. Needs neither the tools nor any data.
"""

import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import graph_generator
from random_graphs import REQUIRED
from reference_evaluator import Evaluator


def one_node(kind, opset=20, constants=(), domain="", **attributes):
    inputs = ["x"] + [f"c{i}" for i in range(len(constants))]
    node = helper.make_node(kind, inputs, ["y"], domain=domain, **attributes)
    graph = helper.make_graph(
        [node], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(c), f"c{i}")
         for i, c in enumerate(constants)])
    graph.input[0].type.tensor_type.shape.dim.add().dim_param = "N"
    opsets = [helper.make_opsetid("", opset)]
    if domain:
        opsets.append(helper.make_opsetid(domain, 1))
    return helper.make_model(graph, opset_imports=opsets)


def evaluate(model, x):
    outputs, nearest = Evaluator(model).run(x)
    return outputs["y"], nearest


class Operators(unittest.TestCase):
    def test_pooling_equals_onnx(self):
        rng = np.random.default_rng(1)
        for kind in ("AveragePool", "MaxPool"):
            for case in range(40):
                x = rng.normal(size=(2, 2, 7, 6)).astype(np.float32)
                kernel = [int(v) for v in rng.integers(1, 4, size=2)]
                attributes = {
                    "kernel_shape": kernel,
                    "strides": [int(v) for v in rng.integers(1, 3, size=2)],
                    "pads": [int(rng.integers(0, k)) for k in kernel * 2]}
                if kind == "MaxPool":
                    # Without strides ONNX's reads the pads in another order.
                    attributes["strides"][0] = 2
                else:
                    attributes["count_include_pad"] = int(rng.integers(2))
                if case % 3 == 0:
                    attributes["dilations"] = [2, int(rng.integers(1, 3))]
                model = one_node(kind, **attributes)
                own, _ = evaluate(model, x)
                theirs = ReferenceEvaluator(model).run(None, {"x": x})[0]
                self.assertEqual(own.shape, theirs.shape, attributes)
                np.testing.assert_allclose(own, theirs, rtol=1e-5, atol=1e-6,
                                           err_msg=str(attributes))

    def test_ceil_mode(self):
        # Extent 6, kernel 4, stride 3: the second window reaches one beyond.
        x = np.arange(1.0, 7.0).reshape(1, 1, 6)
        y, _ = evaluate(one_node("AveragePool", kernel_shape=[4], strides=[3],
                                 ceil_mode=1), x)
        np.testing.assert_array_equal(y, [[[2.5, 5.0]]])
        # With one zero at each side: -1..2, 2..5, and 5..6 with one padded tap.
        y, _ = evaluate(one_node("AveragePool", kernel_shape=[4], strides=[3],
                                 pads=[1, 1], ceil_mode=1, count_include_pad=1), x)
        np.testing.assert_array_equal(y, [[[6 / 4, 18 / 4, 6 / 2]]])
        # A window that would begin in the padding behind does not exist.
        y, _ = evaluate(one_node("MaxPool", kernel_shape=[1], strides=[2],
                                 pads=[0, 0], ceil_mode=1), x[:, :, :5])
        np.testing.assert_array_equal(y, [[[1, 3, 5]]])
        y, _ = evaluate(one_node("MaxPool", kernel_shape=[2], strides=[5],
                                 pads=[1, 1], ceil_mode=1), x)
        np.testing.assert_array_equal(y, [[[1, 6]]])

    def test_auto_pad(self):
        x = np.arange(1.0, 6.0).reshape(1, 1, 5)
        for mode, expected in (("SAME_UPPER", [2, 4, 5]), ("SAME_LOWER", [1, 3, 5])):
            y, _ = evaluate(one_node("MaxPool", kernel_shape=[2], strides=[2],
                                     auto_pad=mode), x)
            np.testing.assert_array_equal(y, [[expected]])

    def test_batch_normalization_infers(self):
        x = np.array([[[1.0, 2.0], [3.0, 4.0]]])
        constants = [np.float32([2, 1]), np.float32([0, 1]), np.float32([1, 3]),
                     np.float32([3, 0])]
        for opset in (9, 13, 20):
            y, _ = evaluate(one_node("BatchNormalization", opset, constants,
                                     epsilon=1.0), x)
            np.testing.assert_allclose(y, [[[0, 1], [1, 2]]])

    def test_quant(self):
        x = np.array([[-9.0, -0.5, 0.5, 1.5, 2.5, 9.0]])
        cases = [(dict(signed=0, narrow=0, rounding_mode="ROUND"),
                  [0, 0, 0, 2, 2, 3]),
                 (dict(signed=0, narrow=1, rounding_mode="HALF_UP"),
                  [0, 0, 1, 2, 2, 2]),
                 (dict(signed=1, narrow=0, rounding_mode="FLOOR"),
                  [-2, -1, 0, 1, 1, 1]),
                 (dict(signed=1, narrow=1), [-1, 0, 0, 1, 1, 1])]
        for attributes, expected in cases:
            y, _ = evaluate(one_node(
                "Quant", 13, [np.float32(1), np.float32(0), np.float32(2)],
                "onnx.brevitas", **attributes), x)
            np.testing.assert_array_equal(y, [expected])
        y, _ = evaluate(one_node(
            "Quant", 13, [np.float32(0.5), np.float32(1), np.float32(2)],
            "onnx.brevitas", signed=0), x)
        np.testing.assert_array_equal(y, [[-0.5, -0.5, 0.5, 1, 1, 1]])

    def test_rounding_is_watched(self):
        x = np.array([[0.2, 1.4999], [0.2, 0.3], [2.5, 9.0]])
        model = one_node("Quant", 13, [np.float32(1), np.float32(0),
                                       np.float32(2)], "onnx.brevitas", signed=0)
        _, nearest = evaluate(model, x)
        # Below 0.5 is the nearest boundary of 0.2; 2.5 lies on one.
        np.testing.assert_allclose(nearest, [0.0001, 0.2, 0.0], atol=1e-9)


class GeneratedGraphs(unittest.TestCase):
    def test_features(self):
        counts = {}
        for seed in range(240):
            for feature in graph_generator.generate(seed).features:
                counts[feature] = counts.get(feature, 0) + 1
        rare = [f for f in REQUIRED if counts.get(f, 0) < 3]
        self.assertEqual(rare, [])

    def test_valid(self):
        for seed in range(60):
            model = graph_generator.generate(seed).model
            if all(o.domain == "" for o in model.opset_import):
                onnx.checker.check_model(model)

    def test_same_seed_same_bytes(self):
        for seed in (1, 2, 3):
            first, second = (graph_generator.generate(seed) for _ in range(2))
            self.assertEqual(first.model.SerializeToString(deterministic=True),
                             second.model.SerializeToString(deterministic=True))
            self.assertEqual(first.inputs.tobytes(), second.inputs.tobytes())


if __name__ == "__main__":
    unittest.main()
