"""What a predictions file says of the run that made it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa

from rex.evaluation.metrics import mode_of, run_of
from rex.experiment import RunName
from rex.files import made_by, write_parquet

SAID = {"setting": "multi-task", "method": "rex", "seed": 3, "mode": "compat"}


def predictions(folder: Path, said: dict[str, object]) -> Path:
    path = folder / "testdev.parquet"
    write_parquet(path, pa.table({"question_id": ["1"]}), provenance=made_by("rex predict", said))
    return path


def test_a_run_says_its_name_and_mode(tmp_path: Path) -> None:
    path = predictions(tmp_path, SAID)
    assert run_of(path) == RunName(setting="multi-task", method="rex", seed=3)
    assert mode_of(path) == "compat"


def test_what_is_given_wins(tmp_path: Path) -> None:
    path = predictions(tmp_path, SAID)
    given = run_of(path, setting="transfer-1", method="theirs", seed=4)
    assert given == RunName(setting="transfer-1", method="theirs", seed=4)


def test_another_system_need_not_say_anything(tmp_path: Path) -> None:
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps({"predictions": []}))
    assert run_of(path) == RunName(setting="other", method="theirs", seed=0)
    assert mode_of(path) is None
