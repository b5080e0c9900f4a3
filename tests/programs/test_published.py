"""`compat` mode: what the published executor and post-processing make of programs.

Expected texts were worked out by hand from the published rules (PAPER.md's table of defects), and
`reference_raw_explanations.json` holds what the published code itself made of the real sample.
"""

from __future__ import annotations

import json

import pytest

from rex.gqa.questions import SemanticStep, read_questions
from rex.gqa.scene_graphs import Relation, SceneGraph, SceneObject, read_scene_graphs
from rex.programs.errors import Skip
from rex.programs.published.executor import execute_published
from rex.programs.published.polishing import (
    PluralMap,
    corpus_words,
    polish_published,
    published_cell,
    published_tokens,
)
from tests.gqa.sample import QUESTIONS, SAMPLE, SCENE_GRAPHS, needs_sample

SCENE = SceneGraph(
    width=100,
    height=100,
    objects={
        "1": SceneObject(
            "man",
            *(10, 40, 20, 50),
            attributes=("young", "old"),
            relations=(Relation("wearing", "2"), Relation("to the left of", "3")),
        ),
        "2": SceneObject("shirt", *(12, 50, 10, 20), attributes=("striped", "white", "blue")),
        "3": SceneObject(
            "dog",
            *(60, 60, 20, 20),
            attributes=("white", "small"),
            relations=(Relation("near", "1"), Relation("behind", "1")),
        ),
        "4": SceneObject("dog", *(45, 80, 5, 5), attributes=("black", "small", "white")),
        "5": SceneObject("girls", *(0, 0, 10, 10), attributes=("little",)),
    },
)


def published(*semantic: tuple[str, str, tuple[int, ...]]) -> str:
    return execute_published([SemanticStep(*step) for step in semantic], SCENE)


def select(argument: str) -> tuple[str, str, tuple[int, ...]]:
    return ("select", argument, ())


