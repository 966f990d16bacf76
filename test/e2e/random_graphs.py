#!/usr/bin/env python3
"""Random quantized ONNX graphs through all levels.

For each graph: fastsnn imports it; the quantized level equals ONNX's reference
evaluator in float64; the integer levels and the executor, at one and three
threads and in both input encodings, agree in every spike and every output bit;
where all certificates are exact, so does the real-valued spiking level. With
settled timing the counts of every layer are those of the quantized level.

    random_graphs.py [--count N] [--first SEED] [--keep FOLDER]
"""

import argparse
import collections
from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import sys
import tempfile
import time

import numpy as np

from graph_generator import generate
from onnx_builder import save
from reference_evaluator import Evaluator
import tools

# Features that have to occur at least three times; a prefix stands for all that
# begin so.
REQUIRED = """
 activation.per_channel_scale add.identity_skip add.projected_skip
 add.three_branches add.two_quantizers arithmetic.Add arithmetic.Div
 arithmetic.Mul arithmetic.Sub arithmetic.clip_first arithmetic.constant_minus
 arithmetic.learned_step arithmetic.outer_straight_through arithmetic.paper
 arithmetic.pow_of_constant arithmetic.pow_one arithmetic.reciprocal
 arithmetic.round_first arithmetic.signed arithmetic.straight_through
 average_pool.1d average_pool.after_quantizer average_pool.auto_pad.SAME_LOWER
 average_pool.auto_pad.SAME_UPPER average_pool.auto_pad.VALID
 average_pool.before_quantizer average_pool.ceil_mode
 average_pool.count_include_pad_0 average_pool.count_include_pad_1
 average_pool.dilations average_pool.pads batch.1 batch.dynamic batch_norm
 batch_norm.negative_scale batch_norm.vector batch_norm.zero_scale clip
 concat.quantized concat.sums concat.vectors constants.initializer
 constants.node conv.1d conv.asymmetric_pads conv.auto_pad.NOTSET
 conv.auto_pad.SAME_LOWER conv.auto_pad.SAME_UPPER conv.auto_pad.VALID conv.bias
 conv.depthwise conv.dilations conv.groups conv.no_kernel_shape conv.pointwise
 conv.strides depth_to_space.CRD depth_to_space.DCR depth_to_space.chain
 dropout exact exact.ties external_data flatten.allowzero
 flatten.arithmetic flatten.constant flatten.copy flatten.flatten
 flatten.flatten_negative flatten.transpose gemm gemm.alpha gemm.beta
 gemm.no_bias gemm.no_transB gemm.transA gemm.transB global_average_pool
 host.ArgMax host.Sigmoid host.Softmax identity initializers_listed_as_inputs
 input.affine_quantized input.pixels input.pixels_normalized
 input.pixels_quantized input.quantized input.real ir_version.13 layout.image
 layout.signal layout.vector local_function matmul matmul.add max_pool.1d
 max_pool.after_quantizer max_pool.auto_pad.SAME_LOWER
 max_pool.auto_pad.SAME_UPPER max_pool.auto_pad.VALID
 max_pool.before_batch_norm max_pool.before_negative_scale
 max_pool.before_quantizer max_pool.before_relu max_pool.ceil_mode
 max_pool.dilations max_pool.pads opset.9 opset.11 opset.13 opset.17 opset.18
 opset.20 opset.22 option.epsilon option.time_steps option.unsigned pad
 pad.edge pad.reflect
 qcdq.axis qcdq.bias_int32 qcdq.clip qcdq.int8 qcdq.uint8 qcdq.weight_axis
 qcdq.weight_clip qcdq.weight_dq qcdq.weight_qdq qcdq.weight_zero_point
 qcdq.zero_point quant.IntQuant quant.bipolar_weight quant.bits_int64
 quant.domain.finn.custom_op.general quant.domain.onnx.brevitas
 quant.domain.qonnx.custom_op.general quant.rounding.FLOOR
 quant.rounding.HALF_UP quant.rounding.ROUND quant.zero_point range.2_bits
 range.3_bits range.4_bits range.8_bits range.mixed range.narrow
 range.narrow_unsigned range.signed range.unsigned reduce_mean.axes_attribute
 reduce_mean.axes_input reduce_mean.keepdims_0 reduce_mean.keepdims_1
 reduce_mean.negative_axes relu resampling.behind_weights
 reshape.map_to_signal resize.align_corners resize.asymmetric resize.axes
 resize.ceil resize.floor resize.half_pixel 
 resize.pytorch_half_pixel resize.round_prefer_ceil
 resize.round_prefer_floor resize.scales resize.sizes
 several_outputs space_to_depth.chain
 space_to_depth.node space_to_depth.passthrough space_to_depth.slices
 split.Gather split.Slice split.Split transposed.1d
 transposed.auto_pad.SAME_LOWER transposed.auto_pad.SAME_UPPER
 transposed.cropped_input transposed.dilations
 transposed.groups transposed.output_padding transposed.output_shape
 transposed.pads transposed.strides upsample.node transpose.map weight.apot weight.apot_chain weight.grid_channel
 weight.grid_tensor weight.in_graph weight.in_graph_straight_through
 weight.max_8bit weight.normalized_chain weight.quant_channel
 weight.quant_tensor
""".split()

