from __future__ import annotations

import pytest

from rex.evaluation.reading.asked_words import AskedWords, asked_nouns, asked_words, offered_answers
from rex.gqa.questions import SemanticStep


def steps(*texts: str) -> list[SemanticStep]:
    parts = [text.split(": ", 1) for text in texts]
    return [SemanticStep(operation, argument, ()) for operation, argument in parts]


@pytest.mark.parametrize(
    ("program", "categories", "relations"),
    [
        (["select: cat (1)", "filter color: black", "exist: ?"], {"color"}, set()),
        (["select: cat (1)", "query: material"], {"material"}, set()),
        (["select: cat (1)", "choose size: large|small"], {"size"}, set()),
        (["select: cat (1)", "filter sportActivity: surfing"], {"sport activity"}, set()),
        (["select: cat (1)", "select: dog (2)", "same color: "], {"color"}, set()),
        (["select: cat (1)", "same: shape"], {"shape"}, set()),
        (["select: cat (1)", "verify hposition: left"], set(), set()),
        (["select: cat (1)", "query: name"], set(), set()),
        (["select: cat (1)", "relate: dog,sitting on,s (2)"], set(), {"sitting on"}),
        (["select: cat (1)", "verify rel: umbrella, under, o (-)"], set(), {"under"}),
        (["select: cat (1)", "relate: salt, pepper,near,s (2)"], set(), {"near"}),
        (["select: cat (1)", "relate: dog", "filter colour: red"], set(), set()),
        (
            ["select: cat (1)", "choose rel: car,to the left of|to the right of,s (2)"],
            set(),
            {"to the left of", "to the right of"},
        ),
    ],
)  # fmt: skip
def test_what_a_program_names(
    program: list[str], categories: set[str], relations: set[str]
) -> None:
    assert asked_words(steps(*program)) == AskedWords(frozenset(categories), frozenset(relations))


def test_what_programs_call_objects() -> None:
    program = steps(
        "select: hour glass (-)", "relate: cat,on,s (1)", "filter color: red", "select: this (2)",
        "select: scene", "verify rel: dog,near,o (3)", "exist: ?", "select: salt, pepper (4)",
        "select: sign (stop) (5)", "select: cup (6,)",
    )  # fmt: skip
    assert asked_nouns([program]) == {"hour glass", "cat", "dog", "salt, pepper", "sign (stop)"}


def test_offered_answers() -> None:
    assert offered_answers(steps("select: a (1)", "choose color: red|blue")) == {"red", "blue"}
    assert offered_answers(steps("choose rel: car,to the left of|to the right of,s (2)")) == {
        "left",
        "right",
    }
    assert offered_answers(steps("choose rel: car,behind|in front of,s (2)")) == {"behind", "front"}
    assert offered_answers(steps("choose older: ", "select: a (1)")) == set()
    assert offered_answers(steps("query: color")) == set()
