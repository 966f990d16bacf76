# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The signed integrate-and-fire network in float64: an independent oracle.

Only torch, nothing of FastSNN. A network is any module whose activations are modules
with a clip `alpha` and a number `levels` above zero; it runs for T steps with a neuron in
place of each of them.
"""

import copy

import torch
from torch import nn
import torch.nn.functional as F


class Neuron(nn.Module):
    """Fires +1 and -1; its output is the charge theta times the spike."""

    def __init__(self, alpha, levels, steps, epsilon):
        super().__init__()
        self.theta = float(alpha) / levels * max(steps, levels)
        self.levels, self.epsilon, self.spikes = levels, epsilon, []
        self.membrane, self.count = None, 0

    def forward(self, current):
        start = self.theta / 2 if self.membrane is None else self.membrane
        membrane = start + current
        up = (membrane >= self.theta) & (self.count < torch.tensor(self.levels))
        low = membrane <= -self.epsilon if self.epsilon > 0 else membrane < 0
        down = ~up & low & (self.count > torch.tensor(0))
        spike = up.to(torch.int8) - down.to(torch.int8)
        self.membrane, self.count = membrane - self.theta * spike, self.count + spike
        self.spikes.append(spike)
        return self.theta * spike.double()


class CountPool(nn.Module):
    """The change of the maximum of all charge so far."""

    def __init__(self, pool):
        super().__init__()
        self.pool, self.total, self.maximum, self.spikes = pool, 0.0, 0.0, []

    def forward(self, charge):
        self.total = self.total + charge
        maximum = self.pool(self.total)
        change, self.maximum = maximum - self.maximum, maximum
        self.spikes.append(torch.sign(change.where(change.abs() > 1e-9, 0.0)).to(torch.int8))
        return change


@torch.no_grad()
def simulate(network, images, steps, epsilon=1e-3):
    """The outputs of the last layer over T, and the spikes [N, T, ...] of each layer."""
    network = copy.deepcopy(network).double().eval()
    for name, module in list(network.named_modules()):
        parent = network.get_submodule(name.rpartition(".")[0])
        if hasattr(module, "alpha") and hasattr(module, "levels"):
            setattr(parent, name.rpartition(".")[2],
                    Neuron(module.alpha, module.levels, steps, epsilon))
        elif isinstance(module, nn.MaxPool2d):
            setattr(parent, name.rpartition(".")[2], CountPool(module))
    outputs = sum(network(images.double()) for _ in range(steps)) / steps
    spikes = {name: torch.stack(module.spikes, 1) for name, module in network.named_modules()
              if isinstance(module, (Neuron, CountPool))}
    return outputs, spikes


class Activation(nn.Module):
    """A quantized activation: `alpha` its clip, `levels` the levels above zero."""

    def __init__(self, alpha, levels):
        super().__init__()
        self.alpha, self.levels = alpha, levels


class GoldenBlock(nn.Module):
    """A residual block of the golden ResNet-20."""

    def __init__(self, inputs, outputs, stride, alphas, levels):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1, self.act1 = nn.BatchNorm2d(outputs), Activation(alphas[0], levels)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2, self.act2 = nn.BatchNorm2d(outputs), Activation(alphas[1], levels)
        self.down = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.down = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                                      nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.norm2(self.conv2(self.act1(self.norm1(self.conv1(x)))))
        return self.act2(y + self.down(x))


class GoldenResNet20(nn.Module):
    """ResNet-20 with weights on their grid; `alphas` are the 19 clips in order."""

    def __init__(self, alphas, levels):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.act = Activation(alphas[0], levels)
        blocks, inputs = [], 16
        for index in range(9):
            outputs = 16 << (index // 3)
            blocks.append(GoldenBlock(inputs, outputs, 1 if inputs == outputs else 2,
                                      alphas[2 * index + 1:2 * index + 3], levels))
            inputs = outputs
        self.blocks, self.last = nn.Sequential(*blocks), nn.Linear(64, 10)

    def forward(self, x):
        y = self.blocks(self.act(self.norm(self.conv(x))))
        return self.last(F.adaptive_avg_pool2d(y, 1).flatten(1))
