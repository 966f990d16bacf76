#!/usr/bin/env python3
#===- compare.py - Emitted networks beside PyTorch on a GPU --------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
"""Times emitted networks and PyTorch on the same GPU, networks and images.

For ResNet-18 and VGG16 (networks.py; random weights that spike), T = 3, 7, 15
(2, 3 and 4 bits) and batches of 1, 64 and 1024 images:

fastsnn     the library that `fastsnn-compile --emit=cuda` writes and nvcc builds:
            images/s with the transfers, and the time of each layer by events,
            with its share of the int8 rate and of the bandwidth of the data
            sheet;
spiking     the published simulation (spiking.py), float32 and bfloat16, eager
            and with torch.compile;
quantized   the quantized ANN of the same weights in PyTorch.

  benchmarks/gpu/compare.py [--networks ...] [--steps 3 7] [--batches 64]
      [--json FILE]

--device=cpu checks the script where there is no GPU: PyTorch runs on the CPU,
and the emitted network is left out.
"""

import argparse
import contextlib
import ctypes
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "python"), str(HERE.parent)]

import fastsnn  # noqa: E402
import machine  # noqa: E402
import networks as shapes  # noqa: E402
import predict  # noqa: E402
import spiking  # noqa: E402
from fastsnn import zoo  # noqa: E402
from fastsnn.zoo.networks import Classifier, ResNet, stack  # noqa: E402
from fastsnn.zoo.layers import Block  # noqa: E402

BITS = {3: 2, 7: 3, 15: 4}
MEAN, STD = (0.491, 0.482, 0.447), (0.247, 0.243, 0.262)
PREPROCESS = {"scale": 255, "mean": list(MEAN), "std": list(STD)}


def make_network(name, bits):
    """The network with random weights and batch norms under which it spikes."""
    if name == "ResNet-18":
        network = ResNet(Block(3, 64), (64, 128, 256, 512), (2, 2, 2, 2), 10)
    else:
        plan = []
        for width, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            plan += [width] * depth + ["P"]
        network = Classifier(stack(3, plan, "average"), [512], 10)
    zoo.set_bits(network, bits)
    zoo.randomize(network)
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (32, 3, 32, 32), generator=generator)
    zoo.calibrate(network, normalize(pixels))
    return network.eval()


def normalize(pixels):
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (MEAN, STD))
    return (pixels.float() / 255 - mean) / std


class Timer:
    """Seconds of a function: medians of repetitions, by events on a GPU."""

    def __init__(self, device, seconds):
        self.device, self.seconds = device, seconds

    def once(self, function):
        if self.device == "cpu":
            start = time.perf_counter()
            function()
            return time.perf_counter() - start
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        function()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / 1e3

    def median(self, function):
        # Compilation, allocation and clocks settle first.
        for _ in range(3):
            took = self.once(function)
        count = max(3, min(200, int(self.seconds / max(took, 1e-6))))
        return statistics.median(self.once(function) for _ in range(count))


def torch_rows(network, time_steps, images, timer, compile_too):
    """{method: seconds or the reason why there are none}."""
    rows = {}
    for dtype in (torch.float32, torch.bfloat16):
        precision = str(dtype).removeprefix("torch.")
        inputs = images.to(timer.device, dtype)
        methods = {
            f"quantized, {precision}": lambda: spiking.quantized(network, dtype),
            f"spiking, {precision}": lambda: spiking.Spiking(network, time_steps, dtype),
        }
        if compile_too:
            methods[f"spiking, {precision}, compiled"] = lambda: spiking.Spiking(
                network, time_steps, dtype, compiled=True
            )
        for method, make in methods.items():
            try:
                model = make().to(timer.device)
                with torch.inference_mode():
                    rows[method] = timer.median(lambda: model(inputs))
            except torch.OutOfMemoryError:
                rows[method] = "out of memory"
            finally:
                model = None
                if timer.device != "cpu":
                    torch.cuda.empty_cache()
    return rows


# The emitted library: the structures of fastsnn-cuda/Runtime.h.


class Pool(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("channels", ctypes.c_int64),
        ("positions", ctypes.c_int64),
        ("emits", ctypes.c_int32),
    ]


class Array(ctypes.Structure):
    _fields_ = [
        ("pool", ctypes.c_int32),
        ("connection", ctypes.c_int32),
        ("elements", ctypes.c_int64),
    ]


class Description(ctypes.Structure):
    _fields_ = [
        ("interface_version", ctypes.c_int32),
        ("name", ctypes.c_char_p),
        ("time_steps", ctypes.c_int32),
        ("digest", ctypes.c_char_p),
        ("weight_bytes", ctypes.c_uint64),
        ("image_bytes", ctypes.c_uint64),
        ("pool_count", ctypes.c_int32),
        ("input_count", ctypes.c_int32),
        ("output_count", ctypes.c_int32),
        ("pools", ctypes.POINTER(Pool)),
        ("inputs", ctypes.POINTER(Array)),
        ("outputs", ctypes.POINTER(Array)),
    ]


