from __future__ import annotations

import dataclasses

import pytest

from rex.asking.reply import Reply, cell_name
from rex.reporting.examples import Word


def reply(answer: str | None, words: tuple[Word, ...] | None) -> Reply:
    return Reply(
        question="Is it?",
        method="rex",
        answer=answer,
        probability=None if answer is None else 0.5,
        words=words,
        boxes={1: (0.0, 0.0, 5.0, 5.0), 2: (5.0, 5.0, 9.0, 9.0)},
        names={1: "dog"},
        width=100,
        height=80,
    )


@pytest.mark.parametrize(
    ("answer", "words", "sentence"),
    [
        ("red", (Word("#1", 1), Word("is"), Word("red")), "The dog is red."),
        ("no", (Word("#2", 2), Word("is"), Word("red")), "No, the object is red."),
        (
            "yes",
            (Word("dog", 1), Word("is"), Word("@4", cell=4)),
            "Yes, the dog is the top right of the image.",
        ),
        (
            "no",
            (Word("there"), Word("is"), Word("small"), Word("brown"), Word("#1", 1)),
            "No, there is the small brown dog.",
        ),
        (None, (Word("#1", 1), Word("is"), Word("red")), "The dog is red."),
        (
            "red",
            (Word("teddy", 1), Word("bear", 1), Word("is"), Word("red")),
            "The teddy bear is red.",
        ),
        ("red", (), ""),
        ("red", None, None),
    ],
)
def test_sentences(
    answer: str | None, words: tuple[Word, ...] | None, sentence: str | None
) -> None:
    assert reply(answer, words).sentence == sentence


def test_json() -> None:
    found = reply("red", (Word("#1", 1, gate=0.25), Word("@16", cell=16))).to_json()
    assert found["explanation"] == "#1 @16"
    assert found["words"][0]["box"] == [0, 0, 5, 5]
    assert found["words"][0]["gate"] == 0.25
    assert found["words"][1]["box"] == [75, 60, 100, 80]
    assert reply("red", None).to_json()["words"] == []


def test_what_has_no_answer_claims_none() -> None:
    found = reply(None, (Word("red"),)).to_json()
    assert (found["answer"], found["probability"]) == (None, None)
    assert found["verdict"] == "this run gives no answer"


def test_nothing_is_certain() -> None:
    sure = dataclasses.replace(reply("red", None), probability=0.9999)
    assert sure.verdict == "red (over 99 % sure)"
    assert reply("red", None).verdict == "red (50 % sure)"


def test_cells_by_name() -> None:
    assert cell_name(1) == "the top left of the image"
    assert cell_name(16) == "the bottom right of the image"
    assert cell_name(10) == "the lower middle-left of the image"
