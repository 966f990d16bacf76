#===- spiking.py - The published simulation in PyTorch -------------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
"""A network of fastsnn.zoo as PyTorch runs it: quantized, and spiking.

The spiking one works as the published code of Fast-SNN does: a loop over T time
steps, in each of which every convolution and batch normalization runs on dense
floating point spikes; the neurons of docs/spec.md, pipelined timing. Weights
are quantized once, in front of the loop, in both.
"""

import copy

import torch
from torch import nn

from fastsnn.zoo.layers import ActivationQuantizer, QuantizedConv2d, QuantizedLinear


class SpikingNeurons(nn.Module):
    """Signed integrate-and-fire neurons in place of an ActivationQuantizer.

    theta: value of a spike, in units of the activation; levels: the largest net
    count. Membrane and count live between start() and the last step.
    """

    def __init__(self, clip, levels, time_steps, epsilon):
        super().__init__()
        self.theta = clip / levels * max(time_steps, levels)
        self.levels, self.epsilon = levels, epsilon
        self.register_buffer("membrane", None, persistent=False)
        self.register_buffer("count", None, persistent=False)

    def start(self):
        if self.membrane is not None:
            self.membrane.fill_(self.theta / 2)
            self.count.zero_()

    def forward(self, current):
        if self.membrane is None or self.membrane.shape != current.shape:
            self.membrane = torch.full_like(current, self.theta / 2)
            self.count = torch.zeros_like(current)
        self.membrane.add_(current)
        up = (self.membrane >= self.theta) & (self.count < self.levels)
        down = (self.membrane <= -self.epsilon) & (self.count > 0) & ~up
        spikes = up.to(current.dtype) - down.to(current.dtype)
        self.membrane.sub_(spikes, alpha=self.theta)
        self.count.add_(spikes)
        return spikes * self.theta


def freeze_weights(network):
    """Writes the quantized weights over the latent ones, and quantizes no more."""
    for module in network.modules():
        if isinstance(module, (QuantizedConv2d, QuantizedLinear)):
            with torch.no_grad():
                module.weight.copy_(module.quantizer(module.weight))
            module.quantizer = nn.Identity()
    return network.eval()


def quantized(network, dtype):
    """The quantized ANN for inference."""
    return freeze_weights(copy.deepcopy(network)).to(dtype)


class Spiking(nn.Module):
    """The spiking network: images in, readout summed over T steps out.

    compiled: torch.compile one time step.
    """

    def __init__(self, network, time_steps, dtype, epsilon=1e-3, compiled=False):
        super().__init__()
        self.time_steps = time_steps
        self.network = freeze_weights(copy.deepcopy(network)).to(dtype)
        self.neurons = []
        for parent in list(self.network.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, ActivationQuantizer):
                    neurons = SpikingNeurons(
                        float(child.alpha.detach()), child.levels, time_steps, epsilon
                    )
                    setattr(parent, name, neurons)
                    self.neurons.append(neurons)
        self.step = torch.compile(self.network) if compiled else self.network

    @torch.inference_mode()
    def forward(self, images):
        for neurons in self.neurons:
            neurons.start()
        readout = self.step(images).clone()
        for _ in range(self.time_steps - 1):
            readout += self.step(images)
        return readout
