# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""fastsnn.export on modules that quantize by arithmetic, torch.fake_quantize or FX."""

import copy

import numpy as np
import onnx
from onnx import numpy_helper
import pytest
import torch
from torch import nn
import torch.nn.functional as F

import fastsnn
from fastsnn import zoo
from fastsnn.zoo.layers import Block


class Rounding(torch.autograd.Function):
    """A quantizer as an autograd.Function; `mul(1)` crashes PyTorch's own exporter."""

    @staticmethod
    def forward(ctx, x, bits):
        ctx.save_for_backward(x)
        return x.mul(2**bits - 1).round().div(2**bits - 1)

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


class Activation(nn.Module):
    def __init__(self, levels=3, function=False):
        super().__init__()
        self.levels, self.function = levels, function
        self.alpha = nn.Parameter(torch.tensor(1.7))

    def forward(self, x):
        x = (F.relu(x) / self.alpha).clamp(0, 1)
        if self.function:
            return Rounding.apply(x, 2) * self.alpha
        x = x * self.levels
        return ((torch.round(x) - x).detach() + x) / self.levels * self.alpha

    def extra_repr(self):
        return "{:.3f}".format(self.alpha)


class Convolution(nn.Conv2d):
    """Ternary weights by mean and deviation, read by way of .data or .detach()."""

    data = "data"

    def forward(self, x):
        weight = self.weight
        if self.data == "data":
            mean, std = weight.data.mean(), weight.data.std()
        elif self.data == "detach":
            mean, std = weight.detach().mean(), weight.detach().std()
        else:
            mean, std = float(weight.mean()), weight.std().item()
        weight = Rounding.apply(((weight - mean) / std / 1.5).clamp(-1, 1), 1) * 1.5
        return F.conv2d(x, weight, self.bias, self.stride, self.padding)


class FirstLayer(nn.Conv2d):
    """Eight bits by the largest weight."""

    def forward(self, x):
        largest = self.weight.data.max()
        rounded = (self.weight / largest * 127).round() / 127 * largest
        return self._conv_forward(x, (rounded - self.weight).detach() + self.weight, self.bias)


def small_network(function=False, data="data", pool=None):
    torch.manual_seed(0)
    inner = Convolution(8, 8, 3, padding=1, bias=False)
    inner.data = data
    network = nn.Sequential(
        FirstLayer(3, 8, 3, padding=1), nn.BatchNorm2d(8), Activation(function=function),
        pool or nn.AvgPool2d(2), inner, nn.BatchNorm2d(8), Activation(),
        nn.Flatten(), nn.Linear(8 * 4 * 4, 5))
    with torch.no_grad():
        network[-1].weight.copy_(torch.round(network[-1].weight * 128) / 128)
        for norm in (network[1], network[5]):
            norm.running_mean.normal_(0, 0.1)
            norm.running_var.uniform_(0.5, 1.5)
            norm.bias.normal_(0.3, 0.3)
    return network


def quantized_outputs(path, x, **options):
    """What the quantized level of the tools computes."""
    return next(iter(fastsnn.run(path, x.numpy(), level="qnn", **options).outputs.values()))


def agrees(module, x, path, **options):
    """Exports, and compares PyTorch's float64 outputs with the tools'."""
    exported = fastsnn.export(module, x, path, **options)
    onnx.checker.check_model(str(path), full_check=True)
    with torch.no_grad():
        expected = module.eval().double()(x.double()).numpy()
    actual = quantized_outputs(path, x)
    assert np.abs(actual - expected).max() < 1e-5 * np.abs(expected).max()
    return exported


X = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("data", ["data", "detach", "item"])
@pytest.mark.parametrize("function", [False, True])
@pytest.mark.parametrize("float64", [False, True])
def test_computed_weights(tmp_path, data, function, float64):
    network = small_network(function, data)
    path = tmp_path / "m.onnx"
    exported = agrees(network, X, path, float64=float64)
    assert exported.style == "arithmetic"
    assert exported.differing_weights == {}
    graph = onnx.load(path).graph
    # All weights are constants: what is left are activations.
    weights = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    assert len(np.unique(weights["4.weight"])) == 3
    assert weights["4.weight"].dtype == (np.float64 if float64 else np.float32)
    assert not {"ReduceMean", "Sqrt", "ArgMin"} & {node.op_type for node in graph.node}
    # Layers are named after the modules.
    result = fastsnn.run(path, X.numpy())
    assert [layer.name for layer in result.layers] == ["2", "6"]
    assert result.report["time_steps"] == 3


def test_the_module_stays_as_it_was(tmp_path):
    network = small_network().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    fastsnn.export(network, X, tmp_path / "m.onnx")
    assert network.training
    assert not network[0]._forward_hooks
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])
        assert tensor.requires_grad == before[name].requires_grad


