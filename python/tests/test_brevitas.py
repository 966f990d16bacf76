# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A network of Brevitas modules, made and exported here: per-tensor and per-channel
scales, a residual block, both poolings."""

import numpy as np
import onnx
import pytest
import torch
from torch import nn

import fastsnn

pytest.importorskip("onnxoptimizer", reason="onnxoptimizer is not installed")
qnn = pytest.importorskip("brevitas.nn", reason="brevitas is not installed")
quant = pytest.importorskip("brevitas.quant")

LABELS = 4


class Block(nn.Module):
    """Two convolutions, the first scaled per tensor, the second per channel. Both branches
    of the sum have one quantizer."""

    def __init__(self, channels):
        super().__init__()
        self.first = qnn.QuantConv2d(channels, channels, 3, padding=1, bias=False,
                                     weight_bit_width=3)
        self.norm1, self.act1 = nn.BatchNorm2d(channels), qnn.QuantReLU(bit_width=3)
        self.second = qnn.QuantConv2d(
            channels, channels, 3, padding=1, bias=False, weight_bit_width=4,
            weight_quant=quant.Int8WeightPerChannelFloat)
        self.norm2, self.act2 = nn.BatchNorm2d(channels), qnn.QuantReLU(bit_width=3)

    def forward(self, x):
        return self.act2(self.norm2(self.second(self.act1(self.norm1(self.first(x))))) + x)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.input = qnn.QuantIdentity(bit_width=8)
        self.conv = qnn.QuantConv2d(3, 8, 3, padding=1, bias=False, weight_bit_width=8)
        self.norm, self.act = nn.BatchNorm2d(8), qnn.QuantReLU(bit_width=3)
        self.pool1, self.block, self.pool2 = nn.MaxPool2d(2), Block(8), nn.AvgPool2d(2)
        self.last = qnn.QuantLinear(8 * 16, LABELS, bias=True, weight_bit_width=8)

    def forward(self, x):
        x = self.pool1(self.act(self.norm(self.conv(self.input(x)))))
        return self.last(self.pool2(self.block(x)).flatten(1))


def trained():
    """A few steps of training on a made-up task, so that scales mean something."""
    torch.manual_seed(0)
    network = Network()
    x = torch.randn(256, 3, 16, 16)
    labels = x.mean((2, 3)).mul(30).long().sum(1) % LABELS
    optimizer = torch.optim.SGD(network.parameters(), 0.02, momentum=0.9)
    for step in range(12):
        begin = step * 64 % 256
        loss = nn.functional.cross_entropy(network(x[begin:begin + 64]), labels[begin:begin + 64])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval(), x[:64], labels[:64]


@pytest.fixture(scope="module")
def network():
    return trained()


def test_outputs_and_accuracy(network, tmp_path):
    module, x, labels = network
    before = {name: value.clone() for name, value in module.state_dict().items()}
    exported = fastsnn.export(module, x[:1], tmp_path / "m.onnx")
    assert exported.style == "qonnx"
    assert [value.name for value in onnx.load(tmp_path / "m.onnx").graph.input] == ["x"]
    assert [file.name for file in tmp_path.iterdir()] == ["m.onnx"]
    # A copy was exported.
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
    result = fastsnn.run(tmp_path / "m.onnx", x.numpy(), labels.numpy(), level="qnn")
    with torch.no_grad():
        expected = module(x)
    actual = next(iter(result.outputs.values()))
    off = np.abs(actual - expected.numpy()).max(1) > 1e-4 * float(expected.abs().max())
    # A float32 sum on a tie may fall on the other side.
    assert off.sum() <= 1
    assert result.accuracy == float((expected.argmax(1) == labels).double().mean())


def test_the_program_runs(network, tmp_path):
    module, x, _ = network
    program = fastsnn.compile(module, tmp_path / "m.nmc", example=x[:1])
    result = fastsnn.run(program, x.numpy(), spikes=True)
    assert result.report["time_steps"] == 7
    assert result.certificate == "exact"
    assert sum(int((s < 0).sum()) for s in result.spikes.values()) > 0


def test_float64_is_refused(network, tmp_path):
    with pytest.raises(fastsnn.ExportError, match="float32"):
        fastsnn.export(network[0], network[1], tmp_path / "m.onnx", float64=True)
