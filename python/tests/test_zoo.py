# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The networks of the zoo: exported, compiled, and every spike equal to the reference
simulation; those of 32x32 here, the larger ones in scripts/check_zoo.py."""

import pytest
import torch

import check_zoo
import fastsnn
from fastsnn import zoo
from fastsnn.zoo.layers import powers_of_two_levels

# Every small network, every bit width.
CASES = [
    ("cifar_alexnet", 2, None), ("vgg11", 3, None), ("resnet20", 2, None), ("resnet20", 3, None),
    ("resnet20", 4, None), ("resnet32", 2, None), ("resnet44", 3, None), ("resnet56", 2, None),
    ("resnet110", 2, None), ("resnet18", 2, None), ("vgg11", 3, "max"),
]


@pytest.mark.parametrize("name, bits, pooling", CASES)
def test_spikes_equal_the_reference(name, bits, pooling):
    row = check_zoo.check(name, bits, count=4, epsilon=1e-3, pooling=pooling)
    assert row["problems"] == []
    assert row["certificate"] == "exact"
    assert row["differing"] == 0


@pytest.mark.parametrize("name, bits, weights", [
    ("resnet20", 3, "quantized"), ("resnet18", 4, "quantized"), ("vgg11", 2, "quantized"),
    ("resnet110", 2, "quantized"), ("resnet20", 2, "float"), ("cifar_alexnet", 2, "float")])
def test_settled_counts_equal_the_quantized_network(name, bits, weights):
    row = check_zoo.check_settled(name, bits, count=2, weights=weights)
    assert row["problems"] == []
    assert row["differing"] == 0
    assert row["certificate"] == "exact"


@pytest.mark.parametrize("name", list(zoo.NETWORKS))
def test_every_network(name):
    """Parameters fit all bit widths and both variants, extents are as described."""
    with torch.device("meta"):
        size = zoo.NETWORKS[name].size
        image = torch.empty(1, 3, size, size)
        shapes = {
            "tiny_yolo": (1, 125, 13, 13), "yolo_resnet34": (1, 125, 13, 13),
            "deeplab_vgg9": (1, 21, 64, 64), "deeplab_resnet34": (1, 21, 65, 65)}
        expected = shapes.get(name, (1, zoo.NETWORKS[name].classes))
        quantized, plain = zoo.create(name, 2), zoo.create(name, 32, "float")
        assert quantized.eval()(image).shape == expected
        assert plain.eval()(image).shape == expected
        quantized.load_state_dict(plain.state_dict(), assign=True)
        bits = [m.bits for m in quantized.modules() if isinstance(m, zoo.WeightQuantizer)]
        assert bits[0] == bits[-1] == 8 and set(bits[1:-1]) == {2}


def test_sizes():
    with torch.device("meta"):
        count = {n: sum(p.numel() for p in zoo.create(n).parameters()) for n in zoo.NETWORKS}
    assert 138e6 < count["vgg16"] < 139e6
    assert 0.26e6 < count["resnet20"] < 0.29e6
    assert 1.7e6 < count["resnet110"] < 1.8e6
    assert 11.1e6 < count["resnet18"] < 11.3e6


def test_resized_segmentation():
    network = zoo.create("deeplab_vgg9", 2, resize=True, classes=3).eval()
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 33, 41)).shape == (1, 3, 33, 41)


@pytest.mark.parametrize("arguments, message", [
    (("resnet21",), "resnet20"), (("resnet20", 5), "5 bits"), (("resnet20", 2, "int"), "'int'")])
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo.create(*arguments)
    with pytest.raises(ValueError, match="resize"):
        zoo.create("resnet20", resize=True)
    with pytest.raises(ValueError, match="pooling"):
        zoo.create("vgg11", pooling="median")


@pytest.mark.parametrize("bits, levels", [(2, 1), (3, 4), (4, 10)])
def test_weights_are_additive_powers_of_two(bits, levels):
    quantizer = zoo.WeightQuantizer(bits, clip=2.0)
    weight = torch.randn(64, 64, generator=torch.Generator().manual_seed(0)) + 1
    integers = quantizer(weight) / 2.0 * levels
    assert torch.allclose(integers, integers.round(), atol=1e-5)
    found = sorted({int(n) for n in integers.abs().round().unique()})
    assert found == powers_of_two_levels(bits)
    # Sums of at most two powers of two.
    assert all(bin(n).count("1") <= 2 for n in found)
    # The nearest level, and the mean of the weights is gone.
    normalized = quantizer.normalize(weight) * levels
    distance = (normalized.abs().view(-1, 1) - torch.tensor(found)).abs().min(1).values
    assert torch.allclose((normalized - integers).abs().view(-1), distance, atol=1e-5)


def test_gradients_pass_the_quantizers():
    layer = torch.nn.Sequential(zoo.QuantizedConv2d(3, 4, 3, bits=3), zoo.ActivationQuantizer(2))
    layer(torch.randn(2, 3, 8, 8)).square().sum().backward()
    for name, parameter in layer.named_parameters():
        assert parameter.grad is not None and bool((parameter.grad != 0).any()), name


def test_float_weights_compile(tmp_path):
    network = zoo.create("resnet20", 2, "float")
    zoo.randomize(network)
    zoo.calibrate(network, check_zoo.normalize(check_zoo.load_images(8, 32)).float())
    fastsnn.export(network, torch.zeros(1, 3, 32, 32), tmp_path / "m.onnx")
    with pytest.raises(fastsnn.ToolError, match="quantize-weights"):
        fastsnn.compile(tmp_path / "m.onnx", tmp_path / "m.nmc")
    program = fastsnn.compile(tmp_path / "m.onnx", tmp_path / "m.nmc", quantize_weights=8)
    assert program.path.exists()


def test_randomized_weights_keep_their_distance():
    for bits in (2, 3, 4):
        network = zoo.create("resnet20", bits)
        zoo.randomize(network, seed=bits)
        for module in network.modules():
            if isinstance(module, (zoo.QuantizedConv2d, zoo.QuantizedLinear)):
                scaled = module.quantizer.normalize(module.weight.double()).abs().view(-1, 1)
                distance = (scaled - module.quantizer.boundaries()).abs().min()
                assert float(distance) > 0.9e-3
