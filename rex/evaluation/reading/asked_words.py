"""What a question's program says it is about: categories of words, relations, offered answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rex.gqa import operations as ops
from rex.gqa.parsing import read_step
from rex.gqa.questions import SemanticStep
from rex.programs.phrase_wording import VAGUE_NOUNS

CATEGORIES = {
    "color": "color",
    "material": "material",
    "sportActivity": "sport activity",
    "shape": "shape",
    "pose": "pose",
    "size": "size",
    "activity": "activity",
}
"""GQA's name of a category → the paper's, for those of the paper that are attributes."""

RELATION = "relation"
"""The paper's eighth category."""

_OF_CATEGORIES = ops.Filter | ops.Verify | ops.Query | ops.Same | ops.Different
"""The operations that have a category."""


@dataclass(frozen=True)
class AskedWords:
    """The categories that a program names, and the relations it follows or asks for."""

    categories: frozenset[str] = frozenset()
    relations: frozenset[str] = frozenset()


def asked_words(semantic: Sequence[SemanticStep]) -> AskedWords:
    """Return the paper's categories that the program's operations name, and its relations.

    A category is named by `filter color`, `verify color`, `choose color`, `same color`,
    `different color`, or by `query` with the argument `color`.
    """
    categories: set[str] = set()
    relations: set[str] = set()
    for step in map(read_step, semantic):
        if isinstance(step, _OF_CATEGORIES) and step.category in CATEGORIES:
            categories.add(CATEGORIES[step.category])
        elif isinstance(step, ops.Relate):
            relations.update(step.relations)
    return AskedWords(frozenset(categories), frozenset(relations))


def asked_nouns(programs: Iterable[Sequence[SemanticStep]]) -> set[str]:
    """Return what programs call the objects that they select, but for "this" and the scene."""
    steps = (read_step(step) for program in programs for step in program)
    nouns = {step.noun for step in steps if isinstance(step, ops.Select | ops.Relate)}
    return nouns - VAGUE_NOUNS - {"scene"}


def offered_answers(semantic: Sequence[SemanticStep]) -> frozenset[str]:
    """Return the options of a question that offers some (`choose color: red|blue`), else none."""
    for step in map(read_step, reversed(semantic)):
        if step is not None and (options := ops.offered(step)):
            return frozenset(answer for option in options for answer in short_answers(option))
    return frozenset()


def short_answers(phrase: str) -> list[str]:
    """Return how GQA answers with a phrase: `to the left of` is answered `left`."""
    words = phrase.split()
    short = [word for word in words if word in ("left", "right", "front")]
    return short if len(words) > 1 and short else [phrase]
