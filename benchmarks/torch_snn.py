#!/usr/bin/env python3
#===- torch_snn.py - Spiking networks simulated in PyTorch ---------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
"""Simulates the signed integrate-and-fire network of a QONNX file in PyTorch.

This is how spiking networks of this kind are usually evaluated: a loop over T
time steps, and in every step each convolution and batch normalization of the
network on dense floating point tensors, for a batch of images. It is the
baseline of cpu_throughput.py and shares no code with the compiler. The neuron
is the one of docs/spec.md, pipelined timing.

It knows the operators of the ResNet in models/: Quant, Conv,
BatchNormalization, Relu, Add, AveragePool, Flatten, Gemm. Others are errors.

As a program it compares itself with recorded spike trains:

  benchmarks/torch_snn.py MODEL --golden=FILE.npz [--dtype=float64]
"""

import argparse
import sys

import numpy as np
import onnx
import torch
import torch.nn.functional as functional
from onnx import helper, numpy_helper


class Unsupported(ValueError):
    """The graph holds something that the simulation does not know."""


class Neurons:
    """One layer of signed integrate-and-fire neurons, and its state.

    scale: step of the quantizer; lo, hi: its integer range; epsilon: how far
    below zero a membrane must be for a negative spike, in activation units.
    """

    def __init__(self, name, scale, lo, hi):
        self.name, self.scale, self.lo, self.hi = name, scale, lo, hi
        self.membrane = self.count = None

    def start(self, time_steps, epsilon):
        self.theta = self.scale * max(time_steps, abs(self.lo), self.hi)
        self.epsilon = epsilon
        self.membrane = self.count = None

    def step(self, current):
        if self.membrane is None:
            self.membrane = torch.full_like(current, self.theta / 2)
            self.count = torch.zeros_like(current)
        self.membrane += current
        up = (self.membrane >= self.theta) & (self.count < self.hi)
        if self.epsilon > 0:
            down = self.membrane <= -self.epsilon
        else:
            down = self.membrane < 0
        down &= (self.count > self.lo) & ~up
        spikes = up.to(current.dtype) - down.to(current.dtype)
        self.membrane -= self.theta * spikes
        self.count += spikes
        return spikes


def quantizer_range(bits, signed, narrow, zero_point):
    """[lo, hi] of a Quant node after its zero point is taken off."""
    if signed:
        lo, hi = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        if narrow:
            lo += 1
    else:
        lo, hi = 0, 2**bits - 1
        if narrow:
            hi -= 1
    return int(lo - zero_point), int(hi - zero_point)


