"""Agreement: does an explanation say why the answer is what it is?

An explanation agrees with an answer when the answer follows from the facts it states, given what
the question asks (its program's last operation).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rex.evaluation.measures.told import (
    answers_among,
    are_listed,
    cell_sides,
    is_name,
    others_told,
    relations_told,
    words_told,
)
from rex.evaluation.reading.asked_words import short_answers
from rex.evaluation.reading.facts import IT, Fact, Ref
from rex.gqa import operations as ops
from rex.gqa.ontology import CATEGORY_WORDS, WORD_CATEGORIES, is_a
from rex.gqa.parsing import Program
from rex.programs.facts import CONVERSE, says
from rex.programs.phrase_wording import VAGUE_NOUNS

if TYPE_CHECKING:
    from rex.regions.store import RegionStore

YES, NO = frozenset({"yes"}), frozenset({"no"})


def agrees(answer: str, facts: Sequence[Fact], program: Program, names: Names) -> bool:
    """Return whether `answer` follows from the explanation's `facts`, for this question."""
    entailed = entailed_answers(facts, program, names)
    return answer in entailed or any(says(word, answer) for word in entailed - YES - NO)


def entailed_answers(facts: Sequence[Fact], program: Program, names: Names) -> frozenset[str]:
    """Return the answers that follow from `facts` to the question of `program`, if any do.

    Only main clauses answer. An open question is answered by what they affirm; a question for yes
    or no by whether they affirm what it claims.
    """
    main = [fact for fact in facts if fact.main]
    if not main or not program or contradictory(facts, names):
        return frozenset()
    last = program[-1]
    verdicts = Verdicts(facts, program, names)
    if isinstance(last, ops.Query):
        return answers_among(affirmed(verdicts.answering()))
    if isinstance(last, ops.Compare):
        return _compared(main, last.comparative, names)
    if isinstance(last, ops.Common):
        shared = [fact.value for fact in main if fact.kind == "shared"]
        kinds = [WORD_CATEGORIES.get(word, frozenset()) for word in shared]
        return frozenset.intersection(*kinds) if kinds else frozenset()
    if options := _options(last):
        told = affirmed(verdicts.answering())
        chosen = options & told or {one for one in options if any(says(word, one) for word in told)}
        return frozenset(chosen if len(chosen) == 1 else ())
    verdict = verdicts.of_step(len(program) - 1)
    return frozenset() if verdict is None else YES if verdict else NO


def contradictory(facts: Sequence[Fact], names: Names) -> bool:
    """Return whether facts deny what they say ("there is #5 but no dog", "is red but not red").

    What is said to be of every color, or everything by name, is denied as well.
    """
    things = {ref for fact in facts for ref in fact.refs}
    if any(are_listed([fact for fact in facts if ref in fact.refs]) for ref in things):
        return True
    said = {(fact.kind, fact.refs, fact.value, fact.other, fact.holds) for fact in facts}
    if any((*claim, not holds) in said for *claim, holds in said):
        return True
    denied = {
        ref.noun
        for fact in facts
        if fact.kind == "exists" and not fact.holds
        for either in fact.refs
        for ref in either.readings
        if ref.region is None and not ref.conditions and ref.noun not in VAGUE_NOUNS
    }
    told = [ref for fact in facts if fact.holds for ref in (*fact.refs, *fact.other)]
    return any(is_a(name, noun) for noun in denied for ref in told for name in names(ref))


def affirmed(facts: Sequence[Fact]) -> frozenset[str]:
    """Return every answer that facts (main clauses) give to an open question."""
    found: set[str] = set()
    for fact in facts:
        if not fact.holds:
            continue
        if fact.kind in ("is", "shared", "scene"):
            found.add(fact.value)
        elif fact.kind == "at":
            found |= cell_sides(int(fact.value))
        elif fact.kind == "related":
            found.update(short_answers(fact.value))
    return frozenset(found)


def _options(step: ops.Operation) -> frozenset[str]:
    """Return the answers that a step offers (`choose color: red|blue`), if it offers any."""
    if isinstance(step, ops.Relate):
        return frozenset(answer for one in ops.offered(step) for answer in short_answers(one))
    return frozenset(ops.offered(step))


def _compared(main: Sequence[Fact], comparative: str, names: Names) -> frozenset[str]:
    """Return what may be called the one that is more so."""
    refs: list[Ref] = []
    for fact in main:
        if fact.kind == "compared" and fact.holds:
            if fact.value == comparative:
                refs += fact.refs
            elif CONVERSE.get(fact.value) == comparative:
                refs += fact.other
    return frozenset(name for ref in refs for name in names(ref))


Names = Callable[[Ref], Iterable[str]]
"""Returns what the things that a noun phrase is about may be called."""


