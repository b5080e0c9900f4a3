"""The operations that say yes or no: exist, verify, same, different, and, or."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from rex.gqa import operations as ops
from rex.gqa.ontology import WORD_CATEGORIES, is_a
from rex.programs import facts
from rex.programs.errors import Reason, Skip
from rex.programs.phrases import (
    Attribution,
    Contrast,
    Existence,
    Joint,
    Placement,
    SceneStatement,
    Shared,
    Statement,
    Thing,
)
from rex.programs.values import ExecutionState, Selection, Verdict, two_selected


def judge_existence(
    run: ExecutionState, step: ops.Exist, arguments: list[Any], index: int
) -> Verdict:
    """Return whether anything was selected; a verdict is passed on."""
    return existence(arguments[0])


def existence(source: Selection | Verdict) -> Verdict:
    """Return whether anything was selected; a verdict is passed on. Raises Skip for the scene."""
    if isinstance(source, Verdict):
        return source
    if source.is_scene:
        raise Skip(Reason.GLOBAL_SCENE)
    if source.objects:
        return Verdict(True, Existence(source.thing))
    return Verdict(False, source.refutation or Existence(source.thing, False))


def judge_word(run: ExecutionState, step: ops.Verify, arguments: list[Any], index: int) -> Verdict:
    """Return whether a word is true of all that was selected."""
    source: Selection = arguments[0]
    word, wanted = step.words[0], not step.negated
    if source.is_scene:
        return _judge_scene(run, step.category, word, wanted)
    if not source.objects:
        return Verdict(False, source.refutation or Existence(source.thing, False))
    objects, told = run.graph.objects, source.objects
    failing = [key for key in told if facts.word_holds(run.graph, objects[key], word) is not wanted]
    if failing:
        told = tuple(failing)
    holds = not failing
    category = facts.category_of(step.category, word)
    return Verdict(holds, attribution(run, source, told, category, word, holds is wanted))


def _judge_scene(run: ExecutionState, category: str, word: str, wanted: bool) -> Verdict:
    value = facts.scene_value(run.graph, category)
    if value is None or not (value == word or facts.scene_value_fits(value, category)):
        raise Skip(Reason.GLOBAL_SCENE)
    true = value == word
    return Verdict(true is wanted, SceneStatement(word, category, true, "" if true else value))


def attribution(
    run: ExecutionState,
    source: Selection,
    told: tuple[str, ...],
    category: str,
    word: str,
    true: bool,
) -> Attribution | Contrast | Placement:
    """Return the statement that a word is, or is not, true of what was selected.

    `told` are the objects that it is said of: all, or those that decide.
    """
    thing = run.part(source.thing, told)
    if word in facts.POSITION_WORDS:
        axis = "hposition" if word in facts.HORIZONTAL else "vposition"
        if word == "middle":
            return Attribution(thing, word, axis, true)
        return placement(run, thing, axis)
    if true:
        return Attribution(thing, word, category)
    values = [_instead(run, object_id, category, word) for object_id in told]
    if len(set(values)) == 1:
        return Attribution(thing, word, category, False, values[0])
    if all(facts.share_category(value, word) for value in values):
        # each object's own value says more than that it is not the asked one
        parts = [
            Attribution(run.thing(thing.noun, (object_id,)), value, category)
            for object_id, value in zip(told, values, strict=True)
        ]
        return Contrast(tuple(parts), len(told) == len(source.objects))
    return Attribution(thing, word, category, False)


def refuted(run: ExecutionState, category: str, word: str, objects: Sequence[str]) -> bool:
    """Return whether positions or attributes rule out a word that is true of no object."""
    if word in facts.POSITION_WORDS:
        return True
    return all(_instead(run, object_id, category, word) for object_id in objects)


def _instead(run: ExecutionState, object_id: str, category: str, word: str) -> str:
    """Return the value of the word's category that an object has instead, "" if there is none."""
    categories = (category,) if category else sorted(WORD_CATEGORIES.get(word, ()))
    thing = run.graph.objects[object_id]
    for one in categories:
        if one not in facts.NAME_CATEGORIES:
            values = [value for value in facts.values_of(thing, one) if value != word]
            if values:
                return facts.plainest(values)
    return ""


