"""docs/new-method.md does what it says."""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
import sys
import textwrap
import types
from pathlib import Path

import pytest
import torch
from torch import Tensor

from rex import experiment
from rex.config_files import config_schema
from rex.experiment import METHODS, Method, RunName
from rex.files import read_parquet
from rex.models.methods import decoder_class, method_settings
from rex.training.checkpoints import load_checkpoint
from rex.training.run import RunFiles, predict_run, train_run
from tests.models import test_search
from tests.models.encodings import random_encoding

from .toy import CONFIG

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "new-method.md"
*PROGRAMS, _ENTRY = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
PROGRAM, OWN_LOSS = PROGRAMS
_INDENTED = textwrap.indent(textwrap.dedent(_ENTRY), " " * 4)
ENTRY = f'"""The methods."""\n\nMETHODS = {{\n{_INDENTED}}}\n'
"""As it stands in `rex/experiment.py`."""


def _make(monkeypatch: pytest.MonkeyPatch, name: str, method: Method, program: str) -> None:
    """Run a program of the page as the file that a method's line names, and add the line."""
    assert method.decoder is not None
    module = types.ModuleType(method.decoder.partition(":")[0])
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(program, str(PAGE), "exec"), vars(module))
    config_schema()  # made once, of the methods that there are: those of the package
    monkeypatch.setitem(METHODS, name, method)


def _declared() -> tuple[str, Method]:
    """Return the name and the method that the page's entry adds."""
    names = dict(vars(experiment))
    exec(compile(ENTRY, str(PAGE), "exec"), names)
    ((name, method),) = names["METHODS"].items()
    return name, method


def _make_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the methods of the page: the second is made from the first."""
    _make(monkeypatch, *_declared(), PROGRAM)
    _make(monkeypatch, "unsure", Method("Unsure", "rex.models.methods.unsure:Unsure"), OWN_LOSS)


@pytest.mark.parametrize("how", [["check"], ["format", "--check"]], ids=" ".join)
@pytest.mark.parametrize("program", [*PROGRAMS, ENTRY], ids=["plain", "own loss", "entry"])
def test_the_examples_pass_the_linter(program: str, how: list[str]) -> None:
    if program is ENTRY and how == ["check"]:
        how = ["check", "--ignore=F821"]  # names of the file that it is written into
    command = [sys.executable, "-m", "ruff", *how, "--stdin-filename", "rex/models/methods/a.py"]
    found = subprocess.run(
        [*command, "-"], input=program, cwd=PROJECT, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_examples_take_no_name_of_the_package() -> None:
    """A public class has a name of its own (`test_a_name_has_one_meaning`)."""
    made = {
        node.name
        for program in PROGRAMS
        for node in ast.parse(program).body
        if isinstance(node, ast.ClassDef)
    }
    package = "\n".join(
        file.read_text(encoding="utf-8")
        for file in (PROJECT / "rex").rglob("*.py")
        if file.stem not in ("plain_transformer", "unsure")  # where one tries the page
    )
    assert made.isdisjoint(re.findall(r"^class (\w+)", package, re.MULTILINE))


@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16], ids=str)
def test_the_examples_write_in_half_precision(
    monkeypatch: pytest.MonkeyPatch, precision: torch.dtype
) -> None:
    _make_both(monkeypatch)
    for name in (_declared()[0], "unsure"):
        made = decoder_class(name)
        assert made is not None
        torch.manual_seed(1)
        decoder = made(test_search.SIZES, method_settings(name)).eval()
        encoding = random_encoding(
            list(test_search.NUM_BOXES), 2, regions=test_search.REGIONS, hidden=8, features=6
        )
        for beams in (1, 4):
            test_search.test_half_precision_writes_what_is_likely(
                decoder, encoding.map(Tensor.detach), precision, beams
            )


def test_the_example_trains_and_explains(
    toy: RunFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, method = _declared()
    _make(monkeypatch, name, method, PROGRAM)
    config = dataclasses.replace(
        CONFIG,
        training=dataclasses.replace(CONFIG.training, epochs=20, decay_epoch=20),
        methods={name: {"layers": 2}},
    )
    files = dataclasses.replace(toy, out=tmp_path)
    records = train_run(config, files, RunName(setting="multi-task", method=name, seed=0))
    assert load_checkpoint(tmp_path / "checkpoint.pt").options == {
        "layers": 2,
        "programs": False,
        "tags": False,
    }
    assert records[-1]["train/gate_loss"] < records[0]["train/gate_loss"]
    out = tmp_path / "p.parquet"
    predict_run(config, tmp_path, questions=toy.questions, regions=toy.regions, out=out)
    rows = read_parquet(out).to_pylist()
    assert any(region >= 0 for row in rows for region in row["regions"])
    assert all(len(row["gates"]) == len(row["regions"]) for row in rows)


def test_the_example_s_own_loss_is_learnt_and_recorded(
    toy: RunFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make_both(monkeypatch)
    config = dataclasses.replace(CONFIG, methods={"unsure": {"penalty": 0.5}})
    files = dataclasses.replace(toy, out=tmp_path)
    records = train_run(config, files, RunName(setting="explanation-only", method="unsure", seed=0))
    first = records[0]
    assert first["train/confidence_loss"] < 0
    parts = ("explanation_loss", "gate_loss", "confidence_loss")
    assert first["train/loss"] == pytest.approx(sum(first[f"train/{name}"] for name in parts))
