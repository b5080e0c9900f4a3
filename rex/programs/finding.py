"""The operations that answer with a word: query, choose, common, compare."""

from __future__ import annotations

from typing import Any

from rex.gqa.ontology import CATEGORY_WORDS, WORD_CATEGORIES, is_a
from rex.programs import facts
from rex.programs import operations as ops
from rex.programs.errors import Reason, Skip
from rex.programs.judging import judge_word, placement
from rex.programs.phrases import Attribution, Comparison, Existence, Scene, Shared
from rex.programs.run import Run, selected
from rex.programs.values import Finding, Selection, Value

_SKY = frozenset({"sky", "skies", "cloud", "clouds"})
_CATEGORY_ORDER = {category: place for place, category in enumerate(CATEGORY_WORDS)}


def find_value(run: Run, step: ops.Query, arguments: list[Any], index: int) -> Finding:
    """Return the name, the position or the value of a category of what was selected."""
    source: Selection = arguments[0]
    category = step.category
    if source.is_scene:
        return _find_scene_value(run, category)
    things = [run.graph.objects[object_id] for object_id in selected(source).objects]
    if category in facts.POSITION_CATEGORIES:
        sides = facts.HORIZONTAL if category == "hposition" else facts.VERTICAL
        first = facts.position_holds(run.graph, things[0], sides[0])
        return Finding(sides[0] if first else sides[1], placement(run, source, category, True))
    values = [value for thing in things for value in facts.values_of(thing, category)]
    answer = run.answer
    if answer is not None:
        for value in (*values, *(word for thing in things for word in thing.attributes)):
            if facts.same_word(value, answer):
                # the answer in GQA's spelling; an attribute it names is of the category it asks
                return Finding(answer, Attribution(source.thing, value, category))
    if not values:
        raise Skip(Reason.NO_VALUE, category)
    return Finding(values[0], Attribution(source.thing, values[0], category))


def _find_scene_value(run: Run, category: str) -> Finding:
    value = facts.scene_value(run.graph, category)
    if value is not None and (
        value == run.answer
        or (facts.scene_value_fits(value, category) and (category != "room" or is_a(value, "room")))
    ):
        return Finding(value, Scene(value, category))
    witness = _scene_witness(run, category)
    if witness is None:
        raise Skip(Reason.GLOBAL_SCENE)
    return witness


def _scene_witness(run: Run, category: str) -> Finding | None:
    """Return the answer of a question on the whole scene that an object of it gives.

    The place itself may be annotated as an object (a beach), the weather as the sky's attribute.
    """
    if run.answer is None:
        return None
    for object_id, thing in run.graph.objects.items():
        if category in facts.NAME_CATEGORIES and thing.name == run.answer:
            return Finding(run.answer, Existence(run.thing(thing.name, (object_id,))))
        if category == "weather" and thing.name in _SKY and run.answer in thing.attributes:
            sky = run.thing(thing.name, (object_id,))
            return Finding(run.answer, Attribution(sky, run.answer, category))
    return None


def verify_or_choose(run: Run, step: ops.Verify, arguments: list[Any], index: int) -> Value:
    """Return whether a word is true, or which of several is."""
    if not step.choose:
        return judge_word(run, step, arguments, index)
    source: Selection = arguments[0]
    if source.is_scene:
        value = facts.scene_value(run.graph, step.category)
        if value in step.words:
            return Finding(value, Scene(value, step.category))
        witness = _scene_witness(run, step.category) if run.answer in step.words else None
        if witness is None:
            raise Skip(Reason.GLOBAL_SCENE)
        return witness
    things = [run.graph.objects[object_id] for object_id in selected(source).objects]
    true = [
        word
        for word in step.words
        if all(facts.word_holds(run.graph, thing, word) for thing in things)
    ]
    answer = run.answer
    named = [word for word in step.words if answer is not None and facts.same_word(word, answer)]
    if len(true) == 1 or (true and answer is None):
        word = true[0]
    elif named:
        # neither or both are true: the annotators' answer decides
        word = named[0]
    else:
        raise Skip(Reason.ANSWER_NOT_IN_CHOICE)
    statement = Attribution(source.thing, word, step.category)
    return Finding(answer if answer is not None and word in named else word, statement)


def find_common(run: Run, step: ops.Common, arguments: list[Any], index: int) -> Finding:
    """Return the category in which two objects have the same attribute: the answer's, if one is."""
    first, second = (selected(source) for source in arguments)
    objects = run.graph.objects
    found = [
        (category, word)
        for word in objects[first.objects[0]].attributes
        if all(word in objects[object_id].attributes for object_id in second.objects)
        for category in sorted(WORD_CATEGORIES.get(word, ()), key=_CATEGORY_ORDER.__getitem__)
    ]
    chosen = [pair for pair in found if pair[0] == run.answer]
    if not found or (run.answer in CATEGORY_WORDS and not chosen):
        raise Skip(Reason.NO_COMMON_ATTRIBUTE)
    category, word = (chosen or found)[0]
    return Finding(category, Shared((first.thing, second.thing), word, category))


def compare_objects(run: Run, step: ops.Compare, arguments: list[Any], index: int) -> Finding:
    """Return which of two objects is more so."""
    first, second = (selected(source) for source in arguments)
    one, other = (run.graph.objects[source.objects[0]] for source in (first, second))
    sign = facts.comparison(one, other, step.comparative)
    if not sign:
        raise Skip(Reason.NOTHING_TO_COMPARE, step.comparative)
    more, less = (first, second) if sign > 0 else (second, first)
    return Finding(more.thing.noun, Comparison(more.thing, step.comparative, less.thing))
