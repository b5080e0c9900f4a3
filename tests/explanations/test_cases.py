"""Programs that once went wrong, as files: `../shared/cases/programs`, where they are at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rex.cli import main
from rex.files import read_parquet
from rex.gqa.operations import Relate, Select
from rex.gqa.parsing import parse_program
from rex.gqa.questions import read_questions
from rex.gqa.scene_graphs import SceneGraph, SceneObject
from rex.programs.errors import Skip
from rex.programs.executor import execute
from tests.gqa.sample import OOD_QUESTIONS, SAMPLE, VAL_QUESTIONS, needs_sample

CASES = SAMPLE.parent / "cases" / "programs"

needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")

SENTENCES = {
    "samename": {
        "a": "No, one mug is blue and the others are red.",
        "b": "No, two of the people are male and the other is female.",
        "c": "No, one mug is red and the other is blue.",
        "d": "No, one zebra is white and the others are black.",
        "e": "One man is taller than the other.",
        "f": "Yes, the mug is to the left of the other mug.",
        "g": "The mug is to the left of the other mug.",
        "h": "The mugs are both red.",
    },
    "multirel": {
        "a": "Yes, there are men to the left of the woman.",
        "b": "No, one of the men is not tall but short.",
        "c": "One of the men is on the left of the image.",
        "d": "Two of the mugs are red.",
        "e": "No, the man is not wearing any glasses.",
        "f": "No, the man is not wearing a cap.",
        "g": "Yes, there are men and a mug.",
        "h": "No, there is no white hat.",
        "i": "No, the mug on the left is not large but small.",
        "j": "No, the mug is red but not large.",
        "k": "Yes, the mug to the right of the man holding the other mug is blue.",
        "l": "No, the café table is made of wood, not metal.",
    },
    "filternone": {
        "a": "The plastic mug is red.",
        "b": "No, the mugs are red.",
        "c": "No, one mug is blue and the others are red.",
    },
    "long": {
        "a": "No, there is a red mug and a man but the other mug is not green.",
        "b": "No, there is neither a dog nor a cat and the mug is red.",
    },
    "people": {"a": "People are sitting."},
    "stronly": {"a": "Yes, the mug is red.", "b": "Yes, the mug is red."},
}


def build(case: str, out: Path, mode: str = "fixed") -> int:
    files = ["--questions", str(CASES / case / "questions.json")]
    files += ["--scene-graphs", str(CASES / case / "sceneGraphs.json")]
    return main(["explain", "build", *files, "--mode", mode, "--out", str(out)])


def rows(out: Path) -> list[dict[str, Any]]:
    return read_parquet(out).to_pylist()


@needs_cases
@pytest.mark.parametrize("case", SENTENCES)
def test_sentences(case: str, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    assert build(case, out) == 0
    assert {row["question_id"]: row["sentence"] for row in rows(out)} == SENTENCES[case]


@needs_cases
def test_what_the_boxes_contradict_is_listed(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    assert build("filternone", out) == 0
    assert [row["left_out"] for row in rows(out)] == [["right"], [], []]


@needs_cases
def test_an_object_related_to_itself(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    assert build("selfrel", out) == 0
    assert {row["status"] for row in rows(out)} == {"related to itself"}


@needs_cases
@pytest.mark.parametrize("mode", ["fixed", "compat"])
@pytest.mark.parametrize(
    ("case", "step"),
    [("unknownop", 1), ("fwddep", 1), ("nodep", 1), ("emptyarg", 0), ("badrel", 1), ("verbdep", 2)],
)
def test_malformed_programs(
    case: str, step: int, mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(case, tmp_path / "out.parquet", mode) == 2
    built = capsys.readouterr().err
    assert main(["gqa", "check", str(CASES / case / "questions.json")]) == 2
    assert capsys.readouterr().err == built
    assert built.count("\n") == 1
    assert f"question a: semantic step {step}: " in built


RELATED_TO_THEMSELVES = {
    OOD_QUESTIONS: ["201570944", "201861393", "202246655", "20541727"],
    VAL_QUESTIONS: ["01996876", "06355209", "11121046", "1234989", "19933081"],
}


@needs_sample
def test_real_programs_that_relate_an_object_to_itself() -> None:
    for path, expected in RELATED_TO_THEMSELVES.items():
        found = []
        for question_id, question in read_questions(path).items():
            ids = [
                object_id
                for step in parse_program(question.semantic)
                if isinstance(step, Select | Relate)
                for object_id in step.objects or ()
            ]
            things = {one: SceneObject("thing", 9 * n, 0, 5, 5) for n, one in enumerate(ids)}
            try:
                graph = SceneGraph(500, 500, things)
                execute(parse_program(question.semantic), graph, question.answer)
            except Skip as skip:
                if str(skip) == "related to itself":
                    found.append(question_id)
        assert found == expected
