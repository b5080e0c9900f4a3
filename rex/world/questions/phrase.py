"""English with mentions of objects: words, articles, plurals, and GQA's word spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rex.gqa.ontology import gender, plural


@dataclass(frozen=True)
class Mention:
    """Words that stand for an object."""

    text: str
    object_id: str


Part = str | Mention


def say(parts: Sequence[Part], end: str) -> tuple[str, dict[str, str]]:
    """Join parts to a sentence; return it and its word spans (`3` or `3:5`) with object ids."""
    words: list[str] = []
    spans: dict[str, str] = {}
    for part in parts:
        text = part.text if isinstance(part, Mention) else part
        if text.startswith(","):
            words[-1] += ","
            text = text[1:]
        first = len(words)
        words += text.split()
        if isinstance(part, Mention):
            last = len(words)
            spans[str(first) if last == first + 1 else f"{first}:{last}"] = part.object_id
    sentence = " ".join(words) + end
    return sentence[0].upper() + sentence[1:], spans


def article(noun: str) -> str:
    """Return the noun with `a` or `an`, or bare when it is a plural or a mass noun."""
    if noun in UNCOUNTED:
        return noun
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def is_are(noun: str) -> str:
    """Return the verb that goes with a noun."""
    return "are" if noun in _PLURALS else "is"


def does_do(noun: str) -> str:
    """Return the auxiliary that goes with a noun."""
    return "do" if noun in _PLURALS else "does"


_PLURALS = frozenset({"pants"})
UNCOUNTED = frozenset({"pants", "bread"})
"""Names that take no article."""

_NOUN_OF_CLASS = {
    "furniture": "piece of furniture",
    "clothing": "clothing item",
    "food": "food item",
    "tableware": "piece of tableware",
}


def class_noun(name: str) -> str:
    """Return how one thing of a class is called (`furniture`: `piece of furniture`)."""
    return _NOUN_OF_CLASS.get(name, name)


def adjective(word: str) -> str:
    """Return how an attribute word stands before its noun (`wood`: `wooden`)."""
    return "wooden" if word == "wood" else word


def predicate(category: str, word: str) -> str:
    """Return how an attribute word stands after `is`."""
    if category == "material":
        return f"made of {word}"
    return word


def pronoun(noun: str) -> str:
    """Return the pronoun for a thing that was just named."""
    return {"male": "he", "female": "she"}.get(gender(noun) or "", "it")


_MANY = {"man": "men", "woman": "women", "sheep": "sheep", "pants": "pants", "bread": "bread"}


def many(name: str) -> str:
    """Return the plural of a name."""
    return _MANY.get(name, plural(name))


def at_times(words: str, random: np.random.Generator) -> str:
    """Return the words half of the time, else nothing."""
    return words if random.integers(2) else ""
