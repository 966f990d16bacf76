# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""fastsnn-train for a few steps on the CIFAR-10 images of the repository."""

import gzip

import pytest
import torch

from conftest import ROOT
import fastsnn
from fastsnn.zoo import train

DATA = ROOT / "data" / "cifar10_test_1000.bin.gz"
PREPROCESS = {"scale": 255, "mean": train.MEAN, "std": train.STD}


def test_a_few_steps(tmp_path, capsys):
    prefix = tmp_path / "net"
    few = tmp_path / "few.bin"
    few.write_bytes(gzip.decompress(DATA.read_bytes())[: 40 * 3073])
    code = train.main([
        "resnet20", "--train", str(DATA), "--test", str(few), "-o", str(prefix), "--batch", "32",
        "--epochs", "2,1,1,1", "--steps", "2", "--device", "cpu"])
    assert code == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["32", "4", "3", "2"]
    assert not any("nan" in line for line in lines)
    assert all(0 <= float(line.split()[-2]) <= 100 for line in lines)
    for bits in (4, 3, 2):
        program = fastsnn.compile(f"{prefix}_{bits}.onnx", tmp_path / "m.nmc",
                                  preprocess=PREPROCESS)
        result = fastsnn.run(program, DATA, limit=5)
        assert result.report["time_steps"] == 2**bits - 1
    # Parameters go on from file to file.
    assert train.main(["resnet20", "--train", str(DATA), "-o", str(prefix), "--bits", "2",
                       "--epochs", "1", "--steps", "1", "--batch", "8", "--device", "cpu",
                       "--start", f"{prefix}_3.pt"]) == 0


def test_same_seed_same_parameters(tmp_path):
    results = []
    for name in ("a", "b"):
        train.main(["resnet20", "--train", str(DATA), "-o", str(tmp_path / name), "--batch", "16",
                    "--bits", "32", "--epochs", "1", "--steps", "2", "--device", "cpu"])
        results.append(torch.load(tmp_path / f"{name}_32.pt", weights_only=True))
    for key, value in results[0].items():
        assert torch.equal(value, results[1][key])


def test_augmentation_moves_pixels():
    pixels = torch.arange(2 * 3 * 32 * 32).view(2, 3, 32, 32) + 1
    moved = train.augment(pixels, torch.Generator().manual_seed(3))
    assert moved.shape == pixels.shape
    assert set(moved.unique().tolist()) <= {0, *range(1, pixels.numel() + 1)}
    inside = [row[row > 0].diff().unique().abs().tolist() for row in moved[0, 0] if (row > 0).any()]
    assert all(step == [1] for step in inside)


def test_errors(tmp_path, capsys):
    short = tmp_path / "short.bin"
    short.write_bytes(b"123")
    wrong = tmp_path / "wrong.bin.gz"
    wrong.write_bytes(gzip.compress(bytes([10]) + bytes(3072)))
    common = ["-o", str(tmp_path / "x"), "--device", "cpu"]
    for files, message in (([str(short)], "3073"), ([str(wrong)], "label 10"),
                           ([str(tmp_path / "none")], "No such file")):
        assert train.main(["resnet20", "--train", *files, *common]) == 1
        assert message in capsys.readouterr().err
    assert train.main(["resnet20", "--train", str(DATA), "--epochs", "1", *common]) == 1
    assert "one for each" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        train.main(["vgg16", "--train", str(DATA), *common])
