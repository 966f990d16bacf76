# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that a picture of a mapping is XML and shows so many cores and layers.

    check_picture.py PICTURE.svg CORES LAYERS
"""

import sys
import xml.etree.ElementTree as tree

SVG = "{http://www.w3.org/2000/svg}"


def main():
    root = tree.parse(sys.argv[1]).getroot()
    assert root.tag == SVG + "svg", root.tag
    width, height = float(root.get("width")), float(root.get("height"))
    # What has a title is a layer on a core; cores of this test have one layer each.
    rectangles = list(root.iter(SVG + "rect"))
    cores = [r for r in rectangles if r.find(SVG + "title") is not None]
    assert len(cores) == int(sys.argv[2]), len(cores)
    for r in rectangles[1:]:
        x, y = float(r.get("x")), float(r.get("y"))
        assert 0 <= x <= x + float(r.get("width")) <= width
        assert 0 <= y <= y + float(r.get("height")) <= height
    # Layers and their colours are those of the legend.
    names = {core.find(SVG + "title").text for core in cores}
    assert len(names) == int(sys.argv[3]), names
    texts = [text.text for text in root.iter(SVG + "text")]
    for name in names:
        assert any(text.startswith(name + ", ") for text in texts), name
    lines = list(root.iter(SVG + "line"))
    assert bool(lines) == bool(cores)


if __name__ == "__main__":
    main()
