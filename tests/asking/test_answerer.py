from __future__ import annotations

import pytest

from rex.asking.answerer import Reply
from rex.reporting.examples import Word


def reply(answer: str, words: tuple[Word, ...] | None) -> Reply:
    return Reply(
        question="Is it?",
        method="rex",
        answer=answer,
        probability=0.5,
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
        ("yes", (Word("dog", 1), Word("is"), Word("@4", cell=4)), "Yes, dog is this place."),
        ("red", (), ""),
        ("red", None, None),
    ],
)
def test_sentences(answer: str, words: tuple[Word, ...] | None, sentence: str | None) -> None:
    assert reply(answer, words).sentence == sentence


def test_json() -> None:
    found = reply("red", (Word("#1", 1, gate=0.25), Word("@16", cell=16))).to_json()
    assert found["explanation"] == "#1 @16"
    assert found["words"][0]["box"] == [0, 0, 5, 5]
    assert found["words"][0]["gate"] == 0.25
    assert found["words"][1]["box"] == [75, 60, 100, 80]
    assert reply("red", None).to_json()["words"] == []
