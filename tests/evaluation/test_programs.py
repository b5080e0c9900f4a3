"""The measure of predicted programs, by hand and from files."""

from __future__ import annotations

import json
from pathlib import Path

from rex.evaluation.case import Inputs
from rex.evaluation.measure import measure
from rex.evaluation.measures import model
from tests.evaluation.small_split import QUESTIONS, SmallSplit


def test_programs_are_compared_whole(split: SmallSplit, tmp_path: Path) -> None:
    written = {
        "q1": "select : dog -> query : color [0]",
        "q2": "select : table -> relate : cup , on , s [0] -> exist : ? [1]",
        "q3": "select : dog -> exist : ? [0]",  # a cat was asked for
        "q4": None,
        "q5": "select : tree -> choose hposition : left | right [0]",
    }
    rows = [
        {"question_id": asked.question_id, "program": written.get(asked.question_id)}
        for asked in QUESTIONS
    ]
    path = tmp_path / "predictions.json"
    path.write_text(json.dumps({"predictions": rows}))
    measured = measure(path, Inputs(questions=split.questions), model.MEASURES)
    score = measured.samples["program"].score()
    assert score.value == 100 * 3 / len(QUESTIONS)
    assert score.n == len(QUESTIONS)


def test_without_programs_there_is_a_reason(split: SmallSplit) -> None:
    path = split.predict({"q1": "brown"}, {})
    measured = measure(path, Inputs(questions=split.questions), model.MEASURES)
    assert measured.results["program"] == "not computed: the predictions hold no programs"
