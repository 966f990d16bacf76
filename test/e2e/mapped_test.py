#!/usr/bin/env python3
"""Mapped programs spike as the unmapped ones do.

The shared models, pipelined and settled, on `generic-mesh` and on meshes of
small cores, one so small that sources are divided: spikes and outputs of the simulated
cores equal those of the fast executor, every event that a synapse waits for is
routed to its core (by independent_reader.py), and the links carry what the
layers emit.
"""

import json
from pathlib import Path
import sys
import tempfile

import tools

try:
    import numpy as np
except ImportError:
    tools.skip("numpy is not installed")

import independent_reader  # pylint: disable=wrong-import-position

STYLES = ("qonnx", "qcdq", "raw")
TIMINGS = ("pipelined", "settled")
IMAGES = 2


def small_target(folder, name, neurons, weight_bits):
    """Small cores that can divide the sources of a neuron."""
    def entry(value, unit):
        return {"value": value, "unit": unit, "source": "this test",
                "evidence": "assumed"}
    target = {
        "name": name, "description": "small cores with partial sums",
        "cores_per_chip": entry(64, "cores"),
        "mesh": {"columns": entry(8, "cores"), "rows": entry(8, "cores"),
                 "delay": entry(None, "steps"), "multicast": entry(False, "")},
        "core": {"neurons": entry(neurons, "neurons"),
                 "synapse_memory": entry(weight_bits, "bits")},
        "features": {name: entry(True, "") for name in (
            "negative_spikes", "count_guard", "count_pooling", "shared_kernels",
            "barrier", "partial_sums")}}
    path = Path(folder) / f"{name}.json"
    path.write_text(json.dumps(target), encoding="utf-8")
    return path


def differences(plain, mapped):
    """What two runs (report, outputs, spikes) disagree about."""
    spike_difference = tools.first_spike_difference(plain[2], mapped[2])
    if spike_difference:
        yield spike_difference
    for name, values in plain[1].items():
        if not np.array_equal(values, mapped[1][name]):
            yield f"output {name} differs"
    mesh = mapped[0]["mesh"]
    spikes = sum(layer["spikes_pos"] + layer["spikes_neg"]
                 for layer in plain[0]["layers"])
    if mesh["events"] != spikes:
        yield f"{mesh['events']} events for {spikes} spikes"
    carried = sum(link["events"] for link in mesh["links"])
    if carried not in (mesh["unicast_hops"], mesh["multicast_hops"]):
        yield f"links carry {carried}"


def routes_missing(path):
    program = independent_reader.read_program(path.read_bytes())
    for connection in program.connections:
        kinds = [program.pools[p].kind for p in (connection.source, connection.target)]
        if kinds[0] != "input" and kinds[1] != "counts":
            lost = independent_reader.events_lost(program, connection)
            if lost:
                yield f"{lost} synapses get no events"


def compare(folder, model, images, options, target, check_routes=False):
    """Failures of one model on one target, and the mesh report."""
    plain_file = tools.compile_model(model, folder / "plain.nmc", *options)
    mapped_file = tools.compile_model(model, folder / "mapped.nmc", *options,
                                      f"--target={target}")
    limit = (f"--input={images}", f"--limit={IMAGES}")
    plain = tools.run_model(plain_file, folder, *limit, name="plain")
    mapped = tools.run_model(mapped_file, folder, *limit, "--engine=mapped",
                             name="mapped")
    # The fast executor takes mapped programs as they are.
    fast = tools.run_model(mapped_file, folder, *limit, name="fast")
    failures = list(differences(plain, mapped))
    difference = tools.first_spike_difference(plain[2], fast[2])
    if difference:
        failures.append(f"event engine: {difference}")
    if check_routes:
        failures += routes_missing(mapped_file)
    return failures, mapped[0]["mesh"]


def main():
    models = tools.shared("models", "resnet20_w2a2_qonnx.onnx").parent
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        cases = []
        for bits in (2, 3, 4):
            images = tools.shared("golden", f"resnet20_w{bits}a{bits}.npz")
            for style in STYLES:
                model = models / f"resnet20_w{bits}a{bits}_{style}.onnx"
                if style == "qonnx":
                    cases += [(model, f"{images}:input_u8", timing, "generic-mesh")
                              for timing in TIMINGS]
                else:
                    cases.append((model, f"{images}:input_u8", "pipelined",
                                  "generic-mesh"))
        cases.append((models / "resnet20_w2a2_qonnx.onnx",
                      f"{tools.shared('golden', 'resnet20_w2a2.npz')}:input_u8",
                      "pipelined", small_target(folder, "tiny", 512, 1500)))
        for model, images, timing, target in cases:
            options = (tools.CIFAR_PREPROCESS, f"--timing={timing}")
            if target != "generic-mesh":
                # The weights of pixels are too wide for these cores.
                options += ("--input-encoding=current",)
            found, mesh = compare(folder, model, images, options, target)
            name = f"{model.stem}, {timing}, {Path(target).stem}"
            failures += [f"{name}: {failure}" for failure in found]
            print(f"{name}: {mesh['cores']} cores, {mesh['ticks']} ticks, "
                  f"{mesh['partial_sums']} partial sums, busiest link "
                  f"{mesh['busiest_link']}")
            if target != "generic-mesh" and mesh["partial_sums"] == 0:
                failures.append(f"{name}: no partial sums")
        rng = np.random.default_rng(7)
        np.save(folder / "digits.npy",
                rng.integers(0, 256, (IMAGES, 1, 28, 28), dtype=np.uint8))
        for name in ("TFC_1W2A", "TFC_2W2A"):
            for timing in TIMINGS:
                found, mesh = compare(
                    folder, models / f"{name}.onnx", folder / "digits.npy",
                    ("--preprocess=scale=255", f"--timing={timing}"),
                    small_target(folder, "small", 20, 1 << 20),
                    check_routes=True)
                failures += [f"{name}, {timing}: {failure}" for failure in found]
                print(f"{name}, {timing}: {mesh['cores']} cores")
    for failure in failures:
        print(f"FAIL: {failure}")
    print("FAILED" if failures else "passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
