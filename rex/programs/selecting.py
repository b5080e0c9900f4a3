"""The operations that point at objects: select, filter, relate."""

from __future__ import annotations

from typing import Any

from rex.gqa import operations as ops
from rex.gqa.scene_graphs import SceneGraph
from rex.programs import facts
from rex.programs.errors import Reason, Skip
from rex.programs.judging import attribution, refuted
from rex.programs.phrases import Adjective, Existence, Relationship, Relative, Thing
from rex.programs.values import ExecutionState, Finding, Selection, Value, Verdict, selected


def select_objects(
    run: ExecutionState, step: ops.Select, arguments: list[Any], index: int
) -> Selection:
    """Return the objects that the step names, or the whole scene."""
    if step.objects is None and step.noun == "scene":
        return Selection((), Thing((), "scene", "scene"), is_scene=True)
    objects = run.candidates(step.noun, step.objects)
    return Selection(objects, run.thing(step.noun, objects))


def filter_objects(
    run: ExecutionState, step: ops.Filter, arguments: list[Any], index: int
) -> Selection:
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
            thing = run.some(thing, kept)
        return Selection(kept, thing)
    if index in run.asked:
        refutation = attribution(
            run, source, source.objects, step.category, step.word, step.negated
        )
        return Selection((), thing.absent(), refutation)
    if step.negated or refuted(run, step.category, step.word, source.objects):
        run.left_out += (step.argument.strip(),)
        return source
    return Selection(source.objects, thing)


def relate_objects(
    run: ExecutionState, step: ops.Relate, arguments: list[Any], index: int
) -> Value:
    """Return the related objects, or whether they are related, or the relation chosen."""
    source: Selection = arguments[0]
    candidates = others(run, step, source)
    if step.purpose == "choose":
        return choose_relation(run, step, source, candidates)
    pairs = related(run, step, source, candidates, step.relations[0])
    if step.purpose == "verify":
        return verify_relation(run, step, source, candidates, pairs)
    asked = index in run.asked
    if pairs:
        targets, other, relation = described_by(run, step, source, pairs)
        thing = run.thing(step.noun, targets)
        if asked or not contradicted(run, step, pairs):
            other = _apart_from(other, targets)
            thing = thing.described(Relative(relation, other, step.target_is_subject))
        return Selection(targets, thing)
    landmark = _apart_from(source.thing, candidates)
    relative = Relative(step.relations[0], landmark, step.target_is_subject)
    if source.objects and step.objects and candidates and not asked:
        # a description is trusted, unless the scene graph contradicts it
        thing = run.thing(step.noun, candidates)
        every = all_pairs(source, candidates, step.relations[0])
        if not contradicted(run, step, every):
            thing = thing.described(relative)
        return Selection(candidates, thing)
    absent = run.thing(step.noun, ()).described(relative)
    if source.is_scene:
        raise Skip(Reason.GLOBAL_SCENE)
    if not source.objects:
        return Selection((), absent, source.refutation or Existence(source.thing, False))
    told = candidates and asked
    refutation = unrelated(run, step, source, candidates) if told else None
    return Selection((), absent, refutation)


RELATION_ANSWERS = {
    "to the left of": "left",
    "to the right of": "right",
    "in front of": "front",
    "on top of": "on top",
}
"""How GQA's answers name relations that are chosen."""


Pair = tuple[str, str, str]
"""A candidate, something selected that it is related to, and how the scene graph says so."""


def others(run: ExecutionState, step: ops.Relate, source: Selection) -> tuple[str, ...]:
    """Return the candidates of a step but for what it relates them to.

    Raises Skip where the step relates an object to itself, as GQA does that drops the landmark of
    some pronouns.
    """
    candidates = run.candidates(step.noun, step.objects)
    if len(source.objects) != 1 or source.objects[0] not in candidates:
        return candidates
    if len(candidates) == 1 and step.objects:
        raise Skip(Reason.RELATED_TO_ITSELF)
    return tuple([one for one in candidates if one != source.objects[0]])


