#!/usr/bin/env python3
"""Damaged models, programs, data and options: an `error:` line and exit code 1,
never a crash, a hang or a silent success. Runs against any build: with
FASTSNN_BIN=build/asan/bin the sanitizers judge too.

    malformed_test.py [--all] [-k NAME]     --all: every byte, every prefix
"""

import os
from pathlib import Path
import random
import struct
import sys
import tempfile
import unittest
import zlib

import numpy as np
import onnx

from malformed_models import base_model, defects, external_models
import tools

ALL = "--all" in sys.argv

# Traces of a program that fell over instead of refusing.
FALLEN = ["AddressSanitizer", "runtime error:", "LeakSanitizer", "Assertion",
          "LLVM ERROR", "Stack dump", "PLEASE submit a bug report",
          "terminate called", "Traceback", "UNREACHABLE"]
TIMEOUT = 120


class Malformed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.model = cls.folder / "base.onnx"
        onnx.save(base_model(), str(cls.model))
        cls.inputs = cls.folder / "inputs.npy"
        rng = np.random.default_rng(1)
        np.save(cls.inputs, rng.uniform(-1, 1, (2, 2, 6, 6)).astype(np.float32))
        cls.program = cls.folder / "base.nmc"
        cls.compile_options = []
        tools.compile_model(cls.model, cls.program)
        tools.run("fastsnn-run", cls.program, f"--input={cls.inputs}")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def judge(self, result, words=(), may_succeed=False):
        """The result of a tool on something damaged."""
        errors = result.stderr.decode(errors="replace")
        everything = errors + result.stdout.decode(errors="replace")
        call = " ".join(map(str, result.args))
        report = f"{call}\nexit code {result.returncode}\n{everything[-1500:]}"
        for trace in FALLEN:
            self.assertNotIn(trace, everything, report)
        if may_succeed and result.returncode == 0:
            return
        self.assertEqual(result.returncode, 1, report)
        self.assertIn("error:", errors, report)
        for word in words:
            self.assertIn(word, errors, report)

    def refuse_model(self, path, words=()):
        output = self.folder / "never.nmc"
        if output.exists():
            output.unlink()
        self.judge(tools.start("fastsnn-compile", path, "-o", output,
                               timeout=TIMEOUT), words)
        self.assertFalse(output.exists(), f"{path}: an output was written")

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    # ONNX.

    def test_truncated_onnx(self):
        data = self.model.read_bytes()
        rng = random.Random(1)
        cuts = set(range(0, 24)) | {len(data) - 1, len(data) - 2}
        cuts |= (set(range(len(data))) if ALL else
                 set(rng.sample(range(len(data)), 60)))
        for cut in sorted(cuts):
            with self.subTest(cut=cut):
                self.refuse_model(self.write("cut.onnx", data[:cut]))

    def test_flipped_onnx(self):
        """Any answer but a crash: many bits of a model do not matter."""
        data = self.model.read_bytes()
        rng = random.Random(2)
        for _ in range(2000 if ALL else 80):
            damaged = bytearray(data)
            for _ in range(rng.choice([1, 1, 3])):
                damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            path = self.write("flipped.onnx", bytes(damaged))
            with self.subTest(damaged=zlib.crc32(damaged)):
                self.judge(tools.start("fastsnn-compile", path, "-o",
                                       self.folder / "flipped.nmc",
                                       timeout=TIMEOUT), may_succeed=True)

    def test_not_onnx(self):
        rng = random.Random(3)
        for name, data in (("text.onnx", b"This is not a model.\n" * 9),
                           ("random.onnx", rng.randbytes(5000)),
                           ("zeros.onnx", bytes(5000)), ("empty.onnx", b""),
                           ("program.onnx", self.program.read_bytes())):
            with self.subTest(name=name):
                self.refuse_model(self.write(name, data))
        self.refuse_model(self.folder / "does_not_exist.onnx", ["does_not_exist"])
        self.refuse_model(self.folder)

    def test_defects(self):
        for name, model, words in defects():
            with self.subTest(defect=name):
                path = self.folder / f"{name}.onnx"
                onnx.save(model, str(path))
                self.refuse_model(path, words)

    def test_all_defects_at_once(self):
        """Errors of independent places are all reported in one run."""
        model = base_model()
        wanted = []
        for node in model.graph.node:
            if node.op_type in ("Relu", "Flatten"):
                node.op_type = "No" + node.op_type
                wanted.append(node.name)
        for tensor in model.graph.initializer:
            if tensor.name == "b3":
                tensor.CopyFrom(onnx.numpy_helper.from_array(
                    np.float32([0, np.nan, 0, 0, 0]), "b3"))
        path = self.folder / "several.onnx"
        onnx.save(model, str(path))
        self.refuse_model(path, wanted)

    def test_external_data(self):
        inner = self.folder / "inner"
        inner.mkdir(exist_ok=True)
        (inner / "sub").mkdir(exist_ok=True)
        (inner / "present.data").write_bytes(bytes(600))
        (self.folder / "outside.data").write_bytes(bytes(600))
        for name, model in external_models():
            with self.subTest(case=name):
                path = inner / f"{name}.onnx"
                path.write_bytes(model.SerializeToString())
                self.refuse_model(path, ["w2"])
        # A link inside the folder that leads out of it.
        link = inner / "absent.data"
        if not link.exists():
            link.symlink_to(self.folder / "outside.data")
        self.refuse_model(inner / "absent.onnx", ["w2"])

    # Programs.

    def run_program(self, path):
        return tools.start("fastsnn-run", path, f"--input={self.inputs}",
                           timeout=TIMEOUT)

    def test_truncated_program(self):
        data = self.program.read_bytes()
        rng = random.Random(4)
        cuts = set(range(0, 40)) | {len(data) - 1, len(data) - 4}
        cuts |= (set(range(len(data))) if ALL else
                 set(rng.sample(range(len(data)), 60)))
        for cut in sorted(cuts):
            with self.subTest(cut=cut):
                self.judge(self.run_program(self.write("cut.nmc", data[:cut])))
        self.judge(self.run_program(self.write("long.nmc", data + b"\0")))
        self.judge(self.run_program(self.write("twice.nmc", data + data)))

    def test_flipped_program(self):
        """One flipped bit anywhere is noticed."""
        data = self.program.read_bytes()
        rng = random.Random(5)
        places = (range(len(data)) if ALL else
                  list(range(24)) + rng.sample(range(len(data)), 100))
        for place in places:
            damaged = bytearray(data)
            damaged[place] ^= 1 << rng.randrange(8)
            with self.subTest(place=place):
                self.judge(self.run_program(self.write("flip.nmc", bytes(damaged))))

    def test_crafted_program(self):
        """Damage under a checksum that is right: refused, or run safely."""
        data = self.program.read_bytes()
        rng = random.Random(6)
        for case in range(3000 if ALL else 150):
            damaged = bytearray(data[:-4])
            for _ in range(rng.choice([1, 1, 2, 4])):
                place = rng.randrange(len(damaged))
                choice = rng.random()
                if choice < 0.4:
                    damaged[place] ^= 1 << rng.randrange(8)
                elif choice < 0.7:
                    damaged[place] = rng.choice([0, 1, 127, 128, 255])
                else:
                    place = min(place & ~7, len(damaged) - 8)
                    value = rng.choice([0, 1, 2 ** 31 - 1, 2 ** 63 - 1, -1, -2 ** 63])
                    struct.pack_into("<q", damaged, place, value)
            checksum = struct.pack("<I", zlib.crc32(bytes(damaged)))
            path = self.write("crafted.nmc", bytes(damaged) + checksum)
            with self.subTest(case=case):
                self.judge(self.run_program(path), may_succeed=True)

    def test_version(self):
        data = bytearray(self.program.read_bytes())
        for offset, value, word in ((8, 2, "version"), (8, 0, "version"),
                                    (10, 9, "version")):
            damaged = bytearray(data)
            struct.pack_into("<H", damaged, offset, value)
            damaged[-4:] = struct.pack("<I", zlib.crc32(bytes(damaged[:-4])))
            self.judge(self.run_program(self.write("version.nmc", bytes(damaged))),
                       [word])

    def test_named_errors(self):
        """Different damage, different message."""
        data = self.program.read_bytes()
        messages = set()
        damaged = bytearray(data)
        damaged[len(data) // 2] ^= 1
        version = bytearray(data)
        version[8] = 7
        magic = bytearray(data)
        magic[1] = 0
        for case in (data[:100], bytes(damaged), bytes(version), bytes(magic)):
            result = self.run_program(self.write("named.nmc", case))
            self.judge(result)
            messages.add(result.stderr.decode().split("error:", 1)[1].strip())
        self.assertEqual(len(messages), 4, messages)

    # Data.

    def refuse_inputs(self, path, *options):
        for file in (self.program, self.model):
            self.judge(tools.start("fastsnn-run", file, f"--input={path}", *options,
                                   timeout=TIMEOUT))

    def test_inputs(self):
        good = np.load(self.inputs)
        cases = {"shape": good[:, :, :5], "rank": good[0, 0], "flat": good.ravel(),
                 "channels": np.concatenate([good, good], axis=1),
                 "strings": np.array(["a", "b"]), "complex": good.astype(complex),
                 "nan": np.where(good == good[0, 0, 0, 0], np.nan, good),
                 "infinite": np.where(good == good[0, 0, 0, 0], np.inf, good)}
        for name, array in cases.items():
            with self.subTest(case=name):
                path = self.folder / f"input_{name}.npy"
                np.save(path, array)
                self.refuse_inputs(path)
        data = self.inputs.read_bytes()
        for cut in (0, 5, 9, 40, 100, len(data) - 1):
            with self.subTest(cut=cut):
                self.refuse_inputs(self.write("cut.npy", data[:cut]))
        pickled = self.folder / "pickled.npy"
        np.save(pickled, np.array([{"a": 1}], dtype=object), allow_pickle=True)
        self.refuse_inputs(pickled)
        np.savez(self.folder / "two.npz", a=good, b=good)
        self.refuse_inputs(f"{self.folder}/two.npz:c")
        self.refuse_inputs(self.folder / "absent.npy")
        self.refuse_inputs(self.write("text.npy", b"1 2 3\n"))
        labels = self.folder / "labels.npy"
        np.save(labels, np.arange(7))
        self.refuse_inputs(self.inputs, f"--labels={labels}")

    # Options.

    def test_options(self):
        compile_cases = [["--time-steps=0"], ["--time-steps=-1"],
                         ["--time-steps=many"], ["--time-steps=99999999999999"],
                         ["--epsilon=-1"], ["--epsilon=nan"], ["--state-bits=7"],
                         ["--emit=picture"], ["--preprocess=scale=0"],
                         ["--preprocess=mean=1:2:3"], ["--preprocess=std=0"],
                         ["--preprocess=colour=1"], ["--tolerance=-1"],
                         ["--no-such-option"], ["--input-encoding=morse"]]
        for options in compile_cases:
            with self.subTest(options=options):
                self.judge(tools.start("fastsnn-compile", self.model, "-o",
                                       self.folder / "never.nmc", *options,
                                       timeout=TIMEOUT))
        self.judge(tools.start("fastsnn-compile", self.model, "-o",
                               self.folder / "absent" / "out.nmc"))
        run_cases = [["--level=qnn"], ["--level=snn"], ["--level=folded"],
                     ["--level=cellar"], ["--time-steps=3"], ["--threads=-1"],
                     ["--limit=-1"], ["--limit=x"], ["--compare=qnn"],
                     ["--no-such-option"],
                     [f"--output={self.folder}/absent/out.npz"],
                     [f"--json={self.folder}/absent/out.json"]]
        for options in run_cases:
            with self.subTest(options=options):
                self.judge(tools.start("fastsnn-run", self.program,
                                       f"--input={self.inputs}", *options,
                                       timeout=TIMEOUT))

    def test_unsigned_with_negative_counts(self):
        model = base_model()
        for tensor in model.graph.initializer:
            if tensor.name.startswith("act1_") and tensor.name != "act1_scale":
                value = onnx.numpy_helper.to_array(tensor)
                value = {"act1_zero": 100, "act1_low": 98, "act1_high": 102}[tensor.name]
                tensor.CopyFrom(onnx.numpy_helper.from_array(np.uint8(value),
                                                             tensor.name))
        del model.graph.node[[n.name for n in model.graph.node].index("relu1")]
        for node in model.graph.node:
            for i, name in enumerate(node.input):
                if name == "relu1_out":
                    node.input[i] = "bn1_out"
        path = self.folder / "signed.onnx"
        onnx.save(model, str(path))
        tools.compile_model(path, self.folder / "signed.nmc")
        self.judge(tools.start("fastsnn-compile", path, "-o",
                               self.folder / "never.nmc", "--unsigned"))

    def test_mlir(self):
        """Text and bytecode that other levels are read from."""
        for suffix, emit in ((".mlir", "qnn"), (".mlirbc", "nmc")):
            path = self.folder / f"whole{suffix}"
            tools.run("fastsnn-compile", self.model, "-o", path, f"--emit={emit}")
            data = path.read_bytes()
            for cut in (0, 3, len(data) // 3, len(data) // 2, len(data) - 40):
                with self.subTest(suffix=suffix, cut=cut):
                    damaged = self.write(f"cut{suffix}", data[:cut])
                    self.judge(self.run_program(damaged))


if __name__ == "__main__":
    os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=0")
    unittest.main(argv=[a for a in sys.argv if a != "--all"])
