"""The operations that point at objects: select, filter, relate."""

from __future__ import annotations

from typing import Any

from rex.programs import facts, relating
from rex.programs import operations as ops
from rex.programs.judging import attribution
from rex.programs.phrases import Adjective, Existence, Relative, Thing
from rex.programs.run import Run
from rex.programs.values import Selection, Value


def select_objects(run: Run, step: ops.Select, arguments: list[Any], index: int) -> Selection:
    """Return the objects that the step names, or the whole scene."""
    if step.objects is None and step.noun == "scene":
        return Selection((), Thing((), "scene", "scene"), is_scene=True)
    objects = run.candidates(step.noun, step.objects)
    return Selection(objects, run.thing(step.noun, objects))


def filter_objects(run: Run, step: ops.Filter, arguments: list[Any], index: int) -> Selection:
    """Return the objects that the word is true of; a description that fits none is trusted."""
    source: Selection = arguments[0]
    thing = source.thing.described(Adjective(step.word, step.negated))
    if not source.objects:
        return Selection((), thing, source.refutation, source.is_scene)
    objects = run.graph.objects
    kept = tuple(
        [
            object_id
            for object_id in source.objects
            if facts.word_holds(run.graph, objects[object_id], step.word) is not step.negated
        ]
    )
    if kept:
        if kept != source.objects:
            thing = Thing(kept, thing.noun, run.name(thing.noun, kept), thing.modifiers)
        return Selection(kept, thing)
    if index in run.asked:
        refutation = attribution(run, source, step.category, step.word, False, step.negated)
        return Selection((), thing.absent(), refutation)
    return Selection(source.objects, thing)


def relate_objects(run: Run, step: ops.Relate, arguments: list[Any], index: int) -> Value:
    """Return the related objects, or whether they are related, or the relation chosen."""
    source: Selection = arguments[0]
    candidates = run.candidates(step.noun, step.objects)
    if step.purpose == "choose":
        return relating.choose_relation(run, step, source, candidates)
    pairs = relating.related(run, step, source, candidates, step.relations[0])
    if step.purpose == "verify":
        return relating.verify_relation(run, step, source, candidates, pairs)
    if pairs:
        kept = tuple([pair.target for pair in pairs])
        relative = Relative(pairs[0].relation, source.thing, step.target_is_subject)
        return Selection(kept, run.thing(step.noun, kept).described(relative))
    relative = Relative(step.relations[0], source.thing, step.target_is_subject)
    trusted = bool(source.objects and step.objects) and index not in run.asked
    if trusted:
        return Selection(candidates, run.thing(step.noun, candidates).described(relative))
    absent = run.thing(step.noun, ()).described(relative)
    if not source.objects:
        return Selection((), absent, source.refutation or Existence(source.thing, False))
    told = candidates and index in run.asked
    refutation = relating.unrelated(run, step, source, candidates) if told else None
    return Selection((), absent, refutation)
