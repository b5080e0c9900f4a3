"""An explanation as an English sentence: names for regions, articles, verbs that agree."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from rex.boxes import GRID
from rex.gqa.ontology import HYPERNYMS, WORD_CATEGORIES
from rex.programs.english import article, cased, indefinite, is_plural, ordinal
from rex.programs.phrase_wording import implies, is_material
from rex.reporting.examples import Word
from rex.tokens import is_region

_ROWS = ("top", "upper", "lower", "bottom")
_COLUMNS = ("left", "middle-left", "middle-right", "right")

_BE = frozenset({"is", "are"})
_DETERMINERS = frozenset({"the", "a", "an", "no", "any", "other"})
_JOINING = frozenset({"and", "but"})
_BEFORE_NOUN = frozenset({"no", "not", "neither", "nor"})
"""Words that may stand between a form of `be` and the noun after it, besides adjectives."""


@dataclass(frozen=True)
class _Part:
    """A word, or all words that name a thing (`noun`): a region's, or one known by name alone."""

    text: str
    noun: bool = False
    region: int | None = None


def sentence_of(
    words: Sequence[Word],
    names: Mapping[int, str],
    objects: Collection[str] = (),
    attributes: Collection[str] = (),
) -> str:
    """Return an explanation in English, without capital and full stop.

    `names` is what the regions are called; `objects` and `attributes` are the names that the
    detector knows, besides those of GQA's ontology.
    """
    adjectives = {word for name in attributes for word in name.split()}
    nouns = (set(objects) - adjectives) | (HYPERNYMS.keys() - WORD_CATEGORIES.keys() - adjectives)
    adjectives |= WORD_CATEGORIES.keys() - nouns
    parts = _agreeing(_parts(words, names, nouns), adjectives)
    return _plainer(" ".join(_with_articles(parts, adjectives)))


_NOT_MADE = re.compile(r"\bnot made of (.+?) but made of (stainless steel|\S+)")
_THAT_IS_NOT = re.compile(r"\bthat (is|are) not (stainless steel|\S+)")


def _plainer(text: str) -> str:
    """Return the text as one would say it: what things are made of, names in their case."""

    def made(match: re.Match[str]) -> str:
        of = " made of" if is_material(match[2], "") else ""
        return f"that {match[1]} not{of} {match[2]}"

    text = _THAT_IS_NOT.sub(made, _NOT_MADE.sub(r"made of \2, not \1", text))
    return cased(text.split(" "))


def cell_name(cell: int) -> str:
    """Return where a cell (1 to 16) of the image lies, in words."""
    row, column = divmod(cell - 1, GRID)
    return f"the {_ROWS[row]} {_COLUMNS[column]} of the image"


def _parts(words: Sequence[Word], names: Mapping[int, str], nouns: Collection[str]) -> list[_Part]:
    parts: list[_Part] = []
    place = 0
    while place < len(words):
        word = words[place]
        end = place + 1
        if word.region is not None and is_region(word.text):
            parts.append(_Part(names.get(word.region, "object"), noun=True, region=word.region))
        elif word.region is not None:
            # a region's name may have several words; each #i is an object of its own
            while end < len(words) and words[end].region == word.region:
                if is_region(words[end].text):
                    break
                end += 1
            name = " ".join(one.text for one in words[place:end])
            parts.append(_Part(name, noun=True, region=word.region))
        elif word.cell is not None:
            parts.append(_Part(cell_name(word.cell)))
        else:
            plain = list(takewhile(lambda one: one.region is None, words[place : place + 3]))
            texts = [" ".join(one.text for one in plain[:n]) for n in range(len(plain), 0, -1)]
            name = next((text for text in texts if text in nouns), "")
            parts.append(_Part(name or word.text, noun=bool(name)))
            end = place + max(1, len(name.split()))
        place = end
    return parts


def _agreeing(parts: Sequence[_Part], adjectives: Collection[str]) -> list[_Part]:
    """Return the parts with every `is` and `are` as its subject wants it.

    The detector may call an object "bottle" that the run, trained on another name, has as plural.
    """
    agreeing = list(parts)
    # whether the subject is plural (None: unknown): of the clause, then of the relative clauses
    # that are open in it
    subjects: list[bool | None] = [None]
    subject_at = -1
    latest: bool | None = None
    waiting, joined, said = True, False, False
    for place, part in enumerate(parts):
        before = parts[place - 1].text if place else ""
        if part.noun:
            latest = is_plural(part.text)
            if waiting:
                subjects[-1] = joined or latest
                subject_at = place
            waiting = joined = False
        elif part.text in _BE:
            after = parts[place + 1 :]
            number = _number_after(after, adjectives) if before == "there" else subjects[-1]
            if after and after[0].text in ("both", "all"):
                number = True
            if number is not None:
                agreeing[place] = _Part("are" if number else "is")
            waiting = False
            if len(subjects) > 1:
                subjects.pop()
            else:
                said = True
        elif part.text == "that":
            # "that is not white" is said of the thing before, "that the girl is wearing" is not
            subjects.append(latest)
            waiting = True
        elif part.text in _JOINING:
            joined = part.text == "and" and subject_at == place - 1 and not said
            waiting = joined or said
            said = False
        elif part.text not in adjectives:
            waiting = False
    return agreeing


def _number_after(parts: Sequence[_Part], adjectives: Collection[str]) -> bool | None:
    """Return whether the noun that follows "there is" is plural; None when none is known."""
    for part in parts:
        if part.noun:
            return is_plural(part.text)
        if part.text not in adjectives and part.text not in _BEFORE_NOUN:
            return None
    return None


def _with_articles(parts: Sequence[_Part], adjectives: Collection[str]) -> list[str]:
    """Return the words, with an article before what is a noun.

    After "there is" and as what something is, a thing is new ("a dog"); else a region is known
    ("the dog"), or one of several ("the other dog").
    """
    said: list[str] = []
    named: dict[str, list[int]] = {}
    new = exists = False
    wall = 0
    for part in parts:
        if part.noun:
            # the brown cow: the article goes before what is said of it
            place = len(said)
            while place > wall and said[place - 1] in adjectives:
                place -= 1
            said[place:] = [word for word in said[place:] if not implies(part.text, word)]
            lead = said[place - 1] if place else ""
            which = _which(part, named) if place == len(said) else 0
            if lead == "any" and indefinite(part.text):
                said[place - 1] = article([*said[place:], part.text][0])
            elif lead in _DETERMINERS:
                pass
            elif new and (exists or not (part.region is not None and lead == "but")):
                if indefinite(part.text):
                    first = article([*said[place:], part.text][0])
                    said.insert(place, "another" if which else first)
            elif part.region is not None or indefinite(part.text):
                said.insert(
                    place, ("the", "the other")[which] if which < 2 else f"the {ordinal(which)}"
                )
        elif part.text in _BE:
            new, exists = True, said[-1:] == ["there"]
        elif part.text in _JOINING:
            new = new and (exists or part.text == "but")
        elif new and not exists and part.text.endswith("ing"):
            # is eating the carrot: no eating carrot
            new, wall = False, len(said) + 1
        elif part.text not in adjectives and part.text not in _BEFORE_NOUN:
            new = False
        said.append(part.text)
    return said


def _which(part: _Part, named: dict[str, list[int]]) -> int:
    """Return how many other regions of the same name were named before."""
    if part.region is None:
        return 0
    regions = named.setdefault(part.text, [])
    if part.region not in regions:
        regions.append(part.region)
    return regions.index(part.region)
