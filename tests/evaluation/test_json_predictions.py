from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rex.errors import InputError
from rex.evaluation.metrics import run_of
from rex.evaluation.reading.json_predictions import read_json_predictions
from rex.evaluation.reading.predictions import read_prediction_table, read_predictions
from rex.experiment import RunName


def write(folder: Path, predictions: Any, **fields: Any) -> Path:
    path = folder / "theirs.json"
    path.write_text(json.dumps({"predictions": predictions, **fields}))
    return path


def test_regions_are_given_or_named_by_the_tokens(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        [
            {"question_id": "a", "explanation": "#3 is red"},
            {"question_id": "b", "explanation": "dog is red", "regions": [5, -1, -1]},
            {"question_id": "c", "answer": "yes"},
        ],
    )
    found = read_predictions(path)
    assert [found.named_regions(row) for row in range(3)] == [[3], [5], []]
    assert found.answers == [None, None, "yes"]
    assert found.explanations[2] is None


def test_whose_predictions(tmp_path: Path) -> None:
    path = write(tmp_path, [])
    assert run_of(path) == RunName(setting="other", method="theirs", seed=0)
    path = write(tmp_path, [], method="ours", setting="zero-shot", seed=2)
    assert run_of(path) == RunName(setting="zero-shot", method="ours", seed=2)
    assert run_of(path, method="mine").method == "mine"


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"answer": "yes"}, r"missing required field `question_id`"),
        ({"question_id": "a", "anwser": "yes"}, r"predictions\[0\].*unknown field `anwser`"),
        ({"question_id": 7}, r"Expected `str`"),
        ({"question_id": "a", "explanation": "x y", "regions": [1]}, r"1 entries for 2 tokens"),
        ({"question_id": "a", "gates": [0.5]}, r"question a.*gates has 1 entries for 0 tokens"),
        ({"question_id": "a", "probability": 7}, r"predictions\[0\].probability.*<= 1"),
        ({"question_id": "a", "probability": 1e300}, r"probability.*<= 1"),
        ({"question_id": "a", "explanation": "x", "regions": [-2]}, r"regions\[0\].*>= -1"),
        ({"question_id": "a", "explanation": "x", "regions": [2**40]}, r"regions\[0\].*<= 2147"),
        ({"question_id": "a", "explanation": "x", "regions": [10**30]}, r"regions\[0\]"),
        ({"question_id": "a", "explanation": f"#{'9' * 5000} is"}, r"question a.*no image has a"),
        ({"question_id": "a", "probability": float("nan")}, r"not valid JSON"),
    ],
)
def test_bad_entries_are_named(tmp_path: Path, entry: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_prediction_table(write(tmp_path, [entry]))


def test_bad_files(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    with pytest.raises(InputError, match="no such file"):
        read_json_predictions(path)
    with pytest.raises(InputError, match="is a folder"):
        read_json_predictions(tmp_path)
    path.write_text('{"predictions": [')
    with pytest.raises(InputError, match="not valid JSON"):
        read_json_predictions(path)
    path.write_text("[]")
    with pytest.raises(InputError, match="Expected `object`"):
        read_json_predictions(path)
