#!/usr/bin/env python3
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small data files for the tests of the tools, with Python's own modules only.

  data.py make FOLDER       writes the files that the tests name
  data.py show FILE.npz     prints the arrays of an archive, one a line
  data.py cut FILE N OUT    the first N bytes of a file
"""

import gzip
import io
import pathlib
import struct
import sys
import zipfile

FORMATS = {"|u1": "B", "|i1": "b", "<i4": "i", "<i8": "q", "<f4": "f", "<f8": "d"}


def npy(descr, shape, values):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    body = struct.pack(f"<{len(values)}{FORMATS[descr]}", *values)
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + body


def read_npy(data):
    length = struct.unpack("<H", data[8:10])[0]
    header = eval(data[10:10 + length])  # A dictionary literal of our own files.
    count = 1
    for extent in header["shape"]:
        count *= extent
    return header["descr"], header["shape"], struct.unpack(
        f"<{count}{FORMATS[header['descr']]}", data[10 + length:])


def archive(entries):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for key, content in entries.items():
            file.writestr(key + ".npy", content)
    return buffer.getvalue()


def idx(shape, values):
    return bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + bytes(values)


def make(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)

    # [0, 1/4, 1/2, 3/4] is the sample that the tests follow by hand.
    one = [0.0, 0.25, 0.5, 0.75]
    images = one + [0.75, 0.75, 0.0, 0.25] + [k / 20 for k in range(16)]
    pixels = [0, 64, 128, 192] + [(37 * k) % 256 for k in range(20)]
    labels = [2, 1, 0, 2, 1, 0]
    files = {
        "one.npy": npy("<f4", (1, 1, 2, 2), one),
        "images.npy": npy("<f4", (6, 1, 2, 2), images),
        "images.npz": archive({"x": npy("<f4", (6, 1, 2, 2), images),
                               "y": npy("<i8", (6,), labels)}),
        "flat.npy": npy("<f4", (6, 2, 2), images),
        "wrong.npy": npy("<f4", (6, 2, 2, 1), images),
        "nan.npy": npy("<f4", (1, 1, 2, 2), [0.0, float("nan"), 0.0, 0.0]),
        "pixels.npy": npy("|u1", (6, 1, 2, 2), pixels),
        "pixels32.npy": npy("<i4", (6, 1, 2, 2), pixels),
        "large.npy": npy("<i4", (1, 1, 2, 2), [0, 1, 2, 256]),
        "pixels.idx": idx((6, 2, 2), pixels),
        "pixels.idx.gz": gzip.compress(idx((6, 2, 2), pixels), mtime=0),
        "labels.npy": npy("<i8", (6,), labels),
        "labels.idx.gz": gzip.compress(idx((6,), labels), mtime=0),
        "labels.txt": "\n".join(map(str, labels)).encode(),
        "few.txt": b"1\n2\n",
        "beyond.txt": b"0\n1\n2\n3\n0\n0\n",
        "words.txt": b"0\n1\ncat\n",
        "a.npy": npy("<f4", (3, 2), [0, 0.25, 0.5, 0, 0.25, 0.25]),
        "b.npy": npy("<f4", (3, 1), [0.25, 0, 0.5]),
        "spread.npy": npy("<f4", (64, 1, 2, 2), [(k * k + 29 * k) % 97 / 97 for k in range(256)]),
        "many.npy": npy("|u1", (8000, 1, 2, 2), [0] * 32000),
        "batch.bin": b"".join(bytes([label]) + bytes((70 * label + k // 7) % 256 for k in range(3072))
                              for label in range(4)),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)


def show(path):
    with zipfile.ZipFile(path) as file:
        for name in file.namelist():
            descr, shape, values = read_npy(file.read(name))
            numbers = " ".join(f"{value:.6g}" for value in values)
            print(f"{name.removesuffix('.npy')} {descr} {list(shape)}: {numbers}")


def cut(path, size, out):
    pathlib.Path(out).write_bytes(pathlib.Path(path).read_bytes()[:int(size)])


{"make": make, "show": show, "cut": cut}[sys.argv[1]](*sys.argv[2:])
