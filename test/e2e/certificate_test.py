#!/usr/bin/env python3
"""Certificates of real and random networks against the independent checker.

Every claim of every channel is confirmed; the smallest change of Theta, V0, B
or E that breaks a decision is found wrong, and the change one unit smaller is
still found right; constants of the certificate are those of the ONNX file.

    certificate_test.py [--all]     --all: 3 and 4 bits too
"""

import argparse
import copy
import json
from pathlib import Path
import random
import sys
import tempfile
import time

import numpy as np
import onnx

import certificate
import certificate_checker as checker
import certificate_mutations as mutations
from graph_generator import generate
from onnx_builder import GraphBuilder, save
import tools

# Cases that finding the smallest moves of a channel may walk through.
WALK = 60000


class Count:
    """What was confirmed."""

    def __init__(self):
        self.layers = self.channels = self.exact = self.minimal = 0
        self.mutations = self.failures = 0

    def fail(self, text):
        print(f"FAIL {text}", flush=True)
        self.failures += 1


def walk_size(layer, channel):
    size = len(channel.biases) * layer.time_steps ** 2
    for k in range(1, len(layer.inputs)):
        lo, hi, step = layer.sum_range(channel, k, layer.time_steps)
        size *= (hi - lo) // step + 1
    return size


def check_mutations(where, layer, index, count):
    """The smallest breaking moves of one channel, and one unit less."""
    original = layer.channels[index]
    for bias in {0, len(original.biases) - 1}:
        for (constant, sign), needed in mutations.smallest_moves(
                layer, original, bias).items():
            for amount, breaks in ((needed, True), (needed - 1, False)):
                channel = copy.deepcopy(original)
                mutations.move(channel, constant, sign * amount, bias)
                mutated = copy.copy(layer)
                mutated.channels = [channel]
                if channel.integer_theta < 1 or channel.integer_epsilon < 1:
                    if not checker.structure_findings(mutated):
                        count.fail(f"{where}: {constant} below 1 is not noticed")
                    continue
                found = checker.channel_findings(mutated, 0)
                count.mutations += 1
                if bool(found) != breaks:
                    count.fail(f"{where}: {constant} moved by {sign * amount}: the "
                               f"checker finds {len(found)} wrong decisions")
                for finding in found:
                    confirm_case(where, mutated, finding, count)


def confirm_case(where, layer, finding, count):
    """A counterexample has to be one by the neurons' definitions."""
    case, channel = finding.case, layer.channels[finding.channel]
    real_bias, integer_bias = case["biases"]
    real = checker.decide_real(layer, channel, case["step"], case["count"],
                               case["sums"], real_bias)
    integer = checker.decide_integer(layer, channel, case["step"], case["count"],
                                     case["sums"], integer_bias)
    if real == integer:
        count.fail(f"{where}: no counterexample: {case}")


def check_document(where, document, count, mutated_channels, check_minimal=True):
    """Confirms a certificate; mutates some channels of each exact layer."""
    try:
        layers, findings = checker.check(document, check_minimal)
    except certificate.FormatError as error:
        count.fail(f"{where}: {error}")
        return []
    for finding in findings:
        count.fail(f"{where}: {finding}")
    rng = random.Random(1)
    for layer in layers:
        count.layers += 1
        count.channels += len(layer.channels)
        count.exact += layer.kind == "exact"
        count.minimal += layer.minimal
        if layer.kind == "exact":
            cases, ties = checker.count_cases(layer)
            if layer.cases != cases:
                count.fail(f"{where}: {layer.name}: {layer.cases} cases claimed, "
                           f"there are {cases}")
            if len(layer.inputs) == 1 and layer.ties != ties:
                count.fail(f"{where}: {layer.name}: {layer.ties} ties claimed, there "
                           f"are {ties}")
        if layer.kind != "exact" or findings:
            continue
        small = [i for i, c in enumerate(layer.channels)
                 if walk_size(layer, c) <= WALK]
        for index in rng.sample(small, min(mutated_channels, len(small))):
            check_mutations(f"{where}, {layer.name}, channel {index}", layer, index,
                            count)
    return layers


def near(a, b):
    return abs(a - b) <= 1e-12 * max(abs(a), abs(b))


