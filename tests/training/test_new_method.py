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
(PROGRAM,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_example_passes_the_linter() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--stdin-filename", "rex/models/methods/a.py"]
    found = subprocess.run(
        [*command, "-"], input=PROGRAM, cwd=PROJECT, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_example_trains_and_explains(
    toy: RunFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = r'`"([a-z-]+)": Method\("(.*)", "(.*)"\)`'
    ((name, *arguments),) = re.findall(declared, PAGE.read_text(encoding="utf-8"))
    method = Method(*arguments)
    assert method.decoder is not None
    module = types.ModuleType(method.decoder.partition(":")[0])
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(PROGRAM, str(PAGE), "exec"), vars(module))
    config_schema()  # made once, of the methods that there are: those of the package
    monkeypatch.setitem(METHODS, name, method)

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
