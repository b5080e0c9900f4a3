"""What the verbs of all stations have in common."""

from __future__ import annotations

import argparse
import inspect
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

    def path(self, name: str, metavar: str, help: str | None = None, **others: Any) -> None:
        """Add a path that must be given."""
        if name.startswith("-"):
            others["required"] = True
        self.add_argument(name, type=Path, metavar=metavar, help=help, **others)

    def optional_path(self, name: str, metavar: str, help: str | None = None) -> None:
        """Add a path that may be given."""
        self.add_argument(name, type=Path, metavar=metavar, help=help)

    def tracking(self, help: str) -> None:
        """Add `--tracking`: where a run is tracked."""
        self.add_argument("--tracking", type=store, metavar="DB", help=help)


def add_station(stations: Subparsers, name: str, help: str) -> Subparsers:
    """Add the station `rex NAME` and return where its verbs are added."""
    parser = stations.add_parser(name, help=help, description=help)
    return parser.add_subparsers(title="verbs", metavar="VERB", required=True)


def add_verb(verbs: Subparsers, run: Callable[..., None], example: str) -> Parser:
    """Add a verb that calls `run` with its arguments by name; it gets `--config` and `--log`.

    Its name is the function's, its help the function's docstring. A function that takes `config`
    gets the configuration, read; one that takes `config_file`, its path.
    """
    name, said = run.__name__.strip("_").replace("_", "-"), run.__doc__ or ""
    purpose = f"{said[:1].lower()}{said[1:]}".removesuffix(".")
    verb: Parser = verbs.add_parser(
        name, help=purpose, description=purpose, epilog=f"example: {example}"
    )
    if inspect.signature(run).parameters.keys() & {"config", "config_file"}:
        verb.add_argument(
            "--config",
            metavar="YAML",
            help="configuration file, or its contents as JSON (default: the built-in one)",
        )
    verb.optional_path("--log", "FILE", "also write messages and tracebacks to this file")
    verb.set_defaults(handler=run)
    return verb


def run_verb(parsed: argparse.Namespace) -> None:
    """Call the function of the verb that was parsed. Raises InputError on bad input."""
    arguments = dict(vars(parsed))
    run, config = arguments.pop("handler"), arguments.pop("config", None)
    arguments.pop("log", None)
    wanted = inspect.signature(run).parameters
    if "config_file" in wanted:
        arguments["config_file"] = config
    if "config" in wanted:
        from rex.config_files import read_config

        arguments["config"] = read_config(config)
    run(**arguments)


def positive(text: str) -> int:
    """Parse an argument that is a whole number from 1."""
    return _whole(text, 1, "a positive integer")


def seed_argument(text: str) -> int:
    """Parse a seed of random numbers: a whole number from 0."""
    return _whole(text, 0, "a whole number from 0")


def _whole(text: str, least: int, what: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
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
    if not separator and Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder; give a file, such as mlflow.db")
    if not separator and not text.startswith(("file:", "databricks")):
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
