"""A small MNIST classifier whose neurons need no -1 branch, trained with numpy.

784-64-64-64-10 without signed activations: pixels in 4 bits, weights of 3 bits,
activations of 2 bits in 0..3. It is made for chips with narrow synapses and
states and with spikes of one bit, which the TFC networks (activations -1..1) and
ResNet-20 (skips, 8-bit layers) cannot go to.
"""

import gzip
from pathlib import Path

import numpy as np

import onnx_builder

LEVELS = 3
_WEIGHT_LIMIT = 3
_PIXEL_LEVELS = 15
_EPOCHS, _BATCH, _RATE, _MOMENTUM = 2, 128, 0.05, 0.9
_SIZES = (784, 64, 64, 64, 10)
_ACTIVATION_SCALE = 0.5


def read_idx(path):
    """The array in a file of MNIST (idx, gzip)."""
    with gzip.open(path) as file:
        data = file.read()
    rank = data[3]
    shape = np.frombuffer(data, ">u4", rank, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def quantize_pixels(images):
    """[N, 784] values 0, 1/15 .. 1 of 8-bit pixels, as the graph's first Quant."""
    table = np.round(np.arange(256) / 255 * _PIXEL_LEVELS) / _PIXEL_LEVELS
    return table.astype(np.float32)[images.reshape(len(images), -1)]


def _quantize_weights(w):
    """Integers and their scale, a power of two."""
    scale = 2.0 ** np.round(np.log2(2.0 * np.std(w) / _WEIGHT_LIMIT))
    return np.clip(np.round(w / scale), -_WEIGHT_LIMIT, _WEIGHT_LIMIT), scale


def _forward(x, weights, biases):
    """Inputs and sums of every layer, from quantized weights."""
    inputs, sums = [], []
    for w, b in zip(weights, biases):
        inputs.append(x)
        sums.append(x @ w + b)
        x = np.clip(np.round(sums[-1] / _ACTIVATION_SCALE), 0, LEVELS)
        x = x * _ACTIVATION_SCALE
    return inputs, sums


def train(images, labels):
    """Weights and biases after straight-through training; the same on every
    machine up to the rounding of matrix products."""
    rng = np.random.default_rng(3)
    x = quantize_pixels(images)
    weights = [(rng.standard_normal((i, o)) / np.sqrt(i)).astype(np.float32)
               for i, o in zip(_SIZES, _SIZES[1:])]
    biases = [np.zeros(o, np.float32) for o in _SIZES[1:]]
    parameters = weights + biases
    speeds = [np.zeros_like(p) for p in parameters]
    steps = _EPOCHS * (len(x) // _BATCH)
    for step in range(steps):
        if step % (len(x) // _BATCH) == 0:
            order = rng.permutation(len(x))
        start = step % (len(x) // _BATCH) * _BATCH
        chosen = order[start:start + _BATCH]
        quantized = [q * scale for q, scale in map(_quantize_weights, weights)]
        inputs, sums = _forward(x[chosen], quantized, biases)
        logits = sums[-1] - sums[-1].max(axis=1, keepdims=True)
        error = np.exp(logits)
        error /= error.sum(axis=1, keepdims=True)
        error[np.arange(_BATCH), labels[chosen]] -= 1
        error /= _BATCH
        gradients = [None] * len(parameters)
        for layer in reversed(range(len(weights))):
            gradients[layer] = inputs[layer].T @ error
            gradients[len(weights) + layer] = error.sum(axis=0)
            if layer:
                error = error @ quantized[layer].T
                level = sums[layer - 1] / _ACTIVATION_SCALE
                error = error * ((level > -0.5) & (level < LEVELS + 0.5))
        rate = _RATE * (1 - step / steps)
        for parameter, speed, gradient in zip(parameters, speeds, gradients):
            speed *= _MOMENTUM
            speed -= rate * gradient
            parameter += speed
    return weights, biases


def write(path, weights, biases):
    """The network in QONNX; its input are pixels / 255, [N, 1, 28, 28]."""
    b = onnx_builder.GraphBuilder(13)

    def quant(x, scale, bits, signed):
        return b.op("Quant", [x, b.constant(scale), b.constant(0.0),
                              b.constant(float(bits))],
                    domain="qonnx.custom_op.general", signed=int(signed),
                    narrow=0, rounding_mode="ROUND")

    x = b.op("Reshape", [b.input("image", ["N", 1, 28, 28]),
                         b.constant([-1, 784], np.int64)])
    x = quant(x, 1 / _PIXEL_LEVELS, 4, signed=False)
    for index, (w, bias) in enumerate(zip(weights, biases)):
        q, scale = _quantize_weights(w)
        x = b.op("MatMul", [x, quant(b.constant(q * scale), scale, 3, True)])
        # A grid on which the folded thresholds need few fractional bits.
        x = b.op("Add", [x, b.constant(np.round(bias * 64) / 64)])
        if index + 1 < len(weights):
            x = b.op("Relu", [x])
            x = quant(x, _ACTIVATION_SCALE, 2, signed=False)
    b.nodes[-1].output[0] = "scores"
    b.output("scores", ["N", 10])
    onnx_builder.save(b.model(), path)
    return Path(path)
