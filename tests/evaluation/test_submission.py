from __future__ import annotations

import json

import pytest

from rex.cli import main

from .small_split import SmallSplit, true_answers

ALL = ["q1", "q2", "q3", "q4", "q5", "q6"]


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


def test_the_format_of_gqas_server(split: SmallSplit) -> None:
    """A list of objects, both values text."""
    assert submit(split, true_answers()) == 0
    entries = json.loads((split.folder / "submission.json").read_text())
    assert isinstance(entries, list)
    for entry in entries:
        assert set(entry) == {"questionId", "prediction"}
        assert all(isinstance(value, str) for value in entry.values())


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (
            ["q1", "q2", "q4", "q5", "q6"],
            "1 of 6 questions have no prediction: q3; predict them all\n",
        ),
        (
            ["q1", "q2", "q3", "q4", "q5", "q6", "q3"],
            "1 questions are predicted more than once: q3",
        ),
        (["q1", "q2", "q3", "q4", "q5", "q6", "q7"], "1 of 7 predictions are for questions that"),
        ([], "6 of 6 questions have no prediction: q1, q2, q3, …"),
    ],
)
def test_what_is_not_submitted(
    split: SmallSplit, capsys: pytest.CaptureFixture[str], ids: list[str], said: str
) -> None:
    predictions = split.folder / "theirs.json"
    rows = [{"question_id": name, "answer": "yes"} for name in ids]
    predictions.write_text(json.dumps({"predictions": rows}))
    out = split.folder / "submission.json"
    arguments = ["submit", str(predictions), "--questions", str(split.questions)]
    assert main([*arguments, "--out", str(out)]) == 2
    found = capsys.readouterr().err
    assert found.startswith(f"{predictions}: {said}")
    assert found.count("\n") == 1
    assert not out.exists()


def test_no_questions_are_not_answered(
    split: SmallSplit, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = split.folder / "empty.json"
    empty.write_text("{}")
    predictions = split.predict(true_answers(), {})
    out = split.folder / "submission.json"
    assert main(["submit", str(predictions), "--questions", str(empty), "--out", str(out)]) == 2
    assert "empty.json: holds no questions" in capsys.readouterr().err


def test_the_answers_of_a_model(split: SmallSplit, capsys: pytest.CaptureFixture[str]) -> None:
    answers = split.folder / "answers.jsonl"
    rows = [{"question_id": name, "text": "The answer is yes. It is so."} for name in ALL]
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = split.folder / "submission.json"
    arguments = ["--questions", str(split.questions), "--out", str(out)]
    assert main(["submit", str(answers), *arguments]) == 0
    assert json.loads(out.read_text()) == [
        {"questionId": name, "prediction": "yes"} for name in ALL
    ]
    again = split.folder / "again.json"
    assert main(["submit", str(out), *arguments[:2], "--out", str(again)]) == 0
    assert again.read_text() == out.read_text()


def test_answers_beside_explanations_in_english(split: SmallSplit) -> None:
    predictions = split.folder / "theirs.json"
    rows = [{"question_id": name, "answer": "yes", "explanation": "it is so"} for name in ALL]
    predictions.write_text(json.dumps({"predictions": rows}))
    out = split.folder / "submission.json"
    arguments = ["submit", str(predictions), "--questions", str(split.questions)]
    assert main([*arguments, "--out", str(out)]) == 0
    assert [entry["prediction"] for entry in json.loads(out.read_text())] == ["yes"] * len(ALL)
