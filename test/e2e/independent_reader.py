#!/usr/bin/env python3
"""Reads and runs a program file, written from docs/program-format.md alone.

    independent_reader.py PROGRAM INPUT [--spikes=OUT.npz] [--output=OUT.npz]
                          [--limit=N]

INPUT is an npz with one array [N, ...] per network input, keyed by the input's
name, or with a single array whatever its key; FILE.npz:KEY picks one. --spikes
writes int8 arrays [N, T, shape] keyed by pool, --output float64 arrays
[N, shape] keyed by readout. Clarity goes before speed: one image after the
other, micro-operation by micro-operation; only the events of one drain are
handled together.
"""

import argparse
import struct
import sys
import zlib

import numpy as np

MAGIC = bytes([0x8E, 0x46, 0x53, 0x4E, 0x4E, 0x0D, 0x0A, 0x1A])
MAJOR, MINOR = 1, 2
SECTIONS = ("META", "CORE", "SYNA", "NEUR", "THRE", "ROUT", "CODE", "PROV")
OPCODES = {
    0x01: "inject", 0x02: "drain", 0x03: "barrier", 0x10: "add_current",
    0x11: "add_bias", 0x12: "cmp_up", 0x13: "sub_theta", 0x14: "count_up",
    0x15: "emit_up", 0x16: "cmp_down", 0x17: "add_theta", 0x18: "count_down",
    0x19: "emit_down", 0x1A: "max_count", 0x1B: "cmp_up_even",
    0x1C: "cmp_down_even", 0x20: "read", 0x7F: "mul",
}


class ProgramError(Exception):
    """The file is not a program that can be run; the text says why."""


class Record:
    """A bag of named fields."""

    def __init__(self, kind, **fields):
        self.kind = kind
        self.__dict__.update(fields)


# ---------------------------------------------------------------------------
# Bytes
# ---------------------------------------------------------------------------

class Reader:
    """Takes little-endian values from the bytes of one section."""

    def __init__(self, data, name):
        self.data = memoryview(data)
        self.at = 0
        self.name = name

    def take(self, size):
        if size < 0 or size > len(self.data) - self.at:
            raise ProgramError(f"section {self.name} ends too early")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, code):
        return struct.unpack("<" + code, self.take(struct.calcsize(code)))[0]

    def array(self, dtype, count):
        """`count` values; checked against what is left before memory is
        taken."""
        dtype = np.dtype(dtype).newbyteorder("<")
        return np.frombuffer(self.take(count * dtype.itemsize), dtype)

    def list(self, dtype):
        values = self.array(dtype, self.number("I"))
        return [v.item() for v in values]

    def text(self):
        return bytes(self.take(self.number("I"))).decode("utf-8")

    def count(self):
        """A number of records; each has at least one byte."""
        count = self.number("I")
        if count > len(self.data) - self.at:
            raise ProgramError(f"section {self.name}: {count} records announced")
        return count

    def end(self):
        if self.at != len(self.data):
            raise ProgramError(f"section {self.name}: bytes left over")


