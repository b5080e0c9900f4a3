"""What words mean in GQA: attributes by category, object names by class, gender of names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from rex.files import yaml_beside

_NAME_CATEGORIES = ("name", "place", "room", "type")


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.split(", ")))


_DATA: Any = yaml_beside(__file__, "words.yaml")

CATEGORY_WORDS: Mapping[str, tuple[str, ...]] = {
    category: _words(text) for category, text in _DATA["attributes"].items()
}
"""Category to its attribute words, the commonest first."""

CATEGORIES = frozenset({*CATEGORY_WORDS, *_NAME_CATEGORIES})
"""The categories that GQA's operations name (`filter color`, `choose place`)."""

WORD_CATEGORIES: Mapping[str, frozenset[str]] = {
    word: frozenset(category for category, words in CATEGORY_WORDS.items() if word in words)
    for words in CATEGORY_WORDS.values()
    for word in words
}
"""Attribute word to the categories it belongs to."""


_PLURALS: Mapping[str, str] = {
    **dict(pair.split() for pair in _words(_DATA["plurals"])),
    **{noun: noun for noun in _words(_DATA["unchanged"])},
}
"""The plural of a noun that follows no rule."""
_SINGULARS = {many: one for one, many in _PLURALS.items() if many != one}


def plural(noun: str) -> str:
    """Return the English plural of a noun or noun phrase ("wine glass": "wine glasses")."""
    before, blank, last = noun.rpartition(" ")
    if last in _PLURALS:
        return before + blank + _PLURALS[last]
    if last.endswith("man"):
        return f"{noun[:-3]}men"
    if last.endswith(("s", "x", "z", "ch", "sh")):
        return f"{noun}es"
    if last.endswith("y") and last[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def singulars(noun: str) -> Iterator[str]:
    """Yield a noun or noun phrase, and what it may be the plural of ("people": "person")."""
    yield noun
    before, blank, last = noun.rpartition(" ")
    if last in _SINGULARS:
        yield before + blank + _SINGULARS[last]
    for end in (noun[:-1], noun[:-2], f"{noun[:-3]}y"):
        if noun.endswith("s") and plural(end) == noun:
            yield end


def _with_plurals(names: Iterable[str]) -> frozenset[str]:
    listed = tuple(names)
    return frozenset({*listed, *(plural(name) for name in listed)})


CLASS_NAMES: Mapping[str, frozenset[str]] = {
    hypernym: _with_plurals(_words(names)) for hypernym, names in _DATA["objects"].items()
}
"""Class of objects (`animal`) to the names in it, singular and plural."""

_FEMALE = _with_plurals(_words(_DATA["genders"]["female"]))
_MALE = _with_plurals(_words(_DATA["genders"]["male"]))


def _hypernyms() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for hypernym, names in CLASS_NAMES.items():
        classes = [hypernym]
        while wider := _DATA["wider"].get(classes[-1]):
            classes.append(wider)
        for name in names:
            found.setdefault(name, set()).update(classes)
    return {name: frozenset(classes) for name, classes in found.items()}


HYPERNYMS: Mapping[str, frozenset[str]] = _hypernyms()
"""Object name to the classes it belongs to (`cat`: `animal`)."""


@lru_cache(maxsize=1 << 16)
def is_a(name: str, wanted: str) -> bool:
    """Return whether an object called `name` is what `wanted` says: the same word or its class."""
    return (
        name == wanted
        or wanted in HYPERNYMS.get(name, ())
        or plural(wanted) == name
        or plural(name) == wanted
    )


def gender(name: str) -> str | None:
    """Return `male` or `female` where the name of a person says it ("girls": female), else None."""
    if name in _FEMALE:
        return "female"
    if name in _MALE:
        return "male"
    return None
