"""What facts say of a word or a relation: that it holds, that it does not, both, or nothing."""

from __future__ import annotations

from collections.abc import Sequence

from rex.evaluation.reading.facts import Fact
from rex.gqa.ontology import CLASS_NAMES, HYPERNYMS
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
