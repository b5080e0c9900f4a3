from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rex.gqa.scene_graphs import Relation, SceneGraph, SceneObject
from rex.programs import facts
from tests.programs.generated import decoded, random_graph


def pair(first: SceneObject, second: SceneObject) -> SceneGraph:
    return SceneGraph(100, 100, {"a": first, "b": second})


def at(x: float, y: float, *relations: tuple[str, str]) -> SceneObject:
    return SceneObject("cup", x, y, 10, 10, (), tuple(Relation(*one) for one in relations))


def test_a_relation_stated_on_either_side() -> None:
    graph = pair(at(0, 0, ("on", "b"), ("in front of", "b")), at(50, 0))
    assert facts.relation_between(graph, "a", "on", "b") == "on"
    assert facts.relation_between(graph, "b", "on", "a") is None
    assert facts.relation_between(graph, "b", "behind", "a") == "behind"
    assert facts.relation_between(graph, "a", "of", "b") == "on"
    assert facts.relation_between(graph, "b", "of", "a") is None


def test_left_and_right_from_the_boxes_where_nothing_is_stated() -> None:
    graph = pair(at(0, 0), at(50, 0))
    assert facts.relation_between(graph, "a", "to the left of", "b") == "to the left of"
    assert facts.relation_between(graph, "a", "to the right of", "b") is None
    assert facts.relation_between(graph, "b", "to the right of", "a") == "to the right of"
    # equal centres are on neither side, and what is stated wins over the boxes
    assert facts.relation_between(pair(at(5, 0), at(5, 9)), "a", "to the left of", "b") is None
    stated = pair(at(0, 0, ("to the right of", "b")), at(50, 0))
    assert facts.relation_between(stated, "a", "to the left of", "b") is None
    # above and below are depth as well as height: the boxes do not say
    assert facts.relation_between(graph, "a", "above", "b") is None


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 2**63),
    st.sampled_from(sorted(facts.INVERSE_RELATIONS)),
    st.sampled_from("1234"),
    st.sampled_from("1234"),
)
def test_a_relation_and_its_inverse_say_the_same(
    seed: int, relation: str, one: str, other: str
) -> None:
    graph = decoded(random_graph(Random(seed)))
    if one not in graph.objects or other not in graph.objects:
        return
    inverse = facts.INVERSE_RELATIONS[relation]
    holds = facts.relation_between(graph, one, relation, other) is not None
    assert holds == (facts.relation_between(graph, other, inverse, one) is not None)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (0, 0, {"left", "top"}),
        (44.9, 0, {"left", "top", "middle"}),
        (45, 45, {"right", "bottom", "middle"}),
        (90, 90, {"right", "bottom"}),
    ],
)
def test_positions_are_those_of_the_centre(x: float, y: float, words: set[str]) -> None:
    graph = pair(at(x, y), at(0, 0))
    thing = graph.objects["a"]
    assert {
        word for word in facts.POSITION_WORDS if facts.position_holds(graph, thing, word)
    } == words


def test_a_box_outside_the_image_is_at_its_edge() -> None:
    graph = pair(at(-30, 200), at(0, 0))
    assert facts.relative_center(graph, graph.objects["a"]) == (0.0, 1.0)


def named(name: str, *attributes: str) -> SceneObject:
    return SceneObject(name, 0, 0, 1, 1, attributes)


@pytest.mark.parametrize(
    ("first", "second", "comparative", "sign"),
    [
        (named("man"), named("boy"), "older", 1),
        (named("man"), named("boy"), "younger", -1),
        # attributes say more than names
        (named("man", "young"), named("boy", "old"), "older", -1),
        (named("cup", "large"), named("cup", "small"), "smaller", -1),
        (named("cup", "large"), named("cup"), "larger", 1),
        (named("tree", "tall"), named("tree"), "shorter", -1),
        (named("apple"), named("donut"), "healthier", 1),
        (named("apple"), named("donut"), "less healthy", -1),
        (named("cup"), named("fork"), "larger", 0),
        (at(0, 10), at(0, 50), "higher", 1),
        (at(0, 10), at(0, 50), "lower", -1),
        (at(0, 10), at(0, 10), "lower", 0),
    ],
)
def test_comparisons(first: SceneObject, second: SceneObject, comparative: str, sign: int) -> None:
    assert facts.comparison(first, second, comparative) == sign
    assert facts.comparison(second, first, comparative) == -sign


def test_values_of_a_category() -> None:
    thing = named("girls", "red", "gold", "shirtless", "wet")
    assert facts.values_of(thing, "color") == ("red", "gold")
    assert facts.values_of(thing, "material") == ("gold",)
    assert facts.values_of(thing, "name") == ("girls",)
    assert facts.values_of(thing, "gender") == ("female",)
    assert facts.values_of(named("player", "male"), "gender") == ("male",)
    assert facts.values_of(named("player"), "gender") == ()
    # an unpublished group may hold what no category claims
    assert facts.values_of(thing, "32") == ("shirtless", "wet")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("snow suit", "snowsuit", True),
        ("t-shirt", "tshirt", True),
        ("grey", "gray", True),
        ("wooden", "wood", True),
        ("cat", "cats", False),
    ],
)
def test_spellings(one: str, other: str, same: bool) -> None:
    assert facts.same_word(one, other) is same


@pytest.mark.parametrize(
    ("value", "word", "said"),
    [
        ("wooden", "wood", True),
        ("dog", "animal", True),
        ("animal", "dog", False),
        ("black and white", "black", True),
        ("black", "black and white", False),
    ],
)
def test_what_a_value_says(value: str, word: str, said: bool) -> None:
    assert facts.says(value, word) is said


def test_what_is_black_and_is_white_is_black_and_white() -> None:
    scene = SceneGraph(10, 10, {})
    for words, holds in (
        (["black", "white"], True),
        (["black and white"], True),
        (["black"], False),
    ):
        assert facts.word_holds(scene, named("zebra", *words), "black and white") is holds
