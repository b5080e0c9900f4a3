"""The operations that say yes or no: exist, verify, same, different, and, or."""

from __future__ import annotations

from typing import Any

from rex.gqa.ontology import WORD_CATEGORIES, is_a
from rex.programs import facts
from rex.programs import operations as ops
from rex.programs.errors import Reason, Skip
from rex.programs.phrases import (
    Attribution,
    Contrast,
    Existence,
    Joint,
    Placement,
    Scene,
    Shared,
    Thing,
)
from rex.programs.run import Run, selected
from rex.programs.values import Selection, Verdict


def judge_existence(run: Run, step: ops.Exist, arguments: list[Any], index: int) -> Verdict:
    """Return whether anything was selected; a verdict is passed on."""
    source = arguments[0]
    return source if type(source) is Verdict else existence(source)


def existence(source: Selection) -> Verdict:
    """Return whether anything was selected. Raises Skip for the whole scene."""
    if source.is_scene:
        raise Skip(Reason.GLOBAL_SCENE)
    if source.objects:
        return Verdict(True, Existence(source.thing))
    return Verdict(False, source.refutation or Existence(source.thing, False))


def judge_word(run: Run, step: ops.Verify, arguments: list[Any], index: int) -> Verdict:
    """Return whether a word is true of all that was selected."""
    source: Selection = arguments[0]
    word, wanted = step.words[0], not step.negated
    if source.is_scene:
        return _judge_scene(run, step.category, word, wanted)
    if not source.objects:
        return Verdict(False, source.refutation or Existence(source.thing, False))
    objects = run.graph.objects
    holds = all(
        facts.word_holds(run.graph, objects[object_id], word) is wanted
        for object_id in source.objects
    )
    return Verdict(holds, attribution(run, source, step.category, word, holds, step.negated))


def _judge_scene(run: Run, category: str, word: str, wanted: bool) -> Verdict:
    value = facts.scene_value(run.graph, category)
    if value is None or not (value == word or facts.scene_value_fits(value, category)):
        raise Skip(Reason.GLOBAL_SCENE)
    true = value == word
    return Verdict(true is wanted, Scene(word, category, true, "" if true else value))


def attribution(
    run: Run, source: Selection, category: str, word: str, holds: bool, negated: bool
) -> Attribution | Placement:
    """Return the statement that a word is, or is not, true of what was selected.

    `holds` says whether the step's claim holds, which is `not WORD` when `negated`.
    """
    true = holds is not negated
    if word in facts.POSITION_WORDS:
        axis = "hposition" if word in facts.HORIZONTAL else "vposition"
        if word == "middle":
            return Attribution(source.thing, word, axis, true)
        return placement(run, source, axis, holds)
    instead = "" if true else _instead(run, source, category, word)
    return Attribution(source.thing, word, category, true, instead)


def _instead(run: Run, source: Selection, category: str, word: str) -> str:
    """Return the value of the word's category that the object has instead, "" if there is none."""
    categories = (category,) if category else sorted(WORD_CATEGORIES.get(word, ()))
    thing = run.graph.objects[source.objects[0]]
    for one in categories:
        if one not in facts.NAME_CATEGORIES:
            for value in facts.values_of(thing, one):
                if value != word:
                    return value
    return ""


def placement(run: Run, source: Selection, category: str, holds: bool) -> Placement:
    """Return the statement where the first selected object lies."""
    x, y = facts.relative_center(run.graph, run.graph.objects[source.objects[0]])
    return Placement(source.thing, x, y, category, holds)


def judge_sameness(run: Run, step: ops.Same, arguments: list[Any], index: int) -> Verdict:
    """Return whether all objects share a value of the category."""
    shared, statement = _agreement(run, step.category, arguments)
    return Verdict(shared, statement)


def judge_difference(run: Run, step: ops.Different, arguments: list[Any], index: int) -> Verdict:
    """Return whether the objects share no value of the category."""
    shared, statement = _agreement(run, step.category, arguments)
    return Verdict(not shared, statement)


def _agreement(
    run: Run, category: str, arguments: list[Selection]
) -> tuple[bool, Shared | Contrast]:
    parts: list[tuple[Thing, tuple[str, ...]]] = []
    for source in arguments:
        for object_id in selected(source).objects:
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
        shared = [value for value in first if all(value in values for _, values in parts)]
    if shared:
        return True, Shared(tuple([one.thing for one in arguments]), shared[0], category)
    return False, Contrast(tuple([Attribution(one, words[0], category) for one, words in parts]))


def judge_all(run: Run, step: ops.And, arguments: list[Any], index: int) -> Verdict:
    """Return whether all operands hold."""
    verdicts = _verdicts(arguments)
    holds = all(verdict.holds for verdict in verdicts)
    return Verdict(holds, Joint("and", tuple([one.statement for one in verdicts]), holds))


def judge_any(run: Run, step: ops.Or, arguments: list[Any], index: int) -> Verdict:
    """Return whether an operand holds; what makes it true is said, the rest is left out."""
    verdicts = _verdicts(arguments)
    told = [verdict for verdict in verdicts if verdict.holds] or verdicts
    holds = told[0].holds
    return Verdict(holds, Joint("or", tuple([one.statement for one in told]), holds))


def _verdicts(arguments: list[Any]) -> list[Verdict]:
    return [one if type(one) is Verdict else existence(one) for one in arguments]
