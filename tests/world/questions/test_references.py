"""Pointing at one object."""

from __future__ import annotations

import numpy as np

from rex.gqa.questions import SemanticStep
from rex.world.annotate import Entity, Facts
from rex.world.questions.references import Pointer


def _entity(key: str, name: str, left: int, *relations: tuple[str, str], **words: str) -> Entity:
    return Entity(key, name, words, (left, 100, 50, 60), tuple(relations))


def _facts(*entities: Entity) -> Facts:
    return Facts("1", "park", "outdoors", "sunny", 320, 240, entities)


def test_a_name_is_enough_for_the_only_one_of_its_kind() -> None:
    car = _entity("1", "car", 20, color="red")
    pointer = Pointer(_facts(car, _entity("2", "dog", 200)), np.random.default_rng(0))
    reference = pointer.plain(car)
    assert reference is not None
    assert reference.steps == (SemanticStep("select", "car (1)", ()),)
    by_class = pointer.plain(car, classes=True)
    assert by_class is not None
    assert by_class.noun == "vehicle"


def test_two_of_a_kind_are_told_apart_by_what_only_one_has() -> None:
    red = _entity("1", "car", 20, color="red", cleanliness="clean")
    blue = _entity("2", "car", 200, color="blue", cleanliness="clean")
    pointer = Pointer(_facts(red, blue), np.random.default_rng(0))
    assert pointer.plain(red) is None
    steps = {reference.steps[-1] for reference in pointer.filtered(red)}
    assert SemanticStep("filter color", "red", (0,)) in steps
    assert SemanticStep("filter color", "not(blue)", (0,)) in steps
    assert SemanticStep("filter hposition", "left", (0,)) in steps
    assert not any(argument == "clean" for argument in (step.argument for step in steps))


def test_no_reference_through_a_relation_that_another_may_be_granted() -> None:
    tree = _entity("1", "tree", 150)
    near = _entity("2", "dog", 90, ("to the left of", "1"))
    high = _entity("3", "dog", 20)
    pointer = Pointer(_facts(tree, near, high), np.random.default_rng(0))
    assert pointer.related(near) == []
    pointer = Pointer(_facts(tree, near), np.random.default_rng(0))
    assert [r.steps[-1] for r in pointer.related(near)] == [
        SemanticStep("relate", "dog,to the left of,s (2)", (0,))
    ]