class SpikingNetwork:
    """The network of one QONNX file; run() evaluates a batch over T steps.

    fold: True multiplies batch normalization into the convolution before the
    first step and computes the current of the constant image once, which the
    published code does not do.
    """

    def __init__(self, path, dtype=torch.float32, fold=False):
        graph = onnx.load(path).graph
        self.dtype, self.fold = dtype, fold
        self.constants = {
            tensor.name: self.tensor(numpy_helper.to_array(tensor))
            for tensor in graph.initializer
        }
        self.input = next(
            value.name for value in graph.input if value.name not in self.constants
        )
        self.output = graph.output[0].name
        self.layers = []
        self.steps = []
        for node in graph.node:
            self.add_node(node)
        if fold:
            self.fold_batch_norm()
        # Steps that depend on the image alone, before any neuron.
        constant = {self.input}
        self.once, self.every = [], []
        for step in self.steps:
            if fold and step[0] != "neurons" and set(step[2]) <= constant:
                self.once.append(step)
                constant.add(step[3])
            else:
                self.every.append(step)

    @property
    def time_steps(self):
        """The number of steps at which rates are exact activations."""
        return max(max(abs(layer.lo), layer.hi) for layer in self.layers)

    def tensor(self, array):
        result = torch.from_numpy(np.array(array))
        return result.to(self.dtype) if result.is_floating_point() else result

    # Reading the graph. A step is [kind, parameters, inputs, output].

    def add_node(self, node):
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        inputs, output = list(node.input), node.output[0]
        if node.op_type == "Constant":
            self.constants[output] = self.tensor(
                numpy_helper.to_array(attributes["value"])
            )
        elif node.op_type == "Identity" and inputs[0] in self.constants:
            self.constants[output] = self.constants[inputs[0]]
        elif node.op_type == "Quant":
            self.add_quantizer(node, attributes)
        elif node.op_type == "Conv":
            self.steps.append(["conv", self.convolution(node, attributes), inputs[:1], output])
        elif node.op_type == "BatchNormalization":
            scale, bias, mean, variance = (self.constants[name] for name in inputs[1:5])
            parameters = (mean, variance, scale, bias, attributes.get("epsilon", 1e-5))
            self.steps.append(["batch_norm", parameters, inputs[:1], output])
        elif node.op_type == "Relu":
            # The quantizer behind it clamps at zero already; the neuron does too.
            self.steps.append(["relu", None, inputs, output])
        elif node.op_type == "Add":
            self.steps.append(["add", None, inputs, output])
        elif node.op_type == "AveragePool":
            if attributes.get("ceil_mode", 0) or any(attributes.get("pads", [])):
                raise Unsupported(f"{node.name}: padding and ceil_mode of AveragePool")
            parameters = (tuple(attributes["kernel_shape"]), tuple(attributes["strides"]))
            self.steps.append(["average_pool", parameters, inputs, output])
        elif node.op_type == "Flatten":
            self.steps.append(["flatten", attributes.get("axis", 1), inputs, output])
        elif node.op_type == "Gemm":
            plain = attributes.get("alpha", 1.0) == attributes.get("beta", 1.0) == 1.0
            if not plain or attributes.get("transA", 0):
                raise Unsupported(f"{node.name}: alpha, beta or transA of Gemm")
            weight = self.constants[inputs[1]]
            if not attributes.get("transB", 0):
                weight = weight.t().contiguous()
            parameters = (weight, self.constants[inputs[2]])
            self.steps.append(["gemm", parameters, inputs[:1], output])
        else:
            raise Unsupported(f"{node.name}: operator {node.op_type}")

    def add_quantizer(self, node, attributes):
        inputs, output = list(node.input), node.output[0]
        scale, zero_point, bits = (self.constants[name] for name in inputs[1:4])
        if attributes.get("rounding_mode", b"ROUND") != b"ROUND":
            raise Unsupported(f"{node.name}: rounding_mode of Quant")
        lo, hi = quantizer_range(
            int(bits), attributes["signed"], attributes["narrow"], float(zero_point)
        )
        if inputs[0] in self.constants:
            level = torch.round(self.constants[inputs[0]] / scale).clamp(lo, hi)
            self.constants[output] = level * scale
            return
        if scale.numel() != 1:
            raise Unsupported(f"{node.name}: a scale per channel")
        layer = Neurons(node.name, float(scale), lo, hi)
        self.layers.append(layer)
        source = inputs[0]
        if self.steps and self.steps[-1][0] == "relu" and self.steps[-1][3] == source:
            if lo < 0:
                raise Unsupported(f"{node.name}: Relu in front of a signed range")
            source = self.steps.pop()[2][0]
        self.steps.append(["neurons", layer, [source], output])

    def convolution(self, node, attributes):
        pads = attributes.get("pads", [0, 0, 0, 0])
        if pads[:2] != pads[2:]:
            raise Unsupported(f"{node.name}: asymmetric padding of Conv")
        weight = self.constants[node.input[1]]
        bias = self.constants[node.input[2]] if len(node.input) > 2 else None
        return (
            weight,
            bias,
            tuple(attributes.get("strides", [1, 1])),
            tuple(pads[:2]),
            tuple(attributes.get("dilations", [1, 1])),
            attributes.get("group", 1),
        )

    def fold_batch_norm(self):
        kept = []
        for step in self.steps:
            if step[0] == "batch_norm" and kept and kept[-1][3] == step[2][0]:
                mean, variance, scale, bias, epsilon = step[1]
                weight, own_bias, *rest = kept[-1][1]
                factor = scale / torch.sqrt(variance + epsilon)
                offset = mean if own_bias is None else mean - own_bias
                weight = weight * factor.reshape(-1, 1, 1, 1)
                kept[-1][1] = (weight, bias - offset * factor, *rest)
                kept[-1][3] = step[3]
            else:
                kept.append(step)
        self.steps = kept

    # Evaluation.

    def evaluate(self, steps, values):
        for kind, parameters, inputs, output in steps:
            x = values[inputs[0]]
            if kind == "conv":
                y = functional.conv2d(x, *parameters)
            elif kind == "batch_norm":
                mean, variance, scale, bias, epsilon = parameters
                y = functional.batch_norm(x, mean, variance, scale, bias, False, 0.0, epsilon)
            elif kind == "neurons":
                spikes = parameters.step(x)
                if self.record is not None:
                    self.record[parameters.name].append(spikes.to(torch.int8))
                y = spikes * parameters.theta
            elif kind == "add":
                y = x + values[inputs[1]]
            elif kind == "relu":
                y = functional.relu(x)
            elif kind == "average_pool":
                y = functional.avg_pool2d(x, *parameters)
            elif kind == "flatten":
                y = x.flatten(parameters)
            else:
                y = functional.linear(x, *parameters)
            values[output] = y

    @torch.inference_mode()
    def run(self, images, time_steps=None, epsilon=1e-3, record=False):
        """The readout [N, classes] summed over T steps, for images [N, C, H, W].

        record keeps the spikes: self.record maps a layer's name to one int8
        tensor [N, C, H, W] per step.
        """
        time_steps = time_steps or self.time_steps
        self.record = {layer.name: [] for layer in self.layers} if record else None
        for layer in self.layers:
            layer.start(time_steps, epsilon)
        image = {self.input: images.to(self.dtype)}
        self.evaluate(self.once, image)
        readout = 0
        for _ in range(time_steps):
            values = dict(image)
            self.evaluate(self.every, values)
            readout = readout + values[self.output]
        return readout