def placement(run: ExecutionState, thing: Thing, category: str) -> Attribution | Placement:
    """Return the statement where something lies: its centre, or the side that several lie on."""
    graph = run.graph
    x, y = facts.relative_center(graph, graph.objects[thing.objects[0]])
    if len(thing.objects) == 1:
        return Placement(thing, x, y, category)
    sides = facts.HORIZONTAL if category == "hposition" else facts.VERTICAL
    first = (x if category == "hposition" else y) < 0.5
    return Attribution(thing, sides[0] if first else sides[1], category)


def judge_likeness(
    run: ExecutionState, step: ops.Same | ops.Different, arguments: list[Any], index: int
) -> Verdict:
    """Return whether the objects share a value of the category (`same`), or none (`different`)."""
    category = step.category
    parts: list[tuple[Thing, tuple[str, ...]]] = []
    seen: set[str] = set()
    for source in two_selected(arguments):
        for object_id in source.objects:
            if object_id in seen:
                continue
            seen.add(object_id)
            values = facts.values_of(run.graph.objects[object_id], category)
            if not values:
                raise Skip(Reason.NO_VALUE, category)
            alone = len(source.objects) == 1
            thing = source.thing if alone else run.thing(source.thing.noun, (object_id,))
            parts.append((thing, values))
    first = parts[0][1]
    if category in facts.NAME_CATEGORIES:
        # "cow" and "cows" are one species
        shared = [name for name in first if all(is_a(one[0], name) for _, one in parts)]
    else:
        plain = [{facts.plain_word(value) for value in values} for _, values in parts]
        every = set.intersection(*plain)
        shared = [value for value in first if facts.plain_word(value) in every]
    if shared:
        statement: Statement = Shared(tuple([one.thing for one in arguments]), shared[0], category)
    else:
        statement = Contrast(
            tuple([Attribution(one, facts.plainest(words), category) for one, words in parts])
        )
    return Verdict(bool(shared) is (type(step) is ops.Same), statement)


def judge_all(run: ExecutionState, step: ops.And, arguments: list[Any], index: int) -> Verdict:
    """Return whether all operands hold."""
    verdicts = [existence(one) for one in arguments]
    holds = all(verdict.holds for verdict in verdicts)
    return Verdict(holds, _joint(run, verdicts))


def judge_any(run: ExecutionState, step: ops.Or, arguments: list[Any], index: int) -> Verdict:
    """Return whether an operand holds; what makes it true is said, the rest is left out."""
    verdicts = [existence(one) for one in arguments]
    told = [verdict for verdict in verdicts if verdict.holds] or verdicts
    return Verdict(told[0].holds, _joint(run, told))


def _joint(run: ExecutionState, verdicts: list[Verdict]) -> Joint:
    """Return the statements of verdicts as one, each once.

    Of what a contrast gives the values, it is not said again that it has no other of them. Where
    there is said to be no dog, nothing is said of dogs that the scene graph has all the same.
    """
    told: dict[Statement, bool] = {}
    for verdict in verdicts:
        statement = verdict.statement
        if isinstance(statement, Joint):
            told.update(zip(statement.parts, statement.verdicts, strict=True))
        else:
            told[statement] = verdict.holds
    absent = {
        one.thing.noun
        for one in told
        if type(one) is Existence and not one.holds and not one.thing.modifiers
    }
    contrasts = [one for one in told if type(one) is Contrast]
    parts = tuple(
        [
            one
            for one in told
            if not (absent and _tells_of(run, one, absent))
            and not any(_is_told(one, contrast) for contrast in contrasts)
        ]
    )
    return Joint(parts, tuple([told[one] for one in parts]))


def _is_told(statement: Statement, contrast: Contrast) -> bool:
    """Return whether a contrast gives other values of all that a statement denies a value."""
    if type(statement) is not Attribution or statement.holds:
        return False
    others = {
        key
        for part in contrast.parts
        for key in part.thing.objects
        if facts.share_category(part.value, statement.value) and part.value != statement.value
    }
    return others.issuperset(statement.thing.objects)


def _tells_of(run: ExecutionState, statement: Statement, nouns: Collection[str]) -> bool:
    thing: Thing | None = getattr(statement, "thing", None)
    names = {run.graph.objects[key].name for key in thing.objects} if thing else ()
    return any(is_a(name, noun) for name in names for noun in nouns)
