#!/usr/bin/env python3
"""Mapped programs spike as the unmapped ones do.

Every shared model on every target that comes with the compiler, and on meshes of
small cores, one so small that sources are divided: a target refuses, naming what it
lacks, or spikes and outputs of the simulated cores equal those of the fast executor
and the links carry what the layers emit. On some of them every event that a synapse
waits for is found routed to its core (by independent_reader.py). A small network
without negative spikes runs on chips that have none; what that costs is measured and
stands in every report.
"""

import json
from pathlib import Path
import re
import sys
import tempfile

import tools

try:
    import numpy as np
except ImportError:
    tools.skip("numpy is not installed")

import independent_reader  # pylint: disable=wrong-import-position
import small_network  # pylint: disable=wrong-import-position

IMAGES = 2

# What a refusal says: what needs it, how much, and what the target has.
REFUSAL = re.compile(
    r"error: .+: needs (\d+ )?\w+, (which target '\S+' lacks|target '\S+' has \d+); .+")


def built_in_targets():
    """The names that the compiler knows, from what it says to another one."""
    result = tools.start("fastsnn-compile", "x.onnx", "--target=no such target",
                         "-o", "x.nmc")
    known = re.search(r"known target \(([^)]*)\)",
                      result.stderr.decode(errors="replace"))
    if not known:
        raise tools.ToolError("the compiler does not list its targets")
    return known.group(1).split(", ")


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


def mapped_program(module, target, folder):
    """The mapped program of a module at level nmc, or None and what is wrong
    with the refusal (nothing: every line names what the target lacks)."""
    path = folder / "mapped.nmc"
    path.unlink(missing_ok=True)
    result = tools.start("fastsnn-compile", module, "-o", path, f"--target={target}")
    lines = result.stderr.decode(errors="replace").splitlines()
    if result.returncode == 0:
        return path, []
    failures = [f"refused by '{line}'" for line in lines if not REFUSAL.fullmatch(line)]
    if result.returncode != 1 or not lines:
        failures.append(f"exit code {result.returncode} and {len(lines)} errors")
    if path.exists():
        failures.append("refused, but a program was written")
    return None, failures


class Network:
    """A model at level nmc and what its unmapped program does on some images."""

    def __init__(self, folder, model, images, options, count):
        self.folder = folder
        self.limit = (f"--input={images}", f"--limit={count}")
        self.module = tools.compile_model(model, folder / "plain.mlirbc",
                                          "--emit=nmc", *options)
        program = tools.compile_model(self.module, folder / "plain.nmc")
        self.plain = tools.run_model(program, folder, *self.limit, name="plain")

    def check(self, target, check_routes=False):
        """Failures on one target, and the mesh report; None: it refused."""
        program, failures = mapped_program(self.module, target, self.folder)
        if not program:
            return failures, None
        mapped = tools.run_model(program, self.folder, *self.limit,
                                 "--engine=mapped", name="mapped")
        failures += differences(self.plain, mapped)
        if check_routes:
            # The fast executor takes mapped programs as they are.
            fast = tools.run_model(program, self.folder, *self.limit, name="fast")
            difference = tools.first_spike_difference(self.plain[2], fast[2])
            if difference:
                failures.append(f"event engine: {difference}")
            failures += routes_missing(program)
        return failures, mapped[0]["mesh"]


