"""The little English that sentences need: number, mass nouns, articles, names, pronouns."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from rex.files import yaml_beside
from rex.gqa.ontology import gender, is_a, plural


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DATA: Any = yaml_beside(__file__, "words.yaml")
_SINGULAR_IN_S, _PLURAL_WORDS, _UNIQUE, _MASS_WORDS, _DISHES, _UNDIVIDED, _PAIRED = (
    _words(_DATA[kind])
    for kind in ("singular", "plural", "unique", "mass", "dishes", "undivided", "paired")
)
_COUNTED = frozenset(_DATA["counted"].split(", "))


@lru_cache(maxsize=16384)
def is_plural(noun: str) -> bool:
    """Return whether a noun phrase is plural ("clouds", "wine glasses", "people")."""
    last = noun.rpartition(" ")[2]
    if last in _SINGULAR_IN_S:
        return False
    if last in _PLURAL_WORDS or last.endswith("men"):
        return True
    return last.endswith("s") and not last.endswith(("ss", "us", "'s"))


@lru_cache(maxsize=16384)
def is_mass(noun: str) -> bool:
    """Return whether a noun takes no article and no plural ("snow", "orange juice")."""
    return noun.rpartition(" ")[2] in _MASS_WORDS and noun not in _COUNTED


def is_dish(noun: str, asked: str) -> bool:
    """Return whether a noun names what is eaten of an animal, where food is `asked` for."""
    return noun in _DISHES and is_a(asked, "food")


def unit_of(noun: str) -> str | None:
    """Return what several things of one name are counted by: "piece" of food, "pair" of pants.

    Empty: by themselves; None: they are not counted ("some of the hair", "some of the clouds").
    """
    last = noun.rpartition(" ")[2]
    if last in _PAIRED:
        return "pair"
    if is_mass(noun):
        return None if last in _UNDIVIDED else "piece"
    return None if is_plural(noun) else ""


@lru_cache(maxsize=16384)
def article(phrase: str) -> str:
    """Return `a` or `an` for the phrase that follows."""
    text = phrase.lower()
    vowel = text[:1] in "aeiou8" and not _LIKE_A_CONSONANT.match(text)
    return "an" if vowel or _LIKE_A_VOWEL.match(text) else "a"


_LIKE_A_CONSONANT = re.compile(
    r"one\b|onesie|once|e[uw]|u(?:ni(?![nm]|den)|s(?:[aeu]|b?\b)|t[eio]|r[aiu]|[kv]\b|ps\b|fo\b|kul|-)"
)
_LIKE_A_VOWEL = re.compile(
    r"(?:suv|rv|lcd|led|mp3|hd|nba|nfl|nhl|mlb|x-ray|herb|11|18)s?\b|xbox|hour|hono|honest|heir"
)


def is_unique(noun: str) -> bool:
    """Return whether an image shows one of what a noun names ("the sky")."""
    return noun in _UNIQUE


@lru_cache(maxsize=16384)
def indefinite(noun: str) -> bool:
    """Return whether a noun takes the article `a` or `an`: neither a plural nor a mass noun."""
    return not (is_plural(noun) or is_mass(noun))


@lru_cache(maxsize=16384)
def many(noun: str) -> str:
    """Return the plural of a noun that may be plural already or have none."""
    return noun if is_plural(noun) or is_mass(noun) else plural(noun)


@lru_cache(maxsize=16384)
def is_verbal(word: str) -> bool:
    """Return whether a description must follow its noun ("taking pictures", "looking up")."""
    first, _, rest = word.partition(" ")
    return bool(rest) and first.endswith("ing")


_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


def number(count: int) -> str:
    """Return a number in words as far as ten, else in figures."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def ordinal(place: int) -> str:
    """Return an ordinal (place 0: "first") in words as far as the ninth, else "next"."""
    return _ORDINALS[place] if place < len(_ORDINALS) else "next"


def pronoun(name: str, plural: bool) -> str:
    """Return what takes the place of a name that was just said, as a subject."""
    if plural:
        return "they"
    person = {"male": "he", "female": "she"}.get(gender(name) or "")
    return person or (f"the same {name}" if is_a(name, "person") else "it")


_CASED = {
    f"{word.lower()}{end}": f"{word}{end}" for end in ("", ",") for word in _words(_DATA["cased"])
}


_CASED_WORDS = frozenset(_CASED)


def company(name: str) -> str:
    """Return a company's name in its case ("coca cola": "Coca Cola")."""
    return " ".join([_CASED.get(word, word.title()) for word in name.split()])


def cased(words: list[str]) -> str:
    """Return words as a text, names and acronyms in their case ("wii", "controller": "Wii …")."""
    if _CASED_WORDS.isdisjoint(words):
        return " ".join(words)
    return " ".join([_CASED.get(word, word) for word in words])
