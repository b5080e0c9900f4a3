"""The operations that answer with a word: query, choose, common, compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rex.gqa import operations as ops
from rex.gqa.ontology import CATEGORY_WORDS, WORD_CATEGORIES, is_a
from rex.programs import facts
from rex.programs.errors import Reason, Skip
from rex.programs.judging import judge_word, placement, refuted
from rex.programs.phrases import Attribution, Comparison, Existence, SceneStatement, Shared
from rex.programs.values import ExecutionState, Finding, Selection, Value, selected, two_selected

_SKY = frozenset({"sky", "skies", "cloud", "clouds"})
_CATEGORY_ORDER = {category: place for place, category in enumerate(CATEGORY_WORDS)}


def find_value(run: ExecutionState, step: ops.Query, arguments: list[Any], index: int) -> Finding:
    """Return the name, the position or the value of a category of what was selected."""
    source: Selection = arguments[0]
    category = step.category
    if source.is_scene:
        return _find_scene_value(run, category)
    keys = selected(source).objects
    if category in facts.POSITION_CATEGORIES:
        return _find_side(run, source, category)
    objects = run.graph.objects
    told = [value for key in keys for value in facts.values_of(objects[key], category)]
    answer, value = run.answer, None
    if answer in told:
        value = answer
    elif answer is not None:
        # the answer in GQA's spelling; an attribute it names is of the category it asks
        every = (*told, *(word for key in keys for word in objects[key].attributes))
        value = next((word for word in every if facts.same_word(word, answer)), None)
    if value is None or answer is None:
        if not told:
            raise Skip(Reason.NO_VALUE, category)
        answer = value = told[0]
    thing = source.thing
    if len(keys) > 1:
        thing = run.part(thing, _having(run, keys, value, category))
    return Finding(answer, Attribution(thing, value, category))


def _having(run: ExecutionState, keys: Sequence[str], value: str, category: str) -> tuple[str, ...]:
    """Return the objects that have a value of a category."""
    having = []
    for key in keys:
        thing = run.graph.objects[key]
        named = category in facts.NAME_CATEGORIES and is_a(thing.name, value)
        if named or value in thing.attributes or value in facts.values_of(thing, category):
            having.append(key)
    return tuple(having)


def _find_side(run: ExecutionState, source: Selection, category: str) -> Finding:
    """Return the side that the answer names, if some objects lie there, else the first one's."""
    sides = facts.HORIZONTAL if category == "hposition" else facts.VERTICAL
    lying: dict[str, list[str]] = {}
    for key in source.objects:
        first = facts.position_holds(run.graph, run.graph.objects[key], sides[0])
        lying.setdefault(sides[0] if first else sides[1], []).append(key)
    side = run.answer if run.answer in lying else next(iter(lying))
    return Finding(side, placement(run, run.part(source.thing, tuple(lying[side])), category))


def _find_scene_value(run: ExecutionState, category: str) -> Finding:
    value = facts.scene_value(run.graph, category)
    if value is not None and (
        value == run.answer
        or (facts.scene_value_fits(value, category) and (category != "room" or is_a(value, "room")))
    ):
        return Finding(value, SceneStatement(value, category))
    witness = _scene_witness(run, category)
    if witness is None:
        raise Skip(Reason.GLOBAL_SCENE)
    return witness


def _scene_witness(run: ExecutionState, category: str) -> Finding | None:
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


def verify_or_choose(
    run: ExecutionState, step: ops.Verify, arguments: list[Any], index: int
) -> Value:
    """Return whether a word is true, or which of several is."""
    if not step.choose:
        return judge_word(run, step, arguments, index)
    source: Selection = arguments[0]
    if source.is_scene:
        value = facts.scene_value(run.graph, step.category)
        if value in step.words:
            return Finding(value, SceneStatement(value, step.category))
        witness = _scene_witness(run, step.category) if run.answer in step.words else None
        if witness is None:
            raise Skip(Reason.GLOBAL_SCENE)
        return witness
    objects, keys = run.graph.objects, selected(source).objects
    fitting = {
        word: [key for key in keys if facts.word_holds(run.graph, objects[key], word)]
        for word in step.words
    }
    true = [word for word, some in fitting.items() if len(some) == len(keys)]
    answer = run.answer
    named = [word for word in step.words if answer is not None and facts.same_word(word, answer)]
    if len(true) == 1 or (true and answer is None):
        word = true[0]
    elif named and (fitting[named[0]] or not refuted(run, step.category, named[0], keys)):
        # neither or both are true: the annotators' answer decides, unless it is contradicted
        word = named[0]
    else:
        raise Skip(Reason.ANSWER_NOT_IN_CHOICE)
    # true of some, or of none and trusted
    thing = run.part(source.thing, tuple(fitting[word])) if fitting[word] else source.thing
    statement = Attribution(thing, word, facts.category_of(step.category, word))
    return Finding(answer if answer is not None and word in named else word, statement)


def find_common(run: ExecutionState, step: ops.Common, arguments: list[Any], index: int) -> Finding:
    """Return the category in which two objects have the same attribute: the answer's, if one is."""
    first, second = two_selected(arguments)
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
    having = tuple([key for key in first.objects if word in objects[key].attributes])
    return Finding(category, Shared((run.part(first.thing, having), second.thing), word, category))


def compare_objects(
    run: ExecutionState, step: ops.Compare, arguments: list[Any], index: int
) -> Finding:
    """Return which of two objects is more so; of several, the first ones count."""
    first, second = two_selected(arguments)
    objects = run.graph.objects

    def sign(one: str, other: str) -> int:
        return facts.comparison(objects[one], objects[other], step.comparative)

    found = sign(first.objects[0], second.objects[0])
    if not found:
        raise Skip(Reason.NOTHING_TO_COMPARE, step.comparative)
    things = [first.thing, second.thing]
    if any(sign(one, other) != found for one in first.objects for other in second.objects):
        things = [run.part(thing, thing.objects[:1]) for thing in things]
    more, less = things if found > 0 else reversed(things)
    return Finding(more.noun, Comparison(more, step.comparative, less))
