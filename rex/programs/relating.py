"""Relations between what was selected and its candidates: found, checked, chosen."""

from __future__ import annotations

from rex.programs import facts
from rex.programs import operations as ops
from rex.programs.errors import Reason, Skip
from rex.programs.phrases import Existence, Relationship, Relative, Thing
from rex.programs.run import Run, selected
from rex.programs.values import Finding, Selection, Verdict

_ANSWERS = {
    "to the left of": "left",
    "to the right of": "right",
    "in front of": "front",
    "on top of": "on top",
}
"""How GQA's answers name relations that are chosen."""


Pair = tuple[str, str, str]
"""A candidate, something selected that it is related to, and how the scene graph says so."""


def others(run: Run, step: ops.Relate, source: Selection) -> tuple[str, ...]:
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
    run: Run, step: ops.Relate, source: Selection, candidates: tuple[str, ...], relation: str
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


def contradicted(run: Run, step: ops.Relate, pairs: list[Pair]) -> bool:
    """Return whether the boxes contradict a relation of a description; if so, note it."""
    for target, other, relation in pairs:
        if relation in facts.OPPOSITE_RELATIONS:
            first, second = (target, other) if step.target_is_subject else (other, target)
            if facts.boxes_contradict(run.graph, first, relation, second):
                run.left_out += (step.relations[0],)
                return True
    return False


def described_by(
    step: ops.Relate, source: Selection, pairs: list[Pair]
) -> tuple[tuple[str, ...], Thing, str]:
    """Return the related targets, the phrase for what they are related to, and the relation."""
    target, _, relation = pairs[0]
    if len(pairs) == len(source.objects) == 1:
        return (target,), source.thing, relation
    targets = tuple(dict.fromkeys([target for target, _, _ in pairs]))
    taking_part = {other for _, other, _ in pairs}
    sources = tuple([one for one in source.objects if one in taking_part])
    if any(name != relation for _, _, name in pairs):
        # the vague `of` stands for any relation, not for several at once
        relation = step.relations[0]
    return targets, source.thing.part(sources), relation


def _together(source: Selection, pairs: list[Pair]) -> tuple[tuple[str, ...], Thing, str]:
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
    return tuple(found), source.thing.part(sources), relation


def unrelated(
    run: Run, step: ops.Relate, source: Selection, candidates: tuple[str, ...]
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
    run: Run, step: ops.Relate, source: Selection, candidates: tuple[str, ...], pairs: list[Pair]
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
    run: Run, step: ops.Relate, source: Selection, candidates: tuple[str, ...]
) -> Finding:
    """Return the one relation that holds; where not exactly one does, the one the answer names."""
    selected(source)
    if not candidates:
        raise Skip(Reason.NOTHING_SELECTED, step.noun)
    choices = {_ANSWERS.get(relation, relation): relation for relation in step.relations}
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
    pairs = true.get(answer) or [(candidates[0], source.objects[0], choices[answer])]
    return Finding(answer, _stated(run, step, source, candidates, pairs))


def _stated(
    run: Run, step: ops.Relate, source: Selection, candidates: tuple[str, ...], pairs: list[Pair]
) -> Relationship:
    """Return the statement of pairs: of all of them, or of some that it is true of."""
    targets, landmark, relation = _together(source, pairs)
    of_another_name = run.name(step.noun, targets) != landmark.name
    if step.objects and len(targets) < len(candidates) and of_another_name:
        target = run.thing(step.noun, candidates).part(targets)
    else:
        target = run.thing(step.noun, targets)
    return _relationship(step, landmark, target, relation)


def _relationship(
    step: ops.Relate, source: Thing, target: Thing, relation: str, holds: bool = True
) -> Relationship:
    if step.target_is_subject:
        return Relationship(target, relation, source, holds)
    return Relationship(source, relation, target, holds)