def names_of(regions: Mapping[int, str]) -> Names:
    """Return what noun phrases' things are called, given what the regions are called."""

    def names(ref: Ref) -> set[str]:
        if ref.region is None:
            return {one.noun for one in ref.readings}
        return {regions[ref.region]} if ref.region in regions else set()

    return names


def detected_names(store: RegionStore, image: int) -> Names:
    """Return the same for the image in row `image` of the store; classes may have no names."""
    called = store.object_names
    labels = enumerate(store.object_ids[image].tolist())
    return names_of({region: called[label] for region, label in labels if 0 <= label < len(called)})


Description = frozenset[tuple[str, bool]]
"""The words that describe a thing, and whether each is affirmed."""


@dataclass(frozen=True)
class Verdicts:
    """What `facts` say to the steps of a question's `program`."""

    facts: Sequence[Fact]
    program: Program
    names: Names

    def of_step(self, place: int, joint: type[ops.Operation] | None = None) -> bool | None:
        """Return whether the facts affirm what step `place` claims, deny it, or neither (None).

        `joint` joins the claim to others. Where one mug is said to be red and the other not to be,
        a claim on all is denied.
        """
        step = self.program[place]
        before = step.dependencies
        if isinstance(step, ops.Exist):
            return self.of_step(before[0], joint)
        if isinstance(step, ops.And | ops.Or):
            found = [self.of_step(one, type(step)) for one in before]
            return _joined(found, isinstance(step, ops.Or))
        if isinstance(step, ops.Same):
            return self._alike(step, step.category)
        if isinstance(step, ops.Different):
            alike = self._alike(step, step.category)
            return None if alike is None else not alike
        if isinstance(step, ops.Verify | ops.Relate) and not _finds(step):
            one_is_enough = isinstance(step, ops.Relate) and joint is not ops.And
            said = self._says(step, one_is_enough=one_is_enough or joint is ops.Or)
            return False if said is None and self._denied(place, asked=False) else said
        return self._is_there(place, joint)

    def _is_there(self, place: int, joint: type[ops.Operation] | None) -> bool | None:
        """Return whether what step `place` selects is said to be there, if only by naming it."""
        affirmed = any(
            fact.holds and self._is_asked(ref, place)
            for fact in self._main()
            for ref in (*fact.refs, *fact.other)
        )
        if affirmed:
            return not (joint is ops.And and self._lacks(place))
        return False if self._denied(place, asked=True) else None

    def _lacks(self, place: int) -> bool:
        """Return whether something that step `place` takes is said not to be there, or as it is."""
        step = self.program[place]
        if isinstance(step, ops.Filter):
            noun, _ = self._asked_thing(step.dependencies[0])
            if step.negated in words_told(step.word, self._about(noun)):
                return True
        return self._denied_existence(place) or any(map(self._lacks, step.dependencies))

    def _denied(self, place: int, *, asked: bool) -> bool:
        """Return whether something without which step `place` selects nothing is denied.

        `asked` says whether the step's own words are the question: a description is not denied.
        """
        step = self.program[place]
        if self._denied_existence(place) or (asked and self._says(step) is False):
            return True
        asked = asked and isinstance(step, ops.Filter)
        return any(self._denied(one, asked=asked) for one in step.dependencies)

    def _denied_existence(self, place: int) -> bool:
        """Return whether there is said to be nothing of what the step selects.

        "There is no animal" says that there is no white cat; "there is no white cat" does not say
        that there is no cat.
        """
        noun, description = self._asked_thing(place)
        return any(
            not fact.holds
            and (is_a(noun, ref.noun) or {noun, ref.noun} <= VAGUE_NOUNS)
            and self._description(ref) <= description
            for fact in self._main("exists")
            for either in fact.refs
            for ref in either.readings
        )

    def _is_asked(self, ref: Ref, place: int) -> bool:
        """Return whether a noun phrase is about something that step `place` would select."""
        noun, description = self._asked_thing(place)
        # the vague `of` stands for any relation: the explanation says which
        needed = description - {("of", True)}
        return any(
            self._is_called(one, noun) and needed <= self._description(one) for one in ref.readings
        )

    def _is_called(self, ref: Ref, noun: str) -> bool:
        called = [one.noun for one in ref.readings] if ref.region is None else self.names(ref)
        return noun in VAGUE_NOUNS or any(is_a(name, noun) for name in called)

    def _asked_thing(self, place: int) -> tuple[str, Description]:
        """Return what a step's selection is called, and the words that the program says of it."""
        step = self.program[place]
        if isinstance(step, ops.Select):
            return step.noun, frozenset()
        if isinstance(step, ops.Relate):
            return step.noun, _words(step.relations[0], True)
        noun, description = self._asked_thing(step.dependencies[0])
        if isinstance(step, ops.Filter):
            description |= _words(step.word, not step.negated)
        return noun, description

    def _description(self, ref: Ref) -> Description:
        """Return the words that are said of what a noun phrase is about."""
        facts, thing = (self.facts, ref) if ref.region is not None else (ref.conditions, IT)
        return frozenset(
            word
            for fact in facts
            if thing in (*fact.refs, *fact.other)
            for word in _words(fact.value, fact.holds)
        )

    def _says(self, step: ops.Operation, *, one_is_enough: bool = False) -> bool | None:
        """Return whether the facts affirm the word or the relation of a step, or deny it.

        Where they affirm it of one thing and deny it of another, `one_is_enough` decides.
        """
        if not isinstance(step, ops.Filter | ops.Verify | ops.Relate):
            return None
        told = self._told(step)
        if len(told) > 1:
            return one_is_enough
        return next(iter(told), None)

    def _told(self, step: ops.Filter | ops.Verify | ops.Relate) -> set[bool]:
        """Return which of yes and no the facts say to what a step claims."""
        if isinstance(step, ops.Relate):
            return relations_told(step.relations[0], self._about(step.noun))
        about = self._about(self._asked_thing(step.dependencies[0])[0])
        word = step.word if isinstance(step, ops.Filter) else step.words[0]
        told = words_told(word, about) or others_told(word, about)
        return {found is not step.negated for found in told}

    def _about(self, noun: str) -> list[Fact]:
        """Return the main clauses about something called `noun`, else about things without a name.

        Whether an explanation points at the right thing is measured by grounding. But where it
        speaks of several, what it says of one is not said of the other.
        """
        main = self._main()
        about = [
            fact
            for fact in main
            if any(self._is_called(ref, noun) for ref in (*fact.refs, *fact.other))
        ]
        if about:
            return about
        # what nobody can name may be meant, but not any of many
        unknown = [fact for fact in main if not any(map(self._is_nameable, fact.refs))]
        return [] if are_listed(unknown) else unknown

    def answering(self) -> list[Fact]:
        """Return the main clauses whose subject may be what the last step asks about.

        A noun that the ontology lacks ("food item") tells nothing apart, nor does a wider name.
        """
        last = self.program[-1]
        if isinstance(last, ops.Relate) and last.target_is_subject:
            noun = last.noun
        else:
            noun, _ = self._asked_thing(last.dependencies[0])
        if not is_name(noun):
            return self._main()
        return [fact for fact in self._main() if self._may_be_about(fact.refs, noun)]

    def _may_be_about(self, refs: Sequence[Ref], noun: str) -> bool:
        return not any(map(self._is_nameable, refs)) or any(
            name in VAGUE_NOUNS or is_a(name, noun) or is_a(noun, name)
            for ref in refs
            for name in self.names(ref)
        )

    def _is_nameable(self, ref: Ref) -> bool:
        return ref.region is None or any(self.names(ref))

    def _alike(self, step: ops.Operation, category: str) -> bool | None:
        """Return whether the facts say that things are alike, or that they differ."""
        facts = [
            fact
            for fact in self._main("is", "shared")
            if fact.holds
            and (category not in CATEGORY_WORDS or category in WORD_CATEGORIES.get(fact.value, ()))
        ]
        nouns = [self._asked_thing(one)[0] for one in step.dependencies]
        about = [fact for fact in facts if any(fact in self._about(noun) for noun in nouns)]
        least = 1 if self._is_about_one(step) else 2
        for told in (about, facts):
            values = {fact.refs: fact.value for fact in told}
            if any(fact.kind == "shared" for fact in told):
                return True
            if len(values) >= least:
                return len(set(values.values())) == 1
        return None

    def _is_about_one(self, step: ops.Operation) -> bool:
        """Return whether a step takes a single object ("the cars", annotated as one)."""
        while len(step.dependencies) == 1:
            step = self.program[step.dependencies[0]]
            if isinstance(step, ops.Select | ops.Relate):
                return step.objects is not None and len(step.objects) == 1
        return False

    def _main(self, *kinds: str) -> list[Fact]:
        return [fact for fact in self.facts if fact.main and (not kinds or fact.kind in kinds)]


def _finds(step: ops.Operation) -> bool:
    return isinstance(step, ops.Relate) and step.purpose == "find"


def _words(text: str, holds: bool) -> Description:
    # word by word: a phrase that the lexicon lacks is read so
    return frozenset((word, holds) for word in text.split())


def _joined(found: Sequence[bool | None], any_is_enough: bool) -> bool | None:
    """Return what joined claims come to: one of them is enough, or all are needed."""
    if any_is_enough in found:
        return any_is_enough
    return None if None in found else not any_is_enough