def resnet_constants(path):
    """What a ResNet-20 in QONNX form says about its 19 layers, computed here:
    [(theta, [(gains, positive, negative) an input], biases)]."""
    model = onnx.load(str(path))
    arrays = {t.name: onnx.numpy_helper.to_array(t).astype(np.float64)
              for t in model.graph.initializer}
    maker = {output: node for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        if node.op_type == "Constant":
            arrays[node.output[0]] = onnx.numpy_helper.to_array(
                node.attribute[0].t).astype(np.float64)
        elif node.op_type == "Identity" and node.input[0] in arrays:
            arrays[node.output[0]] = arrays[node.input[0]]
    layers, thresholds = [], {}

    def branch(name):
        """(source's threshold, gains, positive, negative, bias) of a term."""
        node = maker[name]
        if node.op_type == "Quant":
            return thresholds[name], thresholds[name], 1, 0, 0.0
        gamma, beta, mean, variance = (arrays[i] for i in node.input[1:])
        epsilon = next(a.f for a in node.attribute if a.name == "epsilon")
        g = gamma / np.sqrt(variance + epsilon)
        conv = maker[node.input[0]]
        quant = maker[conv.input[1]]
        scale = float(arrays[quant.input[1]])
        q = np.rint(arrays[quant.input[0]] / scale).reshape(len(g), -1)
        q = q * np.where(g < 0, -1, 1)[:, None]
        source = thresholds.get(conv.input[0])
        return (source, np.abs(g) * scale * (source or np.nan),
                np.where(q > 0, q, 0).sum(axis=1), np.where(q < 0, q, 0).sum(axis=1),
                beta - mean * g)

    for node in model.graph.node:
        if node.op_type != "Quant" or node.input[0] in arrays:
            continue
        scale = float(arrays[node.input[1]])
        levels = 2 ** int(arrays[node.input[3]]) - 1
        thresholds[node.output[0]] = scale * levels
        before = maker[node.input[0]]
        term = before.input[0] if before.op_type == "Relu" else node.input[0]
        terms = [term]
        if maker[term].op_type == "Add":
            terms = list(maker[term].input)
        layers.append((scale * levels, [branch(t) for t in terms]))
    return layers


def compare_with_file(where, layers, path, count):
    """The certificate speaks about the network in the file."""
    expected = resnet_constants(path)
    if len(layers) != len(expected):
        count.fail(f"{where}: {len(layers)} layers, the file has {len(expected)}")
        return
    for layer, (theta, terms) in list(zip(layers, expected))[1:]:
        for index, channel in enumerate(layer.channels):
            pick = lambda v: float(v[index]) if np.ndim(v) else float(v)
            wanted = sorted((pick(p), pick(n), pick(g)) for _, g, p, n, _ in terms)
            got = sorted(zip(channel.positive, channel.negative,
                             map(float, channel.gains)))
            fits = len(wanted) == len(got) and all(
                a[:2] == b[:2] and (near(a[2], b[2]) or (a[0] == 0 == a[1]))
                for a, b in zip(wanted, got))
            bias = sum(pick(b) for *_, b in terms)
            scale = max([abs(pick(b)) for *_, b in terms] + [1e-3])
            if not fits:
                count.fail(f"{where}: {layer.name}, channel {index}: inputs {got}, "
                           f"the file says {wanted}")
            if not near(float(channel.theta), theta):
                count.fail(f"{where}: {layer.name}: theta {float(channel.theta)}, "
                           f"the file says {theta}")
            if any(abs(float(real) - bias) > 1e-12 * scale
                   for real, _ in channel.biases):
                count.fail(f"{where}: {layer.name}, channel {index}: bias "
                           f"{[float(b) for b, _ in channel.biases]}, the file says "
                           f"{bias}")


def special_network(kind, seed):
    """A network whose second layer has the scales of `kind`."""
    rng = np.random.default_rng(seed)
    b = GraphBuilder(13)
    domain = "qonnx.custom_op.general"

    def quant(x, scale, bits=3, signed=0):
        return b.op("Quant", [x, b.constant(np.float32(scale)), b.constant(0.0),
                              b.constant(float(bits))], domain=domain,
                    signed=signed, narrow=0, rounding_mode="ROUND")

    def convolution(x, outputs, inputs, size=3):
        w = rng.integers(-3, 4, size=(outputs, inputs, size, size))
        return b.op("Conv", [x, b.constant(np.float32(w) * np.float32(0.11))],
                    pads=[size // 2] * 4)

    x = quant(b.input("input", ["N", 3, 6, 6]), 0.1, 4, 1)
    x = b.op("Relu", [convolution(x, 4, 3)])
    if kind == "per_input_channel":
        # Multiples of one number: one lattice holds them.
        x = quant(x, np.reshape([0.1, 0.2, 0.05, 0.4], (1, 4, 1, 1)))
    elif kind == "concat":
        x = b.op("Concat", [quant(x, 0.1), quant(x, 0.2)], axis=1)
    elif kind == "concat_arbitrary":
        x = b.op("Concat", [quant(x, 0.1), quant(x, 0.1234567)], axis=1)
    elif kind == "concat_three":
        x = b.op("Concat", [quant(x, 0.1), quant(x, 0.1234567),
                            quant(x, 0.1876543)], axis=1)
    else:
        x = quant(x, 0.17)
    channels = {"concat": 8, "concat_arbitrary": 8, "concat_three": 12}.get(kind, 4)
    y = convolution(x, 5, channels)
    gamma = rng.uniform(0.5, 1.5, 5)
    if kind == "negative":
        gamma[1:] *= -1
    if kind == "zero":
        gamma[[0, 3]] = 0
    y = b.batch_norm(y, gamma, rng.uniform(-0.3, 0.6, 5), rng.uniform(-0.5, 0.5, 5),
                     rng.uniform(0.5, 2, 5), 1e-5)
    y = quant(y if kind == "signed" else b.op("Relu", [y]), 0.21, 3,
              int(kind == "signed"))
    y = b.op("Flatten", [y])
    w = rng.integers(-3, 4, size=(3, 5 * 36))
    y = b.op("Gemm", [y, b.constant(np.float32(w) * np.float32(0.07))], transB=1)
    b.nodes[-1].output[0] = "output"
    b.output("output", ["N", 3])
    return b.model()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true")
    arguments = parser.parse_args()
    count, begin = Count(), time.time()

    def stage(text):
        print(f"{time.time() - begin:6.1f} s  {text}", flush=True)

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for kind in ("negative", "zero", "per_input_channel", "concat",
                     "concat_arbitrary", "concat_three", "signed"):
            for options in ([], ["--epsilon=1e-3"], ["--time-steps=5"],
                            ["--timing=settled"],
                            ["--timing=settled", "--time-steps=5"],
                            ["--timing=settled", "--time-steps=11"]):
                model = folder / "special.onnx"
                save(special_network(kind, 1), model)
                document = tools.certificate_of(model, folder, *options)
                layers = check_document(f"{kind} {options}", document, count, 3)
                # Three sums in one layer are too many to decide case by case.
                expected = {"exact"} if kind != "concat_three" else {"exact", "bounded"}
                kinds = {layer.kind for layer in layers}
                if kinds != expected:
                    count.fail(f"{kind} {options}: layers are {kinds}, expected "
                               f"{expected}")
        stage("special scales")
        for seed in range(80 if not arguments.all else 240):
            graph = generate(seed)
            model = folder / "random.onnx"
            save(graph.model, model, graph.external)
            settled = [o for o in graph.options if not o.startswith("--epsilon")]
            for options in graph.options, settled + ["--timing=settled"]:
                try:
                    document = tools.certificate_of(model, folder, *options)
                except tools.ToolError as error:
                    count.fail(f"seed {seed}: {error}")
                    continue
                check_document(f"seed {seed} {options}", document, count, 1)
        stage("random graphs")
        for bits in (2, 3, 4) if arguments.all else (2,):
            path = tools.ROOT / "models" / "resnet20_w2a2_qonnx.onnx"
            if bits != 2 or not path.exists():
                path = tools.shared("models", f"resnet20_w{bits}a{bits}_qonnx.onnx")
            for option in ("--epsilon=0", "--epsilon=1e-3", "--timing=settled"):
                where = f"ResNet-20, {bits} bits, {option}"
                document = tools.certificate_of(
                    path, folder, tools.CIFAR_PREPROCESS, option)
                stage(f"{where}: compiled")
                layers = check_document(where, document, count, 2 if bits < 4 else 1)
                for layer in layers:
                    if layer.kind != "exact":
                        count.fail(f"{where}: {layer.name} is {layer.kind}")
                compare_with_file(where, layers, path, count)
                stage(where)
    print(f"{count.layers} layers, {count.channels} channels, {count.exact} exact, "
          f"{count.minimal} with the smallest fractional bits, {count.mutations} "
          f"mutations, {count.failures} failures")
    if count.mutations < 500 or count.minimal < 20:
        print("FAIL too few mutations or claims of minimality to mean anything")
        return 1
    return 1 if count.failures else 0


if __name__ == "__main__":
    sys.exit(main())
