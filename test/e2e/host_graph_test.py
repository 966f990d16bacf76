#!/usr/bin/env python3
"""What the host does behind a network: box decoding, resampling, classes.

Each graph has one quantized convolution; its outputs, under their ONNX names,
equal those of ONNX's own operators in float64 on the quantized level, and those
of the nmc level and the program are equal bit for bit.
"""

from pathlib import Path
import tempfile
import unittest

import numpy as np
from onnx import TensorProto
from onnx.reference import ReferenceEvaluator

from onnx_builder import GraphBuilder, save
from reference_evaluator import to_double
import tools

SAMPLES = 3


class HostGraph(unittest.TestCase):
    def network(self, outputs, opset=18):
        """An input of 2 x 6 x 6 quantized to multiples of 1/8, and a convolution
        with weights in multiples of 1/4."""
        self.rng = np.random.default_rng(7)
        b = self.b = GraphBuilder(opset)
        x = b.input("image", ["N", 2, 6, 6])
        levels = b.clip(b.op("Round", [b.op("Div", [x, b.constant(0.125)])]), -8, 7)
        x = b.op("Mul", [levels, b.constant(0.125)])
        weights = self.rng.integers(-3, 4, size=(outputs, 2, 3, 3)) / 4
        return b.op("Conv", [x, b.initializer(np.float32(weights)),
                             b.initializer(np.float32(self.rng.normal(size=outputs)))],
                    pads=[1, 1, 1, 1])

    def output(self, name, value, element=TensorProto.FLOAT):
        self.b.op("Identity", [value])
        self.b.nodes[-1].output[0] = name
        self.b.output(name, None, element)

    def check(self):
        model = self.b.model()
        inputs = np.float32(np.round(self.rng.normal(size=(SAMPLES, 2, 6, 6)) * 16) / 16)
        expected = [ReferenceEvaluator(to_double(model)).run(
            None, {"image": sample[None].astype(np.float64)}) for sample in inputs]
        names = [output.name for output in model.graph.output]
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            save(model, folder / "model.onnx")
            np.save(folder / "inputs.npy", inputs)
            data = f"--input={folder / 'inputs.npy'}"
            levels = {}
            for level in ("qnn", "nmc"):
                _, levels[level], _ = tools.run_model(
                    folder / "model.onnx", folder, data, "--time-steps=4",
                    f"--level={level}", name=level, spikes=False)
            tools.compile_model(folder / "model.onnx", folder / "model.nmc",
                                "--time-steps=4")
            _, levels["program"], _ = tools.run_model(
                folder / "model.nmc", folder, data, name="program", spikes=False)
        self.assertEqual(list(levels["qnn"]), names + ["prediction"])
        for k, name in enumerate(names):
            want = np.stack([e[k][0] if e[k].shape[:1] == (1,) else e[k]
                             for e in expected])
            for level, outputs in levels.items():
                self.assertEqual(outputs[name].shape, want.shape, name)
                self.assertEqual(outputs[name].dtype,
                                 np.int64 if want.dtype.kind in "ib" else np.float64)
                # ONNX's own cubic coefficients are float32.
                limit = 1e-5 if name.startswith("cubic") else 1e-9
                np.testing.assert_allclose(outputs[name], want, rtol=limit,
                                           atol=limit, err_msg=f"{name} at {level}")
            self.assertEqual(levels["nmc"][name].tobytes(),
                             levels["program"][name].tobytes())

    def test_box_decoding(self):
        """As YOLO does it, two outputs."""
        b, anchors, classes = None, 2, 3
        x = self.network(anchors * (5 + classes))
        b = self.b

        def part(value, begin, end):
            return b.op("Slice", [value] + [b.constant([v], np.int64)
                                            for v in (begin, end, 2)])

        batch = b.op("Gather", [b.op("Shape", [x]), b.constant(0, np.int64)], axis=0)
        shape = b.op("Concat", [b.unsqueeze(batch, [0]),
                                b.constant([anchors, 5 + classes, 6, 6], np.int64)],
                     axis=0)
        x = b.op("Reshape", [x, shape])
        grid = np.stack(np.meshgrid(np.arange(6), np.arange(6)))[None, None]
        sizes = self.rng.uniform(1, 3, size=(1, anchors, 2, 1, 1))
        xy = b.op("Mul", [b.op("Add", [b.op("Sigmoid", [part(x, 0, 2)]),
                                       b.constant(grid)]), b.constant(32.0)])
        wh = b.op("Mul", [b.op("Exp", [part(x, 2, 4)]), b.constant(sizes)])
        corner = b.op("Sub", [xy, b.op("Div", [wh, b.constant(2.0)])])
        boxes = b.op("Concat", [corner, wh], axis=2)
        boxes = b.op("Transpose", [boxes], perm=[0, 1, 3, 4, 2])
        self.output("boxes", b.op("Reshape", [boxes, b.constant([0, -1, 4], np.int64)]))
        scores = b.op("Mul", [b.op("Sigmoid", [part(x, 4, 5)]),
                              b.op("Softmax", [part(x, 5, 5 + classes)], axis=2)])
        self.output("scores", scores)
        self.check()

    def test_segmentation(self):
        """Resampling in all its modes, and the class of each pixel."""
        x = self.network(3)
        b = self.b
        for mode, coordinates in (("linear", "half_pixel"), ("linear", "align_corners"),
                                  ("linear", "asymmetric"), ("cubic", "half_pixel"),
                                  ("nearest", "asymmetric")):
            sizes = b.op("Concat", [b.op("Shape", [x], end=2),
                                    b.constant([11, 13], np.int64)], axis=0)
            y = b.op("Resize", [x, "", "", sizes], mode=mode,
                     coordinate_transformation_mode=coordinates,
                     nearest_mode="floor" if mode == "nearest" else None)
            self.output(f"{mode}.{coordinates}", y)
        self.output("classes", b.op("ArgMax", [y], axis=1, keepdims=0),
                    TensorProto.INT64)
        self.output("raw", x)
        self.check()

    def test_split_and_pooled(self):
        """Selections, reductions and comparisons."""
        x = self.network(4)
        b = self.b
        first, second = b.op("Split", [x, b.constant([1, 3], np.int64)], 2, axis=1)
        self.output("highest", b.op("ReduceMax", [second, b.constant([1], np.int64)]))
        product = b.op("Mul", [first, second])
        self.output("products", b.op("Div", [product, b.op("Add", [
            b.op("Abs", [first]), b.constant(1.0)])]))
        picked = b.op("Gather", [second, b.constant([2, 0], np.int64)], axis=1)
        self.output("picked", b.op("Tanh", [picked]))
        self.check()


if __name__ == "__main__":
    unittest.main()
