"""docs/python.md: its code runs, and its table names every command's function."""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rex.cli import build_parser
from rex.files import read_parquet

PROJECT = Path(__file__).parents[1]
TEXT = (PROJECT / "docs" / "python.md").read_text(encoding="utf-8")
COMMANDS = dict(re.findall(r"^\| `(rex [\w -]+)` \| (.*) \|$", TEXT, re.MULTILINE))


def _commands(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield `rex STATION VERB` of every command."""
    choices = [action.choices for action in parser._actions if action.choices is not None]
    below = [
        sub
        for choice in choices
        if isinstance(choice, dict)
        for sub in choice.values()
        if isinstance(sub, argparse.ArgumentParser)
    ]
    if not below:
        yield parser.prog
    for sub in below:
        yield from _commands(sub)


def test_every_command_is_in_the_table() -> None:
    assert set(COMMANDS) == set(_commands(build_parser()))


@pytest.mark.parametrize("command", COMMANDS)
def test_functions_are_there_and_documented(command: str) -> None:
    names = re.findall(r"`(rex[\w.]+)`", COMMANDS[command])
    assert names
    for name in names:
        module, _, function = name.rpartition(".")
        assert getattr(importlib.import_module(module), function).__doc__, name


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").symlink_to(PROJECT / "config")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for code in re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL):
        exec(compile(code, "docs/python.md", "exec"), names)
    out = Path("results/notebook")
    assert len(read_parquet(out / "predictions.parquet")) == len(names["table"])  # type: ignore[arg-type]
    scores = names["metrics"].scores  # type: ignore[attr-defined]
    assert 0 < scores["accuracy"].value <= 100
    assert len(names["scores"]) == len(scores)  # type: ignore[arg-type]
    assert names["table"]["sentence"].notna().all()  # type: ignore[index]