def all_pairs(source: Selection, candidates: tuple[str, ...], relation: str) -> list[Pair]:
    """Return every candidate with everything selected but itself."""
    return [
        (target, other, relation)
        for target in candidates
        for other in source.objects
        if target != other
    ]


def related(
    run: ExecutionState,
    step: ops.Relate,
    source: Selection,
    candidates: tuple[str, ...],
    relation: str,
) -> list[Pair]:
    """Return the pairs that are related."""
    pairs = []
    for target in candidates:
        for other in source.objects:
            if target == other:
                continue
            first, second = (target, other) if step.target_is_subject else (other, target)
            stated = facts.relation_between(run.graph, first, relation, second)
            if stated is not None:
                pairs.append((target, other, stated))
    return pairs


def contradicted(run: ExecutionState, step: ops.Relate, pairs: list[Pair]) -> bool:
    """Return whether the scene graph contradicts a relation of a description; if so, note it."""
    for target, other, relation in pairs:
        first, second = (target, other) if step.target_is_subject else (other, target)
        if _ruled_out(run.graph, first, relation, second):
            run.left_out += (step.relations[0],)
            return True
    return False


def _ruled_out(graph: SceneGraph, first: str, relation: str, second: str) -> bool:
    """Return whether boxes, the opposite relation or attributes rule out a relation."""
    opposite = facts.OPPOSITE_RELATIONS.get(relation)
    if opposite is None and relation not in facts.SAME_RELATIONS:
        return False
    if opposite is not None and facts.boxes_contradict(graph, first, relation, second):
        return True
    if facts.relation_between(graph, first, relation, second) is not None:
        return False
    if opposite is not None:
        return facts.relation_between(graph, first, opposite, second) is not None
    category = facts.SAME_RELATIONS[relation]
    return facts.values_shared(graph.objects[first], graph.objects[second], category) is False


def _apart_from(thing: Thing, objects: tuple[str, ...]) -> Thing:
    """Return a phrase without what describes it by objects that it is to describe itself."""
    rest = [
        one
        for one in thing.modifiers
        if isinstance(one, Adjective) or set(one.other.objects).isdisjoint(objects)
    ]
    return thing if len(rest) == len(thing.modifiers) else thing.with_modifiers(tuple(rest))


def _some(
    run: ExecutionState, source: Selection, targets: tuple[str, ...], objects: tuple[str, ...]
) -> Thing:
    """Return the phrase for some of what was selected: "one of the men", or all but the targets."""
    thing = source.thing
    if len(objects) < len(source.objects) and {*targets, *objects} == set(source.objects):
        return run.some(thing, objects)
    return run.part(thing, objects)


def described_by(
    run: ExecutionState, step: ops.Relate, source: Selection, pairs: list[Pair]
) -> tuple[tuple[str, ...], Thing, str]:
    """Return the related targets, the phrase for what they are related to, and the relation."""
    target, _, relation = pairs[0]
    if len(pairs) == len(source.objects) == 1:
        return (target,), source.thing, relation
    targets = tuple(dict.fromkeys([target for target, _, _ in pairs]))
    taking_part = {other for _, other, _ in pairs}
    if not taking_part.isdisjoint(targets) and taking_part != set(targets):
        # "the mugs to the left of the other mug": what all are related to, none to itself
        partners = [{other for one, other, _ in pairs if one == target} for target in targets]
        taking_part = set.intersection(*partners) or taking_part.difference(targets) or taking_part
    sources = tuple([one for one in source.objects if one in taking_part])
    if any(name != relation for _, _, name in pairs):
        # the vague `of` stands for any relation, not for several at once
        relation = step.relations[0]
    return targets, _some(run, source, targets, sources), relation


