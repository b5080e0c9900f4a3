"""What the verbs of all stations have in common."""

from __future__ import annotations

import argparse
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

Subparsers = Any
"""What `add_subparsers` returns (argparse keeps its type private)."""

Store = Path | str
"""Where runs are tracked: MLflow's SQLite file, or the address of a server."""


class Parser(argparse.ArgumentParser):
    """Says in one line, like all bad input, what is wrong with the arguments."""

    def error(self, message: str) -> NoReturn:
        """Print the line and exit with code 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def add_station(stations: Subparsers, name: str, help: str) -> Subparsers:
    """Add the station `rex NAME` and return where its verbs are added."""
    parser = stations.add_parser(name, help=help, description=help)
    return parser.add_subparsers(title="verbs", metavar="VERB", required=True)


def add_verb(
    verbs: Subparsers,
    name: str,
    run: Callable[[argparse.Namespace], None],
    *,
    help: str,
    example: str,
) -> argparse.ArgumentParser:
    """Add a verb that calls `run` with its parsed arguments; it gets `--config` and `--log`."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=help, description=help, epilog=f"example: {example}"
    )
    parser.add_argument(
        "--config",
        metavar="YAML",
        help="configuration file, or its contents as JSON (default: the built-in one)",
    )
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="also write messages and tracebacks to this file"
    )
    parser.set_defaults(handler=run)
    return parser


def positive(text: str) -> int:
    """Parse an argument that is a whole number from 1."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive integer")
    return number


def shard_argument(text: str) -> tuple[int, int]:
    """Parse K/N: the K-th (from 1) of N parts."""
    number, _, shards = text.partition("/")
    try:
        part = int(number), int(shards)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not K/N") from None
    if not 1 <= part[0] <= part[1]:
        raise argparse.ArgumentTypeError(f"{text!r}: K must be between 1 and N")
    return part


def store(text: str) -> Store:
    """Parse an argument that says where runs are tracked: a file, or http(s)://…"""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return Path(text)
    if scheme in ("http", "https"):
        return text
    if scheme == "sqlite" and rest.startswith("/"):
        return Path(rest.removeprefix("/"))
    raise argparse.ArgumentTypeError(f"{text!r} is not a file, http://… or sqlite:///…")


def announce_workflow() -> None:
    """Let the jobs of a workflow know, in their environment, that they are of one, and of which."""
    os.environ["REX_WORKFLOW"] = secrets.token_hex(8)


def announced_store(default: str) -> str:
    """Return where a workflow tracks its runs, and tell its jobs, in their environment.

    It is what MLFLOW_TRACKING_URI says, or `default`. No rule's parameter: it changes no result.
    Raises argparse.ArgumentTypeError.
    """
    where = str(store(os.environ.get("MLFLOW_TRACKING_URI") or default))
    os.environ["REX_TRACKING"] = where
    return where
