"""Reading an explanation back: from tokens to the facts that it states.

The grammar is that of the explanations REX is trained on (`rex.programs.wording`): noun phrases
around regions, a copula, predicates. What a decoder makes up beyond it cannot be read.
"""

from __future__ import annotations

from collections.abc import Sequence

from rex.evaluation.reading.cursor import LINKS, Cursor, UnreadableError
from rex.evaluation.reading.facts import IT, Fact, Kind, Ref
from rex.evaluation.reading.lexicon import Lexicon
from rex.gqa.parsing import COMPARATIVES
from rex.programs import phrase_wording
from rex.programs.rendering import SAME_SAID


def read_statement(text: str, lexicon: Lexicon) -> tuple[Fact, ...]:
    """Return the facts of an explanation, in the order of its words.

    Raises UnreadableError when it is empty, very long, or not of the grammar.
    """
    tokens = lexicon.tokens(text)
    if len(tokens) > LONGEST:
        raise UnreadableError(f"more than {LONGEST} words")
    reader = _Reader(tokens, lexicon)
    reader.statements()
    return tuple(reader.facts)


LONGEST = 100
"""Words of an explanation that is still read; the longest true ones have about 30."""

SIDES = {said: side for side, said in phrase_wording.SIDES.items()}
"""How explanations say where something is, and the side."""