def _together(
    run: ExecutionState, source: Selection, pairs: list[Pair]
) -> tuple[tuple[str, ...], Thing, str]:
    """Return targets, what of the source each of them is related to, and the relation."""
    first, _, relation = pairs[0]
    if len(pairs) == len(source.objects) == 1:
        return (first,), source.thing, relation
    found: dict[str, set[str]] = {}
    for target, other, name in pairs:
        if name == relation:
            found.setdefault(target, set()).add(other)
    shared = set.intersection(*found.values())
    if not shared:
        found, shared = {first: found[first]}, found[first]
    sources = tuple([one for one in source.objects if one in shared])
    return tuple(found), _some(run, source, tuple(found), sources), relation


def unrelated(
    run: ExecutionState, step: ops.Relate, source: Selection, candidates: tuple[str, ...]
) -> Relationship:
    """Return why no candidate is related: the opposite relation where it holds, else the denial."""
    target = run.thing(step.noun, candidates)
    opposite = facts.OPPOSITE_RELATIONS.get(step.relations[0])
    if opposite is not None:
        every = all_pairs(source, candidates, opposite)
        if every == related(run, step, source, candidates, opposite):
            return _relationship(step, source.thing, target, opposite)
    return _relationship(step, source.thing, target, step.relations[0], holds=False)


def verify_relation(
    run: ExecutionState,
    step: ops.Relate,
    source: Selection,
    candidates: tuple[str, ...],
    pairs: list[Pair],
) -> Verdict:
    """Return whether a candidate is related to what was selected."""
    if not source.objects:
        if source.is_scene:
            raise Skip(Reason.GLOBAL_SCENE)
        return Verdict(False, source.refutation or Existence(source.thing, False))
    if pairs:
        return Verdict(True, _stated(run, step, source, candidates, pairs))
    if candidates:
        return Verdict(False, unrelated(run, step, source, candidates))
    absent = run.thing(step.noun, ())
    if step.target_is_subject:
        relative = Relative(step.relations[0], source.thing, True)
        return Verdict(False, Existence(absent.described(relative), False))
    return Verdict(False, Relationship(source.thing, step.relations[0], absent, False))


def choose_relation(
    run: ExecutionState, step: ops.Relate, source: Selection, candidates: tuple[str, ...]
) -> Finding:
    """Return the one relation that holds; where not exactly one does, the one the answer names."""
    selected(source)
    if not candidates:
        raise Skip(Reason.NOTHING_SELECTED, step.noun)
    choices = {RELATION_ANSWERS.get(relation, relation): relation for relation in step.relations}
    true = {
        answer: pairs
        for answer, relation in choices.items()
        if (pairs := related(run, step, source, candidates, relation))
    }
    if len(true) == 1 or (true and run.answer is None):
        answer = next(iter(true))
    else:
        named = [answer for answer, full in choices.items() if run.answer in (answer, full)]
        if not named:
            raise Skip(Reason.ANSWER_NOT_IN_CHOICE)
        answer = named[0]
    pairs = true.get(answer) or all_pairs(source, candidates, choices[answer])[:1]
    if not true and contradicted(run, step, pairs):
        raise Skip(Reason.ANSWER_NOT_IN_CHOICE)
    return Finding(answer, _stated(run, step, source, candidates, pairs))


def _stated(
    run: ExecutionState,
    step: ops.Relate,
    source: Selection,
    candidates: tuple[str, ...],
    pairs: list[Pair],
) -> Relationship:
    """Return the statement of pairs: of all of them, or of some that it is true of."""
    targets, landmark, relation = _together(run, source, pairs)
    of_another_name = run.name(step.noun, targets) != landmark.name
    if step.objects and len(targets) < len(candidates) and of_another_name:
        target = run.part(run.thing(step.noun, candidates), targets)
    else:
        target = run.thing(step.noun, targets)
    return _relationship(step, landmark, target, relation)


def _relationship(
    step: ops.Relate, source: Thing, target: Thing, relation: str, holds: bool = True
) -> Relationship:
    source = _apart_from(source, target.objects)
    if step.target_is_subject:
        return Relationship(target, relation, source, holds)
    return Relationship(source, relation, target, holds)
