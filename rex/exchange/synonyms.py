"""What may be true of an object that is annotated with other words."""

from __future__ import annotations

from typing import Any

from rex.files import yaml_beside
from rex.gqa.ontology import gender, is_a, plural
from rex.gqa.scene_graphs import SceneObject
from rex.programs.facts import share_category

_DATA: Any = yaml_beside(__file__, "synonyms.yaml")
_VAGUE = frozenset(_DATA["vague"].split(", "))


def _near(kind: str) -> dict[str, frozenset[str]]:
    """Return the words of all groups that a word is in, by word."""
    found: dict[str, set[str]] = {}
    for group in _DATA[kind]:
        words = group.split(", ")
        if kind == "names":
            words += [plural(word) for word in words]
        for word in words:
            found.setdefault(word, set()).update(words)
    return {word: frozenset(words) for word, words in found.items()}


_ATTRIBUTES, _RELATIONS, _NAMES = map(_near, ("attributes", "relations", "names"))


def near_relations(relation: str) -> frozenset[str]:
    """Return a relation and those that may well hold where it does ("near", "next to")."""
    return _RELATIONS.get(relation, frozenset()) | {relation}


def near_words(one: str, other: str) -> bool:
    """Return whether an attribute may be true of what another is true of ("large", "big")."""
    return (
        one in _ATTRIBUTES.get(other, ())
        or not set(one.split()).isdisjoint(other.split())
        or (not _VAGUE.isdisjoint((one, other)) and share_category(one, other))
    )


def near_names(one: str, other: str) -> bool:
    """Return whether what is called `one` may be `other`, too: a table a desk, a tree a pine.

    Of people only the other gender is ruled out: a man may be a skier.
    """
    if is_a(one, "person") and is_a(other, "person"):
        genders = {gender(one), gender(other)}
        return genders != {"male", "female"}
    return (
        not _VAGUE.isdisjoint((one, other))
        or other in _NAMES.get(one, ())
        or is_a(one, other)
        or is_a(other, one)
        or not set(one.split()).isdisjoint(other.split())
    )


def may_be(thing: SceneObject, word: str, *, named: bool) -> bool:
    """Return whether a word, a name if `named`, may be true of an object."""
    if named:
        return near_names(thing.name, word)
    return any(near_words(one, word) for one in thing.attributes)