@needs_sample
def test_the_real_sample_is_reproduced_word_for_word() -> None:
    expected = json.loads((SAMPLE / "reference_raw_explanations.json").read_text())
    graphs = read_scene_graphs(SCENE_GRAPHS)
    questions = read_questions(QUESTIONS)
    assert len(expected) == 23
    for question_id, text in expected.items():
        question = questions[question_id]
        assert execute_published(question.semantic, graphs[question.image_id]) == text


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        # the category's own order decides, not the annotation's: "blue" stands before "white"
        ([select("shirt (2)"), ("query", "color", (0,))], "(obj:2) is blue"),
        ([select("shirt (2)"), ("query", "material", (0,))], "(obj:2) is ERROR"),
        ([select("man (1)"), ("query", "gender", (0,))], "(obj:1) is man"),
        ([select("man (1)"), ("query", "vposition", (0,))], "(obj:1) is man"),
        ([select("man (1)"), ("query", "31", (0,))], "(obj:1) is ERROR"),
        ([select("dog (3)"), ("query", "hposition", (0,))], "(obj:3) is located at (0.6,0.6)"),
        ([select("scene"), ("query", "weather", (0,))], "there is no (obj*:scene)"),
        ([select("dog (3,4)"), ("filter color", "white", (0,))], "white (obj:3),(obj:4)"),
        # only the first object is kept
        (
            [select("dog (3,4)"), ("filter color", "white", (0,)), ("exist", "?", (1,))],
            "white (obj:3)",
        ),
        ([select("cat (-)"), ("exist", "?", (0,))], "there is no (obj*:cat )"),
        ([select("dog (3,4)"), ("verify color", "white ", (0,))], "(obj:3),(obj:4) are white"),
        ([select("dog (3)"), ("verify color", "not(red)", (0,))], "(obj:3) is not red"),
        # top left corner, not centre
        ([select("dog (4)"), ("choose hposition", "right|left", (0,))], "(obj:4) is left"),
        (
            [select("dog (4)"), ("verify hposition", "left", (0,))],
            "(obj:4) is located at (0.5,0.8)",
        ),
        ([select("dog (4)"), ("choose color", "red|white", (0,))], "(obj:4) is white"),
        # `verify shape` is taken for a filter, `filter length` for a check
        ([select("dog (3)"), ("verify shape", "round", (0,))], "round (obj:3)"),
        (
            [select("dog (3)"), ("filter length", "long", (0,)), ("exist", "?", (1,))],
            "(obj:3) is not long",
        ),
        (
            [
                select("man (1)"),
                ("relate", "dog,to the right of,s (3)", (0,)),
                ("exist", "?", (1,)),
            ],
            "(obj:3) is not to the right of (obj:1)",
        ),
        (
            [select("man (1)"), ("relate", "dog,to the left of,s (3)", (0,)), ("exist", "?", (1,))],
            "(obj:3) that (obj:1) is to the left of",
        ),
        ([select("man (1)"), ("relate", "dog,of,s (3)", (0,))], "(obj:3) near (obj:1)"),
        # of several candidates the last wins
        (
            [select("man (1)"), ("choose rel", "dog,behind|near,s (3)", (0,))],
            "(obj:3) near (obj:1)",
        ),
        (
            [select("man (1)"), ("choose rel", "dog,on|under,s (3)", (0,))],
            "there is no (obj:3) on or under (obj:1)",
        ),
        (
            [select("man (1)"), ("choose rel", "cat,on|under,s (-)", (0,))],
            "there is no (obj*:cat) on(obj:1) or (obj*:cat) under(obj:1)",
        ),
        (
            [
                select("cat (-)"),
                ("exist", "?", (0,)),
                select("bus (-) "),
                ("exist", "?", (2,)),
                ("or", "", (1, 3)),
            ],
            "there is neither (obj*:cat ) nor (obj*:bus  )",
        ),
        (
            [
                select("man (1)"),
                ("verify age", "old", (0,)),
                ("verify size", "tall", (0,)),
                ("and", "", (1, 2)),
            ],
            "there is (obj:1) is old and  not tall",
        ),
        (
            [
                select("man (1)"),
                ("exist", "?", (0,)),
                select("dog (3)"),
                ("exist", "?", (2,)),
                ("and", "", (1, 3)),
            ],
            "there are (obj:1) and (obj:3)",
        ),
        # "white" is the first shared attribute
        (
            [select("shirt (2)"), select("dog (4)"), ("common", "", (0, 1))],
            "both (obj:2) and (obj:4) are white",
        ),
        (
            [select("shirt (2)"), select("dog (3)"), ("same color", "", (0, 1))],
            "(obj:2),(obj:3) are all white",
        ),
        (
            [select("man (1)"), select("dog (3)"), ("different", "type", (0, 1))],
            "(obj:1) is man,(obj:3) is dog",
        ),
        # "girls" are male, against GQA's answer
        ([select("person (1,5)"), ("same", "gender", (0,))], "(obj:1),(obj:5) are all male"),
        (
            [select("man (1)"), select("girls (5)"), ("choose older", "", (0, 1))],
            "(obj:1) is young,old,man, while (obj:5) is little",
        ),
        ([select("dog (3)"), select("dog (4)"), ("choose older", "", (0, 1))], ""),
        (
            [select("dog (3)"), select("dog (4)"), ("choose higher", "", (0, 1))],
            "(obj:3) is located at (0.6,0.6), while (obj:4) is located at (0.5,0.8)",
        ),
    ],
)
def test_the_published_executor(
    semantic: list[tuple[str, str, tuple[int, ...]]], expected: str
) -> None:
    assert published(*semantic) == expected