class Test:
    def __init__(self, folder):
        self.folder, self.failures = folder, []
        self.built_in = built_in_targets()
        self.ran_on = {}

    def run(self, name, model, images, options, targets=None, count=1,
            check_routes=False):
        """One model on all `targets` (None: those that the compiler knows);
        returns the mesh reports of those that took it."""
        network = Network(self.folder, model, images, options, count)
        meshes = {}
        for target in targets or self.built_in:
            found, mesh = network.check(target, check_routes)
            label = Path(target).stem
            self.failures += [f"{name}, {label}: {text}" for text in found]
            if mesh:
                meshes[label] = mesh
                self.ran_on.setdefault(label, []).append(name)
        print(f"{name}: " + ", ".join(
            f"{label} {mesh['cores']} cores" for label, mesh in meshes.items())
              + ("" if meshes else "refused by all"), flush=True)
        return meshes

    def shared_models(self):
        """Every model, pipelined; a model of each kind settled, too."""
        models = tools.shared("models", "resnet20_w2a2_qonnx.onnx").parent
        digits = self.folder / "digits.npy"
        rng = np.random.default_rng(7)
        np.save(digits, rng.integers(0, 256, (IMAGES, 1, 28, 28), dtype=np.uint8))
        for model in sorted(models.glob("*.onnx")):
            network, _, style = model.stem.partition("_")
            if network == "TFC":
                images, options = digits, ("--preprocess=scale=255",)
            else:
                golden = tools.shared("golden", f"{model.stem.rsplit('_', 1)[0]}.npz")
                images, options = f"{golden}:input_u8", (tools.CIFAR_PREPROCESS,)
            self.run(model.stem, model, images, options)
            if network == "TFC" or style == "w2a2_qonnx":
                self.run(f"{model.stem}, settled", model, images,
                         options + ("--timing=settled",), count=IMAGES)
                self.run(f"{model.stem}, small cores", model, images,
                         # The weights of pixels are too wide for these cores.
                         options + ("--input-encoding=current",),
                         self.small_targets(network), IMAGES,
                         check_routes=network == "TFC")

    def small_targets(self, network):
        if network == "TFC":
            return [small_target(self.folder, "small", 20, 1 << 20)]
        return [small_target(self.folder, "tiny", 512, 1500)]

    def narrow_chips(self):
        """The network of small_network.py without negative spikes, whose bits are
        few enough for chips that have neither those nor a count guard."""
        digits = [tools.shared("data", "mnist", f"{part}-ubyte.gz") for part in (
            "train-images-idx3", "train-labels-idx1", "t10k-images-idx3",
            "t10k-labels-idx1")]
        model = small_network.write(self.folder / "small.onnx", *small_network.train(
            small_network.read_idx(digits[0]), small_network.read_idx(digits[1])))
        options = ("--preprocess=scale=255", "--unsigned", "--input-encoding=current")
        for timing in ("pipelined", "settled"):
            self.run(f"small network, unsigned, {timing}", model, digits[2],
                     options + (f"--timing={timing}",), count=50, check_routes=True)
        self.failures += approximation_problems(self.folder, model, options, digits)

    def main(self):
        self.shared_models()
        self.narrow_chips()
        for target in ("tiny", "small"):
            if target not in self.ran_on:
                self.failures.append(f"no network ran on {target}")
        refusing = [t for t in self.built_in if t not in self.ran_on]
        print("targets that took no network: " + (", ".join(refusing) or "none"))


def approximation_problems(folder, model, options, digits):
    """What unsigned neurons cost on the MNIST test set, on cores of loihi1, and
    whether all reports say that they are an approximation."""
    def compiled(name, *more):
        result = tools.start("fastsnn-compile", model, *options, *more,
                             "--target=loihi1", "-o", folder / name)
        return result.returncode, result.stderr.decode(errors="replace")

    report, outputs, _ = tools.run_model(
        model, folder, *options, f"--input={digits[2]}", f"--labels={digits[3]}",
        "--compare=qnn", name="measured", spikes=False)
    traffic = f"--traffic={folder / 'measured.json'}"
    code, said = compiled("loihi1.nmc", traffic)
    if code or "warning: " not in said or "unsigned_neurons" not in said:
        yield f"loihi1, unsigned: exit code {code}, '{said.strip()}'"
        return
    mapped, mapped_outputs, _ = tools.run_model(
        folder / "loihi1.nmc", folder, "--engine=mapped", f"--input={digits[2]}",
        f"--labels={digits[3]}", name="loihi1", spikes=False)
    quantized = report["compare"][0]["top1"]
    print(f"MNIST on loihi1: top1 {mapped['top1']}, quantized network {quantized}")
    if mapped["samples"] != 10000 or mapped["top1"] != report["top1"]:
        yield f"loihi1: top1 {mapped['top1']} of {mapped['samples']} samples"
    if not np.array_equal(outputs["prediction"], mapped_outputs["prediction"]):
        yield "loihi1: other predictions than the unmapped network"
    if min(quantized, mapped["top1"]) < 0.9:
        yield "the small network did not learn"
    code, said = compiled("loihi1.json", traffic, "--emit=mapping")
    if code:
        yield f"--emit=mapping: {said}"
        return
    chip = json.loads((folder / "loihi1.json").read_text(encoding="utf-8"))
    if chip["accuracy"] != {"top1": report["top1"], "top1_of_quantized": quantized,
                            "gap": quantized - report["top1"], "samples": 10000}:
        yield f"mapping report: accuracy {chip['accuracy']}"
    for name, entries in (("run", mapped), ("mapping", chip)):
        if [entry["kind"] for entry in entries["approximations"]] != ["unsigned_neurons"]:
            yield f"{name} report: approximations {entries['approximations']}"
    # The same measurement says nothing about settled neurons.
    compiled("loihi1.json", traffic, "--emit=mapping", "--timing=settled")
    chip = json.loads((folder / "loihi1.json").read_text(encoding="utf-8"))
    if chip["accuracy"] is not None or chip["approximations"]:
        yield f"settled: {chip['accuracy']}, {chip['approximations']}"


def main():
    with tempfile.TemporaryDirectory() as folder:
        test = Test(Path(folder))
        test.main()
    for failure in test.failures:
        print(f"FAIL: {failure}")
    print("FAILED" if test.failures else "passed")
    return 1 if test.failures else 0


if __name__ == "__main__":
    sys.exit(main())
