"""Emitted CUDA networks: how the tests write, build and run them.

Without a GPU the source is compiled by the host's compiler against the emulator
of runtime/cuda/testing, into a library that fastsnn-run loads like nvcc's.
"""

import filecmp
import glob
import json
import os
import shutil
import subprocess
import time

import tools

EMULATOR = tools.ROOT / "runtime" / "cuda" / "testing"
# What a GPU does not report, and what depends on the machine.
NOT_COMPARED = ("membrane_seen", "images_per_second", "seconds", "threads")


def find_nvcc():
    """The path of nvcc, or None; as scripts/bootstrap.sh looks for it."""
    candidates = [os.environ.get("CUDACXX"), shutil.which("nvcc"),
                  "/usr/local/cuda/bin/nvcc",
                  *sorted(glob.glob("/usr/local/cuda-*/bin/nvcc")),
                  str(tools.ROOT / ".venv" / "bin" / "nvcc")]
    return next((c for c in candidates if c and os.access(c, os.X_OK)), None)


def run_compiler(command, timeout=600):
    """Runs a compiler that has to succeed without a warning; its seconds."""
    begin = time.time()
    result = subprocess.run(command, capture_output=True, text=True,
                            timeout=timeout, check=False)
    if result.returncode != 0 or result.stderr.strip():
        raise tools.ToolError(f"{' '.join(map(str, command))}\n"
                              + result.stderr[-3000:])
    return time.time() - begin


def emit(model, folder, *options):
    """fastsnn-compile --emit=cuda into `folder`."""
    tools.run("fastsnn-compile", model, "--emit=cuda", "-o", folder, *options)
    return folder


def emit_plain(model, emitted, folder, *options):
    """The same as `emitted`, of the plain kernels alone."""
    shutil.copytree(emitted, folder, ignore=shutil.ignore_patterns("*.o", "*.so"))
    network = folder / "network.mlirbc"
    tools.run("fastsnn-compile", model, "--emit=nmc", "-o", network, *options)
    scheduled = folder / "scheduled.mlirbc"
    tools.run("fastsnn-opt", network, "--nmc-schedule-cuda=fallback",
              "--emit-bytecode", "-o", scheduled)
    tools.run("fastsnn-translate", "--snn-to-cuda", scheduled, "-o",
              folder / "network.cu", f"--cuda-weights={folder / 'weights.fsnnw'}")
    return folder


def compile_with_nvcc(nvcc, folder, architecture):
    """Builds the library for one architecture; the seconds that nvcc took."""
    return run_compiler([nvcc, "-std=c++17", "-O3", f"-arch=sm_{architecture}",
                         "-shared", "-Xcompiler", "-fPIC", f"-I{folder}/include",
                         folder / "network.cu", "-o",
                         folder / f"libnetwork-sm_{architecture}.so"])


def compile_for_emulator(folder):
    """Builds the library on the emulator; its path."""
    compiler = os.environ.get("CXX", "c++")
    cached = [shutil.which("ccache")] if shutil.which("ccache") else []
    flags = ["-std=c++17", "-O1", "-fPIC", "-DFASTSNN_CUDA_EMULATOR",
             f"-I{EMULATOR}/include", f"-I{folder}/include"]
    objects = []
    for source, language in ((folder / "network.cu", ["-x", "c++"]),
                             (EMULATOR / "Emulator.cpp", [])):
        objects.append(folder / (source.stem + ".o"))
        run_compiler([*cached, compiler, *flags, "-c", *language, source, "-o",
                      objects[-1]])
    library = folder / "libnetwork.so"
    run_compiler([compiler, "-shared", *objects, "-o", library, "-pthread"])
    return library


def pruned(report):
    """A report without what is not compared."""
    if isinstance(report, dict):
        return {k: pruned(v) for k, v in report.items() if k not in NOT_COMPARED}
    if isinstance(report, list):
        return [pruned(v) for v in report]
    return report


def find_gpu():
    """The architecture of the first GPU, such as "90", or None."""
    if not shutil.which("nvidia-smi"):
        return None
    result = subprocess.run(
        ["nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader"],
        capture_output=True, text=True, timeout=60, check=False)
    lines = result.stdout.split()
    if result.returncode != 0 or not lines:
        return None
    return lines[0].replace(".", "")


def run_program(folder, name, *options, spikes=True, environment=None):
    """fastsnn-run on the program of an emission: its report; spikes and outputs
    lie in `folder` under `name`."""
    dump = [f"--dump-spikes={folder / name}-spikes.npz"] if spikes else []
    before = {k: os.environ.get(k) for k in environment or {}}
    os.environ.update(environment or {})
    try:
        tools.run("fastsnn-run", folder / "program.nmc",
                  f"--json={folder / name}.json",
                  f"--output={folder / name}-outputs.npz", *dump, *options)
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key)
            else:
                os.environ[key] = value
    return json.loads((folder / f"{name}.json").read_text())


def differences(folder, library, options, batches=(1, 3), spikes=True,
                environment=None):
    """What differs between the library and the CPU: spikes, outputs and reports
    must be equal bit by bit. Yields texts."""
    expected = run_program(folder, "cpu", *options, spikes=spikes)
    for batch in batches:
        name = f"cuda-{batch}"
        report = run_program(folder, name, *options, "--device=cuda",
                             f"--library={library}", f"--batch={batch}",
                             spikes=spikes, environment=environment)
        for what in ("spikes", "outputs") if spikes else ("outputs",):
            if not filecmp.cmp(folder / f"cpu-{what}.npz",
                               folder / f"{name}-{what}.npz", shallow=False):
                yield f"batch {batch}: {what} differ"
        if pruned(report) != pruned(expected):
            yield f"batch {batch}: the reports differ"
