# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What goes wrong, as exceptions."""

from collections.abc import Sequence


class Error(Exception):
    """Any error of this package."""


class ExportError(Error):
    """A module cannot be exported; `problems` has one line each.

    A line reads `<module path>: <what>, <limit>; <what to do>`.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems: list[str] = list(problems)


class ToolError(Error):
    """A tool is missing or ended with an error.

    `messages` are its `error:` lines without that word, `returncode` its exit
    code (None where it did not start or did not end).
    """

    def __init__(
        self, message: str, messages: Sequence[str] = (), returncode: int | None = None
    ) -> None:
        super().__init__(message)
        self.messages: list[str] = list(messages)
        self.returncode = returncode
