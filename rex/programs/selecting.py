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
    relating = _Relating(run, step, arguments[0])
    if step.purpose == "choose":
        return relating.choose()
    return relating.verify() if step.purpose == "verify" else relating.select(index in run.asked)


RELATION_ANSWERS = {
    "to the left of": "left",
    "to the right of": "right",
    "in front of": "front",
    "on top of": "on top",
}
"""How GQA's answers name relations that are chosen."""


Pair = tuple[str, str, str]
"""A candidate, something selected that it is related to, and how the scene graph says so."""


class _Relating:
    """A step that relates its candidates to what was selected, its source."""

    __slots__ = ("candidates", "run", "source", "step")

    def __init__(self, run: ExecutionState, step: ops.Relate, source: Selection) -> None:
        self.run, self.step, self.source = run, step, source
        self.candidates = self.others()

    def others(self) -> tuple[str, ...]:
        """Return the candidates but for what the step relates them to.

        Raises Skip where the step relates an object to itself, as GQA does that drops the landmark
        of some pronouns.
        """
        step, objects = self.step, self.source.objects
        candidates = self.run.candidates(step.noun, step.objects)
        if len(objects) != 1 or objects[0] not in candidates:
            return candidates
        if len(candidates) == 1 and step.objects:
            raise Skip(Reason.RELATED_TO_ITSELF)
        return tuple([one for one in candidates if one != objects[0]])

    def select(self, asked: bool) -> Selection:
        """Return the related objects; `asked`: whether that is the question, not a description."""
        run, step, source, candidates = self.run, self.step, self.source, self.candidates
        if pairs := self.related(step.relations[0]):
            targets, other, relation = self.described_by(pairs)
            thing = run.thing(step.noun, targets)
            if asked or not self.contradicted(pairs):
                other = _apart_from(other, targets)
                thing = thing.described(Relative(relation, other, step.target_is_subject))
            return Selection(targets, thing)
        landmark = _apart_from(source.thing, candidates)
        relative = Relative(step.relations[0], landmark, step.target_is_subject)
        if source.objects and step.objects and candidates and not asked:
            # a description is trusted, unless the scene graph contradicts it
            thing = run.thing(step.noun, candidates)
            if not self.contradicted(self.all_pairs(step.relations[0])):
                thing = thing.described(relative)
            return Selection(candidates, thing)
        absent = run.thing(step.noun, ()).described(relative)
        if source.is_scene:
            raise Skip(Reason.GLOBAL_SCENE)
        if not source.objects:
            return Selection((), absent, source.refutation or Existence(source.thing, False))
        return Selection((), absent, self.unrelated() if candidates and asked else None)

    def verify(self) -> Verdict:
        """Return whether a candidate is related to what was selected."""
        step, source = self.step, self.source
        if not source.objects:
            if source.is_scene:
                raise Skip(Reason.GLOBAL_SCENE)
            return Verdict(False, source.refutation or Existence(source.thing, False))
        if pairs := self.related(step.relations[0]):
            return Verdict(True, self.stated(pairs))
        if self.candidates:
            return Verdict(False, self.unrelated())
        absent = self.run.thing(step.noun, ())
        if step.target_is_subject:
            relative = Relative(step.relations[0], source.thing, True)
            return Verdict(False, Existence(absent.described(relative), False))
        return Verdict(False, Relationship(source.thing, step.relations[0], absent, False))

    def choose(self) -> Finding:
        """Return the one relation that holds; where not one does, the one the answer names."""
        answer, step = self.run.answer, self.step
        selected(self.source)
        if not self.candidates:
            raise Skip(Reason.NOTHING_SELECTED, step.noun)
        choices = {RELATION_ANSWERS.get(name, name): name for name in step.relations}
        related = {said: self.related(relation) for said, relation in choices.items()}
        true = {said: pairs for said, pairs in related.items() if pairs}
        if len(true) == 1 or (true and answer is None):
            chosen = next(iter(true))
        else:
            named = [said for said, relation in choices.items() if answer in (said, relation)]
            if not named:
                raise Skip(Reason.ANSWER_NOT_IN_CHOICE)
            chosen = named[0]
        pairs = related[chosen] or self.all_pairs(choices[chosen])[:1]
        if not true and self.contradicted(pairs):
            raise Skip(Reason.ANSWER_NOT_IN_CHOICE)
        return Finding(chosen, self.stated(pairs))

    def all_pairs(self, relation: str) -> list[Pair]:
        """Return every candidate with everything selected but itself."""
        return [
            (target, other, relation)
            for target in self.candidates
            for other in self.source.objects
            if target != other
        ]

    def related(self, relation: str) -> list[Pair]:
        """Return the pairs that are related."""
        pairs = []
        for target, other, _ in self.all_pairs(relation):
            first, second = self.sides(target, other)
            stated = facts.relation_between(self.run.graph, first, relation, second)
            if stated is not None:
                pairs.append((target, other, stated))
        return pairs

    def sides(self, target: str, other: str) -> tuple[str, str]:
        """Return the subject and the object of the relation between a pair."""
        return (target, other) if self.step.target_is_subject else (other, target)

    def contradicted(self, pairs: list[Pair]) -> bool:
        """Return whether the scene graph contradicts a described relation; if so, note it."""
        for target, other, relation in pairs:
            first, second = self.sides(target, other)
            if _ruled_out(self.run.graph, first, relation, second):
                self.run.left_out += (self.step.relations[0],)
                return True
        return False

    def some(self, targets: tuple[str, ...], taking_part: set[str]) -> Thing:
        """Return the phrase for some of the source: "one of the men", or all but the targets."""
        run, thing, every = self.run, self.source.thing, self.source.objects
        objects = tuple([one for one in every if one in taking_part])
        if len(objects) < len(every) and {*targets, *objects} == set(every):
            return run.some(thing, objects)
        return run.part(thing, objects)

    def described_by(self, pairs: list[Pair]) -> tuple[tuple[str, ...], Thing, str]:
        """Return the targets, the phrase for what they are related to, and the relation."""
        target, _, relation = pairs[0]
        if len(pairs) == len(self.source.objects) == 1:
            return (target,), self.source.thing, relation
        targets = tuple(dict.fromkeys([target for target, _, _ in pairs]))
        taking_part = {other for _, other, _ in pairs}
        if not taking_part.isdisjoint(targets) and taking_part != set(targets):
            # "the mugs to the left of the other mug": what all are related to, none to itself
            partners = [{other for one, other, _ in pairs if one == target} for target in targets]
            shared = set.intersection(*partners)
            taking_part = shared or taking_part.difference(targets) or taking_part
        if any(name != relation for _, _, name in pairs):
            # the vague `of` stands for any relation, not for several at once
            relation = self.step.relations[0]
        return targets, self.some(targets, taking_part), relation

    def together(self, pairs: list[Pair]) -> tuple[tuple[str, ...], Thing, str]:
        """Return targets, what of the source each of them is related to, and the relation."""
        first, _, relation = pairs[0]
        if len(pairs) == len(self.source.objects) == 1:
            return (first,), self.source.thing, relation
        found: dict[str, set[str]] = {}
        for target, other, name in pairs:
            if name == relation:
                found.setdefault(target, set()).add(other)
        shared = set.intersection(*found.values())
        if not shared:
            found, shared = {first: found[first]}, found[first]
        return tuple(found), self.some(tuple(found), shared), relation

    def unrelated(self) -> Relationship:
        """Return why no candidate is related: the opposite relation, if it holds, or a denial."""
        target = self.run.thing(self.step.noun, self.candidates)
        opposite = facts.OPPOSITE_RELATIONS.get(self.step.relations[0])
        if opposite is not None and self.all_pairs(opposite) == self.related(opposite):
            return self.relationship(self.source.thing, target, opposite)
        return self.relationship(self.source.thing, target, self.step.relations[0], holds=False)

    def stated(self, pairs: list[Pair]) -> Relationship:
        """Return the statement of pairs: of all of them, or of some that it is true of."""
        run, noun = self.run, self.step.noun
        targets, landmark, relation = self.together(pairs)
        of_another_name = run.name(noun, targets) != landmark.name
        if self.step.objects and len(targets) < len(self.candidates) and of_another_name:
            target = run.part(run.thing(noun, self.candidates), targets)
        else:
            target = run.thing(noun, targets)
        return self.relationship(landmark, target, relation)

    def relationship(
        self, source: Thing, target: Thing, relation: str, holds: bool = True
    ) -> Relationship:
        """Return the statement that two things are, or are not, related."""
        source = _apart_from(source, target.objects)
        if self.step.target_is_subject:
            return Relationship(target, relation, source, holds)
        return Relationship(source, relation, target, holds)


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
