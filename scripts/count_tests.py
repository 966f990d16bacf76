#!/usr/bin/env python3
#===- count_tests.py - Add up the reports of a test run ------------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
"""Adds up the JUnit reports that scripts/test.sh collects.

Each report folder holds ctest.xml and, where the lit suite has run, lit.xml.
ctest counts the suite as one test, `lit`; lit.xml's cases are counted instead.
The last line printed is `N passed, N failed, N skipped`.
"""

import argparse
import pathlib
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter


def outcome(case):
    """The outcome of one <testcase>, as ctest and lit write it."""
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("status") == "disabled":
        return "skipped"
    # ctest reports a program that it could not start as neither of both.
    if case.get("status", "run") != "run":
        return "failed"
    return "passed"


def cases(path):
    """(name, outcome) of every test case in one report."""
    root = ElementTree.parse(path).getroot()
    for case in root.iter("testcase"):
        group = case.get("classname", "")
        name = case.get("name", "?")
        yield (name if group in ("", name) else f"{group}/{name}"), outcome(case)


def folder_results(folder):
    """(name, outcome) of every test of one preset."""
    try:
        results = list(cases(folder / "ctest.xml"))
    except (OSError, ElementTree.ParseError) as error:
        return [(f"ctest ({error})", "failed")]
    lit_report = folder / "lit.xml"
    if not lit_report.exists():
        return results
    try:
        lit_results = list(cases(lit_report))
    except ElementTree.ParseError as error:
        return results + [(f"lit ({error})", "failed")]
    # A suite that fails as a whole, with no failing case, stays a failure.
    suite_failed = ("lit", "failed") in results
    case_failed = any(result == "failed" for _, result in lit_results)
    return [
        (name, result)
        for name, result in results
        if name != "lit" or (suite_failed and not case_failed)
    ] + lit_results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", choices=["passed", "failed"], required=True)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()

    results = [("format", arguments.format)]
    for folder in arguments.folders:
        results += folder_results(folder)
    total = Counter(result for _, result in results)

    print()
    for result in ("skipped", "failed"):
        for name, this in results:
            if this == result:
                print(f"{result}: {name}")
    print(
        f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped"
    )
    ran = total["passed"] > (1 if arguments.format == "passed" else 0)
    return 0 if total["failed"] == 0 and ran else 1


if __name__ == "__main__":
    sys.exit(main())
