# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""test/e2e/torch_reference.py against the golden spike trains, and its own size."""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
import pytest
import torch

from conftest import ROOT, SHARED
import torch_reference

FILE = ROOT / "test" / "e2e" / "torch_reference.py"


def load(bits):
    """The golden network and its arrays; constants from the QONNX file, in float64."""
    path = SHARED / "models" / f"resnet20_w{bits}a{bits}_qonnx.onnx"
    if not path.exists() or not (SHARED / "golden").exists():
        pytest.skip(f"{path} is absent (FASTSNN_SHARED names the folder)")
    golden = np.load(SHARED / "golden" / f"resnet20_w{bits}a{bits}.npz")
    model = onnx.load(path)
    arrays = {t.name: numpy_helper.to_array(t).astype(np.float64) for t in model.graph.initializer}
    shared = {n.output[0]: n.input[0] for n in model.graph.node if n.op_type == "Identity"}
    quantizers = {n.input[0]: n for n in model.graph.node if n.op_type == "Quant"}

    def array(name):
        name = shared.get(name, name)
        if name not in quantizers:
            return arrays[name]
        # An integer times a float32 scale.
        scale = arrays[quantizers[name].input[1]]
        return np.round(arrays[name] / scale) * scale

    layers = [n for n in model.graph.node if n.op_type in ("Conv", "Gemm", "BatchNormalization")]
    levels = int(golden["time_steps"])
    alphas = [float(theta) for theta in golden["theta"]]
    return golden, model, array, layers, alphas, levels


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_golden_spikes(bits):
    golden, model, array, _, alphas, levels = load(bits)
    network = torch_reference.GoldenResNet20(alphas, levels).double()
    own = [m for m in network.modules()
           if isinstance(m, (torch.nn.Conv2d, torch.nn.BatchNorm2d, torch.nn.Linear))]
    # Both in the order of execution, but for the skip's convolution.
    names = weight_names(model)
    for module, name in zip(own, names, strict=True):
        fill(module, name, array)
    pixels = torch.from_numpy(golden["input_u8"]).double()
    mean, std = (torch.tensor(v, dtype=torch.float64).view(3, 1, 1)
                 for v in ((0.491, 0.482, 0.447), (0.247, 0.243, 0.262)))
    outputs, spikes = torch_reference.simulate(network, (pixels / 255 - mean) / std, levels)
    assert len(spikes) == len(golden["layers"])
    for index, train in enumerate(spikes.values()):
        assert int((train.numpy() != golden[f"spikes_{index:02d}"]).sum()) == 0
    assert np.abs(outputs.numpy() * levels - golden["snn_logits"]).max() < 1e-5


def weight_names(model):
    """Prefixes of parameters, in the order of the reference network's modules."""
    names = ["layer0.block.0", "layer0.block.1"]
    for group in (1, 2, 3):
        for block in range(3):
            for part in (1, 2):
                prefix = f"layer{group}.{block}.part{part}"
                names += [f"{prefix}.conv", f"{prefix}.bn"]
            if group > 1 and block == 0:
                names += [f"{prefix}.downsample.0", f"{prefix}.downsample.1"]
    known = [t.name for t in model.graph.initializer]
    last = next(n for n in model.graph.node if n.op_type == "Gemm")
    weight = last.input[1]
    source = next((n.input[0] for n in model.graph.node if weight in n.output), weight)
    assert source in known
    return [*names, source.removesuffix(".weight")]


def fill(module, name, array):
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(array(f"{name}.weight")))
        if isinstance(module, torch.nn.BatchNorm2d):
            for role in ("bias", "running_mean", "running_var"):
                getattr(module, role).copy_(torch.from_numpy(array(f"{name}.{role}")))
        elif module.bias is not None:
            module.bias.copy_(torch.from_numpy(array(f"{name}.bias")))


def test_the_reference_is_small_and_stands_alone():
    lines = FILE.read_text(encoding="utf-8").splitlines()
    imports = [line for line in lines if line.startswith(("import", "from"))]
    assert all("torch" in line or line == "import copy" for line in imports)
    end = next(i for i, line in enumerate(lines) if line.startswith("class Activation"))
    # Without comments, docstrings and blank lines, in front of the network classes.
    import ast

    tree = ast.parse("\n".join(lines[:end]))
    documented = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node):
            text = node.body[0]
            documented |= set(range(text.lineno, text.end_lineno + 1))
    code = [line for number, line in enumerate(lines[:end], 1)
            if line.strip() and not line.strip().startswith("#") and number not in documented]
    assert len(code) <= 60
    assert Path(FILE).name == "torch_reference.py"
