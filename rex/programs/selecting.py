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
    thing = source.thing.described(Adjective(step.word, step.negated, step.category))
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
        refutation = attribution(
            run, source, source.objects, step.category, step.word, step.negated
        )
        return Selection((), thing.absent(), refutation)
    if step.word in facts.POSITION_WORDS:
        run.left_out += (step.argument.strip(),)
        return source
    return Selection(source.objects, thing)


def relate_objects(run: Run, step: ops.Relate, arguments: list[Any], index: int) -> Value:
    """Return the related objects, or whether they are related, or the relation chosen."""
    source: Selection = arguments[0]
    candidates = relating.others(run, step, source)
    if step.purpose == "choose":
        return relating.choose_relation(run, step, source, candidates)
    pairs = relating.related(run, step, source, candidates, step.relations[0])
    if step.purpose == "verify":
        return relating.verify_relation(run, step, source, candidates, pairs)
    asked = index in run.asked
    if pairs:
        targets, other, relation = relating.described_by(step, source, pairs)
        thing = run.thing(step.noun, targets)
        if asked or not relating.contradicted(run, step, pairs):
            thing = thing.described(Relative(relation, other, step.target_is_subject))
        return Selection(targets, thing)
    relative = Relative(step.relations[0], source.thing, step.target_is_subject)
    if source.objects and step.objects and candidates and not asked:
        # a description is trusted, unless the boxes contradict it
        thing = run.thing(step.noun, candidates)
        every = relating.all_pairs(source, candidates, step.relations[0])
        if not relating.contradicted(run, step, every):
            thing = thing.described(relative)
        return Selection(candidates, thing)
    absent = run.thing(step.noun, ()).described(relative)
    if not source.objects:
        return Selection((), absent, source.refutation or Existence(source.thing, False))
    told = candidates and asked
    refutation = relating.unrelated(run, step, source, candidates) if told else None
    return Selection((), absent, refutation)