def test_compile_and_run_a_module(tmp_path):
    network = small_network().eval()
    compiled = fastsnn.compile(network, tmp_path / "m.nmc", example=X)
    assert compiled.path.exists()
    from_module = fastsnn.run(network, X.numpy(), example=X)
    from_program = fastsnn.run(compiled, X.numpy())
    assert np.array_equal(from_module.predictions, from_program.predictions)


@pytest.mark.parametrize("pool", [nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1), nn.AdaptiveAvgPool2d(4),
                                  nn.AvgPool2d(3, 2, 1, count_include_pad=False)])
def test_poolings(tmp_path, pool):
    agrees(small_network(pool=pool), X, tmp_path / "m.onnx")


class Branches(nn.Module):
    """A residual addition, in place; a concatenation; space-to-depth; views."""

    def __init__(self):
        super().__init__()
        self.stem = small_network()[:3]
        self.one, self.two = nn.Conv2d(8, 8, 1, bias=False), nn.Conv2d(8, 4, 1, bias=False)
        self.act1, self.act2, self.last = Activation(), Activation(), nn.Linear(12 * 64, 5)
        with torch.no_grad():
            # Other clips than in front, so that sums do not lie on ties.
            self.act1.alpha.fill_(1.3371)
            self.act2.alpha.fill_(1.1113)
            for module in (self.one, self.two, self.last):
                module.weight.copy_(torch.round(module.weight * 16) / 16)

    def forward(self, image):
        x = self.stem(image)
        y = self.one(x)
        y += x
        y = self.act1(y)
        z = self.act2(self.two(x).add_(0.125))
        joined = torch.cat([y, z], dim=1)
        joined = F.pixel_unshuffle(joined, 2)
        return {"scores": self.last(joined.view(joined.size(0), -1)), "map": y}


def test_branches_and_several_outputs(tmp_path):
    module = Branches().eval()
    exported = fastsnn.export(module, X, tmp_path / "m.onnx")
    assert exported.inputs == ["image"]
    assert exported.outputs == ["scores", "map"]
    result = fastsnn.run(tmp_path / "m.onnx", X.numpy(), level="qnn")
    with torch.no_grad():
        expected = module.double()(X.double())
    for name in exported.outputs:
        assert np.abs(result.outputs[name] - expected[name].numpy()).max() < 1e-5


def test_weights_near_a_boundary_keep_pytorchs_level(tmp_path):
    class Sum(nn.Module):
        """In float32 1 + 2^-25 is 1, and the weight rounds down to even."""

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.tensor([[[[0.5]]]]))
            self.act = Activation()

        def forward(self, x):
            weight = torch.round(self.weight + 2.0**-26) * 0.5 + 0.5
            return self.act(F.conv2d(x, weight))

    with pytest.warns(UserWarning, match="weight"):
        exported = fastsnn.export(Sum(), torch.rand(1, 1, 2, 2), tmp_path / "m.onnx")
    assert list(exported.differing_weights.values()) == [1]
    weights = [t for t in onnx.load(tmp_path / "m.onnx").graph.initializer if t.dims == [1, 1, 1, 1]]
    assert numpy_helper.to_array(weights[0]).item() == 0.5


@pytest.mark.parametrize("low, high", [(0, 255), (0, 15), (0, 6), (-128, 127), (-7, 7), (-8, 7)])
@pytest.mark.parametrize("float64", [False, True])
def test_fake_quantize(tmp_path, low, high, float64):
    class Net(nn.Module):
        def forward(self, x):
            return torch.fake_quantize_per_tensor_affine(x, 0.125, 0, low, high)

    x = 3 * torch.randn(4, 7, generator=torch.Generator().manual_seed(0))
    exported = fastsnn.export(Net(), x, tmp_path / "m.onnx", float64=float64)
    assert exported.style == ("arithmetic" if float64 else "qcdq")
    assert np.array_equal(quantized_outputs(tmp_path / "m.onnx", x), Net()(x).double().numpy())


def test_fx_reference_model(tmp_path):
    quantization = pytest.importorskip("torch.ao.quantization")
    fx = pytest.importorskip("torch.ao.quantization.quantize_fx")
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(),
                            nn.Flatten(), nn.Linear(128, 5)).eval()
    activation = quantization.MinMaxObserver.with_args(dtype=torch.quint8)
    weight = quantization.MinMaxObserver.with_args(
        dtype=torch.qint8, qscheme=torch.per_tensor_symmetric)
    mapping = quantization.QConfigMapping().set_global(quantization.QConfig(activation, weight))
    prepared = fx.prepare_fx(network, mapping, (X,))
    prepared(X)
    converted = fx.convert_to_reference_fx(prepared)
    exported = fastsnn.export(converted, X, tmp_path / "m.onnx")
    assert exported.style == "qcdq"
    actual = quantized_outputs(tmp_path / "m.onnx", X)
    expected = converted(X).detach().numpy()
    # The output is quantized: one step apart at most, where float32 sits on a tie.
    assert np.abs(actual - expected).max() < 0.02 * np.abs(expected).max()
    with pytest.raises(fastsnn.ExportError, match="convert_to_reference_fx"):
        fastsnn.export(fx.convert_fx(fx.prepare_fx(network, mapping, (X,))), X, tmp_path / "m.onnx")


