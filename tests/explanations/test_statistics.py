from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from rex.cli import main
from rex.explanations.statistics import collect_statistics
from rex.explanations.table import explanation_table, schema
from tests.gqa.sample import question_entry


def write(folder: Path) -> tuple[Path, Path]:
    """Write four questions and a table that explains three, one of them against the answer."""
    verify = {"detailed": "verifyAttr", "semantic": "attr", "structural": "verify"}
    questions = folder / "questions.json"
    questions.write_text(
        json.dumps(
            {
                "a": question_entry(),
                "b": question_entry(types=verify, answer="no"),
                "c": question_entry(types=verify),
                "d": question_entry(types=verify),
            }
        )
    )

    def row(question_id: str, status: str = "ok", **values: object) -> dict[str, object]:
        empty: dict[str, object] = {**dict.fromkeys(schema().names), "regions": [], "objects": []}
        return {**empty, "question_id": question_id, "status": status, **values}

    rows = [
        row(
            "a",
            operations=["select", "query"],
            answer="brown",
            entailed_answer="brown",
            text="#3 is brown",
            regions=[3],
            bound=0.75,
        ),
        row(
            "b",
            operations=["select", "select", "verify"],
            answer="no",
            entailed_answer="yes",
            text="dog is near #1 at @4",
            regions=[-1, 1],
            bound=0.25,
            sentence="Yes, the dog is near the ball.",
            left_out=["right", "to the left of"],
        ),
        row("c", status="related to itself", operations=["select", "query"], answer="brown"),
        row("d", operations=["select", "query"], answer="brown", text="#2 #3"),
    ]
    table = folder / "explanations.parquet"
    with explanation_table(table, {"settings": {"mode": "fixed"}}) as written:
        written.add(pa.Table.from_pylist(rows, schema=schema()))
    return table, questions


def test_what_is_counted(tmp_path: Path) -> None:
    table, questions = write(tmp_path)
    found = collect_statistics(table, [questions])
    assert found.mode == "fixed"
    assert (found.whole.questions, found.whole.explained) == (4, 3)
    assert (found.whole.judged, found.whole.agreeing) == (2, 1)
    assert found.statuses == {"ok": 3, "related to itself": 1}
    assert found.operations["select"].questions == 4
    assert found.operations["verify"].agreeing == 0
    assert found.structural["verify"].explained == 2
    assert found.lengths == {3: 1, 6: 1, 2: 1}
    assert found.region_tokens == 4
    assert found.words == {"is": 2, "brown": 1, "dog": 1, "near": 1, "at": 1, "@4": 1}
    assert (found.mentions, found.detected) == (3, 2)
    assert found.bounds / found.bounded == pytest.approx(0.5)
    assert found.contradictions == {"query": 1}
    assert found.left_out == {"right": 1, "to the left of": 1}
    assert found.examples == [
        "b: What color is the dog? GQA: no; entailed: yes. Yes, the dog is near the ball."
    ]


def test_the_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, questions = write(tmp_path)
    assert main(["explain", "stats", str(table), "--questions", str(questions)]) == 0
    card = capsys.readouterr().out
    assert "4 questions, 3 explained (75.00 %)" in card
    assert "in 50.00 % of the 2 from which an answer follows" in card
    assert "| verify | 3 | 66.67 % | 0.00 % |" in card
    assert "| tokens an explanation, mean | 3.67 |" in card
    assert "| tokens an explanation, median | 3 |" in card
    assert "| related to itself | 1 |" in card
    assert "| in all | 2 |" in card
    assert "| to the left of | 1 |" in card
    assert "| explanations, train and val balanced | 1,040,830 |" in card
    out = tmp_path / "card.md"
    verb = ["explain", "stats", str(table), "--questions", str(questions), "--out", str(out)]
    assert main(verb) == 0
    assert out.read_text() == card


def test_text_from_data_is_shown_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, questions = write(tmp_path)
    entries = json.loads(questions.read_text())
    entries["b"]["types"]["semantic"] = "<script>alert(1)</script>|x"
    entries["b"]["question"] = "Is <b>it</b> [a](javascript:b)?"
    questions.write_text(json.dumps(entries))
    assert main(["explain", "stats", str(table), "--questions", str(questions)]) == 0
    card = capsys.readouterr().out
    assert "| \\<script\\>alert(1)\\</script\\>\\|x | 1 |" in card
    assert "Is \\<b\\>it\\</b\\> \\[a\\](javascript:b)?" in card


def test_other_questions_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, questions = write(tmp_path)
    entries = json.loads(questions.read_text())
    questions.write_text(json.dumps({"z": entries["a"], **entries}))
    assert main(["explain", "stats", str(table), "--questions", str(questions)]) == 2
    assert "row of question 'a' where the questions have 'z'" in capsys.readouterr().err
