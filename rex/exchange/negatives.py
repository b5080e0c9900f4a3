"""False explanations that differ from the true one in one thing, for training on preferences.

An attribute, a relation, an object's name or its box is another; the executor says of each that it
does not hold in the scene graph.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

import msgspec

from rex.boxes import pairwise_ious
from rex.exchange.record import Explained, ExportedQuestion, NamedObject, Naming, Text, spanned
from rex.exchange.synonyms import may_be, near_names, near_relations, near_words
from rex.gqa import operations as ops
from rex.gqa.ontology import CATEGORY_WORDS, CLASS_NAMES, HYPERNYMS, WORD_CATEGORIES, is_a
from rex.gqa.parsing import Program, parse_program
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.english import article, is_mass, is_plural
from rex.programs.errors import Skip
from rex.programs.executor import execute
from rex.programs.facts import (
    HORIZONTAL,
    NAME_CATEGORIES,
    OPPOSITE_RELATIONS,
    VERTICAL,
    same_word,
)
from rex.programs.phrases import (
    Attribution,
    Comparison,
    Existence,
    Placement,
    Relationship,
    Statement,
)
from rex.programs.rendering import render_spans
from rex.programs.selecting import RELATION_ANSWERS
from rex.programs.values import VERDICTS
from rex.programs.wording import word_statement

COMMON_WORDS = 12
"""The commonest words of a category, of which another value is drawn."""


class Negative(NamedTuple):
    """A false explanation of a question."""

    kind: str
    """`attribute`, `relation`, `object` or `box`: what is false."""
    explained: Explained
    """The record, with the false sentence, its boxes, and the answer that it gives."""


class _Case(NamedTuple):
    """What false explanations are drawn for, and from."""

    explained: Explained
    statement: Statement
    graph: SceneGraph
    offered: tuple[str, ...]
    """The words or relations that the question lets choose from; empty: none."""
    random: Random


class _Flip(NamedTuple):
    kind: str
    statement: Statement
    answer: str
    """What the false statement answers."""


def negative(
    explained: Explained, asked: ExportedQuestion, graph: SceneGraph, seed: int
) -> Negative | None:
    """Return a false explanation, drawn by `seed`; None where no single change is surely false."""
    random = Random(f"{seed}/{explained.question_id}")
    program = parse_program(asked.semantic)
    statement = execute(program, graph, asked.answer).statement
    case = _Case(explained, statement, graph, ops.offered(program[-1]), random)
    # half of the draws: fewer statements have such a change
    makers = [_flipped, _flipped, _other_name, _other_box]
    random.shuffle(makers)
    drawn = (found for make in makers for found in make(case))
    return next((one for one in drawn if one.explained.sentence != explained.sentence), None)


def _flipped(case: _Case) -> Iterator[Negative]:
    flip = _FLIPS.get(type(case.statement))
    for kind, false, answer in () if flip is None else flip(case.statement, case):
        verdict = VERDICTS.get(answer)
        sentence = spanned(*render_spans(word_statement(false), verdict))
        changed = msgspec.structs.replace(
            case.explained, sentence=sentence, answer=answer, entailed_answer=answer
        )
        yield Negative(kind, changed)


def _attributions(said: Attribution, case: _Case) -> Iterator[_Flip]:
    objects, graph, answer = said.thing.objects, case.graph, case.explained.answer
    if not objects:
        return
    if not said.holds:
        if _is_false_of_all(graph, objects, said.category, said.value):
            true = Attribution(said.thing, said.value, said.category)
            yield _Flip("attribute", true, _other_verdict(answer))
        return
    named = said.category in NAME_CATEGORIES
    near = near_names if named else near_words
    for category, word in _other_values(said, case):
        if same_word(word, said.value) or near(word, said.value):
            continue
        if _is_false_of_all(graph, objects, category, word):
            false = Attribution(said.thing, word, said.category)
            other = word if case.offered or same_word(answer, said.value) else answer
            yield _Flip("attribute", false, _other_verdict(other))


def _other_values(said: Attribution, case: _Case) -> list[tuple[str, str]]:
    """Return categories and words of them that may stand for a value, in any order.

    Where the question offers words, they are those; of a name, other names of its class.
    """
    if case.offered:
        return [(said.category, word) for word in case.offered]
    if said.category in NAME_CATEGORIES:
        classes = [said.thing.noun, *sorted(HYPERNYMS.get(said.value, ()))]
        names = sorted(CLASS_NAMES.get(next(filter(CLASS_NAMES.get, classes), ""), ()))
        found = [(said.category, name) for name in names if _fits(name, said.value)]
        case.random.shuffle(found)
        return found
    named = (said.category,) if said.category in CATEGORY_WORDS else ()
    found = []
    for category in named or sorted(WORD_CATEGORIES.get(said.value, ())):
        words = list(CATEGORY_WORDS[category][:COMMON_WORDS])
        case.random.shuffle(words)
        found += [(category, word) for word in words]
    return found


def _placements(said: Placement, case: _Case) -> Iterator[_Flip]:
    sides = HORIZONTAL if said.category == "hposition" else VERTICAL
    share = said.x if said.category == "hposition" else said.y
    other = sides[share < 0.5]
    # the middle of the image mirrored is the middle
    if share != 0.5 and _is_false_of_all(case.graph, said.thing.objects[:1], said.category, other):
        false = Placement(said.thing, 1 - said.x, 1 - said.y, said.category)
        answer = case.explained.answer
        yield _Flip("attribute", false, other if answer in sides else _other_verdict(answer))


def _relationships(said: Relationship, case: _Case) -> Iterator[_Flip]:
    first, second = said.subject.objects, said.object.objects
    if not first or not second:
        return
    opposite = OPPOSITE_RELATIONS.get(said.relation, "")
    answer = case.explained.answer
    if case.offered:
        relation = next((one for one in case.offered if one != said.relation), "")
        answer = RELATION_ANSWERS.get(relation, relation)
        if relation in near_relations(said.relation):
            return
    else:
        relation = opposite if opposite and said.holds else said.relation
    if relation == said.relation and said.holds:
        # other relations may hold as well
        false = Relationship(said.subject, relation, said.object, holds=False)
    elif all(
        _says(case.graph, _related(first, one, second)) == "no" for one in near_relations(relation)
    ):
        false = Relationship(said.subject, relation, said.object)
    else:
        return
    yield _Flip("relation", false, _other_verdict(answer))


def _comparisons(said: Comparison, case: _Case) -> Iterator[_Flip]:
    first, second = said.first, said.second
    if first.noun != second.noun and _says(case.graph, _compared(said)) == first.noun:
        answer = case.explained.answer
        answer = second.noun if answer == first.noun else answer
        yield _Flip("relation", Comparison(second, said.comparative, first), answer)


def _existences(said: Existence, case: _Case) -> Iterator[_Flip]:
    if said.holds and case.explained.entailed_answer == "yes":
        yield _Flip("object", Existence(said.thing.absent(), False), "no")


_FLIPS: dict[type, Callable[..., Iterator[_Flip]]] = {
    Attribution: _attributions,
    Placement: _placements,
    Relationship: _relationships,
    Comparison: _comparisons,
    Existence: _existences,
}


def _other_verdict(answer: str) -> str:
    return {"yes": "no", "no": "yes"}.get(answer, answer)


def _other_name(case: _Case) -> Iterator[Negative]:
    """Yield the explanation with what it is about called what another object is called."""
    explained, statement = case.explained, case.statement
    sentence, graph = explained.sentence, case.graph
    chosen = bool(case.offered) or type(statement) is Comparison
    named = type(statement) is Attribution and statement.category in NAME_CATEGORIES
    about = _about(statement)
    for naming, phrase in _phrases(sentence, case.random):
        # the answer of a choice is one of what is offered; "the dog is a cat" is of no animal
        free = not chosen if phrase == explained.answer else not named
        if not (free and about.issuperset(naming.objects)) or _OTHER.search(sentence.text):
            continue
        if not all(is_a(graph.objects[one].name, phrase) for one in naming.objects):
            continue
        names = sorted({thing.name for thing in graph.objects.values()})
        for name in case.random.sample(names, len(names)):
            if _fits(name, phrase) and _is_false_of_all(graph, naming.objects, "name", name):
                answer = name if explained.answer == phrase else explained.answer
                text = _renamed(sentence, naming, name)
                changed = msgspec.structs.replace(explained, sentence=text, answer=answer)
                yield Negative("object", changed)


_OTHER = re.compile(r"\b(another|others?|rest|same)\b", re.IGNORECASE)
"""What refers back to a name that was said."""


def _about(statement: Any) -> set[str]:
    """Return the objects that a statement says something of: none that only describe them."""
    things = [getattr(statement, name, None) for name in ("thing", "subject", "first", "second")]
    about = {
        key for one in (*things, *getattr(statement, "things", ())) if one for key in one.objects
    }
    return about.union(*map(_about, getattr(statement, "parts", ())))


def _fits(name: str, phrase: str) -> bool:
    """Return whether a name can stand for another one, with the same article and verb."""
    return all(kind(name) == kind(phrase) for kind in (article, is_plural, is_mass))


def _phrases(sentence: Text, random: Random) -> list[tuple[Naming, str]]:
    """Return what names objects, in any order, and its words in lower case, as names have them."""
    spans = random.sample(sentence.spans, len(sentence.spans))
    return [(one, sentence.text[one.start : one.end].lower()) for one in spans]


def _renamed(sentence: Text, renamed: Naming, name: str) -> Text:
    """Return a sentence with other words for the objects of one span."""
    longer = len(name) - (renamed.end - renamed.start)
    spans = [
        (
            one.start + longer * (one.start > renamed.start),
            one.end + longer * (one.start >= renamed.start),
            one.objects,
        )
        for one in sentence.spans
    ]
    text = f"{sentence.text[: renamed.start]}{name}{sentence.text[renamed.end :]}"
    return spanned(f"{text[:1].upper()}{text[1:]}", spans)


def _other_box(case: _Case) -> Iterator[Negative]:
    """Yield the explanation with the box of an object that is called otherwise."""
    explained, graph, random = case.explained, case.graph, case.random
    sentence = explained.sentence
    for naming, phrase in _phrases(sentence, random):
        called = {phrase, *(graph.objects[one].name for one in naming.objects)}
        boxes = [graph.objects[name].box for name in naming.objects]
        for name in random.sample(list(graph.objects), len(graph.objects)):
            thing = graph.objects[name]
            apart = float(pairwise_ious([thing.box], boxes).max(initial=0)) < 0.3
            if apart and thing.w > 0 < thing.h:
                if not all(_is_false_of_all(graph, (name,), "name", one) for one in called):
                    continue
                spans = [
                    (one.start, one.end, (name,) if one is naming else one.objects)
                    for one in sentence.spans
                ]
                shown = {one.id: one for one in explained.objects}
                shown[name] = NamedObject(name, thing.name, thing.box)
                changed = msgspec.structs.replace(
                    explained,
                    sentence=spanned(sentence.text, spans),
                    objects=tuple(shown.values()),
                )
                yield Negative("box", changed)


def _is_false_of_all(graph: SceneGraph, objects: tuple[str, ...], category: str, word: str) -> bool:
    """Return whether a word is not true of any object, as the executor says, nor near to that."""
    named = category in NAME_CATEGORIES
    return not any(
        may_be(graph.objects[name], word, named=named)
        or _says(graph, _word((name,), category, word)) != "no"
        for name in objects
    )


def _word(objects: tuple[str, ...], category: str, word: str) -> Program:
    select = ops.Select("select", "", (), "_", objects)
    return select, ops.Verify("verify", word, (0,), category, (word,), False, False)


def _related(first: tuple[str, ...], relation: str, second: tuple[str, ...]) -> Program:
    select = ops.Select("select", "", (), "_", second)
    verify = ops.Relate("verify rel", "", (0,), "_", (relation,), True, first, "verify")
    return select, verify


def _compared(said: Comparison) -> Program:
    first, second = (
        ops.Select("select", "", (), thing.noun, thing.objects)
        for thing in (said.second, said.first)
    )
    return first, second, ops.Compare("choose", "", (0, 1), said.comparative)


def _says(graph: SceneGraph, program: Program) -> str | None:
    """Return what the executor answers; None: nothing."""
    try:
        return execute(program, graph).entailed_answer
    except Skip:
        return None
