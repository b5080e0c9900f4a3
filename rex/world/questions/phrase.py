"""English for questions: patterns with their variables filled in, and GQA's word spans."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rex.programs.english import article, indefinite, is_mass, is_plural, many
from rex.programs.rendering import Absent, Leaf, Mention, Place, SentenceOnly

Phrase = tuple[Leaf, ...]
"""Words, and mentions of objects."""

_NOUN_OF_CLASS = {
    "furniture": "piece of furniture",
    "clothing": "clothing item",
    "food": "food item",
    "tableware": "piece of tableware",
}
_FIELD = re.compile(r"\{([^}]*)\}")
_OPTIONAL = re.compile(r"\[([^]]*)\]")
_EITHER = re.compile(r"\(([^)]*\|[^)]*)\)")


def class_noun(name: str) -> str:
    """Return how one thing of a class is called (`furniture`: `piece of furniture`)."""
    return _NOUN_OF_CLASS.get(name, name)


def adjective(word: str) -> str:
    """Return how an attribute word stands before its noun (`wood`: `wooden`)."""
    return "wooden" if word == "wood" else word


def predicate(category: str, word: str) -> str:
    """Return how an attribute word stands after `is`."""
    return f"made of {word}" if category == "material" else word


def is_are(noun: str) -> str:
    """Return the verb that goes with a noun."""
    return "are" if is_plural(noun) else "is"


def variables(pattern: str) -> set[str]:
    """Return the names of the variables of a pattern."""
    return {field.rpartition(" ")[2] for field in _FIELD.findall(pattern)}


def fill(pattern: str, values: Mapping[str, Phrase], random: np.random.Generator) -> Phrase:
    """Put values into a pattern.

    `{x}` stands for a value, `{a x}` for it with its article, `{many x}` for its plural, `{is x}`,
    `{does x}` and `{are x}` (of the plural) for the verb that agrees with it. Of `(one|another)`
    one is said; `[words]` are said half of the time.
    """
    pattern = _OPTIONAL.sub(lambda match: match[1] if random.integers(2) else "", pattern)

    def either(match: re.Match[str]) -> str:
        words = match[1].split("|")
        return words[int(random.integers(len(words)))]

    words: list[Leaf] = []
    for place, piece in enumerate(_FIELD.split(_EITHER.sub(either, pattern))):
        if place % 2:
            helper, _, name = piece.rpartition(" ")
            words += HELPERS[helper](values[name])
        elif piece.strip():
            words.append(piece.strip())
    return tuple(words)


def _noun(value: Phrase) -> str:
    """Return the words that a verb agrees with: the first object's, else the first words."""
    mentions = [leaf.name for leaf in value if isinstance(leaf, Mention)]
    return mentions[0] if mentions else str(value[0])


def _with_article(value: Phrase) -> Phrase:
    noun = _noun(value)
    return (article(noun), *value) if indefinite(noun) else value


def _plural(value: Phrase) -> Phrase:
    noun = value[0]
    return (
        Mention(noun.object_id, many(noun.name)) if isinstance(noun, Mention) else many(str(noun)),
    )


HELPERS: dict[str, Callable[[Phrase], Phrase]] = {
    "": lambda value: value,
    "a": _with_article,
    "many": _plural,
    "is": lambda value: (is_are(_noun(value)),),
    "are": lambda value: ("is" if is_mass(_noun(value)) else "are",),
    "does": lambda value: ("do" if is_plural(_noun(value)) else "does",),
}
"""What may stand before a variable."""


def say(leaves: Sequence[Leaf], end: str) -> tuple[str, dict[str, str]]:
    """Join leaves to a sentence; return it and its word spans (`3` or `3:5`) with object ids."""
    words: list[str] = []
    spans: dict[str, str] = {}
    for leaf in leaves:
        if isinstance(leaf, str):
            text = leaf
        elif isinstance(leaf, Mention | Absent):
            text = leaf.name
        elif isinstance(leaf, SentenceOnly | Place):
            text = leaf.words
        else:
            continue
        if text.startswith(","):
            words[-1] += ","
            text = text[1:]
        first = len(words)
        words += text.split()
        if isinstance(leaf, Mention) and len(words) > first:
            span = str(first) if len(words) == first + 1 else f"{first}:{len(words)}"
            spans[span] = leaf.object_id
    sentence = " ".join(words) + end
    return sentence[0].upper() + sentence[1:], spans
