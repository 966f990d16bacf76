#===- machine.py - What a figure was measured on -------------------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
"""Names the machine and the versions that a figure belongs to."""

import os
import platform
import re
import subprocess


def command_line(*command):
    """The first line that a command prints, or None where it is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else None


def cpu_model():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
        match = re.search(r"^model name\s*:\s*(.*)$", info.read(), re.MULTILINE)
    return match.group(1) if match else platform.processor()


def describe(repository):
    """A dictionary: cpu, cores, system, compiler, revision, load."""
    with open("/etc/os-release", encoding="utf-8") as release:
        system = re.search(r'^PRETTY_NAME="?(.*?)"?$', release.read(), re.MULTILINE)
    return {
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "system": system.group(1) if system else platform.platform(),
        "compiler": command_line("c++", "--version"),
        "revision": command_line(
            "git", "-C", str(repository), "describe", "--always", "--dirty"
        ),
        "load": round(os.getloadavg()[0], 2),
    }