class Options(ctypes.Structure):
    _fields_ = [
        ("weights", ctypes.c_char_p),
        ("batch", ctypes.c_int64),
        ("devices", ctypes.c_void_p),
        ("device_count", ctypes.c_int32),
        ("note", ctypes.c_void_p),
        ("note_context", ctypes.c_void_p),
    ]


class Run(ctypes.Structure):
    _fields_ = [
        ("images", ctypes.c_int64),
        ("inputs", ctypes.POINTER(ctypes.c_void_p)),
        ("outputs", ctypes.POINTER(ctypes.c_void_p)),
        ("recorded_count", ctypes.c_int32),
        ("recorded_pools", ctypes.c_void_p),
        ("spikes", ctypes.c_void_p),
        ("statistics", ctypes.c_void_p),
    ]


INTERFACE = 1


class Emitted:
    """An emitted network, built and opened for batches of one size."""

    def __init__(self, library, batch):
        self.library = ctypes.CDLL(str(library))
        describe = self.library.fastsnn_cuda_describe
        describe.restype = ctypes.POINTER(Description)
        self.description = describe().contents
        if self.description.interface_version != INTERFACE:
            raise RuntimeError(
                f"{library} has interface {self.description.interface_version}, "
                f"this script knows {INTERFACE}; emit and build it again"
            )
        self.batch = batch
        self.network = ctypes.c_void_p()
        options = Options(batch=batch)
        self.call("open", ctypes.byref(options), ctypes.byref(self.network))

    def call(self, name, *arguments):
        error = ctypes.c_char_p()
        status = getattr(self.library, f"fastsnn_cuda_{name}")(
            *arguments, ctypes.byref(error)
        )
        if status != 0:
            raise RuntimeError(f"{name}: {(error.value or b'').decode()}")

    def arrays(self, pixels):
        """Inputs and outputs of a run of the batch; integer inputs only."""
        d = self.description
        inputs = []
        for index in range(d.input_count):
            if d.inputs[index].connection != -1:
                raise RuntimeError("an input whose current the host computes; not timed here")
            inputs.append(np.ascontiguousarray(pixels, np.int32))
        outputs = [
            np.zeros((self.batch, d.outputs[index].elements), np.int64)
            for index in range(d.output_count)
        ]
        return inputs, outputs

    @staticmethod
    def pointers(arrays):
        return (ctypes.c_void_p * max(1, len(arrays)))(*(a.ctypes.data for a in arrays))

    def seconds(self, pixels, repetitions):
        """Median of whole runs on the host's clock, transfers included."""
        inputs, outputs = self.arrays(pixels)
        run = Run(self.batch, self.pointers(inputs), self.pointers(outputs))
        times = []
        for index in range(repetitions + 3):
            start = time.perf_counter()
            self.call("run", self.network, ctypes.byref(run))
            if index >= 3:
                times.append(time.perf_counter() - start)
        return statistics.median(times), outputs

    def layer_milliseconds(self, pixels, repetitions):
        """{pool: milliseconds} by events on the device."""
        inputs, _ = self.arrays(pixels)
        times = (ctypes.c_float * self.description.pool_count)()
        self.call("profile", self.network, self.pointers(inputs), repetitions, times)
        names = [self.description.pools[i].name.decode() for i in range(len(times))]
        return dict(zip(names, times))

    def close(self):
        self.library.fastsnn_cuda_close(self.network)


def build_library(network, time_steps, folder):
    """(shared library, program): exported, compiled, emitted and built."""
    model, emitted = folder / "model.onnx", folder / "emitted"
    example = torch.zeros(1, 3, 32, 32)
    fastsnn.export(network, example, model)
    options = {"preprocess": PREPROCESS, "time_steps": time_steps, "epsilon": 1e-3}
    fastsnn.compile(model, emitted, emit="cuda", **options)
    for command in (
        ["cmake", "-S", emitted, "-B", emitted / "build"],
        ["cmake", "--build", emitted / "build", "-j"],
    ):
        subprocess.run([str(part) for part in command], check=True, capture_output=True)
    library = emitted / "build" / "libnetwork.so"
    return library, emitted / "program.nmc"


def dense_operations(program, pixels):
    """{layer: multiplications and additions of one image over all steps}, as the
    CPU executor counts them."""
    report = fastsnn.run(program, pixels[:1].astype(np.uint8)).report
    return {
        layer["name"]: 2 * layer["synaptic_operations_dense"]
        for layer in report["layers"]
        if layer.get("synaptic_operations_dense")
    }


def share(seconds, milliseconds):
    """What the data sheet's rate would take, over what it took; None for inputs
    and readouts, whose work is not counted."""
    return seconds / (milliseconds / 1e3) if seconds and milliseconds else None


