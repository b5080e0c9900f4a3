from __future__ import annotations

import pytest

from rex.boxes import grid_cell
from rex.gqa.scene_graphs import SceneGraph, SceneObject
from rex.programs.english import article, is_plural
from rex.programs.rendering import (
    Absent,
    Leaf,
    Mention,
    Place,
    SentenceOnly,
    mentioned,
    render_raw,
    render_sentence,
    render_tokens,
)
from tests.programs.scene import raw, sentence


@pytest.mark.parametrize(
    ("text", "expected_raw", "expected_sentence"),
    [
        (
            "select: clouds (7)->query: color [0]",
            "(obj:7) are gray",
            "The clouds are gray.",
        ),
        (
            "select: man (1)->filter hposition: left [0]->query: name [1]",
            "(obj:1) on the left is man",
            "A man is on the left.",
        ),
        (
            "select: door (8)->query: material [0]",
            "(obj:8) is made of wood",
            "The door is made of wood.",
        ),
        (
            "select: man (1)->relate: _,wearing,o (2) [0]->query: name [1]",
            "(obj:2) that (obj:1) is wearing is shirt",
            "The thing that the man is wearing is a shirt.",
        ),
        (
            "select: shirt (2)->relate: _,wearing,s (1) [0]->query: name [1]",
            "(obj:1) wearing (obj:2) is man",
            "The person wearing the shirt is a man.",
        ),
        (
            "select: dog (3)->filter color: not(white) [0]->query: size [1]",
            "(obj:3) that is not white is small",
            "The dog that is not white is small.",
        ),
        (
            "select: man (1)->verify rel: shirt,wearing,o (2) [0]",
            "(obj:1) is wearing (obj:2)",
            "Yes, the man is wearing the shirt.",
        ),
        (
            "select: man (1)->verify rel: hat,wearing,o (-) [0]",
            "(obj:1) is not wearing any (obj*:hat)",
            "No, the man is not wearing a hat.",
        ),
        (
            "select: man (1)->verify rel: bus,behind,s (-) [0]",
            "there is no (obj*:bus) behind (obj:1)",
            "No, there is no bus behind the man.",
        ),
        (
            "select: dog (3)->verify color: white [0]",
            "(obj:3) is not white but brown",
            "No, the dog is not white but brown.",
        ),
        (
            "select: dog (3)->verify hposition: left [0]",
            "(obj:3) is located at (0.70,0.70)",
            "No, the dog is on the right of the image.",
        ),
        (
            "select: apple (-)->exist: ? [0]",
            "there is no (obj*:apple)",
            "No, there is no apple.",
        ),
        (
            "select: animal (3,5)->exist: ? [0]",
            "there are (obj:3) and (obj:5)",
            "Yes, there are animals.",
        ),
        (
            "select: dog (3)->verify color: brown [0]->verify size: large [0]->and:  [1,2]",
            "(obj:3) is brown but not large",
            "No, the dog is brown but not large.",
        ),
        (
            "select: dog (3)->verify color: red [0]->verify size: large [0]->or:  [1,2]",
            "(obj:3) is neither red nor large",
            "No, the dog is neither red nor large.",
        ),
        (
            "select: bus (-)->exist: ? [0]->select: apple (-)->exist: ? [2]->or:  [1,3]",
            "there is neither (obj*:bus) nor (obj*:apple)",
            "No, there is neither a bus nor an apple.",
        ),
        (
            "select: dog (3)->exist: ? [0]->select: apple (-)->exist: ? [2]->and:  [1,3]",
            "there is (obj:3) but no (obj*:apple)",
            "No, there is a dog but no apple.",
        ),
        (
            "select: door (8)->filter color: blue [0]->exist: ? [1]"
            "->select: bus (-)->exist: ? [3]->or:  [2,4]",
            "(obj:8) is not blue but red and there is no (obj*:bus)",
            "No, the door is not blue but red and there is no bus.",
        ),
        (
            "select: shirt (2)->select: cat (5)->same color:  [0,1]",
            "(obj:2) and (obj:5) are both white",
            "Yes, the shirt and the cat are both white.",
        ),
        (
            "select: animal (3,5)->different: type [0]",
            "(obj:3) is dog and (obj:5) is cat",
            "Yes, one of the animals is a dog and the other is a cat.",
        ),
        (
            "select: man (1)->select: girl (6)->choose older:  [0,1]",
            "(obj:1) is older than (obj:6)",
            "The man is older than the girl.",
        ),
        (
            "select: scene->verify place: beach [0]",
            "the scene is not beach but street",
            "No, the scene is not a beach but a street.",
        ),
    ],
)
def test_wording(text: str, expected_raw: str, expected_sentence: str) -> None:
    assert raw(text) == expected_raw
    assert sentence(text) == expected_sentence


