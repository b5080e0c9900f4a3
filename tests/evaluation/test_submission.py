from __future__ import annotations

import json

import pytest

from rex.cli import main

from .small_split import SmallSplit, true_answers


def submit(split: SmallSplit, answers: dict[str, str | None]) -> int:
    predictions = split.predict(answers, {})
    arguments = ["submit", str(predictions), "--questions", str(split.questions)]
    return main([*arguments, "--out", str(split.folder / "submission.json")])


def test_answers_in_the_order_of_the_questions(split: SmallSplit) -> None:
    assert submit(split, true_answers()) == 0
    entries = json.loads((split.folder / "submission.json").read_text())
    assert [entry["questionId"] for entry in entries] == ["q1", "q2", "q3", "q4", "q5", "q6"]
    assert entries[0] == {"questionId": "q1", "prediction": "brown"}


def test_a_question_without_an_answer(
    split: SmallSplit, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit(split, true_answers() | {"q3": None}) == 2
    assert "1 questions have no answer: q3" in capsys.readouterr().err
    assert not (split.folder / "submission.json").exists()