# A value this close to a rounding boundary, in steps, may go either way when
# two programs compute it in float64 from float32 constants: such samples are
# left out, and counted. Graphs of powers of two have no such doubt.
DOUBT = 2e-5
TOLERANCE = 1e-5


# Inputs of more than two scales that are not rational to each other make weights
# real, and elements that move behind them have no certificate.
# Depth to space turns channels of several scales into positions of one channel.
KNOWN_LIMITS = ("an analogue or real-weighted current is reshaped or concatenated "
                "in front of the neurons",
                "the scale of the input differs between positions of a channel")


class Result:
    """What came of one graph."""

    def __init__(self, graph):
        self.graph = graph
        self.failures = []
        self.compared = self.doubtful = self.with_ties = 0
        self.settled = self.settled_ties = 0
        self.exact_certificates = self.refused = False

    def fail(self, text):
        self.failures.append(text)


def compare_outputs(result, expected, doubtful, actual, host):
    """Outputs of the quantized level against the reference evaluator's."""
    for name, raw in host.items():
        if name not in actual:
            result.fail(f"output '{name}' is missing, there are {sorted(actual)}")
            continue
        certain = ~doubtful
        if expected[name].dtype.kind == "i":
            # The index of a maximum: only where there is no other as large.
            ordered = np.sort(expected[raw], axis=1)
            certain &= ordered[:, -1] - ordered[:, -2] > 1e-4
        a, b = expected[name][certain], actual[name][certain]
        if a.shape != b.shape:
            result.fail(f"output '{name}': {actual[name].shape}, expected "
                        f"{expected[name].shape}")
            continue
        limit = TOLERANCE * max(np.abs(a).max(initial=0), 1e-3)
        error = np.abs(a - b).max(initial=0)
        if not error <= limit:
            result.fail(f"quantized level: '{name}' is off by {error:.3g}, the "
                        f"limit is {limit:.3g}; largest value {np.abs(a).max():.3g}")


def same_bits(result, what, first, second):
    """Two levels agree in every spike and every bit of the outputs."""
    difference = tools.first_spike_difference(first[2], second[2])
    if difference:
        result.fail(f"{what}: {difference}")
    if list(first[1]) != list(second[1]):
        result.fail(f"{what}: outputs {list(first[1])} and {list(second[1])}")
        return
    for name in first[1]:
        if first[1][name].tobytes() != second[1][name].tobytes():
            worst = np.abs(first[1][name].astype(float) -
                           second[1][name].astype(float)).max()
            result.fail(f"{what}: output '{name}' differs by up to {worst:.3g}")


def check_graph(seed, keep):
    """Everything about the graph of one seed."""
    graph = generate(seed)
    result = Result(graph)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(keep) / f"{seed}" if keep else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            run_graph(graph, folder, result)
        except tools.ToolError as error:
            # Some random combinations are beyond what the compiler takes, and
            # it says so by name.
            result.refused = any(limit in str(error) for limit in KNOWN_LIMITS)
            if not result.refused:
                result.fail(str(error))
    return result


def run_graph(graph, folder, result):
    model = folder / "model.onnx"
    save(graph.model, model, graph.external)
    inputs = folder / "inputs.npy"
    np.save(inputs, graph.inputs)
    common = [f"--input={inputs}"]

    # The reference, with the values in front of the host's operators.
    extended = type(graph.model)()
    extended.CopyFrom(graph.model)
    known = {o.name for o in extended.graph.output}
    for raw in graph.host.values():
        if raw not in known:
            extended.graph.output.add().name = raw
    expected, nearest = Evaluator(extended).run(graph.reference_inputs())
    doubtful = (np.zeros(len(nearest), bool) if graph.exact else nearest < DOUBT)
    result.doubtful = int(doubtful.sum())
    result.compared = int((~doubtful).sum())
    result.with_ties = int((nearest == 0).sum())

    _, quantized, _ = tools.run_model(model, folder, *graph.options, *common,
                                      "--level=qnn", name="qnn", spikes=False)
    compare_outputs(result, expected, doubtful, quantized, graph.host)

    folded = tools.run_model(model, folder, *graph.options, *common,
                             "--level=folded", name="folded")
    nmc = tools.run_model(model, folder, *graph.options, *common, "--level=nmc",
                          "--threads=2", name="nmc")
    same_bits(result, "folded and nmc", folded, nmc)
    encodings = ["bitplane", "current"] if graph.encodings else [None]
    for encoding in encodings:
        program = folder / f"program-{encoding}.nmc"
        extra = [f"--input-encoding={encoding}"] if encoding else []
        tools.compile_model(model, program, *graph.options, *extra)
        for threads in (1, 3):
            run = tools.run_model(program, folder, *common, f"--threads={threads}",
                                  name=f"program-{encoding}-{threads}")
            same_bits(result, f"folded and program ({encoding}, {threads} "
                      "threads)", folded, run)
    if folded[0].get("certificate") == "exact":
        result.exact_certificates = True
        spiking = tools.run_model(model, folder, *graph.options, *common,
                                  "--level=snn", name="snn")
        # An output with real weights is rounded, as a warning says.
        for name, values in folded[1].items():
            if np.allclose(values, spiking[1][name], rtol=0,
                           atol=1e-7 * np.abs(values).max(initial=1)):
                spiking[1][name] = values
        same_bits(result, "real-valued and folded", spiking, folded)
    run_settled(graph, model, folder, result)


