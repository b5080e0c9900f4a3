"""How large a model is, as its predictions say."""

from __future__ import annotations

from pathlib import Path

import pytest

from rex.evaluation.case import Inputs
from rex.evaluation.measure import measure
from rex.evaluation.measures import model
from rex.evaluation.reading.predictions import read_prediction_table
from rex.files import made_by, write_parquet
from tests.evaluation.small_split import SmallSplit, true_answers


@pytest.mark.parametrize(
    ("settings", "value", "reason"),
    [
        ({"parameters": 1_250_000}, 1.25, None),
        ({}, None, "not computed: the predictions do not say how large their model is"),
        (
            {"parameters": "many"},
            None,
            "not computed: the predictions do not say how large their model is",
        ),
    ],
)
def test_parameters(
    split: SmallSplit,
    tmp_path: Path,
    settings: dict[str, object],
    value: float | None,
    reason: str | None,
) -> None:
    table = read_prediction_table(split.predict(true_answers(), {}))
    path = tmp_path / "predictions.parquet"
    write_parquet(path, table, provenance=made_by("rex predict", settings))
    measured = measure(path, Inputs(questions=split.questions), model.MEASURES)
    score = measured.scores(split="val", mode="fixed", draws=0, seed=0)["parameters"]
    assert (score.value, score.reason, score.unit) == (value, reason, "million")
