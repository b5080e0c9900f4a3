"""False explanations that differ from the true one in one thing, for training on preferences.

An attribute, a relation, an object's name or its box is another; the executor says of each that it
does not hold in the scene graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

import msgspec

from rex.boxes import pairwise_ious
from rex.exchange.record import Asked, Explained, Naming, Shown, Text, spanned
from rex.exchange.synonyms import may_be, near_relations, near_words
from rex.gqa.ontology import CATEGORY_WORDS, WORD_CATEGORIES
from rex.gqa.scene_graphs import SceneGraph
from rex.programs import operations as ops
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
from rex.programs.parsing import Program, parse_program
from rex.programs.phrases import (
    Attribution,
    Comparison,
    Existence,
    Placement,
    Relationship,
    Statement,
)
from rex.programs.rendering import render_spans
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


class _Flip(NamedTuple):
    kind: str
    statement: Statement
    answer: str
    """What the false statement answers."""


def negative(explained: Explained, asked: Asked, graph: SceneGraph, seed: int) -> Negative | None:
    """Return a false explanation, drawn by `seed`; None where no single change is surely false."""
    random = Random(f"{seed}/{explained.question_id}")
    statement = execute(parse_program(asked.semantic), graph, asked.answer).statement
    makers: list[Callable[[], Iterator[Negative]]] = [
        # half of the draws: fewer statements have such a change
        *[lambda: _flipped(explained, statement, graph, random)] * 2,
        lambda: _other_name(explained, graph, random),
        lambda: _other_box(explained, graph, random),
    ]
    random.shuffle(makers)
    drawn = (found for make in makers for found in make())
    return next((one for one in drawn if one.explained.sentence != explained.sentence), None)


def _flipped(
    explained: Explained, statement: Statement, graph: SceneGraph, random: Random
) -> Iterator[Negative]:
    flip = _FLIPS.get(type(statement))
    for kind, false, answer in () if flip is None else flip(statement, explained, graph, random):
        verdict = VERDICTS.get(answer)
        sentence = spanned(*render_spans(word_statement(false), verdict))
        changed = msgspec.structs.replace(
            explained, sentence=sentence, answer=answer, entailed_answer=answer
        )
        yield Negative(kind, changed)


def _attributions(
    said: Attribution, explained: Explained, graph: SceneGraph, random: Random
) -> Iterator[_Flip]:
    objects = said.thing.objects
    if not objects:
        return
    if not said.holds:
        if _is_false_of_all(graph, objects, said.category, said.value):
            true = Attribution(said.thing, said.value, said.category)
            yield _Flip("attribute", true, _other_verdict(explained.answer))
        return
    named = (said.category,) if said.category in CATEGORY_WORDS else ()
    for category in named or sorted(WORD_CATEGORIES.get(said.value, ())):
        words = list(CATEGORY_WORDS[category][:COMMON_WORDS])
        random.shuffle(words)
        for word in words:
            false = Attribution(said.thing, word, said.category)
            near = same_word(word, said.value) or near_words(word, said.value)
            if not near and _is_false_of_all(graph, objects, category, word):
                answer = _other_verdict(explained.answer)
                yield _Flip("attribute", false, word if same_word(answer, said.value) else answer)


def _placements(
    said: Placement, explained: Explained, graph: SceneGraph, random: Random
) -> Iterator[_Flip]:
    sides = HORIZONTAL if said.category == "hposition" else VERTICAL
    share = said.x if said.category == "hposition" else said.y
    other = sides[share < 0.5]
    # the middle of the image mirrored is the middle
    if share != 0.5 and _is_false_of_all(graph, said.thing.objects[:1], said.category, other):
        false = Placement(said.thing, 1 - said.x, 1 - said.y, said.category)
        answer = explained.answer
        yield _Flip("attribute", false, other if answer in sides else _other_verdict(answer))


def _relationships(
    said: Relationship, explained: Explained, graph: SceneGraph, random: Random
) -> Iterator[_Flip]:
    first, second = said.subject.objects, said.object.objects
    if not first or not second:
        return
    opposite = OPPOSITE_RELATIONS.get(said.relation, "")
    relation = opposite if opposite and said.holds else said.relation
    near = near_relations(relation)
    if relation == said.relation and said.holds:
        # other relations may hold as well
        false = Relationship(said.subject, relation, said.object, holds=False)
    elif all(_says(graph, _related(first, one, second)) == "no" for one in near):
        false = Relationship(said.subject, relation, said.object)
    else:
        return
    answer = explained.answer
    if answer in said.relation.split():
        answer = next((word for word in relation.split() if word in _SHORT), relation)
    yield _Flip("relation", false, _other_verdict(answer))


_SHORT = ("left", "right", "front", "behind")
"""How GQA answers which relation holds."""


def _comparisons(
    said: Comparison, explained: Explained, graph: SceneGraph, random: Random
) -> Iterator[_Flip]:
    first, second = said.first, said.second
    if first.noun != second.noun and _says(graph, _compared(said)) == first.noun:
        answer = second.noun if explained.answer == first.noun else explained.answer
        yield _Flip("relation", Comparison(second, said.comparative, first), answer)


def _existences(
    said: Existence, explained: Explained, graph: SceneGraph, random: Random
) -> Iterator[_Flip]:
    if said.holds and explained.entailed_answer == "yes":
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


def _other_name(explained: Explained, graph: SceneGraph, random: Random) -> Iterator[Negative]:
    """Yield the explanation with an object called what another one of the image is called."""
    sentence = explained.sentence
    for naming, phrase in _phrases(sentence, random):
        names = sorted({thing.name for thing in graph.objects.values()})
        for name in random.sample(names, len(names)):
            alike = all(kind(name) == kind(phrase) for kind in (article, is_plural, is_mass))
            if alike and _is_false_of_all(graph, naming.objects, "name", name):
                answer = name if explained.answer == phrase else explained.answer
                text = _renamed(sentence, naming, name)
                changed = msgspec.structs.replace(explained, sentence=text, answer=answer)
                yield Negative("object", changed)


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


def _other_box(explained: Explained, graph: SceneGraph, random: Random) -> Iterator[Negative]:
    """Yield the explanation with the box of an object that is called otherwise."""
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
                shown[name] = Shown(name, thing.name, thing.box)
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