def normalize(pixels, mean, std):
    """(pixels / 255 - mean) / std, a mean and std per channel, in float64."""
    shape = (1, -1, 1, 1)
    mean = np.asarray(mean, np.float64).reshape(shape)
    std = np.asarray(std, np.float64).reshape(shape)
    return torch.from_numpy((pixels / 255.0 - mean) / std)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--golden", required=True, help="recorded spike trains (.npz)")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float64")
    parser.add_argument("--fold", action="store_true")
    arguments = parser.parse_args()

    golden = np.load(arguments.golden)
    network = SpikingNetwork(
        arguments.model, getattr(torch, arguments.dtype), arguments.fold
    )
    images = normalize(
        golden["input_u8"], (0.491, 0.482, 0.447), (0.247, 0.243, 0.262)
    )
    time_steps = int(golden["time_steps"])
    readout = network.run(images, time_steps, float(golden["epsilon"]), record=True)
    differing = total = 0
    for index, layer in enumerate(network.layers):
        spikes = torch.stack(network.record[layer.name], dim=1).numpy()
        expected = golden[f"spikes_{index:02d}"]
        differing += int(np.count_nonzero(spikes != expected))
        total += expected.size
    error = np.abs(readout.numpy() - golden["snn_logits"]).max()
    print(
        f"{arguments.model}, {arguments.dtype}, T = {time_steps}: "
        f"{differing} of {total} spike entries differ, "
        f"largest readout difference {error:.3g}"
    )
    return 0 if differing == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
