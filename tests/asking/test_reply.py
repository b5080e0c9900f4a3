from __future__ import annotations

import dataclasses

import pytest

from rex.asking.reply import Reply
from rex.asking.sentences import cell_name, sentence_of
from rex.reporting.examples import Word, words_of


def reply(
    answer: str | None, words: tuple[Word, ...] | None, question: str = "Is there a red dog?"
) -> Reply:
    return Reply(
        question=question,
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
        ("yes", (Word("#2", 2), Word("is"), Word("red")), "Yes, the object is red."),
        ("no", (Word("#2", 2), Word("is"), Word("red")), "The object is red."),
        (
            "yes",
            (Word("dog", 1), Word("is"), Word("@4", cell=4)),
            "The dog is the top right of the image.",
        ),
        (
            "yes",
            (Word("there"), Word("is"), Word("small"), Word("red"), Word("#1", 1)),
            "Yes, there is a small red dog.",
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


@pytest.mark.parametrize(
    ("explanation", "sentence"),
    [
        ("#1 wearing #2 is girl", "the girl wearing the shirt is a girl"),
        ("#1 is not girl but umbrella", "the girl is not a girl but an umbrella"),
        ("small #1 is teddy bear", "the small girl is a teddy bear"),
        ("#1 is orange", "the girl is orange"),
        ("#2 is pants", "the shirt is pants"),
        ("#1 is bread", "the girl is bread"),
        ("#1 is eating #2", "the girl is eating the shirt"),
        ("#1 is not under any #2", "the girl is not under a shirt"),
        ("#3 is to the left of #6", "the bottle is to the left of the other bottle"),
        (
            "#3 is red and #6 is blue and #7 is red",
            "the bottle is red and the other bottle is blue and the third bottle is red",
        ),
        ("there is #3 and #6", "there is a bottle and another bottle"),
        ("red #3 is near blue #6", "the red bottle is near the blue bottle"),
        ("#1 is not wearing any tie", "the girl is not wearing a tie"),
        ("#1 is not wearing any glasses", "the girl is not wearing any glasses"),
        ("#1 is to the left of table", "the girl is to the left of the table"),
        ("female #1 is tall", "the girl is tall"),
        ("#3 is not made of plastic but made of metal", "the bottle is made of metal, not plastic"),
        ("#3 that is not wood is red", "the bottle that is not made of wood is red"),
        ("there is suv", "there is an SUV"),
        ("the scene is kitchen", "the scene is a kitchen"),
        ("there is #3 and #3", "there is a bottle and a bottle"),
        ("there is open #3", "there is an open bottle"),
        ("there is #5", "there are pants"),
        ("there is #3 to the left of #1", "there is a bottle to the left of the girl"),
        ("there is neither girl nor umbrella", "there is neither a girl nor an umbrella"),
        ("there is no umbrella", "there is no umbrella"),
        ("#1 is red but #2 is blue", "the girl is red but the shirt is blue"),
        ("#3 are on the left", "the bottle is on the left"),
        ("#5 is long", "the pants are long"),
        ("#5 that #1 is wearing is long", "the pants that the girl is wearing are long"),
        ("#2 that #5 is near are red", "the shirt that the pants are near is red"),
        ("#1 to the left of #5 are red", "the girl to the left of the pants is red"),
        ("#5 that is not red is long", "the pants that are not red are long"),
        ("#1 and young #1 is red", "the girl and the young girl are red"),
        (
            "#1 wearing #2 and #1 is both young",
            "the girl wearing the shirt and the girl are both young",
        ),
        ("#1 is red and #5 is blue", "the girl is red and the pants are blue"),
        ("#1 is holding #5 and #3 is red", "the girl is holding the pants and the bottle is red"),
        ("#4 is red", "the object is red"),
    ],
)
def test_articles_and_verbs(explanation: str, sentence: str) -> None:
    names = {1: "girl", 2: "shirt", 5: "pants", **dict.fromkeys((3, 6, 7), "bottle")}
    # GQA's ontology has no umbrella
    said = sentence_of(words_of(explanation), names, objects=["umbrella"], attributes=["open"])
    assert said == sentence


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


@pytest.mark.parametrize(
    ("question", "answer", "explanation", "entailed", "sentence"),
    [
        ("Is there a dog?", "no", "there is no table", False, "There is no table."),
        ("Is there a dog?", "no", "there is no dog", True, "No, there is no dog."),
        (
            "Is the girl happy?",
            "yes",
            "#2 is not happy but sad",
            False,
            "The girl is not happy but sad.",
        ),
        (
            "Is the girl happy?",
            "no",
            "#2 is not happy but sad",
            True,
            "No, the girl is not happy but sad.",
        ),
        ("Is the girl happy?", "no", "is is", False, "Is is."),
        ("What color is the dog?", "red", "#1 is blue", False, "The dog is blue."),
        ("What color is the dog?", "blue", "#1 is blue", True, "The dog is blue."),
        ("What color is the dog?", None, "#1 is blue", None, "The dog is blue."),
    ],
)
def test_what_an_explanation_does_not_entail(
    question: str, answer: str | None, explanation: str, entailed: bool | None, sentence: str
) -> None:
    found = reply(answer, words_of(explanation), question)
    found.names[2] = "girl"
    assert found.entails_answer is entailed
    assert found.to_json()["entails_answer"] is entailed
    assert found.sentence == sentence


def test_cells_by_name() -> None:
    assert cell_name(1) == "the top left of the image"
    assert cell_name(16) == "the bottom right of the image"
    assert cell_name(10) == "the lower middle-left of the image"
