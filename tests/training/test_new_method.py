"""docs/new-method.md does what it says."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

from rex.config_files import config_schema
from rex.experiment import METHODS, Method, RunName
from rex.files import read_parquet
from rex.training.checkpoints import load_checkpoint
from rex.training.run import RunFiles, predict_run, train_run

from .toy import CONFIG

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "new-method.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
PROGRAM, OWN_LOSS = PROGRAMS


def _make(monkeypatch: pytest.MonkeyPatch, name: str, method: Method, program: str) -> None:
    """Run a program of the page as the file that a method's line names, and add the line."""
    assert method.decoder is not None
    module = types.ModuleType(method.decoder.partition(":")[0])
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(program, str(PAGE), "exec"), vars(module))
    config_schema()  # made once, of the methods that there are: those of the package
    monkeypatch.setitem(METHODS, name, method)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_examples_pass_the_linter(program: str) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--stdin-filename", "rex/models/methods/a.py"]
    found = subprocess.run(
        [*command, "-"], input=program, cwd=PROJECT, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_example_trains_and_explains(
    toy: RunFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = r'`"([a-z-]+)": Method\("(.*)", "(.*)"\)`'
    ((name, *arguments),) = re.findall(declared, PAGE.read_text(encoding="utf-8"))
    _make(monkeypatch, name, Method(*arguments), PROGRAM)
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
    folder = "rex.models.methods"
    plain = Method("Plain", f"{folder}.plain_transformer:PlainTransformer")
    _make(monkeypatch, "plain-transformer", plain, PROGRAM)
    _make(monkeypatch, "unsure", Method("Unsure", f"{folder}.unsure:Unsure"), OWN_LOSS)
    config = dataclasses.replace(CONFIG, methods={"unsure": {"penalty": 0.5}})
    files = dataclasses.replace(toy, out=tmp_path)
    records = train_run(config, files, RunName(setting="explanation-only", method="unsure", seed=0))
    first = records[0]
    assert first["train/confidence_loss"] < 0
    parts = ("explanation_loss", "gate_loss", "confidence_loss")
    assert first["train/loss"] == pytest.approx(sum(first[f"train/{name}"] for name in parts))
