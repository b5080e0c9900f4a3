"""What a question's program says it is about: categories of words, relations, offered answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rex.programs.phrase_wording import VAGUE_NOUNS

if TYPE_CHECKING:
    from rex.gqa.questions import SemanticStep

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

_OBJECT_IDS = re.compile(r"\s*\(.*\)\s*$")
_SELECTING = frozenset({"select", "relate", "verify rel", "choose rel"})
_NAMING = ("query", "same", "different")


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
    categories, relations = set(), set()
    for step in semantic:
        verb, _, qualifier = step.operation.partition(" ")
        named = verb in _NAMING and not qualifier
        name = step.argument.strip() if named else qualifier
        if name in CATEGORIES:
            categories.add(CATEGORIES[name])
        if verb == "relate" or qualifier == "rel":
            parts = _OBJECT_IDS.sub("", step.argument).split(",")
            if len(parts) >= 3:
                relations |= {relation.strip() for relation in parts[1].split("|")}
    return AskedWords(frozenset(categories), frozenset(relations))


def asked_nouns(programs: Iterable[Sequence[SemanticStep]]) -> set[str]:
    """Return what programs call the objects that they select, but for "this" and the scene."""
    arguments = {
        step.argument for program in programs for step in program if step.operation in _SELECTING
    }
    nouns = {_OBJECT_IDS.sub("", one).partition(",")[0].strip() for one in arguments}
    return nouns - VAGUE_NOUNS - {"scene", ""}


def offered_answers(semantic: Sequence[SemanticStep]) -> frozenset[str]:
    """Return the options of a question that offers some (`choose color: red|blue`), else none."""
    for step in reversed(semantic):
        if step.operation.startswith("choose") and "|" in step.argument:
            return frozenset(
                answer for option in _options(step) for answer in short_answers(option)
            )
    return frozenset()


def _options(step: SemanticStep) -> list[str]:
    text = _OBJECT_IDS.sub("", step.argument)
    if step.operation == "choose rel":
        text = text.split(",")[1] if text.count(",") >= 2 else text
    return [option.strip() for option in text.split("|")]


def short_answers(phrase: str) -> list[str]:
    """Return how GQA answers with a phrase: `to the left of` is answered `left`."""
    words = phrase.split()
    short = [word for word in words if word in ("left", "right", "front")]
    return short if len(words) > 1 and short else [phrase]