def test_the_same_name_twice() -> None:
    zebras = {
        "1": SceneObject("zebra", 0, 0, 5, 5, ("black",)),
        "2": SceneObject("zebra", 50, 0, 5, 5),
    }
    text = "select: zebra (2)->relate: zebra,to the left of,s (1) [0]->query: color [1]"
    assert sentence(text, scene=SceneGraph(100, 100, zebras)) == (
        "The zebra to the left of the other zebra is black."
    )


def test_number() -> None:
    scene = SceneGraph(
        100,
        100,
        {
            "1": SceneObject("sheep", 0, 0, 5, 5, ("white",)),
            "2": SceneObject("sheep", 50, 0, 5, 5, ("white",)),
            "3": SceneObject("goats", 50, 0, 5, 5, ("white",)),
            "4": SceneObject("players", 50, 0, 5, 5, ("standing",)),
            "5": SceneObject("snow", 50, 0, 5, 5, ("white",)),
        },
    )
    expected = {
        "select: sheep (1,2)->query: color [0]": "The sheep are white.",
        "select: sheep (1)->query: color [0]": "The sheep is white.",
        "select: sheep (1,2)->exist: ? [0]": "Yes, there are sheep.",
        "select: animal (3)->query: name [0]": "The animals are goats.",
        "select: animal (3)->same: type [0]": "Yes, the animals are all goats.",
        "select: person (4)->filter pose: standing [0]->query: name [1]": (
            "The standing people are players."
        ),
        "select: snow (5)->query: color [0]": "The snow is white.",
        "select: snow (5)->exist: ? [0]": "Yes, there is snow.",
        "select: this (5)->query: name [0]": "The thing is snow.",
    }
    for text, words in expected.items():
        assert sentence(text, scene=scene) == words


def test_names_may_hold_anything() -> None:
    scene = SceneGraph(9, 9, {"1": SceneObject("sign (no, #1)", 0, 0, 5, 5, ("red",))})
    text = "select: sign (no, #1) (1)->query: color [0]"
    assert raw(text, scene=scene) == "(obj:1) is red"
    assert sentence(text, scene=scene) == "The sign (no, #1) is red."


LEAVES: list[Leaf] = [
    SentenceOnly("the"),
    "black",
    Mention("11", "cat"),
    "is located at",
    Place(0.2, 0.9, "at the bottom of the image"),
    "near",
    Mention("1", "cat"),
    "and no",
    Absent("traffic light"),
]


def test_three_renderings_of_the_same_leaves() -> None:
    assert render_raw(LEAVES) == (
        "black (obj:11) is located at (0.20,0.90) near (obj:1) and no (obj*:traffic light)"
    )
    assert render_tokens(LEAVES, {"11": 4, "1": -1}, {"11": "cat", "1": "kitten"}) == (
        "black #4 is located at @13 near kitten and no traffic light"
    )
    assert render_sentence(LEAVES) == (
        "The black cat is located at at the bottom of the image near cat and no traffic light."
    )
    assert mentioned(LEAVES) == ("11", "1")


@pytest.mark.parametrize(
    ("x", "y", "cell"),
    [(0, 0, 1), (0.24, 0, 1), (0.25, 0, 2), (0.99, 0, 4), (1, 1, 16), (0.5, 0.5, 11), (0, 0.26, 5)],
)
def test_cells_of_the_grid(x: float, y: float, cell: int) -> None:
    assert grid_cell(x, y) == cell


@pytest.mark.parametrize(
    ("noun", "plural"),
    [
        ("clouds", True),
        ("wine glasses", True),
        ("wine glass", False),
        ("grass", False),
        ("bus", False),
        ("buses", True),
        ("people", True),
        ("pants", True),
        ("cactus", False),
        ("dog", False),
    ],
)
def test_plural_nouns(noun: str, plural: bool) -> None:
    assert is_plural(noun) is plural


@pytest.mark.parametrize(
    ("word", "expected"),
    [("apple", "an"), ("dog", "a"), ("umbrella", "an"), ("uniform", "a"), ("hour glass", "an")],
)
def test_articles(word: str, expected: str) -> None:
    assert article(word) == expected
