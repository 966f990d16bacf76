#!/usr/bin/env python3
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that specification, verifiers and tests name the same constraints.

A constraint has a label <dialect>_<operator>_c<n>. It stands
  - once in a comment of lib/Dialect, in front of the check,
  - once in docs/spec.md, at the start of a list item: "- `label`: ...",
  - in test/Dialect/**/invalid.mlir, in the name of the function that violates
    it (a suffix may follow) or in the comment in front of the symbol.
Labels of one operator count from 1 without a gap.

Usage: check-labels.py [root of the repository]; exit status 1 tells of
differences, each on its own line.
"""

import collections
import pathlib
import re
import sys

LABEL = re.compile(r"\b((?:qnn|snn|nmc)_[a-z0-9_]*?_c[0-9]+)(?![0-9])")
DEFINITION = re.compile(r"^- `(" + LABEL.pattern + r")`")


def labels_of_verifiers(root):
    """Label -> places, from comment lines of the sources."""
    places = collections.defaultdict(list)
    for path in sorted((root / "lib" / "Dialect").rglob("*.cpp")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.strip().startswith("//"):
                for label in LABEL.findall(line):
                    places[label].append(f"{path.relative_to(root)}:{number}")
    return places


def labels_of_specification(root):
    """Label -> places of definitions; and all labels that are mentioned."""
    places, mentioned = collections.defaultdict(list), set()
    path = root / "docs" / "spec.md"
    for number, line in enumerate(path.read_text().splitlines(), 1):
        mentioned.update(LABEL.findall(line))
        definition = DEFINITION.match(line)
        if definition:
            places[definition.group(1)].append(f"docs/spec.md:{number}")
    return places, mentioned


def labels_of_tests(root):
    labels = set()
    for path in sorted((root / "test" / "Dialect").rglob("invalid.mlir")):
        labels.update(LABEL.findall(path.read_text()))
    return labels


def check(root):
    """The differences, as lines of text."""
    verifiers = labels_of_verifiers(root)
    specification, mentioned = labels_of_specification(root)
    tests = labels_of_tests(root)
    errors = []
    if not verifiers:
        errors.append("lib/Dialect holds no label at all")
    for name, places in (("verifiers", verifiers), ("specification", specification)):
        for label, where in places.items():
            if len(where) > 1:
                errors.append(f"{label}: more than once in the {name}: {', '.join(where)}")
    known = {
        "the verifiers": set(verifiers),
        "docs/spec.md": set(specification),
        "test/Dialect": tests,
    }
    everywhere = set().union(*known.values(), mentioned)
    for label in sorted(everywhere):
        missing = [name for name, labels in known.items() if label not in labels]
        if missing:
            errors.append(f"{label}: missing in {' and in '.join(missing)}")
    numbers = collections.defaultdict(set)
    for label in everywhere:
        operator, number = label.rsplit("_c", 1)
        numbers[operator].add(int(number))
    for operator, used in sorted(numbers.items()):
        if used != set(range(1, len(used) + 1)):
            errors.append(f"{operator}: numbers {sorted(used)} do not count from 1 without a gap")
    return errors, len(everywhere)


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else here
    errors, count = check(root)
    for error in errors:
        print(f"error: {error}")
    if not errors:
        print(f"{count} labels agree")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