def run_settled(graph, model, folder, result):
    """Settled layers: the counts of the quantized level, ties included, at every
    spiking level, and by programs in both encodings."""
    options = [o for o in graph.options if not o.startswith("--epsilon")]
    options.append("--timing=settled")
    common = [f"--input={folder / 'inputs.npy'}"]
    nmc = tools.run_model(model, folder, *options, *common, "--level=nmc",
                          "--compare=qnn,snn", name="settled-nmc")
    folded = tools.run_model(model, folder, *options, *common, "--level=folded",
                             name="settled-folded")
    same_bits(result, "settled: folded and nmc", folded, nmc)
    if graph.encodings:
        program = folder / "settled-current.nmc"
        tools.compile_model(model, program, *options, "--input-encoding=current")
        run = tools.run_model(program, folder, *common, "--threads=1",
                              name="settled-current")
        same_bits(result, "settled: folded and program (current)", folded, run)
    report = nmc[0]
    if report["timing"] != "settled":
        result.fail(f"settled: the report says {report['timing']}")
    if report["approximate"]:
        return
    quantized, spiking = report["compare"]
    for compared in quantized, spiking:
        for layer in compared["layers"]:
            if layer["counts_differing"]:
                result.fail(f"settled: {layer['name']}: {layer['counts_differing']} "
                            f"counts differ from level {compared['level']}")
    result.settled = len(quantized["layers"])
    result.settled_ties = sum(layer["ties"] or 0 for layer in quantized["layers"])


def missing_features(count):
    """Features that fewer than three of the graphs have."""
    return [f"{name} ({count[name]})" for name in REQUIRED if count[name] < 3]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=240)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--keep", help="folder for models, inputs and results")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()

    begin = time.time()
    seeds = range(arguments.first, arguments.first + arguments.count)
    features = collections.Counter()
    results = []
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for result in pool.map(lambda s: check_graph(s, arguments.keep), seeds):
            results.append(result)
            features.update(result.graph.features)
            for text in result.failures:
                print(f"FAIL seed {result.graph.seed}: {text}", flush=True)

    failed = sum(bool(r.failures) for r in results)
    refused = sum(r.refused for r in results)
    compared = sum(r.compared for r in results)
    doubtful = sum(r.doubtful for r in results)
    exact = sum(r.exact_certificates for r in results)
    ties = sum(r.with_ties > 0 for r in results)
    settled = sum(r.settled > 0 for r in results)
    settled_ties = sum(r.settled_ties for r in results)
    print(f"{len(results)} graphs, {failed} failed, {refused} refused; "
          f"{compared} samples compared "
          f"with the reference, {doubtful} too close to a rounding boundary; "
          f"{ties} graphs with exact ties; {exact} graphs certified exact; "
          f"{settled} graphs settled, with {settled_ties} ties; "
          f"{len(features)} features; {time.time() - begin:.0f} s")
    problems = failed > 0
    if arguments.count >= 200:
        missing = missing_features(features)
        if missing:
            print("FAIL: features that occur less than 3 times: " +
                  ", ".join(missing))
        if doubtful > 0.05 * (compared + doubtful):
            print("FAIL: more than 5 % of the samples are doubtful")
        if refused > len(results) // 50:
            print("FAIL: more than 2 % of the graphs are refused")
        if exact < len(results) // 4 or ties < 3:
            print("FAIL: too few graphs certified exact, or with ties")
        problems = (problems or bool(missing) or exact < len(results) // 4 or
                    ties < 3 or doubtful > 0.05 * (compared + doubtful) or
                    refused > len(results) // 50)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
