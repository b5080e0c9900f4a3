"""The words of explanations: which describe things, and which name them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rex.evaluation.reading.asked_words import asked_nouns

if TYPE_CHECKING:
    from rex.gqa.questions import SemanticStep
    from rex.gqa.scene_graphs import SceneGraph

LONGEST_PHRASE = 4
"""Words of the longest phrase that is looked up."""
_GLUE = "\0"
_VAGUE = frozenset({"thing", "things", "person", "people"})


class Lexicon:
    """Which phrases describe things, and which name them."""

    def __init__(self, attributes: Iterable[str], names: Iterable[str]) -> None:
        self.attributes = frozenset(attributes)
        self.names = frozenset(names)
        self.with_and = sorted(one for one in self.attributes | self.names if " and " in one)
        """Phrases that contain an "and" ("black and white")."""

    def tokens(self, text: str) -> list[str]:
        """Return the words of a text; a phrase that contains an "and" is one."""
        if " and " not in text:
            return text.split()
        text = f" {' '.join(text.split())} "
        for phrase in self.with_and:
            text = text.replace(f" {phrase} ", f" {phrase.replace(' ', _GLUE)} ")
        return [token.replace(_GLUE, " ") for token in text.split()]

    def split_noun(self, words: Sequence[str]) -> tuple[list[str], str, list[str]] | None:
        """Return the adjectives and the noun that `words` start with, and what is left of them."""
        place = 0
        while place < len(words):
            noun = longest(words, place, self.names)
            attribute = longest(words, place, self.attributes)
            # "orange chair": a word of both kinds is an adjective where a noun follows
            if noun and not (attribute and longest(words, place + attribute, self.names)):
                end = place + noun
                return list(words[:place]), " ".join(words[place:end]), list(words[end:])
            if not attribute:
                return None
            place += attribute
        return None

    def split_relation(self, words: Sequence[str], *, region: bool) -> tuple[str, list[str]] | None:
        """Return the relation that `words` start with, and the noun phrase's words after it.

        `region` says that a region follows: then the noun phrase's words are adjectives.
        """
        starts = range(1, len(words) + 1) if region else range(1, len(words))
        for start in starts:
            rest = list(words[start:])
            if self.describe(rest) if region else self._is_noun_phrase(rest):
                return " ".join(words[:start]), rest
        return None

    def describe(self, words: Sequence[str]) -> bool:
        """Whether all the words are attributes."""
        return all(phrase in self.attributes for phrase in self.adjectives(words))

    def adjectives(self, words: Sequence[str]) -> Iterator[str]:
        """Yield the attributes among `words`, unknown words one by one."""
        place = 0
        while place < len(words):
            size = longest(words, place, self.attributes) or 1
            yield " ".join(words[place : place + size])
            place += size

    def is_value(self, text: str) -> bool:
        """Whether the text is one attribute or name."""
        return text in self.attributes or text in self.names

    def _is_noun_phrase(self, words: Sequence[str]) -> bool:
        found = self.split_noun(words[1:] if words[0] == "any" else words)
        return found is not None and not found[2]


def longest(
    words: Sequence[str], place: int, known: Collection[str], most: int = LONGEST_PHRASE
) -> int:
    """Return how many words from `place` on form the longest known phrase (0: none)."""
    for size in range(min(most, len(words) - place), 0, -1):
        if " ".join(words[place : place + size]) in known:
            return size
    return 0


def build_lexicon(
    graphs: Iterable[SceneGraph] = (), programs: Iterable[Sequence[SemanticStep]] = ()
) -> Lexicon:
    """Return the words of GQA's categories and classes, and those that scene graphs use beside.

    Things may also be called by the nouns of `programs`: what is asked for may be in no image.
    """
    from rex.gqa.ontology import CLASS_NAMES, WORD_CATEGORIES, plural

    attributes = set(WORD_CATEGORIES)
    names = {*_VAGUE, *CLASS_NAMES, *(name for some in CLASS_NAMES.values() for name in some)}
    names |= asked_nouns(programs)
    for graph in graphs:
        for thing in graph.objects.values():
            attributes.update(thing.attributes)
            names.add(thing.name)
    return Lexicon(attributes, names | {plural(name) for name in names})