def open_sections(data):
    """Checks the envelope; returns a reader for each section and the minor
    version."""
    if data[:8] != MAGIC:
        raise ProgramError("not a FastSNN program")
    if len(data) < 24 + 24 * len(SECTIONS) + 4:
        raise ProgramError("truncated")
    major, minor, count, size = struct.unpack_from("<HHIQ", data, 8)
    if major != MAJOR or minor > MINOR:
        raise ProgramError(f"unknown version {major}.{minor}")
    if size != len(data):
        raise ProgramError(f"{len(data)} bytes, {size} announced")
    if zlib.crc32(data[:-4]) != struct.unpack_from("<I", data, size - 4)[0]:
        raise ProgramError("bad checksum")
    if count != len(SECTIONS):
        raise ProgramError(f"{count} sections")
    readers, expected = {}, 24 + 24 * count
    for i, name in enumerate(SECTIONS):
        tag, zero, offset, length = struct.unpack_from("<4sIQQ", data, 24 + 24 * i)
        aligned = -(-expected // 8) * 8
        if (tag != name.encode() or zero != 0 or offset != aligned
                or offset + length > size - 4 or any(data[expected:offset])):
            raise ProgramError(f"section table: entry {i} is not {name}")
        readers[name] = Reader(data[offset:offset + length], name)
        expected = offset + length
    if expected != size - 4:
        raise ProgramError("bytes between the last section and the checksum")
    return readers, minor


WINDOW = ("channels", "height", "width", "outHeight", "outWidth", "kernelH",
          "kernelW", "strideH", "strideW", "dilationH", "dilationW", "padTop",
          "padLeft")


def read_window(reader):
    return Record("window", **{f: reader.number("q") for f in WINDOW})


def integer_type(bits):
    if bits not in (8, 16, 32, 64):
        raise ProgramError(f"a storage width of {bits} bits")
    return f"i{bits // 8}"


def read_stage(reader):
    kind = reader.number("B")
    if kind == 1:
        return Record("remap", shape=reader.list("i8"), strides=reader.list("i8"),
                      offset=reader.number("q"), size=reader.number("q"))
    if kind == 2:
        return Record("sum_window", window=read_window(reader),
                      planes=reader.list("i4"))
    if kind == 3:
        return Record("convolution", window=read_window(reader),
                      channels=reader.number("q"), groups=reader.number("q"),
                      weights=reader.number("i"))
    if kind == 4:
        return Record("dense", inputs=reader.number("q"),
                      outputs=reader.number("q"), weights=reader.number("i"))
    if kind == 5:
        return Record("diagonal", size=reader.number("q"),
                      channels=reader.number("q"), weights=reader.number("i"))
    if kind == 6:
        return Record("gather", outer=reader.number("q"), extent=reader.number("q"),
                      inner=reader.number("q"), indices=reader.list("i4"))
    raise ProgramError(f"unknown stage kind {kind}")


def read_pool(reader):
    name, shape, kind = reader.text(), tuple(reader.list("i8")), reader.number("B")
    if not 1 <= len(shape) <= 8 or any(not 1 <= n <= 1 << 26 for n in shape) \
            or np.prod([float(n) for n in shape]) > 1 << 26:
        raise ProgramError(f"pool {name}: shape {shape}")
    if kind == 1:
        fields = dict(input=reader.number("B"), encoding=reader.number("B"),
                      rounding=reader.number("B"), lo=reader.number("q"),
                      hi=reader.number("q"), scale=reader.list("f8"),
                      pre_scale=reader.list("f8"), pre_offset=reader.list("f8"),
                      table=reader.list("i4"), bound=reader.number("d"))
        if fields["input"] not in (1, 2, 3) or fields["encoding"] not in (1, 2) \
                or fields["rounding"] not in (0, 1, 2):
            raise ProgramError(f"pool {name}: unknown kind of input")
        kind = "input"
    elif kind in (2, 5):
        fields = dict(settled=kind == 5, bits=reader.number("B"), lo=reader.number("i"),
                      hi=reader.number("i"), min=reader.number("q"),
                      max=reader.number("q"))
        kind = "neurons"
    elif kind == 3:
        fields = dict(window=read_window(reader), minimum=reader.list("u1"),
                      lo=reader.number("i"), hi=reader.number("i"))
        kind = "counts"
    elif kind == 4:
        fields = dict(offset=reader.list("f8"))
        kind = "readout"
    else:
        raise ProgramError(f"pool {name}: unknown kind {kind}")
    return Record(kind, name=name, shape=shape, size=int(np.prod(shape)), **fields)


def read_box(reader):
    """[(begin, end)] of channels, rows and columns."""
    numbers = [reader.number("q") for _ in range(6)]
    return list(zip(numbers[::2], numbers[1::2]))


def read_places(reader, cores):
    mapping = Record("mapping", target=reader.text(), routing=reader.number("B"))
    mapping.chip = (reader.number("i"), reader.number("i"))
    mapping.mesh = (reader.number("i"), reader.number("i"))
    mapping.places = [(reader.number("i"), reader.number("i")) for _ in cores]
    mapping.tiles = [
        Record("tile", core=core, pool=pool, box=read_box(reader),
               part=reader.number("i"), parts=reader.number("i"))
        for core, (_, pools) in enumerate(cores) for pool in pools]
    return mapping


def read_routes(reader, program):
    mapping = program.mapping
    mapping.delays = [reader.number("i") for _ in program.connections]
    mapping.routes = [(reader.number("i"), reader.number("i"), read_box(reader))
                      for _ in range(reader.count())]


def box_elements(pool, box):
    """Which elements of a pool are in a box."""
    columns = pool.shape[2] if len(pool.shape) == 3 else 1
    whole = np.zeros((pool.shape[0], pool.size // pool.shape[0] // columns, columns),
                     bool)
    for (begin, end), extent in zip(box, whole.shape):
        if not 0 <= begin < end <= extent:
            raise ProgramError(f"pool {pool.name}: box {box}")
    whole[tuple(slice(*side) for side in box)] = True
    return whole.reshape(-1)


def check_mapping(program):
    """Every neuron is on one core, sources arrive together, places differ."""
    mapping = program.mapping
    if len(set(mapping.places)) != len(mapping.places) or any(
            not (0 <= x < mapping.mesh[0] and 0 <= y < mapping.mesh[1])
            for x, y in mapping.places):
        raise ProgramError("places outside of the mesh, or taken twice")
    homes = {p: np.zeros(pool.size, int) for p, pool in enumerate(program.pools)}
    for tile in mapping.tiles:
        if tile.part == 0:
            homes[tile.pool] += box_elements(program.pools[tile.pool], tile.box)
    for p, pool in enumerate(program.pools):
        if (homes[p] != (pool.kind != "input")).any():
            raise ProgramError(f"pool {pool.name}: not every neuron is on one core")
    first = {}
    for p, pool in enumerate(program.pools):
        arrivals = {first[c.source] + delay
                    for c, delay in zip(program.connections, mapping.delays)
                    if c.target == p and program.pools[c.source].kind != "input"}
        if len(arrivals) > 1:
            raise ProgramError(f"pool {pool.name}: sources arrive apart")
        first[p] = arrivals.pop() if arrivals else 1
        if pool.kind == "neurons" and pool.settled:
            first[p] += program.steps - 1


def events_lost(program, connection):
    """Pairs of a source and a target, other than a count, that the connection
    joins and the routes do not: how many."""
    mapping, source = program.mapping, program.pools[connection.source]
    target = program.pools[connection.target]
    index, lost = np.arange(source.size), 0
    sent = {}
    for tile, core, box in mapping.routes:
        if mapping.tiles[tile].pool == connection.source:
            inside = box_elements(source, box) \
                & box_elements(source, mapping.tiles[tile].box)
            sent[core] = sent.get(core, np.zeros(source.size, bool)) | inside
    channel = index // (source.size // source.shape[0])
    for tile in mapping.tiles:
        if tile.pool != connection.target:
            continue
        # Of each source's channels a tile gets its part.
        low, high = (source.shape[0] * k // tile.parts
                     for k in (tile.part, tile.part + 1))
        missing = index[(channel >= low) & (channel < high)
                        & ~sent.get(tile.core, np.zeros(source.size, bool))]
        reached = Events(missing, np.zeros_like(missing), np.ones_like(missing))
        for stage in connection.stages:
            reached = through_stage(program, stage, reached)
        lost += int(box_elements(target, tile.box)[reached.index].sum())
    return lost


def read_program(data):
    """The program in `data` (bytes)."""
    sections, minor = open_sections(data)
    program = Record("program")

    reader = sections["META"]
    program.name, program.steps = reader.text(), reader.number("i")
    tables, pools, connections = (reader.number("I") for _ in range(3))
    if not 1 <= program.steps <= 65535:
        raise ProgramError(f"{program.steps} time steps")
    reader.end()

    reader = sections["CORE"]
    program.cores = [(reader.number("i"), reader.list("i4"))
                     for _ in range(reader.count())]
    program.mapping = None
    if minor >= 2 and reader.number("B") == 1:
        program.mapping = read_places(reader, program.cores)
    elif sorted(p for _, on in program.cores for p in on) != list(range(pools)):
        raise ProgramError("a pool is not on exactly one core")
    reader.end()

    reader = sections["SYNA"]
    program.weights = []
    for _ in range(tables):
        name, bits = reader.text(), reader.number("B")
        extents = [reader.number("q") for _ in range(3)]
        if any(n < 1 for n in extents):
            raise ProgramError(f"weights {name}: extents {extents}")
        values = reader.array(integer_type(bits), extents[0] * extents[1] * extents[2])
        program.weights.append(values.astype(np.int64).reshape(extents))
    program.connections = []
    for _ in range(connections):
        target, shift = reader.number("i"), reader.number("B")
        stages = [read_stage(reader) for _ in range(reader.count())]
        program.connections.append(
            Record("connection", source=None, target=target, shift=shift,
                   stages=stages, gain=reader.list("f8")))
        if not 0 <= target < pools or shift > 62:
            raise ProgramError(f"connection into pool {target}, shift {shift}")
    reader.end()

    reader = sections["NEUR"]
    program.pools = [read_pool(reader) for _ in range(pools)]
    reader.end()

    reader = sections["THRE"]
    for pool in program.pools:
        if pool.kind == "neurons":
            for field in ("theta", "start", "bias", "epsilon"):
                dtype, count = integer_type(reader.number("B")), reader.number("I")
                setattr(pool, field, reader.array(dtype, count).astype(np.int64))
    reader.end()

    reader = sections["ROUT"]
    for p in range(pools):
        for c in reader.list("i4"):
            if not 0 <= c < connections or program.connections[c].source is not None:
                raise ProgramError(f"connection {c} leaves two pools or none")
            program.connections[c].source = p
    for c in program.connections:
        if c.source is None or c.source >= c.target:
            raise ProgramError("a connection leaves no pool, or runs backwards")
    if program.mapping:
        read_routes(reader, program)
        check_mapping(program)
    reader.end()

    reader = sections["CODE"]
    program.code = []
    for _ in range(3):
        instructions = []
        for _ in range(reader.count()):
            opcode, operand = reader.number("H"), reader.number("i")
            if opcode not in OPCODES:
                raise ProgramError(f"unknown opcode {opcode}")
            name = OPCODES[opcode]
            if name == "mul":
                raise ProgramError("the program asks for a multiplication")
            limit = {"inject": connections, "drain": connections}.get(name, pools)
            if name != "barrier" and not 0 <= operand < limit:
                raise ProgramError(f"{name}: operand {operand}")
            instructions.append((name, operand))
        program.code.append(instructions)
    reader.end()

    program.provenance = sections["PROV"].text()
    sections["PROV"].end()
    return program


# ---------------------------------------------------------------------------
# Stages on events
# ---------------------------------------------------------------------------

def split_index(window, index):
    """(c, y, x) of indices in the window's input."""
    area = window.height * window.width
    return index // area, index // window.width % window.height, index % window.width


def meets(position, tap, stride, dilation, pad, outputs):
    """The output that reads `position` by `tap`, and whether there is one."""
    shifted = position + pad - tap * dilation
    output = shifted // stride
    return output, (shifted % stride == 0) & (output >= 0) & (output < outputs)


def window_hits(window, y, x):
    """For every tap: (ky, kx, which events meet an output, oy, ox)."""
    for ky in range(window.kernelH):
        oy, good_y = meets(y, ky, window.strideH, window.dilationH, window.padTop,
                           window.outHeight)
        if not good_y.any():
            continue
        for kx in range(window.kernelW):
            ox, good_x = meets(x, kx, window.strideW, window.dilationW,
                               window.padLeft, window.outWidth)
            hit = good_y & good_x
            if hit.any():
                yield ky, kx, hit, oy[hit], ox[hit]


def remap(stage, index):
    result = np.full_like(index, stage.offset)
    for extent, stride in zip(reversed(stage.shape), reversed(stage.strides)):
        result += index % extent * stride
        index = index // extent
    return result


class Events:
    """Events on their way: index, plane and amount of each."""

    def __init__(self, index, plane, amount):
        self.index, self.plane, self.amount = index, plane, amount

    @staticmethod
    def join(parts):
        if not parts:
            empty = np.zeros(0, np.int64)
            return Events(empty, empty, empty)
        return Events(*(np.concatenate(column) for column in zip(*parts)))


def through_stage(program, stage, events):
    """What the stage makes of events; the amount is the sign in front of the
    weights and the signed weight behind them."""
    index, plane, amount = events.index, events.plane, events.amount
    if stage.kind == "remap":
        return Events(remap(stage, index), plane, amount)
    if stage.kind == "gather":
        parts = []
        x = index // stage.inner % stage.extent
        for j, taken in enumerate(stage.indices):
            hit = x == taken
            to = (index[hit] // (stage.inner * stage.extent) * len(stage.indices)
                  + j) * stage.inner + index[hit] % stage.inner
            parts.append((to, plane[hit], amount[hit]))
        return Events.join(parts)
    if stage.kind == "sum_window":
        window, parts = stage.window, []
        c, y, x = split_index(window, index)
        for _, _, hit, oy, ox in window_hits(window, y, x):
            position = oy * window.outWidth + ox
            parts.append((
                c[hit] * window.outHeight * window.outWidth + position,
                np.array(stage.planes, np.int64)[position] if stage.planes
                else plane[hit], amount[hit]))
        return Events.join(parts)

    table = program.weights[stage.weights]
    if stage.kind == "convolution":
        window, parts = stage.window, []
        columns = stage.channels // stage.groups
        c, y, x = split_index(window, index)
        first = c // (window.channels // stage.groups) * columns
        area = window.outHeight * window.outWidth
        for ky, kx, hit, oy, ox in window_hits(window, y, x):
            row = (c[hit] * window.kernelH + ky) * window.kernelW + kx
            to = (first[hit] * area + oy * window.outWidth + ox)[:, None] \
                + np.arange(columns) * area
            weights = table[plane[hit], row] * amount[hit][:, None]
            parts.append((to.ravel(), np.zeros(to.size, np.int64), weights.ravel()))
        return Events.join(parts)
    if stage.kind == "dense":
        to = np.broadcast_to(np.arange(stage.outputs), (len(index), stage.outputs))
        weights = table[plane, index] * amount[:, None]
        return Events(to.ravel(), np.zeros(to.size, np.int64), weights.ravel())
    channel = index // (stage.size // stage.channels)
    return Events(index, np.zeros_like(plane), table[plane, 0, channel] * amount)


def deliver(program, connection, index, amount, totals):
    """Sends events (or integers p) of the source to `totals`, in place."""
    events = Events(index, np.zeros_like(index), amount)
    for stage in connection.stages:
        events = through_stage(program, stage, events)
    np.add.at(totals, events.index, events.amount << connection.shift)


# ---------------------------------------------------------------------------
# Inputs
# ---------------------------------------------------------------------------

def entries(constants, pool):
    """A constant array with an entry for each element."""
    constants = np.asarray(constants)
    if len(constants) == 1:
        return np.broadcast_to(constants, (pool.size,))
    if len(constants) == pool.shape[0]:
        return np.repeat(constants, pool.size // pool.shape[0])
    if len(constants) != pool.size:
        raise ProgramError(f"pool {pool.name}: {len(constants)} constants")
    return constants


def encode(pool, image):
    """p, or x of a real input, for each element."""
    x = np.asarray(image).reshape(-1)
    if x.size != pool.size:
        raise ProgramError(f"input {pool.name}: {x.size} values for {pool.size}")
    if pool.input == 3:
        x = x.astype(np.float64)
        if not (np.abs(x) <= pool.bound).all():
            raise ProgramError(f"input {pool.name}: a value beyond {pool.bound}")
        return x
    if pool.input == 1:
        x = x.astype(np.int64)
        lo, hi = (0, 255) if pool.table else (pool.lo, pool.hi)
        if (x < lo).any() or (x > hi).any():
            raise ProgramError(f"input {pool.name}: a value outside [{lo}, {hi}]")
        if pool.table:
            channel = np.arange(pool.size) // (pool.size // pool.shape[0])
            x = np.array(pool.table, np.int64)[channel * 256 + x]
        return x
    v = x.astype(np.float64)
    if pool.pre_scale:
        v = v * entries(pool.pre_scale, pool) + entries(pool.pre_offset, pool)
    v = v / entries(pool.scale, pool)
    if np.isnan(v).any():
        raise ProgramError(f"input {pool.name}: not a number")
    floor = np.floor(v)
    v = (np.rint(v), np.where(v - floor >= 0.5, floor + 1, floor), floor)[pool.rounding]
    return np.clip(v, pool.lo, pool.hi).astype(np.int64)


def real_stage(program, stage, fields):
    """A stage on float64 values, one array for each weight plane. Every sum
    runs in ascending order of the input index."""
    if stage.kind == "remap":
        moved = []
        for field in fields:
            to = np.zeros(stage.size)
            to[remap(stage, np.arange(field.size))] = field
            moved.append(to)
        return moved
    if stage.kind == "gather":
        taken = []
        for field in fields:
            # Index -1 finds the zeros behind the axis.
            axis = np.concatenate([field.reshape(stage.outer, stage.extent, stage.inner),
                                   np.zeros((stage.outer, 1, stage.inner))], axis=1)
            taken.append(axis[:, stage.indices].reshape(-1))
        return taken
    if stage.kind == "sum_window":
        window, sums = stage.window, []
        area = window.outHeight * window.outWidth
        for field in fields:
            index = np.arange(field.size)
            c, y, x = split_index(window, index)
            total = np.zeros(window.channels * area)
            # For one output, ascending taps are ascending indices.
            for _, _, hit, oy, ox in window_hits(window, y, x):
                total[c[hit] * area + oy * window.outWidth + ox] += field[hit]
            sums.append(total)
        if not stage.planes:
            return sums
        plane = np.tile(stage.planes, window.channels)
        return [np.where(plane == p, sums[0], 0.0) for p in range(max(stage.planes) + 1)]

    table = program.weights[stage.weights].astype(np.float64)
    if stage.kind == "convolution":
        window, columns = stage.window, stage.channels // stage.groups
        area = window.outHeight * window.outWidth
        total = np.zeros((stage.channels, area))
        positions = np.arange(window.height * window.width)
        y, x = positions // window.width, positions % window.width
        for c in range(window.channels):
            first = c // (window.channels // stage.groups) * columns
            for ky, kx, hit, oy, ox in window_hits(window, y, x):
                row = (c * window.kernelH + ky) * window.kernelW + kx
                values = positions[hit] + c * len(positions)
                for plane, field in enumerate(fields):
                    total[first:first + columns, oy * window.outWidth + ox] += \
                        table[plane, row][:, None] * field[values]
        return [total.reshape(-1)]
    if stage.kind == "dense":
        total = np.zeros(stage.outputs)
        for i in range(stage.inputs):
            for plane, field in enumerate(fields):
                total += table[plane, i] * field[i]
        return [total]
    channel = np.arange(stage.size) // (stage.size // stage.channels)
    return [sum(table[plane, 0, channel] * field
                for plane, field in enumerate(fields))]


def input_current(program, connection, encoded, size):
    """The constant current of a connection from an input."""
    if program.pools[connection.source].input == 3:
        fields = [encoded]
        for stage in connection.stages:
            fields = real_stage(program, stage, fields)
        return np.rint(np.ldexp(fields[0], connection.shift)).astype(np.int64)
    current = np.zeros(size, np.int64)
    index = np.flatnonzero(encoded)
    deliver(program, connection, index, encoded[index], current)
    return current


# ---------------------------------------------------------------------------
# Running
# ---------------------------------------------------------------------------

class Machine:
    """The state of a program for one image."""

    def __init__(self, program, inputs):
        self.program = program
        self.inputs = inputs
        self.step = 0
        self.state = []
        for p, pool in enumerate(program.pools):
            state = Record(pool.kind)
            zeros = np.zeros(pool.size, np.int64)
            if pool.kind == "neurons":
                state.v = entries(pool.start, pool).copy()
                state.i, state.n = zeros.copy(), zeros.copy()
                state.p = np.zeros(pool.size, bool)
            elif pool.kind == "counts":
                w = pool.window
                state.counts = np.zeros(w.channels * w.height * w.width, np.int64)
                state.maximum = zeros.copy()
            elif pool.kind == "readout":
                into = [c for c, k in enumerate(program.connections) if k.target == p]
                state.sums = {c: zeros.copy() for c in into}
                state.currents = {c: zeros.copy() for c in into}
            state.emitted = np.zeros(pool.size, np.int8)
            state.train = []
            self.state.append(state)

    def run(self):
        """Returns (spikes by pool, outputs by readout)."""
        outputs = {}
        prologue, step, epilogue = self.program.code
        for name, operand in prologue:
            self.execute(name, operand)
        for p in range(len(self.program.pools)):
            self.run_pool(p, [(name, operand) for name, operand in step
                              if self.pool_of(name, operand) == p])
        for name, operand in epilogue:
            if name == "read":
                pool = self.program.pools[operand]
                outputs[pool.name] = self.read(operand).reshape(pool.shape)
        trains = {pool.name: np.stack(state.train).reshape((-1,) + pool.shape)
                  for pool, state in zip(self.program.pools, self.state)
                  if pool.kind in ("neurons", "counts")}
        return trains, outputs

    def pool_of(self, name, operand):
        """The pool that an instruction of the step belongs to."""
        return self.program.connections[operand].target if name == "drain" else operand

    def run_pool(self, p, code):
        """All steps of one pool."""
        pool, state = self.program.pools[p], self.state[p]
        parts = [code]
        if pool.kind == "neurons" and pool.settled:
            parts = [[i for i in code if i[0] == "drain"],
                     [i for i in code if i[0] != "drain"]]
        for part in parts:
            for self.step in range(self.program.steps):
                for name, operand in part:
                    self.execute(name, operand)
                if part is parts[-1]:
                    state.train.append(state.emitted.copy())

    def execute(self, name, operand):
        if name == "barrier":
            return
        if name in ("inject", "drain"):
            getattr(self, name)(operand, self.program.connections[operand])
            return
        pool, state = self.program.pools[operand], self.state[operand]
        if name == "add_current":
            if pool.kind == "neurons":
                state.v += state.i
            else:
                for c, current in state.currents.items():
                    state.sums[c] += current
        elif name == "max_count":
            self.max_count(pool, state)
        else:
            self.neurons(name, pool, state)

    def inject(self, c, connection):
        pool, state = self.program.pools[connection.target], self.state[connection.target]
        current = input_current(self.program, connection,
                                self.inputs[connection.source], pool.size)
        if pool.kind == "neurons":
            state.i += current
        else:
            state.currents[c] += current

    def drain(self, c, connection):
        source, target = self.state[connection.source], self.state[connection.target]
        events = source.train[self.step]
        index = np.flatnonzero(events)
        totals = {"neurons": lambda: target.v, "counts": lambda: target.counts,
                  "readout": lambda: target.sums[c]}[target.kind]()
        deliver(self.program, connection, index,
                events[index].astype(np.int64), totals)

    @staticmethod
    def neurons(name, pool, state):
        theta = entries(pool.theta, pool)
        if name == "add_bias":
            state.v += entries(pool.bias, pool)
        elif name in ("cmp_up", "cmp_up_even"):
            if (state.v < pool.min).any() or (state.v > pool.max).any():
                raise ProgramError(f"{pool.name}: a membrane leaves its range")
            state.emitted[:] = 0
            tie = state.v == theta
            if name == "cmp_up_even":
                tie &= state.n % 2 == 1
            state.p = ((state.v > theta) | tie) & (state.n < pool.hi)
        elif name == "sub_theta":
            state.v[state.p] -= theta[state.p]
        elif name == "count_up":
            state.n[state.p] += 1
        elif name == "emit_up":
            state.emitted[state.p] = 1
        elif name == "cmp_down":
            state.p = ~state.p & (state.v <= -entries(pool.epsilon, pool)) \
                & (state.n > pool.lo)
        elif name == "cmp_down_even":
            tie = (state.v == 0) & (state.n % 2 == 1)
            state.p = ~state.p & ((state.v < 0) | tie) & (state.n > pool.lo)
        elif name == "add_theta":
            state.v[state.p] += theta[state.p]
        elif name == "count_down":
            state.n[state.p] -= 1
        elif name == "emit_down":
            state.emitted[state.p] = -1
        else:
            raise ProgramError(f"{name} on {pool.name}")

    @staticmethod
    def max_count(pool, state):
        w = pool.window
        counts = state.counts.reshape(w.channels, w.height, w.width)
        shape = (w.channels, w.outHeight, w.outWidth)
        flip = np.ones((w.channels, 1, 1), np.int64)
        if pool.minimum:
            flip[np.array(pool.minimum) == 1] = -1
        lowest = np.iinfo(np.int64).min
        best = np.full(shape, lowest)
        oy, ox = np.arange(w.outHeight), np.arange(w.outWidth)
        for ky in range(w.kernelH):
            for kx in range(w.kernelW):
                y = oy * w.strideH - w.padTop + ky * w.dilationH
                x = ox * w.strideW - w.padLeft + kx * w.dilationW
                rows = np.flatnonzero((y >= 0) & (y < w.height))
                columns = np.flatnonzero((x >= 0) & (x < w.width))
                if rows.size and columns.size:
                    at = np.ix_(range(w.channels), rows, columns)
                    taps = (flip * counts)[np.ix_(range(w.channels), y[rows], x[columns])]
                    best[at] = np.maximum(best[at], taps)
        best = (flip * best).reshape(-1)
        state.emitted[:] = best - state.maximum
        state.maximum = best

    def read(self, p):
        pool, state = self.program.pools[p], self.state[p]
        groups = []
        for c in sorted(state.sums):
            gain = self.program.connections[c].gain
            for group in groups:
                if group[0] == gain:
                    group[1] += state.sums[c]
                    break
            else:
                groups.append([gain, state.sums[c].copy()])
        y = np.zeros(pool.size)
        for gain, charge in groups:
            y += entries(gain, pool) * charge.astype(np.float64)
        return y / self.program.steps + entries(pool.offset, pool)


def run(program, images):
    """Runs the images: {input name: [N, ...]}. Returns (spikes, outputs), each
    {pool name: [N, ...]}."""
    inputs = [p for p, pool in enumerate(program.pools) if pool.kind == "input"]
    spikes, outputs = {}, {}
    for n in range(len(next(iter(images.values())))):
        encoded = {p: encode(program.pools[p], images[program.pools[p].name][n])
                   for p in inputs}
        trains, values = Machine(program, encoded).run()
        for total, part in ((spikes, trains), (outputs, values)):
            for name, array in part.items():
                total.setdefault(name, []).append(array)
    return ({name: np.stack(parts) for name, parts in spikes.items()},
            {name: np.stack(parts) for name, parts in outputs.items()})


def load_images(argument, program, limit):
    path, _, key = argument.partition(".npz:")
    with np.load(path + ".npz" if key else argument) as archive:
        arrays = {k: archive[k] for k in ([key] if key else archive.files)}
    names = [pool.name for pool in program.pools if pool.kind == "input"]
    if len(names) == 1 and len(arrays) == 1:
        arrays = {names[0]: next(iter(arrays.values()))}
    missing = [name for name in names if name not in arrays]
    if missing:
        raise ProgramError(f"no array for inputs {missing}")
    return {name: arrays[name][:limit] for name in names}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("program")
    parser.add_argument("input")
    parser.add_argument("--spikes")
    parser.add_argument("--output")
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    try:
        with open(options.program, "rb") as file:
            program = read_program(file.read())
        images = load_images(options.input, program, options.limit)
        spikes, outputs = run(program, images)
    except (ProgramError, OSError, KeyError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if options.spikes:
        np.savez(options.spikes, **spikes)
    if options.output:
        np.savez(options.output, **outputs)
    print(f"{program.name}: {len(next(iter(images.values())))} images, "
          f"T = {program.steps}, "
          f"{sum(int(np.count_nonzero(s)) for s in spikes.values())} spikes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
