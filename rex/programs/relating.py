"""Relations between what was selected and its candidates: found, checked, chosen."""

from __future__ import annotations

from typing import NamedTuple

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


class Pair(NamedTuple):
    """A candidate that is related to something selected, and how the scene graph says so."""

    target: str
    relation: str


def related(
    run: Run, step: ops.Relate, source: Selection, candidates: tuple[str, ...], relation: str
) -> list[Pair]:
    """Return the candidates that are related to any selected object."""
    pairs = []
    for target in candidates:
        for other in source.objects:
            first, second = (target, other) if step.target_is_subject else (other, target)
            stated = facts.relation_between(run.graph, first, relation, second)
            if stated is not None:
                pairs.append(Pair(target, stated))
                break
    return pairs


def unrelated(
    run: Run, step: ops.Relate, source: Selection, candidates: tuple[str, ...]
) -> Relationship:
    """Return why no candidate is related: the opposite relation where it holds, else the denial."""
    target = run.thing(step.noun, candidates)
    opposite = facts.OPPOSITE_RELATIONS.get(step.relations[0])
    if opposite is not None and related(run, step, source, candidates, opposite):
        return _relationship(step, source, target, opposite)
    return _relationship(step, source, target, step.relations[0], holds=False)


def verify_relation(
    run: Run, step: ops.Relate, source: Selection, candidates: tuple[str, ...], pairs: list[Pair]
) -> Verdict:
    """Return whether a candidate is related to what was selected."""
    if not source.objects:
        if source.is_scene:
            raise Skip(Reason.GLOBAL_SCENE)
        return Verdict(False, source.refutation or Existence(source.thing, False))
    if pairs:
        target = run.thing(step.noun, tuple([pair.target for pair in pairs]))
        return Verdict(True, _relationship(step, source, target, pairs[0].relation))
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
        answer: pairs[0].target
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
    target = run.thing(step.noun, (true.get(answer, candidates[0]),))
    return Finding(answer, _relationship(step, source, target, choices[answer]))


def _relationship(
    step: ops.Relate, source: Selection, target: Thing, relation: str, holds: bool = True
) -> Relationship:
    if step.target_is_subject:
        return Relationship(target, relation, source.thing, holds)
    return Relationship(source.thing, relation, target, holds)
