# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""fastsnn.compile and fastsnn.run. Needs numpy and the built tools, no torch, no pytest."""

import gzip
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
except ImportError:
    print("SKIP: numpy is not installed; scripts/bootstrap.sh makes .venv with it")
    sys.exit(77)

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import fastsnn  # noqa: E402

MODEL = ROOT / "models" / "resnet20_w2a2_qonnx.onnx"
PREPROCESS = {"scale": 255, "mean": [0.491, 0.482, 0.447], "std": (0.247, 0.243, 0.262)}


def images(count):
    with gzip.open(ROOT / "data" / "cifar10_test_1000.bin.gz") as file:
        records = np.frombuffer(file.read(count * 3073), np.uint8).reshape(-1, 3073)
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].astype(np.int64)


class Tools(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_torch_is_not_needed(self):
        code = "import fastsnn, sys; sys.exit('torch' in sys.modules)"
        subprocess.run([sys.executable, "-c", code], cwd=ROOT / "python", check=True)

    def test_compile_and_run(self):
        program = fastsnn.compile(MODEL, self.folder / "net.nmc", preprocess=PREPROCESS)
        self.assertEqual(program.path, self.folder / "net.nmc")
        self.assertEqual(program.warnings, [])
        pixels, labels = images(8)
        result = fastsnn.run(program, pixels, labels, spikes=True, threads=2)
        self.assertEqual(result.predictions.shape, (8,))
        self.assertEqual(result.accuracy, float((result.predictions == labels).mean()))
        (scores,) = result.outputs.values()
        self.assertEqual(scores.shape, (8, 10))
        self.assertTrue(np.array_equal(scores.argmax(1), result.predictions))
        self.assertEqual(result.certificate, "exact")
        self.assertEqual(len(result.layers), 19)
        for layer in result.layers:
            spikes = result.spikes[layer.name]
            self.assertEqual(spikes.shape[:2], (8, 3))
            self.assertEqual(int((spikes == 1).sum()), layer.spikes_pos)
            self.assertEqual(int((spikes == -1).sum()), layer.spikes_neg)
            self.assertEqual(layer.certificate, "exact")
            self.assertAlmostEqual(layer.rate, float((spikes != 0).mean()))

    def test_run_compiles_and_takes_files(self):
        pixels, _ = images(2)
        np.save(self.folder / "x.npy", pixels)
        compared = fastsnn.run(MODEL, self.folder / "x.npy", preprocess=PREPROCESS,
                               level="folded", compare=["qnn", "snn"])
        self.assertIsNone(compared.accuracy)
        self.assertIsNone(compared.spikes)
        self.assertEqual([c["level"] for c in compared.report["compare"]], ["qnn", "snn"])
        by_array = fastsnn.run(MODEL, pixels, preprocess=PREPROCESS, level="folded")
        self.assertTrue(np.array_equal(by_array.predictions, compared.predictions))

    def test_options(self):
        manifest = fastsnn.compile(MODEL, self.folder / "m.json", emit="manifest", time_steps=2,
                                   unsigned=True, quantize_weights=None)
        text = manifest.path.read_text(encoding="utf-8")
        self.assertIn('"time_steps": 2', text)
        self.assertIn('"approximate": true', text)

    def test_errors_of_the_tools(self):
        with self.assertRaises(fastsnn.ToolError) as caught:
            fastsnn.compile(MODEL, self.folder / "net.nmc", time_steps=-1, epsilon="x")
        self.assertEqual(caught.exception.returncode, 1)
        self.assertGreaterEqual(len(caught.exception.messages), 1)
        self.assertIn("--epsilon", str(caught.exception))
        with self.assertRaises(fastsnn.ToolError) as caught:
            fastsnn.run(MODEL, np.zeros((1, 3, 32, 31)))
        self.assertEqual(caught.exception.returncode, 1)
        with self.assertRaisesRegex(fastsnn.ToolError, "no end after"):
            fastsnn.compile(MODEL, self.folder / "net.nmc", timeout=1e-3)
        with self.assertRaisesRegex(fastsnn.ToolError, "pass example="):
            fastsnn.compile(object(), self.folder / "net.nmc")

    def test_finding_the_tools(self):
        kept = {name: os.environ.pop(name, None) for name in ("FASTSNN_BIN", "PATH")}

        def restore():
            for name, value in kept.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

        self.addCleanup(restore)
        tool = self.folder / "fastsnn-run"
        tool.write_text("#!/bin/sh\nexit 3\n")
        tool.chmod(0o755)
        os.environ["PATH"] = str(self.folder)
        self.assertEqual(fastsnn.find_tool("fastsnn-run"), tool)
        os.environ["FASTSNN_BIN"] = str(self.folder)
        self.assertEqual(fastsnn.find_tool("fastsnn-run"), tool)
        with self.assertRaises(fastsnn.ToolError) as caught:
            fastsnn.run("x.nmc", np.zeros((1, 1)))
        self.assertEqual(caught.exception.returncode, 3)
        os.environ["FASTSNN_BIN"] = str(self.folder / "nowhere")
        with self.assertRaisesRegex(fastsnn.ToolError, "FASTSNN_BIN"):
            fastsnn.find_tool("fastsnn-run")

    def test_unknown_attribute(self):
        with self.assertRaises(AttributeError):
            fastsnn.nothing


if __name__ == "__main__":
    unittest.main()