def bytes_moved(name, layers, time_steps, batch):
    """{layer: bytes that it reads and writes at least}, as predict.py counts
    them; `layers` are those of the program, in its order."""
    moved, joined = [], 0
    for layer in shapes.NETWORKS[name]():
        joined += predict.memory(layer, time_steps, batch)
        if not layer.joins and not layer.readout:
            moved.append(joined)
            joined = 0
    if len(moved) != len(layers):
        raise RuntimeError(f"{name}: {len(layers)} layers, {len(moved)} in networks.py")
    return dict(zip(layers, moved))


def fastsnn_rows(name, network, time_steps, batches, pixels, device):
    """(per batch: seconds; per batch: layers), from one built library."""
    seconds, layers = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        library, program = build_library(network, time_steps, pathlib.Path(folder))
        operations = dense_operations(program, pixels)
        for batch in batches:
            emitted = Emitted(library, batch)
            with contextlib.closing(emitted):
                repetitions = 50 if batch <= 64 else 10
                seconds[batch], _ = emitted.seconds(pixels[:batch], repetitions)
                times = emitted.layer_milliseconds(pixels[:batch], repetitions)
            moved = bytes_moved(name, operations, time_steps, batch)
            layers[batch] = {
                layer: {
                    "milliseconds": took,
                    "int8 share": share(operations.get(layer, 0) * batch / device.operations, took),
                    "bandwidth share": share(moved.get(layer, 0) / device.bandwidth, took),
                }
                for layer, took in times.items()
            }
    return seconds, layers


def print_table(rows):
    print("\n| network | T | batch | method | images/s | ms a batch | ratio to spiking, float32 |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        took, base = row["seconds"], row["base"]
        if isinstance(took, str):
            cells = f"{took} | |"
        else:
            ratio = f"{base / took:.2f}" if isinstance(base, float) else ""
            cells = f"{row['batch'] / took:,.0f} | {took * 1e3:.3f} | {ratio}"
        print(
            f"| {row['network']} | {row['time_steps']} | {row['batch']} | {row['method']} | {cells} |"
        )


def print_layers(rows):
    for (name, time_steps, batch), layers in rows.items():
        print(f"\n{name}, T = {time_steps}, batch {batch}\n")
        print("| layer | ms | of int8 peak | of bandwidth |\n|---|---|---|---|")
        for layer, values in layers.items():
            shares = (values["int8 share"], values["bandwidth share"])
            texts = ("" if s is None else f"{s:.1%}".replace("%", " %") for s in shares)
            print(f"| {layer} | {values['milliseconds']:.4f} | {' | '.join(texts)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--networks", nargs="+", choices=shapes.NETWORKS, default=list(shapes.NETWORKS))
    parser.add_argument("--steps", nargs="+", type=int, choices=BITS, default=list(BITS))
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 64, 1024])
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--seconds", type=float, default=2.0, help="of timing per method")
    parser.add_argument("--no-compile", action="store_true", help="leave out torch.compile")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        print("error: PyTorch sees no GPU; --device=cpu checks the script without one")
        return 1
    timer = Timer(arguments.device, arguments.seconds)
    gpu = torch.cuda.get_device_name() if arguments.device == "cuda" else "none"
    sheet = predict.DEVICES["H200" if "H200" in gpu else "H100"]
    about = {
        **machine.describe(HERE.parents[1]), "gpu": gpu, "torch": torch.__version__,
        "cuda": torch.version.cuda, "peak": sheet.name if "H" in gpu else None,
    }
    print("\n".join(f"{key}: {value}" for key, value in about.items()))

    rows, layers = [], {}
    random = np.random.default_rng(1)
    pixels = random.integers(0, 256, (max(arguments.batches), 3, 32, 32))
    for name in arguments.networks:
        for time_steps in arguments.steps:
            network = make_network(name, BITS[time_steps])
            ours = {}
            if arguments.device == "cuda":
                ours, details = fastsnn_rows(
                    name, network, time_steps, arguments.batches, pixels, sheet
                )
                layers |= {(name, time_steps, batch): row for batch, row in details.items()}
            for batch in arguments.batches:
                images = normalize(torch.from_numpy(pixels[:batch]))
                methods = torch_rows(network, time_steps, images, timer, not arguments.no_compile)
                base = methods["spiking, float32"]
                if batch in ours:
                    methods = {"fastsnn": ours[batch], **methods}
                rows += [
                    {"network": name, "time_steps": time_steps, "batch": batch,
                     "method": method, "seconds": took, "base": base}
                    for method, took in methods.items()
                ]
                print(f"{name}, T = {time_steps}, batch {batch}: done", file=sys.stderr)
    print_table(rows)
    print_layers(layers)
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"machine": about, "rows": rows,
                        "layers": [[*key, value] for key, value in layers.items()]}, indent=1)
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
