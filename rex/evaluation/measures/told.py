"""What facts say of a word or a relation: that it holds, that it does not, both, or nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache

from rex.evaluation.reading.facts import Fact
from rex.gqa.ontology import CLASS_NAMES, HYPERNYMS, WORD_CATEGORIES
from rex.programs.facts import OPPOSITE_RELATIONS, POSITION_WORDS, says, share_category


def cell_sides(cell: int) -> frozenset[str]:
    """Return the halves of the image, and its middle, that a cell of the 4 × 4 grid lies in."""
    row, column = divmod(cell - 1, 4)
    sides = {"left" if column < 2 else "right", "top" if row < 2 else "bottom"}
    if column in (1, 2) or row in (1, 2):
        sides.add("middle")
    return frozenset(sides)


def words_told(word: str, facts: Sequence[Fact]) -> set[bool]:
    """Return whether facts affirm a word, deny it, or both (of several things), or neither."""
    cells = [fact for fact in facts if fact.kind == "at" and fact.holds]
    if cells and word in POSITION_WORDS:
        return {all(word in cell_sides(int(fact.value)) for fact in cells)}
    return {
        fact.holds
        for fact in facts
        if fact.kind in _VALUED
        and (says(fact.value, word) if fact.holds else says(word, fact.value))
    }


def others_told(word: str, facts: Sequence[Fact]) -> set[bool]:
    """Return no where facts affirm another value of a word's category."""
    return {
        False
        for fact in facts
        if fact.holds and fact.kind in _VALUED and _excludes(fact.value, word)
    }


_VALUED = frozenset({"is", "scene", "shared"})
_MOST = 2
"""Values of one category that a thing may have: a shirt is red and white, but not blue, too."""


def answers_among(values: Collection[str]) -> frozenset[str]:
    """Return the values that no other one excludes: who names every color has named none."""
    return frozenset(
        one for one in values if not any(_are_different(one, other) for other in values)
    )


def are_listed(facts: Sequence[Fact]) -> bool:
    """Return whether facts affirm more values of one category, or names, than a thing has."""
    values = {fact.value for fact in facts if fact.main and fact.holds and fact.kind in _VALUED}
    return len(values) > _MOST and any(
        sum(_are_different(one, other) for other in values) >= _MOST for one in values
    )


@lru_cache(maxsize=1 << 16)
def _are_different(one: str, other: str) -> bool:
    if says(one, other) or says(other, one):
        return False
    # an attribute may be a name as well ("orange"): it excludes no name
    names = WORD_CATEGORIES.keys().isdisjoint((one, other))
    return _excludes(one, other) and (names or share_category(one, other))


def _excludes(value: str, word: str) -> bool:
    """Return whether nothing is both: values of one category, or names."""
    if "middle" in (value, word):
        return False
    return share_category(value, word) or (is_name(value) and is_name(word))


def is_name(word: str) -> bool:
    """Return whether the ontology knows a word as a name of objects, or of a class of them."""
    return word in HYPERNYMS or word in CLASS_NAMES


def relations_told(relation: str, facts: Sequence[Fact]) -> set[bool]:
    """Return whether facts affirm a relation, deny it, or both; its opposite denies it, too."""
    related = [fact for fact in facts if fact.kind == "related"]
    opposite = OPPOSITE_RELATIONS.get(relation)
    told = {fact.holds for fact in related if relation in (fact.value, "of")}
    return told or {False for fact in related if fact.holds and fact.value == opposite}
