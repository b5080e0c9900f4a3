"""English explanations with boxes, as the tokens that explanations are read from.

"The wine glass [box] is to the right of the man [box]." becomes `#0 is to the right of #1`:
phrases with boxes become regions, articles go, and several sentences become one. What is then of
the grammar of `rex.evaluation.reading.statements` can be read; what `rex.programs.wording` says is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rex.evaluation.reading.lexicon import LONGEST_PHRASE, Lexicon
from rex.evaluation.reading.statements import SIDES
from rex.tokens import region_token

if TYPE_CHECKING:
    from rex.exchange.marked import Marked, Mention
    from rex.gqa.questions import SemanticStep
    from rex.gqa.scene_graphs import SceneGraph

_ARTICLES = frozenset({"the", "a", "an"})
_SIDE = re.compile(rf"\b({'|'.join(SIDES)}) of the (?:image|picture|photo|photograph)\b")
_VERDICT = re.compile(r"\s*(?:yes|no)\s*[,.;:]\s*")
_WORD = re.compile(r"[^\s.,;:!?]+(?:[.,:][^\s.,;:!?]+)*|[.;:!?]")
_COUNT = r"(?:one|two|three|four|five|six|seven|\d+) of the "
_COUNTED = re.compile(rf"{_COUNT}\Z")
_COUNTS = re.compile(_COUNT)
_SAID = (
    *SIDES,
    "to the left of",
    "to the right of",
    "the scene is",
    "the scene are",
    "the weather is",
)
"""Phrases whose articles stay."""


class Word(NamedTuple):
    """A word of the text, or `#i`; characters `start` to `end`."""

    text: str
    start: int
    end: int


class English:
    """What English is read with: the lexicon, and the phrases in which articles belong."""

    def __init__(self, lexicon: Lexicon, relations: Iterable[str]) -> None:
        self.lexicon = lexicon
        phrases = {*_SAID, *relations, *lexicon.attributes, *lexicon.names}
        self._kept = frozenset(one for one in phrases if not _ARTICLES.isdisjoint(one.split()))
        self._longest = max(len(one.split()) for one in self._kept)

    def tokens(
        self, marked: Marked, names: Collection[str] = ()
    ) -> tuple[str, list[tuple[float, ...]]]:
        """Return the tokens of a text, and the boxes that its `#i` name, then those of no phrase.

        `names` are those of the image's objects: where a phrase could be longer or shorter ("young
        man"), they decide. Boxes are numbers as they were written; equal ones are one.
        """
        numbers: dict[tuple[float, ...], int] = {}
        text = _verdict_blanked(marked.text.lower())
        words = [Word(found[0], *found.span()) for found in _WORD.finditer(text)]
        for mention in marked.mentions:
            regions = [numbers.setdefault(box, len(numbers)) for box in mention.boxes]
            named = " and ".join([region_token(one) for one in regions])
            words = self._named(words, mention, named, text, names)
        for box in marked.loose:
            numbers.setdefault(box, len(numbers))
        return " ".join(self._plain(words)), list(numbers)

    def _named(
        self,
        words: list[Word],
        mention: Mention,
        named: str,
        text: str,
        names: Collection[str],
    ) -> list[Word]:
        """Return the words with those of a mention replaced by regions."""
        if mention.start >= 0 and mention.end >= 0:
            first, last = mention.start, mention.end
        elif mention.end < 0:
            counts = _COUNTS.match(text, mention.start)
            first = mention.start if counts is None else counts.end()
            first, last = mention.start, self._noun_after(words, first, names)
        else:
            first, last = self._noun_before(words, mention.end, names), mention.end
            counted = _COUNTED.search(text[:first])
            first = first if counted is None else counted.start()
        before = [word for word in words if word.end <= first]
        after = [word for word in words if word.start >= last]
        return [*before, Word(named, first, last), *after]

    def _noun_before(self, words: Sequence[Word], end: int, names: Collection[str]) -> int:
        """Return where the longest name that ends at `end` starts; else the last word."""
        ahead = [word for word in words if word.end <= end][-LONGEST_PHRASE:]
        for known in (names, self.lexicon.names):
            for place in range(len(ahead)):
                if " ".join([word.text for word in ahead[place:]]) in known:
                    return ahead[place].start
        return ahead[-1].start if ahead else end

    def _noun_after(self, words: Sequence[Word], start: int, names: Collection[str]) -> int:
        """Return where the longest name that starts at `start` ends; else the first word."""
        ahead = [word for word in words if word.start >= start][:LONGEST_PHRASE]
        for known in (names, self.lexicon.names):
            for size in range(len(ahead), 0, -1):
                if " ".join([word.text for word in ahead[:size]]) in known:
                    return ahead[size - 1].end
        return ahead[0].end if ahead else start

    def _plain(self, words: Sequence[Word]) -> list[str]:
        """Return the words without articles, sentences joined by "and"."""
        texts = [word.text for word in words]
        while texts and texts[-1] in ".;:!?":
            texts.pop()
        found: list[str] = []
        place = 0
        while place < len(texts):
            size = self._kept_size(texts, place)
            if size:
                found += texts[place : place + size]
                place += size
                continue
            word = texts[place]
            if word in ".;:!?":
                if found and found[-1] != "and":
                    found.append("and")
            elif word not in _ARTICLES:
                found.append(word)
            elif word == "the" and texts[place + 1 : place + 2] == ["other"]:
                place += 1
            place += 1
        return found

    def _kept_size(self, texts: Sequence[str], place: int) -> int:
        """Return how many words from `place` on are a phrase whose articles stay (0: none)."""
        for size in range(min(self._longest, len(texts) - place), 1, -1):
            if " ".join(texts[place : place + size]) in self._kept:
                return size
        return 0


def _verdict_blanked(text: str) -> str:
    """Return the text with what says no more blanked: "yes," at its start, "of the image"."""
    verdict = _VERDICT.match(text)
    if verdict is not None:
        text = " " * verdict.end() + text[verdict.end() :]
    return _SIDE.sub(lambda found: found[1].ljust(len(found[0])), text)


def build_english(
    lexicon: Lexicon, graphs: Iterable[SceneGraph], programs: Iterable[Sequence[SemanticStep]]
) -> English:
    """Return what English is read with, from scene graphs and the programs of questions."""
    from rex.evaluation.reading.asked_words import asked_words

    relations = {
        relation.name
        for graph in graphs
        for thing in graph.objects.values()
        for relation in thing.relations
    }
    for program in programs:
        relations |= asked_words(program).relations
    return English(lexicon, relations)
