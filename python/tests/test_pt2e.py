# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks quantized by PT2E (torchao): the bit width is in the graph and in the file."""

import numpy as np
import onnx
from onnx import numpy_helper
import pytest
import torch
from torch import nn

import fastsnn

pytest.importorskip("torchao", reason="torchao is not installed")
from torchao.quantization.pt2e import MinMaxObserver, PerChannelMinMaxObserver  # noqa: E402
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e  # noqa: E402
from torchao.quantization.pt2e.quantizer import (  # noqa: E402
    QuantizationAnnotation, QuantizationSpec, Quantizer)
from torchao.quantization.pt2e.quantizer.quantizer import Q_ANNOTATION_KEY  # noqa: E402

ATEN = torch.ops.aten


class FewBits(Quantizer):
    """Unsigned activations of so many bits behind ReLU, weights in -7..7, input of 8 bits."""

    def __init__(self, bits, per_channel):
        super().__init__()
        self.activation = QuantizationSpec(
            torch.uint8, MinMaxObserver.with_args(eps=2**-12), 0, 2**bits - 1,
            torch.per_tensor_affine)
        self.input = QuantizationSpec(
            torch.int8, MinMaxObserver.with_args(eps=2**-12), -128, 127,
            torch.per_tensor_symmetric)
        observer = PerChannelMinMaxObserver if per_channel else MinMaxObserver
        scheme = torch.per_channel_symmetric if per_channel else torch.per_tensor_symmetric
        self.weight = QuantizationSpec(
            torch.int8, observer.with_args(eps=2**-12), -7, 7, scheme,
            ch_axis=0 if per_channel else None)

    def annotate(self, model):
        for node in model.graph.nodes:
            if node.target in (ATEN.conv2d.default, ATEN.linear.default):
                inputs = {node.args[1]: self.weight}
                if node.args[0].op == "placeholder":
                    inputs[node.args[0]] = self.input
                node.meta[Q_ANNOTATION_KEY] = QuantizationAnnotation(inputs, _annotated=True)
            elif node.target in (ATEN.relu.default, ATEN.relu_.default):
                node.meta[Q_ANNOTATION_KEY] = QuantizationAnnotation(
                    {}, self.activation, _annotated=True)
        return model

    def validate(self, model):
        pass


X = torch.randn(32, 3, 12, 12, generator=torch.Generator().manual_seed(0))


def quantized(bits, per_channel=False):
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(128, 6)).eval()
    prepared = prepare_pt2e(torch.export.export(network, (X,)).module(), FewBits(bits, per_channel))
    prepared(X)
    return convert_pt2e(prepared)


def ranges(path):
    """The largest integers that Clip leaves behind each QuantizeLinear."""
    graph = onnx.load(path).graph
    arrays = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    return [int(arrays[n.input[2]]) for n in graph.node if n.op_type == "Clip"]


@pytest.mark.parametrize("bits, per_channel", [(2, False), (3, True), (4, False), (4, True)])
def test_few_bits(tmp_path, bits, per_channel):
    module = quantized(bits, per_channel)
    path = tmp_path / "m.onnx"
    exported = fastsnn.export(module, X, path)
    assert exported.style == "qcdq"
    assert ranges(path) == [2**bits - 1] * 2
    onnx.checker.check_model(str(path), full_check=True)
    expected = module(X).detach().numpy()
    labels = expected.argmax(1)
    result = fastsnn.run(path, X.numpy(), labels, level="qnn")
    actual = next(iter(result.outputs.values()))
    off = np.abs(actual - expected).max(1) > 1e-4 * np.abs(expected).max()
    # A float32 sum on a tie may fall on the other side.
    assert off.sum() <= 1
    assert result.accuracy == 1
    program = fastsnn.compile(path, tmp_path / "m.nmc")
    assert program.warnings == []
    assert fastsnn.run(program, X.numpy()).report["time_steps"] == 2**bits - 1


def test_eight_bits_take_255_steps_and_a_warning(tmp_path):
    path = tmp_path / "m.onnx"
    fastsnn.export(quantized(8), X, path)
    assert ranges(path) == []
    program = fastsnn.compile(path, tmp_path / "m.nmc")
    assert len(program.warnings) == 1
    assert "255 levels" in program.warnings[0]
    assert fastsnn.run(program, X[:2].numpy()).report["time_steps"] == 255
