"""English explanations with boxes, as the tokens that explanations are read from.

"The wine glass [box] is to the right of the man [box]." becomes `#0 is to the right of #1`:
phrases with boxes become regions, articles go, and several sentences become one. What is then of
the grammar of `rex.evaluation.reading.statements` can be read; what `rex.programs.wording` says is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from rex.evaluation.reading.asked_words import asked_words
from rex.evaluation.reading.facts import Fact, Ref
from rex.evaluation.reading.lexicon import LONGEST_PHRASE, build_lexicon, longest
from rex.evaluation.reading.statements import SIDES
from rex.gqa.ontology import WORD_CATEGORIES
from rex.programs.english import indefinite, many, number, ordinal
from rex.programs.facts import same_word
from rex.programs.phrase_wording import VAGUE_NOUNS
from rex.programs.rendering import SAME_SAID
from rex.tokens import region_token

if TYPE_CHECKING:
    from rex.exchange.marked import Marked, MarkedPhrase
    from rex.gqa.questions import SemanticStep
    from rex.gqa.scene_graphs import SceneGraph

_ARTICLES = frozenset({"the", "a", "an"})
_NUMBERS = frozenset(map(number, range(1, 11)))
_ORDINALS = frozenset(map(ordinal, range(1, 10)))
_DETERMINERS = _ARTICLES | _ORDINALS | {"another", "other", "more", "same", "some", "yet"}
"""Words before a noun that say nothing of what it names."""
_COUNTING = frozenset({"of", "the", "piece", "pieces", "pair", "pairs"})
"""What may follow a number: "one of the pieces of furniture"."""
_IMAGE = "(?:image|picture|photo|photograph|scene)"
_SIDE = re.compile(rf"\b({'|'.join(SIDES)}) of the {_IMAGE}\b")
_WITHIN = re.compile(
    rf"(?<!\bis )(?<!\bare )\bin th(?:e|is) ({_IMAGE})(?=\s*(?:[.,;:!?]|$|(?:is|are|and|but)\b))"
)
_VERDICT = re.compile(r"\s*(?:yes|no)\s*[,.;:]\s*")
_WORD = re.compile(r"[^\s.,;:!?]+(?:[.,:][^\s.,;:!?]+)*|[.,;:!?]")
_STOPS = ".;:!?"
_COPULA = ("is", "are")
_NAMELESS = VAGUE_NOUNS | {"things"}
"""Words for boxes that name nothing: "it [box] is green"."""
_SAID = (*SIDES, *SAME_SAID, "to the left of", "to the right of", "the scene is", "the weather is")
"""Phrases whose articles stay."""


LONGEST = 4000
"""Characters of an explanation that is still read; true ones have about a hundred at most."""
MOST_BOXES = 64
"""Boxes of a reply that count; those beyond are one, which points nowhere."""
_BEYOND = (-1.0, -1.0, -1.0, -1.0)
_TOO_LONG = "…"


class EnglishWord(NamedTuple):
    """A word of the text, or the regions of a phrase; characters `start` to `end`."""

    text: str
    start: int
    end: int
    noun: str = ""
    """What the text calls the regions."""


class Tokens(NamedTuple):
    """What English is as tokens."""

    text: str
    boxes: list[tuple[float, ...]]
    """Of the regions `#i`, as they were written; then those of no phrase. At most `MOST_BOXES`, and
    one more, in no image, for all others."""
    called: list[Fact]
    """What phrases call their boxes: not said in the text, but taken as known."""


class English:
    """What English is read with: the lexicon, and the phrases in which articles belong."""

    def __init__(
        self, graphs: Collection[SceneGraph], programs: Iterable[Sequence[SemanticStep]]
    ) -> None:
        """Take the words and relations of scene graphs, and of the programs of questions."""
        programs = list(programs)
        self.lexicon = lexicon = build_lexicon(graphs, programs)
        relations = {
            relation.name
            for graph in graphs
            for thing in graph.objects.values()
            for relation in thing.relations
        }
        for program in programs:
            relations |= asked_words(program).relations
        phrases = {*_SAID, *relations, *lexicon.attributes, *lexicon.names} - _ARTICLES
        self._kept = frozenset(one for one in phrases if not _ARTICLES.isdisjoint(one.split()))
        self._longest = max(len(one.split()) for one in self._kept)
        self._singular = {many(name): name for name in sorted(lexicon.names) if indefinite(name)}

    def tokens(self, marked: Marked, graph: SceneGraph | None = None) -> Tokens:
        """Return the tokens of a text, the boxes that its `#i` name, and what it calls them.

        Where a phrase could be longer or shorter ("young man"), or spelled otherwise ("wooden"),
        the names and attributes of the image's objects decide. Boxes are numbers as they were
        written; equal ones are one. A text of more than `LONGEST` characters is unreadable.
        """
        if len(marked.text) > LONGEST:
            return Tokens(_TOO_LONG, _as_written(_numbered(marked.boxes())), [])
        things = () if graph is None else graph.objects.values()
        names = {thing.name for thing in things}
        names |= set(map(many, names))
        attributes = {word for thing in things for word in thing.attributes}
        numbers = _numbered(marked.boxes())
        called: list[Fact] = []
        text = _within_blanked(_verdict_blanked(marked.text.lower()), marked.mentions, names)
        words = [EnglishWord(found[0], *found.span()) for found in _WORD.finditer(text)]
        for mention in marked.mentions:
            regions = [numbers[box] for box in mention.boxes]
            first, last = self._extent(words, mention, names)
            named = " and ".join([region_token(one) for one in regions])
            before = [word for word in words if word.end <= first]
            after = [word for word in words if word.start >= last]
            noun = text[first:last]
            words = [*before, EnglishWord(named, first, last, noun), *after]
            noun = noun if noun in names else self._singular.get(noun, noun)
            if noun in self.lexicon.names and noun not in VAGUE_NOUNS:
                called += [Fact("is", (Ref(region),), noun, main=False) for region in regions]
        tokens = self._described(self._without_articles(_indefinite(words)))
        for change in (self._of_each, _agreeing, _denials, _made, self._sentences):
            tokens = change(tokens)
        said = " ".join([_spelled(token, attributes) for token in tokens])
        return Tokens(said, _as_written(numbers), called)

    def _extent(
        self, words: Sequence[EnglishWord], mention: MarkedPhrase, names: Collection[str]
    ) -> tuple[int, int]:
        """Return the characters of a mention: where only one end is known, those of a name."""
        if mention.start >= 0 and mention.end >= 0:
            return mention.start, mention.end
        if mention.end >= 0:
            ahead = [word for word in words if word.end <= mention.end][-LONGEST_PHRASE:]
            ends = [ahead[place:] for place in range(len(ahead))]
            return (self._name(ends, names)[0].start if ahead else mention.end), mention.end
        ahead = [word for word in words if word.start >= mention.start]
        skipped = 0
        while skipped < len(ahead) and ahead[skipped].text in _DETERMINERS | _NUMBERS:
            skipped += 1
        rest = ahead[skipped : skipped + LONGEST_PHRASE]
        if skipped and (not rest or rest[0].text in _COPULA):
            return mention.start, ahead[skipped - 1].end
        starts = [rest[:size] for size in range(len(rest), 0, -1)]
        return mention.start, self._name(starts, names)[-1].end if rest else mention.start

    def _name(
        self, phrases: Sequence[list[EnglishWord]], names: Collection[str]
    ) -> list[EnglishWord]:
        """Return the first phrase that is a name, in the image or at all; else the last one."""
        for known in (names, self.lexicon.names):
            for words in phrases:
                if " ".join([word.text for word in words]) in known:
                    return words
        return phrases[-1]

    def _without_articles(self, texts: Sequence[str]) -> list[str]:
        """Return the words without articles, and without what else determines a noun."""
        found: list[str] = []
        place = 0
        while place < len(texts):
            size = longest(texts, place, self._kept, self._longest)
            if size:
                found += texts[place : place + size]
                place += size
                continue
            dropped = self._determiners(texts, place)
            if not dropped:
                found.append(texts[place])
            place += dropped or 1
        return found

    def _described(self, texts: Sequence[str]) -> list[str]:
        """Return "white red #0" for "white and red #0", the colors of one thing."""

        def joins(place: int) -> bool:
            first = next(
                (at for at in (place - 2, place - 1) if _are_color(texts[max(at, 0) : place])),
                place,
            )
            before = list(texts[: max(first, 0)])
            # "#0 is white and red #1 is tall" is of two things
            opens = not (before and before[-1] in _COPULA) or before[-2:-1] == ["there"]
            whole = " ".join(texts[place - 1 : place + 2]) in self.lexicon.with_and
            colors = first < place and any(_are_color(texts[place + 1 : place + n]) for n in (2, 3))
            return colors and opens and not whole and self._noun_follows(texts, place + 1)

        return [text for place, text in enumerate(texts) if text != "and" or not joins(place)]

    def _of_each(self, texts: Sequence[str]) -> list[str]:
        """Return "there are white #0 and white #1" for one phrase of both, "white #0 and #1"."""
        start = 2 if texts[:2] == ["there", "are"] else len(texts)
        place = next((at for at in range(start, len(texts)) if texts[at][0] == "#"), len(texts))
        lead = list(texts[start:place])
        if not lead or place == len(texts) or not self.lexicon.describe(lead):
            return list(texts)
        # what follows is said of all
        if texts[place + 1 : place + 2] and texts[place + 1] not in ("and", "but", ",", *_STOPS):
            return list(texts)
        each = texts[place].replace(" and ", f" and {' '.join(lead)} ")
        return [*texts[:place], each, *texts[place + 1 :]]

    def _determiners(self, texts: Sequence[str], place: int) -> int:
        """Return how many words from `place` on determine the noun that follows (0: none do)."""
        end = place
        if texts[end] in _NUMBERS or texts[end : end + 3] == ["some", "of", "the"]:
            end += 1
            while end < len(texts) and texts[end] in _COUNTING:
                end += 1
        while end < len(texts) and texts[end] in _DETERMINERS:
            end += 1
        if end == place or texts[place] in _ARTICLES:
            return end - place
        return end - place if self._noun_follows(texts, end) else 0

    def _noun_follows(self, texts: Sequence[str], place: int) -> bool:
        ahead = list(texts[place : place + 2 * LONGEST_PHRASE])
        until = next((at for at, text in enumerate(ahead) if text.startswith("#")), None)
        if until is not None and self.lexicon.describe(ahead[:until]):
            return True
        return self.lexicon.split_noun(ahead) is not None

    def _sentences(self, texts: Sequence[str]) -> list[str]:
        """Return sentences joined by "and", and clauses that a comma parts."""
        found: list[str] = []
        for place, text in enumerate(texts):
            if text not in (*_STOPS, ","):
                found.append(text)
                continue
            follows = texts[place + 1 : place + 2]
            parts = text != "," or self._noun_follows(texts, place + 1)
            if found and follows and parts and found[-1] != "and" and follows != ["and"]:
                found.append("and")
        return found


def _numbered(boxes: Iterable[tuple[float, ...]]) -> dict[tuple[float, ...], int]:
    """Return the region that each box is, in order of mention; the last is all beyond the most."""
    different = dict.fromkeys(boxes)
    return {box: min(place, MOST_BOXES) for place, box in enumerate(different)}


def _as_written(numbers: Mapping[tuple[float, ...], int]) -> list[tuple[float, ...]]:
    beyond = [_BEYOND] if len(numbers) > MOST_BOXES else []
    return [*islice(numbers, MOST_BOXES), *beyond]


def _are_color(texts: Sequence[str]) -> bool:
    return "color" in WORD_CATEGORIES.get(" ".join(texts), ())


def _verdict_blanked(text: str) -> str:
    """Return the text with what says no more blanked: "yes," at its start, "of the image"."""
    verdict = _VERDICT.match(text)
    if verdict is not None:
        text = " " * verdict.end() + text[verdict.end() :]
    return _SIDE.sub(lambda found: found[1].ljust(len(found[0])), text)


def _within_blanked(text: str, mentions: Sequence[MarkedPhrase], names: Collection[str]) -> str:
    """Return the text with "in the picture" blanked, unless that is an object of the image."""

    def blanked(found: re.Match[str]) -> str:
        ends = range(found.start() + 1, found.end() + 1)
        boxed = any(one.start in ends or one.end in ends for one in mentions)
        return found[0] if boxed or found[1] in names else " " * len(found[0])

    return _WITHIN.sub(blanked, text)


def _indefinite(words: Sequence[EnglishWord]) -> list[str]:
    """Return the words; what the text starts with is named: "a man [box] is …" says it is one.

    "It is a hat [box] that …" becomes "[box] that … is a hat".
    """
    texts = [word.text for word in words]
    while texts and texts[-1] in _STOPS:
        texts.pop()
    there = texts[:2] in (["there", "is"], ["there", "are"])
    it_is = texts[:2] in (["it", "is"], ["they", "are"])
    start = 2 if there or it_is else 0
    place = next((at for at, word in enumerate(words) if word.noun), len(texts))
    lead = texts[start:place]
    if place >= len(texts) or not _opens(lead):
        return texts
    noun, named = words[place].noun.split(), texts[place]
    verb = "are" if " " in named else "is"
    if it_is:
        return [*lead, *texts[place:], verb, *noun]
    # several may be called by what is true of none alone
    if noun[-1] in _NAMELESS or (there and (verb == "are" or texts[place + 1 :])):
        return texts
    return [named, verb, *noun, "and", *texts]


def _opens(lead: Sequence[str]) -> bool:
    """Return whether words before a noun leave open which one it is: "a", "some", or none."""
    if lead and lead[0] in ("a", "an", "some"):
        return lead[1:2] != ["of"]
    closed = {*_DETERMINERS, *_NUMBERS, *_COPULA, ",", "no", "neither", "any", "that", "and"}
    return closed.isdisjoint(lead)


def _denials(texts: Sequence[str]) -> list[str]:
    """Return "is not metal but wood" for "is wood, not metal"."""
    found = list(texts)
    for comma in [at for at, text in enumerate(texts) if texts[at : at + 2] == [",", "not"]][::-1]:
        be = max((at for at in range(comma) if texts[at] in _COPULA), default=-1)
        end = next(
            (at for at in range(comma + 2, len(found)) if found[at] in ("and", "but", *_STOPS)),
            len(found),
        )
        instead, denied = found[be + 1 : comma], found[comma + 2 : end]
        if be >= 0 and instead[:2] == ["made", "of"] != denied[:2]:
            denied = ["made", "of", *denied]
        if be >= 0:
            found[be + 1 : end] = ["not", *denied, "but", *instead]
    return found


def _made(texts: Sequence[str]) -> list[str]:
    """Return "that is not wood" for "that is not made of wood", "is nike" for "is made by nike"."""
    text = re.sub(r" (is|are|not|but|nor|and) made by ", r" \1 ", f" {' '.join(texts)} ")
    return re.sub(r" (that (?:is|are)(?: not)?) made of ", r" \1 ", text).split()


def _agreeing(texts: Sequence[str]) -> list[str]:
    """Return "are" for "is" after a phrase for several regions, and before "both" and "all"."""
    found = list(texts)
    for place in range(1, len(texts)):
        if texts[place] != "is":
            continue
        before = place - 1
        while before > 0 and texts[before - 1] not in ("and", "but", ","):
            before -= 1
        regions = [text for text in texts[before:place] if text.startswith("#")]
        several = " and " in texts[place - 1] and len(regions) == 1
        if several or texts[place + 1 : place + 2] in (["both"], ["all"]):
            found[place] = "are"
    return found


def _spelled(token: str, attributes: Collection[str]) -> str:
    """Return a word as the image's attributes spell it ("wooden": "wood")."""
    if token in attributes or (token != "wooden" and token != "wood"):
        return token
    return next((one for one in attributes if same_word(one, token)), token)
