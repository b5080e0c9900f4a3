"""What words mean in GQA: attributes by category, object names by class, gender of names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from rex.gqa.attribute_words import ATTRIBUTE_WORDS
from rex.gqa.object_names import FEMALE_NAMES, MALE_NAMES, OBJECT_NAMES

_NAME_CATEGORIES = ("name", "place", "room", "type")


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(word.split()) for word in text.split(",")))


CATEGORY_WORDS: Mapping[str, tuple[str, ...]] = {
    category: _words(text) for category, text in ATTRIBUTE_WORDS.items()
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


_IRREGULAR_PLURALS = {
    "person": "people",
    "child": "children",
    "foot": "feet",
    "tooth": "teeth",
    "goose": "geese",
    "mouse": "mice",
    "ox": "oxen",
    "shelf": "shelves",
    "bookshelf": "bookshelves",
    "leaf": "leaves",
    "loaf": "loaves",
    "knife": "knives",
    "wife": "wives",
    "wolf": "wolves",
    "calf": "calves",
    "scarf": "scarves",
    "hoof": "hooves",
    "life": "lives",
    "half": "halves",
    "thief": "thieves",
    "stomach": "stomachs",
    "quiz": "quizzes",
    **{f"{word}o": f"{word}oes" for word in ("tomat", "potat", "her", "volcan", "ech")},
    **{word: f"{word}s" for word in ("human", "german", "roman", "shaman")},
    **dict.fromkeys(
        ("sheep", "fish", "deer", "moose", "bison", "elk", "shrimp", "squid", "salmon"), ""
    ),
    **dict.fromkeys(("aircraft", "watercraft", "series", "species", "offspring"), ""),
}
"""The plural of a noun; empty: it is the same."""


def plural(noun: str) -> str:
    """Return the English plural of a noun or noun phrase ("wine glass": "wine glasses")."""
    before, blank, last = noun.rpartition(" ")
    if last in _IRREGULAR_PLURALS:
        return before + blank + (_IRREGULAR_PLURALS[last] or last)
    if last.endswith("man"):
        return f"{noun[:-3]}men"
    if last.endswith(("s", "x", "z", "ch", "sh")):
        return f"{noun}es"
    if last.endswith("y") and last[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def _with_plurals(names: Iterable[str]) -> frozenset[str]:
    listed = tuple(names)
    return frozenset({*listed, *(plural(name) for name in listed)})


CLASS_NAMES: Mapping[str, frozenset[str]] = {
    hypernym: _with_plurals(_words(names)) for hypernym, names in OBJECT_NAMES.items()
}
"""Class of objects (`animal`) to the names in it, singular and plural."""

_WIDER: Mapping[str, tuple[str, ...]] = {
    "bird": ("animal",),
    "aircraft": ("vehicle",),
    "watercraft": ("vehicle",),
    "footwear": ("clothing",),
    "pastry": ("baked good",),
    "tree": ("plant",),
    "flower": ("plant",),
    "fruit": ("food",),
    "vegetable": ("food",),
    "meat": ("food",),
    "fast food": ("food",),
    "baked good": ("food",),
    "dessert": ("food",),
    "sauce": ("food",),
    "room": ("place",),
    "road": ("place",),
}

_FEMALE = _with_plurals(_words(FEMALE_NAMES))
_MALE = _with_plurals(_words(MALE_NAMES))


def _hypernyms() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for hypernym, names in CLASS_NAMES.items():
        for name in names:
            found.setdefault(name, set()).add(hypernym)
    for classes in found.values():
        pending = list(classes)
        while pending:
            for wider in _WIDER.get(pending.pop(), ()):
                if wider not in classes:
                    classes.add(wider)
                    pending.append(wider)
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
