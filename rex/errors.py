"""Errors reported in one line: those for the user to fix, and those that pass by themselves."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike


class _LineError(Exception):
    """Names the file, the place in it, what is wrong, and the cure."""

    def __init__(
        self,
        problem: str,
        *,
        file: str | PathLike[str] | None = None,
        place: str | None = None,
        cure: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else str(file)
        self.place = place
        self.cure = cure
        super().__init__(str(self))

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.place) if part)
        line = f"{where}: {self.problem}" if where else self.problem
        if self.cure:
            line = f"{line}; {self.cure}"
        # what a terminal would obey comes from files and servers
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(line.split()))


class InputError(_LineError):
    """Bad input: names the file, the place in it, what is wrong, and the cure.

    The command line prints it as one line and exits with code 2. Raise it for whatever a user gave
    (files, configurations, arguments); a defect of ours is any other exception.
    """


class UnavailableError(_LineError):
    """What is away for now, such as a server: another attempt may find it.

    The command line prints it as one line and exits with code 1, so that a workflow tries again.
    """


@contextmanager
def readable(
    path: str | PathLike[str], *, missing: str = "check the path", folder: str | None = None
) -> Iterator[None]:
    """Turn what a missing file, or a folder, raises in the block into InputError with this cure."""
    try:
        yield
    except FileNotFoundError:
        raise InputError("no such file", file=path, cure=missing) from None
    except IsADirectoryError:
        if folder is None:
            raise
        raise InputError("is a folder", file=path, cure=folder) from None


def first_line(error: Exception) -> str:
    """Return the first line of what a library's error says, or what kind it is."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


@contextmanager
def exit_on_bad_input() -> Iterator[None]:
    """Print bad input as one line and exit with code 2, where Snakemake runs and not `rex.cli`."""
    try:
        yield
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