@pytest.mark.parametrize(
    ("semantic", "status"),
    [
        ([select("dog (3)"), ("choose color", "red|blue", (0,))], "answer not in A|B"),
        ([select("man (1)"), select("dog (3)"), ("common", "", (0, 1))], "no common attribute"),
        ([select("dog (99)"), ("query", "color", (0,))], "object missing: 99"),
        ([select("dog (3,4)"), ("verify color", "black", (0,))], "the published code fails"),
        ([select("cat (-)"), ("query", "name", (0,))], "the published code fails"),
        ([select("man (1)"), ("relate", "dog", (0,))], "the published code fails"),
        ([select("man (1)"), select("girls (5)"), ("same color", "", (0, 1))], "no value: color"),
        ([select("dog (3)"), ("paint", "", (0,))], "the published code fails: it knows no 'paint'"),
        ([], "no program"),
    ],
)
def test_where_the_published_executor_fails(
    semantic: list[tuple[str, str, tuple[int, ...]]], status: str
) -> None:
    with pytest.raises(Skip) as caught:
        published(*semantic)
    assert str(caught.value).startswith(status)


NO_PLURALS = PluralMap({})


@pytest.mark.parametrize(
    ("raw", "answer", "expected"),
    [
        ("(obj:1) to the left of (obj:2)", "left", "(obj:1) is to the left of (obj:2)"),
        # what follows a second position is lost
        (
            "(obj:1) to the left of (obj:2) to the left of (obj:3)",
            "yes",
            "(obj:1) is to the left of (obj:2)",
        ),
        ("(obj:1) is left", "left", "(obj:1) is on the left"),
        ("(obj:1) is top?", "top", "(obj:1) is at the top"),
        ("(obj:1) that (obj:2) is to the left of", "yes", "(obj:2) is to the left of (obj:1)"),
        ("(obj:1) that (obj:2) is to the left of", "no", "(obj:1) is to the right of (obj:2)"),
        ("(obj:1) that (obj:2) is behind", "yes", "(obj:2) is behind (obj:1)"),
        ("(obj:1) that (obj:2) is on top of", "no", "(obj:1) is below (obj:2)"),
        (
            "(obj:1) that (obj:2) on (obj:3) is above",
            "dog",
            "(obj:1) is that (obj:2) on (obj:3) is above",
        ),
        ("(obj:1) that (obj:2) is wearing", "yes", "(obj:2) is wearing (obj:1)"),
        ("(obj:1) that (obj:2) on (obj:3) is wearing", "yes", None),
        ("not(red) (obj:1) is small", "small", "(obj:1) is small, and (obj:1) is not red"),
        (
            "not(red) (obj:1) near (obj:2)",
            "yes",
            "there is (obj:1) near (obj:2), and (obj:1) is not red",
        ),
    ],
)
def test_the_published_post_processing(raw: str, answer: str, expected: str | None) -> None:
    assert polish_published(raw, answer, NO_PLURALS) == (raw if expected is None else expected)


def test_the_plural_map_comes_from_the_corpus() -> None:
    corpus = ["(obj:1) is dog", "both are dogs and mice", "hands of hand", "glass", "cats?"]
    plurals = PluralMap.from_corpus(word for text in corpus for word in corpus_words(text))
    assert " ".join(plurals.apply(["dogs", "and", "mice", "with", "hands"])) == (
        "dog and mouse with hands"
    )
    # two neighbours share a blank: the second is missed
    assert plurals.apply(["dogs", "dogs", "run"]) == ["dog", "dogs", "run"]


def test_a_replaced_word_may_be_replaced_again() -> None:
    plurals = PluralMap.from_corpus(["bos", "boss", "bosss", "bo"])
    assert plurals.apply(["bosss"]) == ["boss"]
    assert plurals.apply(["boss"]) == ["bos"]
    later = PluralMap.from_corpus(["bosss", "boss", "bos", "bo"])
    assert later.apply(["bosss"]) == ["bo"]


def test_published_tokens() -> None:
    raw = "red (obj:12) and (obj*:wine glass) is located at (0.3,0.9), while (obj:123) is ?"
    tokens = published_tokens(raw, {"12": 4, "123": -1}, NO_PLURALS)
    # the digits of 12 are replaced inside 123 as well
    assert tokens == "red #4 and wine glass is located at @14 while #43 is"


def test_published_cells() -> None:
    assert [published_cell(x, 0.0) for x in (0.0, 0.25, 0.3, 0.75, 0.8, 1.2)] == [1, 1, 2, 3, 4, 4]
    assert published_cell(0.1, 0.9) == 13