class _Reader(Cursor):
    """A recursive-descent reader; `facts` grows as it goes."""

    def __init__(self, tokens: Sequence[str], lexicon: Lexicon) -> None:
        super().__init__(tokens)
        self.lexicon = lexicon
        self.facts: list[Fact] = []

    def statements(self) -> None:
        self.statement()
        while self.place < len(self.tokens):
            if not (self.accept("and") or self.accept("but")):
                raise self.unreadable()
            self.statement()

    def statement(self) -> None:
        if self.accept("there"):
            self.copula()
            self.existences()
        elif self.next() == "the" and self.next(1) in ("scene", "weather"):
            self.place += 2
            self.copula()
            self.scene()
        else:
            subjects = self.subjects()
            self.copula()
            self.predicates(subjects)

    def existences(self) -> None:
        end, negated = self.clause_end(), False
        several = self.token(self.place - 1) == "are"
        while True:
            if self.accept("but"):
                negated = True
            if self.accept("no") or self.accept("neither"):
                negated = True
            # "there is no bus behind #1 and #2" does not say that there is no #2
            lists_to = end if negated else 0
            for ref in self.noun_phrase(lists_to=lists_to, group_to=end if several else 0):
                self.state("exists", (ref,), holds=not negated)
            if self.place >= end or self.next() not in ("and", "but", "nor"):
                return
            self.place += self.next() != "but"

    def scene(self) -> None:
        end, holds = self.clause_end(), not self.accept("not")
        self.state("scene", value=self.words(), holds=holds)
        if self.place < end and self.accept("but"):
            self.state("scene", value=self.words())

    def predicates(self, subjects: tuple[Ref, ...]) -> None:
        end, negated, neither = self.clause_end(), False, False
        while True:
            if self.accept("neither"):
                negated = neither = True
            if self.accept("not"):
                negated = True
            self.predicate(subjects, end, holds=not negated)
            if self.next() == "nor" and neither:
                self.place += 1
            elif (
                self.place < end
                and self.next() in ("and", "but")
                and not self.noun_phrase_starts(self.place + 1, region=True)
            ):
                negated = False
                self.place += 1
            else:
                return

    def predicate(self, subjects: tuple[Ref, ...], end: int, *, holds: bool) -> None:
        if self.accept("both") or self.accept("all"):
            self.accept_words("made of")
            self.state("shared", subjects, value=self.words())
            return
        if self.accept_words("located at"):
            self.state("at", subjects, value=self.cell(), holds=holds)
            return
        if self.accept_words("made of"):
            self.state("is", subjects, value=self.words(), holds=holds)
            return
        words = self.collect()
        side = SIDES.get(" ".join(words))
        if self.accept("than"):
            if " ".join(words) not in COMPARATIVES:
                raise self.unreadable()
            self.state("compared", subjects, " ".join(words), self.noun_phrases(end), holds=holds)
            return
        if side is None and (self.at_region() or not self.lexicon.is_value(" ".join(words))):
            found = self.lexicon.split_relation(words, region=self.at_region())
            if found is not None:
                relation, rest = found
                self.place -= len(rest)
                self.state("related", subjects, relation, self.noun_phrases(end), holds=holds)
                return
        if not words or self.at_region():
            raise self.unreadable()
        self.state("is", subjects, value=side or " ".join(words), holds=holds)

    def subjects(self) -> tuple[Ref, ...]:
        """Read the noun phrases before a copula.

        Before `is` there is one, so that an "and" joins what describes it: `#0 near #1 and #2 is`.
        """
        end = self.copula_place()
        return self.noun_phrases(end, lists_to=end if self.token(end) == "is" else 0)

    def noun_phrases(self, end: int, *, lists_to: int = 0) -> tuple[Ref, ...]:
        """Read noun phrases joined by "and", as far as the token `end`."""
        refs = self.noun_phrase(lists_to=lists_to)
        while self.place < end and self.next() == "and" and self.noun_phrase_starts(self.place + 1):
            self.place += 1
            refs += self.noun_phrase(lists_to=lists_to)
        return refs

    def noun_phrase(self, *, lists_to: int = 0, group_to: int = 0) -> tuple[Ref, ...]:
        """Read a noun phrase with all that describes it; return what it is about.

        As far as the token `lists_to`, an "and" joins noun phrases within the description; as far
        as `group_to`, regions that are described together.
        """
        self.accept("any")
        words = self.collect()
        found = self.lexicon.split_noun(words)
        if self.at_region() and (found is None or not found[2]):
            refs = self.group(group_to)
            self.modifiers(refs, words, lists_to)
            return refs
        if found is None:
            raise self.unreadable()
        adjectives, noun, rest = found
        self.place -= len(rest)
        # what describes a thing that is only named says which one it is
        facts, self.facts = self.facts, []
        self.postmodifiers((IT,), lists_to)
        after, self.facts = tuple(self.facts), facts
        return (self.named(adjectives, noun, after),)

    def group(self, end: int) -> tuple[Ref, ...]:
        """Read a region, and those that one description follows: `#0 and #1 to the left of #2`.

        Without one, what stands before may be said of the first alone: `white #0 and #1`.
        """
        first: tuple[Ref, ...] = (Ref(self.region()),)
        refs, place = first, self.place
        while self.place < end and self.next() == "and" and self.next(1).startswith("#"):
            self.place += 1
            refs += (Ref(self.region()),)
        if self.next() and self.next() not in LINKS:
            return refs
        self.place = place
        return first

    def named(self, adjectives: Sequence[str], noun: str, after: tuple[Fact, ...] = ()) -> Ref:
        """Return what fits a noun with its adjectives and the conditions `after` it."""
        values = self.lexicon.adjectives(adjectives)
        described = tuple(Fact("is", (IT,), value, main=False) for value in values)
        whole = None
        for place in range(len(adjectives)):
            name = " ".join((*adjectives[place:], noun))
            if name in self.lexicon.names:
                whole = self.named(adjectives[:place], name)
                break
        return Ref(None, noun, described, after, whole)

    def modifiers(self, refs: tuple[Ref, ...], adjectives: Sequence[str], lists_to: int) -> None:
        for value in self.lexicon.adjectives(adjectives):
            self.state("is", refs, value=value, main=False)
        self.postmodifiers(refs, lists_to)

    def postmodifiers(self, refs: tuple[Ref, ...], lists_to: int) -> None:
        while True:
            if self.accept("that"):
                self.relative_clause(refs, lists_to)
                continue
            words = self.peek()
            side = SIDES.get(" ".join(words[:3]))
            if not words:
                return
            if side is not None and self.next(3) != "of":
                self.place += 3
                self.state("is", refs, value=side, main=False)
                continue
            self.place += len(words)
            found = self.lexicon.split_relation(words, region=self.at_region())
            if found is None:
                raise self.unreadable()
            relation, rest = found
            self.place -= len(rest)
            others = self.noun_phrases(lists_to, lists_to=lists_to)
            self.state("related", refs, relation, others, main=False)

    def relative_clause(self, refs: tuple[Ref, ...], lists_to: int) -> None:
        if self.accept("is") or self.accept("are"):
            holds = not self.accept("not")
            for said in SAME_SAID if self.next(1) == "same" else ():
                if self.accept_words(said):
                    others = self.noun_phrases(lists_to, lists_to=lists_to)
                    self.state("related", refs, said, others, holds=holds, main=False)
                    return
            value = self.value()
            self.state("is", refs, value=SIDES.get(value, value), holds=holds, main=False)
        else:
            others = self.subjects()
            self.copula()
            words = self.words().split()
            # "that #1 is wearing on the left": the side is the thing's, not the relation's
            if " ".join(words[-3:]) in SIDES and len(words) > 3:
                self.place -= 3
                words = words[:-3]
            self.state("related", others, " ".join(words), refs, main=False)

    def state(
        self,
        kind: Kind,
        refs: tuple[Ref, ...] = (),
        value: str = "",
        other: tuple[Ref, ...] = (),
        *,
        holds: bool = True,
        main: bool = True,
    ) -> None:
        self.facts.append(Fact(kind, refs, SAME_SAID.get(value, value), other, holds, main))

    def clause_end(self) -> int:
        """Return the place of the link that joins the next clause to the one at hand, or the end.

        The next clause has a copula of its own, with its subjects before it: one before `is`.
        """
        copula = self.copula_place()
        if copula == len(self.tokens):
            return copula
        links = [
            place
            for place, token in self.outside_relative_clauses()
            if place < copula and token in ("and", "but")
        ]
        if self.token(copula) == "are" and self.token(copula - 1) != "there":
            while (
                len(links) > 1
                and self.token(links[-1]) == "and"
                and "nor" not in self.tokens[links[-2] : links[-1]]
                and self.noun_phrase_starts(links[-2] + 1)
            ):
                links.pop()
        return links[-1] if links else copula

    def noun_phrase_starts(self, place: int, *, region: bool = False) -> bool:
        """Whether a noun phrase starts at `place`; with `region`, one about a region."""
        place += self.token(place) == "any"
        words = self.peek(place)
        if self.token(place + len(words)).startswith("#"):
            return self.lexicon.describe(words)
        return not region and self.lexicon.split_noun(words) is not None

    def value(self) -> str:
        """Read a value before a relation ("that is old holding #1"), or all plain words at hand."""
        words = self.peek()
        region = self.token(self.place + len(words)).startswith("#")
        for size in range(len(words) - 1, 0, -1):
            text, rest = " ".join(words[:size]), words[size:]
            known = text in SIDES or self.lexicon.is_value(text)
            if known and self.lexicon.split_relation(rest, region=region):
                self.place += size
                return text
        return self.words()
