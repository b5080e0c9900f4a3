"""The command line: `rex STATION VERB`. Each station declares its own verbs in `commands.py`."""

from __future__ import annotations

import argparse
import errno
import importlib
import io
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rex import __version__
from rex.command_line import Parser, run_verb
from rex.errors import InputError, UnavailableError
from rex.files import FULL_DISK
from rex.logs import configure_logging

STATIONS = (
    "rex.config_commands",
    "rex.gqa.commands",
    "rex.world.commands",
    "rex.regions.commands",
    "rex.explanations.commands",
    "rex.training.commands",
    "rex.evaluation.commands",
    "rex.reporting.commands",
    "rex.asking.commands",
)

_FULL = (*FULL_DISK, errno.EFBIG)
"""What the system says when there is no room for what is written; it names no file then."""

EXTRAS = {
    **dict.fromkeys(("safetensors", "tokenizers", "torch", "transformers"), "models"),
    **dict.fromkeys(("detectron2", "pycocotools", "torchvision"), "detector"),
    **dict.fromkeys(("jinja2", "matplotlib", "pandas", "scipy"), "reporting"),
    **dict.fromkeys(("mlflow", "sqlalchemy"), "tracking"),
    **dict.fromkeys(("h11", "starlette", "uvicorn"), "asking"),
}
"""What commands import beyond the core dependencies, and the extra that brings it."""

_logger = logging.getLogger("rex.cli")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="rex",
        description="Reasoning-aware and grounded explanations for visual question answering.",
        epilog="example: rex world make --out data/world --images 200 --seed 1",
    )
    parser.add_argument("--version", action="version", version=f"rex {__version__}")
    stations = parser.add_subparsers(title="stations", metavar="STATION", required=True)
    for name in STATIONS:
        importlib.import_module(name).add_commands(stations)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 (done), 1 (failed) or 2 (bad input)."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # a file's name may be no text; in JSON this is an escape
        sys.stdout.reconfigure(errors="backslashreplace")
    parsed = build_parser().parse_args(arguments)
    log: Path | None = getattr(parsed, "log", None)
    try:
        configure_logging(log)
        if _was_refused(log):
            raise InputError("bad input at the first attempt", file=log, cure="not tried again")
        with _installed():
            run_verb(parsed)
        # what cannot be printed is to be known here, not at exit
        sys.stdout.flush()
    except InputError as error:
        _note_refusal(log)
        return _told(error, 2)
    except UnavailableError as error:
        return _told(error, 1)
    except KeyboardInterrupt:
        _logger.error("stopped")
        return 1
    except BrokenPipeError:
        # the reader of our output (head, less) went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        # a path that cannot be used, a full disk: the user's to fix, and named by the system
        if error.filename is None and error.errno not in _FULL:
            return _failed(error, log)
        cure = "check the path, its permissions and the free space"
        return _told(f"{error.filename or 'a file'}: {error.strerror}; {cure}", 2)
    except Exception as error:
        return _failed(error, log)
    return 0


@contextmanager
def _installed() -> Iterator[None]:
    """Turn what a missing package raises into InputError that names the extra to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        cure = f"pip install 'rex-vqa[{EXTRAS[error.name]}]'"
        if error.name == "detectron2":
            cure += ", then run envs/detectron2.sh of the sources: its makers publish no package"
        raise InputError(f"{error.name} is not installed", cure=cure) from error


def _told(problem: object, code: int) -> int:
    """Say what stopped a command; the traceback goes to the log alone. Returns the exit code."""
    _logger.error("%s", problem)
    _logger.debug("traceback", exc_info=True)
    return code


def _note_refusal(log: Path | None) -> None:
    """Note, beside the log of a workflow's job (a new attempt has a new one), that input is bad."""
    if log is not None and "REX_WORKFLOW" in os.environ:
        with suppress(OSError):
            _refusal(log).write_text(os.environ["REX_WORKFLOW"], encoding="utf-8")


def _was_refused(log: Path | None) -> bool:
    """Return whether this job of a workflow is its second attempt at bad input.

    Snakemake starts whatever failed again, for the sake of time limits, and looks at no exit code.
    """
    if log is None or not _refusal(log).exists():
        return False
    workflow = _refusal(log).read_text(encoding="utf-8")
    _refusal(log).unlink()
    return workflow == os.environ.get("REX_WORKFLOW")


def _refusal(log: Path) -> Path:
    return log.with_name(f".{log.name}.refused")


def _failed(error: Exception, log: Path | None) -> int:
    """Say that a command failed by a fault of ours; the traceback goes to the log, or on."""
    if log is None:
        raise error
    return _told(f"failed: {type(error).__name__}: {error}; the traceback is in {log}", 1)


def entry_point() -> None:
    """Run the installed command `rex`."""
    sys.exit(main())


if __name__ == "__main__":
    entry_point()