def test_errors_name_every_module(tmp_path):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.LeakyReLU(), nn.GELU(), nn.GroupNorm(2, 4),
                            nn.AdaptiveAvgPool2d(4), nn.Softplus())
    with pytest.raises(fastsnn.ExportError) as caught:
        fastsnn.export(network, X, tmp_path / "m.onnx")
    problems = caught.value.problems
    assert [line.split(":")[0] for line in problems] == ["1", "2", "3", "5"]
    assert "leaky_relu" in problems[0] and "ReLU" in problems[0]
    assert not (tmp_path / "m.onnx").exists()


class Wrong(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


@pytest.mark.parametrize("function, message", [
    (lambda x: x * 2 if float(x.mean()) > 0 else x, "reads a number of an activation"),
    (lambda x: torch.from_numpy(x.numpy() * 2) + x, "not what the module computes"),
    (lambda x: x + torch.rand_like(x), "not what the module computes"),
    (lambda x: F.batch_norm(x, None, None, training=True), "statistics of its input"),
    (lambda x: x.mean(0), "over the batch"),
    (lambda x: x.reshape(-1, 4, 4), "batch must stay"),
    (lambda x: torch.zeros(1), "does not depend on the inputs"),
    (lambda x: {"a": (x,)}, "returns dict"),
    (lambda x: x.round(decimals=1), "decimals"),
    (lambda x: x @ x, "multiplies two activations|dimensions"),
    (lambda x: F.conv2d(x, x.mean((2, 3), keepdim=True)), "weights that depend on the input"),
    (lambda x: F.adaptive_avg_pool2d(x, 3), "equal size"),
    (lambda x: x.clone()[:, 1:].mul_(2), "views|in-place|multiplies"),
])
def test_errors(tmp_path, function, message):
    try:
        with pytest.raises(fastsnn.ExportError, match=message):
            fastsnn.export(Wrong(function), X, tmp_path / "m.onnx")
    finally:
        assert not (tmp_path / "m.onnx").exists()


@pytest.mark.parametrize("example", [[], torch.zeros(3), ["x"]])
def test_wrong_examples(tmp_path, example):
    with pytest.raises(fastsnn.ExportError, match="example"):
        fastsnn.export(small_network(), example, tmp_path / "m.onnx")


def test_recurrent_layers(tmp_path):
    layer = nn.LSTM(8, 4, batch_first=True)
    with pytest.raises(fastsnn.ExportError, match="recurrent"):
        fastsnn.export(Wrong(lambda x: layer(x[:, 0])[0]), X, tmp_path / "m.onnx")


def test_what_only_the_tools_refuse(tmp_path):
    fastsnn.export(Wrong(lambda x: F.max_pool2d(F.avg_pool2d(x, 2), 2)), X, tmp_path / "m.onnx")
    with pytest.raises(fastsnn.ToolError, match="MaxPool"):
        fastsnn.compile(tmp_path / "m.onnx", tmp_path / "m.nmc")


class Selections(nn.Module):
    """Slices, splits, repetitions and a resized output."""

    def __init__(self):
        super().__init__()
        self.first, self.second = Block(3, 8), Block(8, 8)
        self.last = zoo.QuantizedConv2d(5, 4, 1, 8)

    def forward(self, x):
        x = self.first(x)
        x = F.interpolate(x[:, :, 1:, ::2], scale_factor=2, mode="nearest")
        lower, upper = self.second(x).split([3, 5], 1)
        y = self.last(torch.cat([upper[:, 1:], lower[:, :1]], 1))
        return F.interpolate(y, size=(17, 19), mode="bilinear", align_corners=False)


def test_selections_and_a_resized_output(tmp_path):
    torch.manual_seed(0)
    module = Selections()
    zoo.set_bits(module, 2)
    images = torch.randn(4, 3, 8, 8)
    zoo.calibrate(module, images)
    module.eval()
    fastsnn.export(module, images[:1], tmp_path / "m.onnx", float64=True)
    kinds = {node.op_type for node in onnx.load(tmp_path / "m.onnx").graph.node}
    assert {"Slice", "Resize"} <= kinds
    expected = copy.deepcopy(module).double()(images.double()).detach().numpy()
    for options in ({"level": "qnn"}, {"level": "nmc", "timing": "settled"}):
        result = fastsnn.run(tmp_path / "m.onnx", images.numpy(), **options)
        actual = next(iter(result.outputs.values()))
        assert np.abs(actual - expected).max() < 1e-5 * np.abs(expected).max()
