"""Whether an explanation entails an answer, for a question that may have no program.

With a program it is what the measure `agreement` asks. A question that a person types has none:
then the explanation's facts are held against the words of the question.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rex.evaluation.measures.agreement import Names, affirmed, agrees, contradictory
from rex.evaluation.measures.told import cell_sides
from rex.evaluation.reading.cursor import UnreadableError
from rex.evaluation.reading.facts import IT, Fact, Ref
from rex.evaluation.reading.lexicon import Lexicon, build_lexicon
from rex.evaluation.reading.statements import read_statement
from rex.gqa.ontology import HYPERNYMS, WORD_CATEGORIES, gender, is_a, plural
from rex.gqa.parsing import program_or_none
from rex.gqa.questions import SemanticStep
from rex.programs.facts import (
    CONVERSE,
    OPPOSITE_RELATIONS,
    POSITION_WORDS,
    plain_word,
    same_word,
    says,
    share_category,
)
from rex.programs.values import VERDICTS

NOT_ENTAILED = "the explanation does not entail the answer"
"""What people are told."""

_THERE = re.compile(r"(?:is|are) there\b|(?:do|can) you see\b|does .* (?:show|contain)\b")
_VAGUE = re.compile(r" (it|he|she|they|this|that|these|those|things?|objects?|items?) ")
_LANDMARK = re.compile(
    r" (above|across|around|at|behind|below|beside|beneath|by|from|holding|in|inside|near|next|of"
    r"|on|over|that|to|under|wearing|with) "
)
"""Words after which a question speaks of something else than what it asks for."""


def entails(
    answer: str | None,
    explanation: str | None,
    names: Names,
    *,
    question: str = "",
    semantic: Sequence[SemanticStep] = (),
    objects: Collection[str] = (),
    attributes: Collection[str] = (),
) -> bool | None:
    """Return whether an answer follows from an explanation's tokens; None: one of them is missing.

    `names` gives what a noun phrase's things may be called. From what cannot be read nothing
    follows. Without a program (`semantic`), or with a malformed one, the words of the `question`
    say what is asked; `objects` and `attributes` are names and words that the detector knows beside
    those of GQA's ontology.
    """
    if answer is None or explanation is None:
        return None
    lexicon = _lexicon(frozenset(objects), frozenset(attributes))
    try:
        facts = read_statement(explanation, lexicon)
    except UnreadableError:
        return False
    program = program_or_none(tuple(semantic))
    if program:
        return agrees(answer, facts, program, names)
    if contradictory(facts, names):
        return False
    asked = _Asked(question, lexicon, names, facts)
    if answer in VERDICTS:
        return asked.verdict() is VERDICTS[answer]
    return any(says(word, answer) for word in asked.affirmed())


@lru_cache(maxsize=8)
def _lexicon(objects: frozenset[str], attributes: frozenset[str]) -> Lexicon:
    known = build_lexicon()
    nouns = objects | {plural(name) for name in objects}
    return Lexicon(known.attributes | attributes, known.names | nouns)


@dataclass(frozen=True)
class _Asked:
    """What the words of a question ask, and what facts say to it."""

    question: str
    lexicon: Lexicon
    names: Names
    facts: Sequence[Fact]

    @cached_property
    def text(self) -> str:
        """The question in lower case, without punctuation, between blanks."""
        words = re.findall(r"[a-z0-9'-]+", self.question.lower())
        return f" {' '.join(words)} "

    @cached_property
    def words(self) -> list[tuple[str, bool]]:
        """The known phrases of the question, and whether each is affirmed ("not red")."""
        rest, found = self.text.split(), []
        denied = False
        while rest:
            size = next((n for n in (4, 3, 2, 1) if self._is_known(" ".join(rest[:n]))), 0)
            if size > 1 and rest[0] in WORD_CATEGORIES and self._is_noun(" ".join(rest[:size])):
                size = 1  # "old man": the word may be what is asked
            if size:
                found.append((" ".join(rest[:size]), not denied))
            denied = rest[0] in ("not", "isn't", "aren't") or (denied and rest[0] in ("a", "an"))
            rest = rest[size or 1 :]
        return found

    def _is_known(self, phrase: str) -> bool:
        return phrase in POSITION_WORDS or self.lexicon.is_value(phrase)

    def _is_noun(self, word: str) -> bool:
        return word in self.lexicon.names and word not in POSITION_WORDS

    def _is_named(self, name: str) -> bool:
        """Return whether the question speaks of something called `name`, or of its class."""
        nouns = (word for word, _ in self.words if self._is_noun(word))
        return any(is_a(name, noun) or is_a(noun, name) for noun in nouns) or any(
            f" {said} " in self.text for said in (name, plural(name))
        )

    def _part(self, text: str) -> _Asked:
        return _Asked(text, self.lexicon, self.names, self.facts)

    @cached_property
    def head(self) -> _Asked:
        """The question before any landmark."""
        return self._part(_LANDMARK.split(self.text, maxsplit=1)[0])

    @cached_property
    def wanted(self) -> list[str]:
        """The nouns that a question for existence asks for."""
        return [word for word, _ in self.head.words if self._is_noun(word)]

    def _speaks_of(self, fact: Fact) -> bool:
        """Return whether a fact may be about what the question is about."""
        attribute = fact.value in WORD_CATEGORIES and not self._is_noun(fact.value)
        return not (attribute or fact.kind == "at") or self._may_be_about(fact)

    def _may_be_about(self, fact: Fact) -> bool:
        """Return whether the question names what a fact is about, or something akin to it."""
        nouns = [word for word, _ in self.words if self._is_noun(word)]
        if not nouns or _VAGUE.search(self.text):
            return True
        names = [name for ref in fact.refs for name in self.names(ref)]
        return not names or any(
            self._is_named(name) or any(_akin(name, noun) for noun in nouns) for name in names
        )

    def affirmed(self) -> set[str]:
        """Return every answer to an open question that the main clauses give."""
        main = [
            fact
            for fact in self.facts
            if fact.main and fact.holds and (fact.kind != "is" or self._speaks_of(fact))
        ]
        found = set(affirmed(main))
        for fact in main:
            if fact.kind == "shared":
                found.update(WORD_CATEGORIES.get(fact.value, ()))
            elif fact.kind in ("exists", "compared"):
                turned = self._is_asked(CONVERSE.get(fact.value, ""))
                things = fact.other if turned else fact.refs
                found.update(name for ref in things for name in self.names(ref))
        return found

    def _is_asked(self, word: str) -> bool:
        return f" {word} " in self.text

    def verdict(self) -> bool | None:
        """Return whether the facts affirm what the question asks, deny it, or neither."""
        main = [fact for fact in self.facts if fact.main]
        found = [said for fact in main if (said := self._says(fact)) is not None]
        values = {fact.refs: fact.value for fact in main if fact.kind == "is" and fact.holds}
        if len(values) > 1 and " different " in self.text:
            found.append(len(set(values.values())) > 1)
        elif len(values) > 1 and re.search(" (same|alike) ", self.text):
            found.append(len(set(values.values())) == 1)
        if not found:
            return None
        alternative = " or " in self.text
        holds = any(found) if alternative else all(found)
        if holds is not alternative and len(self.wanted) > 1 and _THERE.match(self.text.strip()):
            # each of several things must be there, or be missing
            told = [name for fact in main for ref in fact.refs for name in self.names(ref)]
            if not all(any(_akin(name, noun) for name in told) for noun in self.wanted):
                return None
        return holds

    def _says(self, fact: Fact) -> bool | None:
        if fact.kind == "exists":
            return self._existence(fact)
        if fact.kind in ("is", "at") and not self._speaks_of(fact):
            return None
        if fact.kind in ("is", "scene"):
            return self._value(fact)
        if fact.kind == "at":
            return self._side(fact)
        if fact.kind == "related":
            return self._relation(fact)
        if fact.kind == "shared":
            if re.search(" (same|alike|both|all) ", self.text):
                return True
            return False if " different " in self.text else self._value(fact)
        return self._comparison(fact)

    def _comparison(self, fact: Fact) -> bool | None:
        if self._is_asked(fact.value):
            turned = self._is_turned(fact, f"{fact.value} than")
            return fact.holds is not turned if fact.holds or not turned else None
        converse = CONVERSE.get(fact.value, "")
        if self._is_asked(converse) and fact.holds:
            return self._is_turned(fact, f"{converse} than")
        return None

    def _existence(self, fact: Fact) -> bool | None:
        (ref,) = fact.refs
        if not fact.holds:
            nouns = [word for word, _ in self.words if self._is_noun(word)]
            denied = any(
                any(is_a(noun, one.noun) for noun in nouns)
                and self._described(one) <= self._asked_of()
                for one in ref.readings
            )
            return False if denied else None
        if not _THERE.match(self.text.strip()):
            return None
        called = self.names(ref)
        there = any(is_a(name, noun) for name in called for noun in self.wanted)
        told = self._described(ref) | set(called)
        every = told | {plain_word(fact.value) for fact in self.facts if fact.kind == "is"}
        described = self.head._asked_of() <= told and self._asked_of() <= every
        return True if there and described else None

    def _asked_of(self) -> set[str]:
        """Return the adjectives of the question, those of its landmarks included."""
        said = {plain_word(word) for word, holds in self.words if holds and not self._is_noun(word)}
        return said - POSITION_WORDS

    def _described(self, ref: Ref) -> set[str]:
        facts, thing = (self.facts, ref) if ref.region is not None else (ref.conditions, IT)
        return {
            plain_word(fact.value) for fact in facts if fact.kind == "is" and thing in fact.refs
        }

    def _value(self, fact: Fact) -> bool | None:
        for word, holds in self.words:
            if says(fact.value, word):
                if fact.kind == "is" and fact.holds and self._is_subject(fact, word):
                    continue
                return fact.holds is holds
        if f" {fact.value} " in self.text:
            return fact.holds
        if not fact.holds:
            return None
        if fact.value != "middle" and any(
            holds and word != "middle" and share_category(fact.value, word)
            for word, holds in self.words
        ):
            return False
        return None

    def _is_subject(self, fact: Fact, word: str) -> bool:
        """Return whether a word of the question names what the fact is about, not its value."""
        named = any(is_a(name, word) for ref in fact.refs for name in self.names(ref))
        once = sum(same_word(word, one) for one, _ in self.words) == 1
        return named and once and self._is_noun(word)

    def _side(self, fact: Fact) -> bool | None:
        # "to the left of" says nothing of the image; what is asked stands last
        text = re.sub(r" to the (left|right) of ", " ", self.text)
        asked = re.findall(r"\b(left|right|top|bottom|middle)\b", text)
        return asked[-1] in cell_sides(int(fact.value)) if asked else None

    def _relation(self, fact: Fact) -> bool | None:
        others = [name for ref in fact.other for name in self.names(ref)]
        if others and not any(self._is_named(name) for name in others):
            return None
        if not self._may_be_about(fact):
            return None
        opposite = OPPOSITE_RELATIONS.get(fact.value, "")
        if f" {opposite} " in self.text:
            return self._is_turned(fact, opposite) if fact.holds else None
        if self._is_said(fact.value):
            if not self._is_turned(fact, fact.value):
                return fact.holds
            return False if opposite and fact.holds else None
        return None

    def _is_turned(self, fact: Fact, relation: str) -> bool:
        """Return whether the question relates the things of a fact the other way around."""
        before, _, after = map(self._part, self.text.partition(f" {relation} "))
        first, second = (
            {name for ref in refs for name in self.names(ref)} for refs in (fact.refs, fact.other)
        )
        return (
            first.isdisjoint(second)
            and any(map(after._is_named, first))
            and any(map(before._is_named, second))
        )

    def _is_said(self, relation: str) -> bool:
        """Return whether a relation is in the question ("wearing", or "wear")."""
        first, _, rest = relation.partition(" ")
        if f" {relation} " in self.text:
            return True
        stem = first.removesuffix("ing")
        ends = ("", "e", "s", "es") if stem != first else ()
        stems = {stem, stem[:-1] if stem[-1:] == stem[-2:-1] else stem}
        return any(f" {one}{end} {rest}".rstrip() in self.text for one in stems for end in ends)


def _akin(name: str, noun: str) -> bool:
    """Return whether two names may be of one thing: animals and food are told apart by theirs."""
    if {gender(name), gender(noun)} == {"male", "female"}:
        return False
    classes = HYPERNYMS.get(name, frozenset()) & HYPERNYMS.get(noun, frozenset())
    return is_a(name, noun) or is_a(noun, name) or bool(classes - {"animal", "bird", "food"})
