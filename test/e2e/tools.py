"""How the tests find and start the tools, and where the shared files are."""

import json
import os
from pathlib import Path
import subprocess
import sys

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("FASTSNN_BIN", ROOT / "build" / "release" / "bin"))
SHARED = Path(os.environ.get("FASTSNN_SHARED", ROOT.parent / "shared"))

# What ctest takes for "skipped".
SKIPPED = 77

# The normalization of the CIFAR-10 networks.
CIFAR_PREPROCESS = ("--preprocess=scale=255,mean=0.491:0.482:0.447,"
                    "std=0.247:0.243:0.262")


class ToolError(Exception):
    """A tool did not do what the test needs; the text says all about it."""


def skip(reason):
    """Ends the test as skipped."""
    print(f"SKIP: {reason}")
    sys.exit(SKIPPED)


def shared(*parts):
    """A file among the shared models and data; ends the test as skipped where
    they are absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        skip(f"{path} is absent (FASTSNN_SHARED names the folder)")
    return path


def start(tool, *arguments, timeout=600, stdin=None):
    """Runs a tool to its end, whatever comes out of it."""
    path = BIN / tool
    if not path.exists():
        raise ToolError(f"{path} is missing: build it, or set FASTSNN_BIN")
    command = [str(path)] + [str(a) for a in arguments]
    try:
        return subprocess.run(command, capture_output=True, timeout=timeout,
                              stdin=subprocess.DEVNULL if stdin is None else None,
                              input=stdin, check=False)
    except subprocess.TimeoutExpired:
        raise ToolError(f"no end after {timeout} s: {' '.join(command)}") from None


def run(tool, *arguments, timeout=600):
    """Runs a tool that has to succeed; returns its standard output as text."""
    result = start(tool, *arguments, timeout=timeout)
    if result.returncode != 0:
        raise ToolError(
            f"exit code {result.returncode}: {' '.join(map(str, result.args))}\n"
            + result.stderr.decode(errors="replace")[-2000:])
    return result.stdout.decode(errors="replace")


def compile_model(model, output, *options, timeout=600):
    """fastsnn-compile `model` to `output`; returns the output's path."""
    run("fastsnn-compile", model, "-o", output, *options, timeout=timeout)
    return Path(output)


def certificate_of(model, folder, *options):
    """The certificate document of a model."""
    path = Path(folder) / "certificate.json"
    compile_model(model, path, "--emit=certificate", *options)
    return json.loads(path.read_text(encoding="utf-8"))


def run_model(file, folder, *options, name="run", spikes=True, timeout=600):
    """fastsnn-run on a file. Returns (report, outputs, spikes): the JSON report
    and the arrays by name; spikes is None unless asked for."""
    import numpy as np  # Only tests that run models need it.
    folder = Path(folder)
    report = folder / f"{name}.json"
    outputs = folder / f"{name}-outputs.npz"
    dump = folder / f"{name}-spikes.npz"
    arguments = [file, f"--json={report}", f"--output={outputs}", *options]
    if spikes:
        arguments.append(f"--dump-spikes={dump}")
    run("fastsnn-run", *arguments, timeout=timeout)
    with np.load(outputs) as archive:
        output_arrays = {key: archive[key] for key in archive.files}
    spike_arrays = None
    if spikes:
        with np.load(dump) as archive:
            spike_arrays = {key: archive[key] for key in archive.files}
    return json.loads(report.read_text(encoding="utf-8")), output_arrays, spike_arrays


def first_spike_difference(expected, actual):
    """None, or a sentence that says where two sets of spike trains differ."""
    if list(expected) != list(actual):
        return f"layers {list(expected)} and {list(actual)}"
    for layer in expected:
        a, b = expected[layer], actual[layer]
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"{layer}: {a.dtype}{a.shape} and {b.dtype}{b.shape}"
        different = int((a != b).sum())
        if different:
            return f"{layer}: {different} of {a.size} entries differ"
    return None


# Report entries that may change from run to run.
_TIMING = ("timing", "images_per_second", "threads", "seconds")


def without_timing(report):
    """A report without what the clock or the number of threads decides."""
    if isinstance(report, dict):
        return {key: without_timing(value) for key, value in report.items()
                if key not in _TIMING}
    if isinstance(report, list):
        return [without_timing(value) for value in report]
    return report
