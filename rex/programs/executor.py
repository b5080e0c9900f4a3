"""Executing a program on a scene graph (paper, section 3.1), in `fixed` mode.

Two rules decide where annotations leave room:

- A description is trusted. GQA names the objects a step returns; when a step only describes what
  the question is about ("the man on the left"), its objects are kept even if no attribute or
  relation of the scene graph says so. When the step is what the question asks ("is there a red
  door?"), only what the scene graph says counts.
- Of several true things, the explanation tells the one that the answer names; without an answer,
  the first in the order of annotation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rex.gqa.ontology import CATEGORY_WORDS, WORD_CATEGORIES, is_a
from rex.gqa.scene_graphs import SceneGraph
from rex.programs import facts
from rex.programs import operations as ops
from rex.programs.errors import Reason, Skip
from rex.programs.parsing import Program
from rex.programs.phrases import (
    Adjective,
    Attribution,
    Comparison,
    Contrast,
    Existence,
    Joint,
    Placement,
    Relationship,
    Relative,
    Scene,
    Shared,
    Thing,
)
from rex.programs.values import Execution, Finding, Selection, Value, Verdict

_SHORT_RELATIONS = {
    "to the left of": "left",
    "to the right of": "right",
    "in front of": "front",
    "on top of": "on top",
}
"""How GQA's answers name relations that are chosen."""


def execute(program: Program, graph: SceneGraph, answer: str | None = None) -> Execution:
    """Execute a program; `answer` (GQA's) decides between several true things to say.

    Raises Skip where the question cannot be explained.
    """
    if not program:
        raise Skip(Reason.NO_PROGRAM)
    run = _Run(graph, answer, _asked(program))
    values: list[Value] = []
    for index, operation in enumerate(program):
        arguments = [values[dependency] for dependency in operation.dependencies]
        values.append(_STEPS[type(operation)](run, operation, arguments, index))
    last = values[-1]
    if isinstance(last, Verdict):
        return Execution(tuple(values), last.statement, "yes" if last.holds else "no")
    if isinstance(last, Finding):
        return Execution(tuple(values), last.statement, last.answer)
    verdict = _existence(last)
    return Execution(tuple(values), verdict.statement, None)


def _asked(program: Program) -> frozenset[int]:
    """Return the filters and relations whose outcome is the question, not a description.

    These are the steps that lead to `exist`, `and` or `or` on one and the same object.
    """
    asked = set()
    for operation in program:
        if type(operation) in (ops.Exist, ops.And, ops.Or):
            for dependency in operation.dependencies:
                step = dependency
                while type(program[step]) is ops.Filter:
                    asked.add(step)
                    step = program[step].dependencies[0]
                if type(program[step]) is ops.Relate:
                    asked.add(step)
    return frozenset(asked)


class _Run:
    """One execution: the scene graph, the answer, and which steps are asked."""

    __slots__ = ("answer", "asked", "graph")

    def __init__(self, graph: SceneGraph, answer: str | None, asked: frozenset[int]) -> None:
        self.graph = graph
        self.answer = answer
        self.asked = asked

    def thing(self, noun: str, objects: tuple[str, ...]) -> Thing:
        """Return the phrase for objects that the program calls `noun`."""
        return Thing(objects, noun, self.graph.objects[objects[0]].name if objects else noun)

    def present(self, objects: tuple[str, ...]) -> tuple[str, ...]:
        """Return the ids, each checked to be in the scene graph."""
        for object_id in objects:
            if object_id not in self.graph.objects:
                raise Skip(Reason.OBJECT_MISSING, object_id)
        return objects

    def named(self, noun: str) -> tuple[str, ...]:
        """Return the objects that a noun fits, in annotation order."""
        if noun in ("_", "this", "object", "thing"):
            return tuple(self.graph.objects)
        return tuple(
            object_id for object_id, thing in self.graph.objects.items() if is_a(thing.name, noun)
        )

    def preferred(self, words: tuple[str, ...]) -> str:
        """Return the word that the answer names, else the first."""
        return self.answer if self.answer in words else words[0]


def _select(run: _Run, step: ops.Select, arguments: list[Any], index: int) -> Selection:
    if step.objects is None:
        if step.noun == "scene":
            return Selection((), Thing((), "scene", "scene"), is_scene=True)
        objects = run.named(step.noun)
    else:
        objects = run.present(step.objects)
    return Selection(objects, run.thing(step.noun, objects))


def _filter(run: _Run, step: ops.Filter, arguments: list[Any], index: int) -> Selection:
    source: Selection = arguments[0]
    described = _described(source.thing, Adjective(step.word, step.negated))
    if not source.objects:
        return Selection((), described, source.refutation, source.is_scene)
    objects = run.graph.objects
    kept = tuple(
        object_id
        for object_id in source.objects
        if facts.word_holds(run.graph, objects[object_id], step.word) is not step.negated
    )
    if kept:
        return Selection(kept, _narrowed(run, described, kept))
    if index in run.asked:
        refutation = _attribution(run, source, step.category, step.word, False, step.negated)
        return Selection((), _nothing(described), refutation)
    return Selection(source.objects, described)


def _relate(run: _Run, step: ops.Relate, arguments: list[Any], index: int) -> Value:
    source: Selection = arguments[0]
    given = step.objects
    candidates = run.named(step.noun) if given is None else run.present(given)
    if step.purpose == "choose":
        return _choose_relation(run, step, source, candidates)
    relation = step.relations[0]
    pairs = _related(run, step, source, candidates, relation)
    if step.purpose == "verify":
        return _verify_relation(run, step, source, candidates, pairs)
    if pairs:
        kept = tuple(dict.fromkeys(target for target, _, _ in pairs))
        thing = run.thing(step.noun, kept)
        relative = Relative(pairs[0][2], source.thing, step.target_is_subject)
        return Selection(kept, _described(thing, relative))
    relative = Relative(relation, source.thing, step.target_is_subject)
    if index in run.asked or not candidates or not source.objects:
        absent = _described(run.thing(step.noun, ()), relative)
        if not source.objects:
            return Selection((), absent, source.refutation or Existence(source.thing, False))
        refutation = _unrelated(run, step, source, candidates) if candidates else None
        return Selection((), absent, refutation)
    if step.objects is None:
        # a search by name that finds nothing related describes nothing
        return Selection((), _described(run.thing(step.noun, ()), relative))
    return Selection(candidates, _described(run.thing(step.noun, candidates), relative))


def _related(
    run: _Run, step: ops.Relate, source: Selection, candidates: tuple[str, ...], relation: str
) -> list[tuple[str, str, str]]:
    """Return (target, source object, relation as stated) for every pair that is related."""
    pairs = []
    for target in candidates:
        for other in source.objects:
            first, second = (target, other) if step.target_is_subject else (other, target)
            stated = facts.relation_between(run.graph, first, relation, second)
            if stated is not None:
                pairs.append((target, other, stated))
                break
    return pairs


def _relationship(
    run: _Run, step: ops.Relate, source: Selection, target: Thing, relation: str, holds: bool = True
) -> Relationship:
    if step.target_is_subject:
        return Relationship(target, relation, source.thing, holds)
    return Relationship(source.thing, relation, target, holds)


def _unrelated(
    run: _Run, step: ops.Relate, source: Selection, candidates: tuple[str, ...]
) -> Relationship:
    """Return why no candidate is related: the opposite relation where it holds, else the denial."""
    target = run.thing(step.noun, candidates)
    opposite = facts.OPPOSITE_RELATIONS.get(step.relations[0])
    if opposite is not None and _related(run, step, source, candidates, opposite):
        return _relationship(run, step, source, target, opposite)
    return _relationship(run, step, source, target, step.relations[0], False)


def _verify_relation(
    run: _Run,
    step: ops.Relate,
    source: Selection,
    candidates: tuple[str, ...],
    pairs: list[tuple[str, str, str]],
) -> Verdict:
    if not source.objects:
        return Verdict(False, source.refutation or Existence(source.thing, False))
    if pairs:
        target = run.thing(step.noun, tuple(dict.fromkeys(pair[0] for pair in pairs)))
        return Verdict(True, _relationship(run, step, source, target, pairs[0][2]))
    if candidates:
        return Verdict(False, _unrelated(run, step, source, candidates))
    absent = run.thing(step.noun, ())
    if step.target_is_subject:
        relative = Relative(step.relations[0], source.thing, True)
        return Verdict(False, Existence(_described(absent, relative), False))
    return Verdict(False, Relationship(source.thing, step.relations[0], absent, False))


def _choose_relation(
    run: _Run, step: ops.Relate, source: Selection, candidates: tuple[str, ...]
) -> Finding:
    if not candidates or not source.objects:
        raise Skip(Reason.NOTHING_SELECTED)
    short = {_SHORT_RELATIONS.get(relation, relation): relation for relation in step.relations}
    true = [
        (answer, pairs[0][0])
        for answer, relation in short.items()
        if (pairs := _related(run, step, source, candidates, relation))
    ]
    chosen = [found for found in true if run.answer in (found[0], short[found[0]])] or true
    if len(true) != 1 and run.answer is not None:
        # neither or both hold: the annotators' answer decides
        named = [answer for answer, full in short.items() if run.answer in (answer, full)]
        if not named:
            raise Skip(Reason.ANSWER_NOT_IN_CHOICE)
        chosen = [found for found in true if found[0] == named[0]] or [(named[0], candidates[0])]
    if not chosen:
        raise Skip(Reason.ANSWER_NOT_IN_CHOICE)
    answer, target = chosen[0]
    thing = run.thing(step.noun, (target,))
    return Finding(answer, _relationship(run, step, source, thing, short[answer]))


def _query(run: _Run, step: ops.Query, arguments: list[Any], index: int) -> Finding:
    source: Selection = arguments[0]
    category = step.category
    if source.is_scene:
        return _query_scene(run, category)
    if not source.objects:
        raise Skip(Reason.NOTHING_SELECTED, source.thing.noun)
    things = [run.graph.objects[object_id] for object_id in source.objects]
    if category in facts.POSITION_CATEGORIES:
        sides = facts.HORIZONTAL if category == "hposition" else facts.VERTICAL
        first = facts.position_holds(run.graph, things[0], sides[0])
        return Finding(sides[0] if first else sides[1], _placement(run, source, category, True))
    values = tuple(
        dict.fromkeys(value for thing in things for value in facts.values_of(thing, category))
    )
    if not values and run.answer is not None and category not in CATEGORY_WORDS:
        values = tuple(word for thing in things for word in thing.attributes if word == run.answer)
    if not values:
        raise Skip(Reason.NO_VALUE, category)
    value = run.preferred(values)
    return Finding(value, Attribution(source.thing, value, category))


def _query_scene(run: _Run, category: str) -> Finding:
    value = facts.scene_value(run.graph, category)
    if value is not None and (value == run.answer or facts.scene_value_fits(value, category)):
        return Finding(value, Scene(value, category))
    for object_id, thing in run.graph.objects.items():
        # the place itself may be annotated as an object: a beach, a kitchen
        if thing.name == run.answer and category in facts.NAME_CATEGORIES:
            shown = Existence(run.thing(thing.name, (object_id,)))
            return Finding(thing.name, shown)
    raise Skip(Reason.GLOBAL_SCENE)


def _exist(run: _Run, step: ops.Exist, arguments: list[Any], index: int) -> Verdict:
    source = arguments[0]
    return source if type(source) is Verdict else _existence(source)


def _existence(source: Selection) -> Verdict:
    if source.is_scene:
        raise Skip(Reason.GLOBAL_SCENE)
    if source.objects:
        return Verdict(True, Existence(source.thing))
    return Verdict(False, source.refutation or Existence(source.thing, False))


def _verify(run: _Run, step: ops.Verify, arguments: list[Any], index: int) -> Value:
    source: Selection = arguments[0]
    if step.choose:
        return _choose(run, step, source)
    word, wanted = step.words[0], not step.negated
    if source.is_scene:
        return _verify_scene(run, step.category, word, wanted)
    if not source.objects:
        return Verdict(False, source.refutation or Existence(source.thing, False))
    holds = all(
        facts.word_holds(run.graph, run.graph.objects[object_id], word) is wanted
        for object_id in source.objects
    )
    return Verdict(holds, _attribution(run, source, step.category, word, holds, step.negated))


def _verify_scene(run: _Run, category: str, word: str, wanted: bool) -> Verdict:
    value = facts.scene_value(run.graph, category)
    if value is None:
        raise Skip(Reason.GLOBAL_SCENE)
    true = value == word
    return Verdict(true is wanted, Scene(word, category, true, "" if true else value))


def _choose(run: _Run, step: ops.Verify, source: Selection) -> Finding:
    if source.is_scene:
        value = facts.scene_value(run.graph, step.category)
        true = [word for word in step.words if word == value]
    elif not source.objects:
        raise Skip(Reason.NOTHING_SELECTED, source.thing.noun)
    else:
        true = [
            word
            for word in step.words
            if all(
                facts.word_holds(run.graph, run.graph.objects[object_id], word)
                for object_id in source.objects
            )
        ]
    if len(true) == 1:
        word = true[0]
    elif run.answer in step.words:
        word = run.answer
    elif true and run.answer is None:
        word = true[0]
    else:
        raise Skip(Reason.GLOBAL_SCENE if source.is_scene else Reason.ANSWER_NOT_IN_CHOICE)
    if source.is_scene:
        if not true:
            raise Skip(Reason.GLOBAL_SCENE)
        return Finding(word, Scene(word, step.category))
    return Finding(word, Attribution(source.thing, word, step.category))


def _attribution(
    run: _Run, source: Selection, category: str, word: str, holds: bool, negated: bool
) -> Attribution | Placement:
    """Return the statement that a word is (not) true of what was selected."""
    true = holds is not negated
    if word in facts.POSITION_WORDS:
        axis = "hposition" if word in facts.HORIZONTAL else "vposition"
        if word == "middle":
            return Attribution(source.thing, word, axis, true)
        return _placement(run, source, axis, holds)
    instead = ""
    if not true:
        categories = (category,) if category else sorted(WORD_CATEGORIES.get(word, ()))
        for object_id in source.objects:
            thing = run.graph.objects[object_id]
            for other in categories:
                if other not in facts.NAME_CATEGORIES:
                    instead = next(iter(facts.values_of(thing, other)), "")
                if instead:
                    break
    return Attribution(source.thing, word, category, true, "" if instead == word else instead)


def _placement(run: _Run, source: Selection, category: str, holds: bool) -> Placement:
    x, y = facts.relative_center(run.graph, run.graph.objects[source.objects[0]])
    return Placement(source.thing, x, y, category, holds)


def _common(run: _Run, step: ops.Common, arguments: list[Any], index: int) -> Finding:
    first, second = _both(arguments)
    one = run.graph.objects[first.objects[0]]
    shared = [word for word in one.attributes if _all_have(run, second, word)]
    found = [
        (category, word)
        for word in shared
        for category in sorted(WORD_CATEGORIES.get(word, ()), key=_CATEGORY_ORDER.__getitem__)
    ]
    chosen = [pair for pair in found if pair[0] == run.answer]
    if not found or (run.answer in CATEGORY_WORDS and not chosen):
        raise Skip(Reason.NO_COMMON_ATTRIBUTE)
    category, word = (chosen or found)[0]
    return Finding(category, Shared((first.thing, second.thing), word, category))


_CATEGORY_ORDER = {category: place for place, category in enumerate(CATEGORY_WORDS)}


def _all_have(run: _Run, source: Selection, word: str) -> bool:
    return all(word in run.graph.objects[object_id].attributes for object_id in source.objects)


def _same(run: _Run, step: ops.Same, arguments: list[Any], index: int) -> Verdict:
    shared, statement = _agreement(run, step.category, arguments)
    return Verdict(shared, statement)


def _different(run: _Run, step: ops.Different, arguments: list[Any], index: int) -> Verdict:
    shared, statement = _agreement(run, step.category, arguments)
    return Verdict(not shared, statement)


def _agreement(
    run: _Run, category: str, arguments: list[Selection]
) -> tuple[bool, Shared | Contrast]:
    """Return whether all objects have a value of the category in common, and the statement."""
    parts: list[tuple[Thing, tuple[str, ...]]] = []
    for source in arguments:
        if not source.objects:
            raise Skip(Reason.NOTHING_SELECTED, source.thing.noun)
        for object_id in source.objects:
            values = facts.values_of(run.graph.objects[object_id], category)
            if not values:
                raise Skip(Reason.NO_VALUE, category)
            alone = len(source.objects) == 1
            thing = source.thing if alone else run.thing(source.thing.noun, (object_id,))
            parts.append((thing, values))
    shared = [value for value in parts[0][1] if all(value in values for _, values in parts)]
    if shared:
        things = tuple(source.thing for source in arguments)
        return True, Shared(things, shared[0], category)
    return False, Contrast(
        tuple(Attribution(thing, values[0], category) for thing, values in parts)
    )


def _compare(run: _Run, step: ops.Compare, arguments: list[Any], index: int) -> Finding:
    first, second = _both(arguments)
    one, other = (run.graph.objects[source.objects[0]] for source in (first, second))
    sign = facts.comparison(one, other, step.comparative)
    if not sign:
        raise Skip(Reason.NOTHING_TO_COMPARE, step.comparative)
    more, less = (first, second) if sign > 0 else (second, first)
    return Finding(more.thing.noun, Comparison(more.thing, step.comparative, less.thing))


def _both(arguments: list[Selection]) -> tuple[Selection, Selection]:
    for source in arguments:
        if not source.objects:
            raise Skip(Reason.NOTHING_SELECTED, source.thing.noun)
    return arguments[0], arguments[1]


def _and(run: _Run, step: ops.And, arguments: list[Any], index: int) -> Verdict:
    verdicts = _verdicts(arguments)
    holds = all(verdict.holds for verdict in verdicts)
    return Verdict(holds, Joint("and", tuple(verdict.statement for verdict in verdicts), holds))


def _or(run: _Run, step: ops.Or, arguments: list[Any], index: int) -> Verdict:
    verdicts = _verdicts(arguments)
    # what makes it true is said, what does not is left out
    told = [verdict for verdict in verdicts if verdict.holds] or verdicts
    holds = told[0].holds
    return Verdict(holds, Joint("or", tuple(verdict.statement for verdict in told), holds))


def _verdicts(arguments: list[Any]) -> list[Verdict]:
    return [
        argument if type(argument) is Verdict else _existence(argument) for argument in arguments
    ]


def _described(thing: Thing, modifier: Adjective | Relative) -> Thing:
    return Thing(thing.objects, thing.noun, thing.name, (*thing.modifiers, modifier))


def _narrowed(run: _Run, thing: Thing, objects: tuple[str, ...]) -> Thing:
    return Thing(objects, thing.noun, run.graph.objects[objects[0]].name, thing.modifiers)


def _nothing(thing: Thing) -> Thing:
    return Thing((), thing.noun, thing.noun, thing.modifiers)


_Step = Callable[[_Run, Any, list[Any], int], Value]

_STEPS: dict[type[ops.Operation], _Step] = {
    ops.Select: _select,
    ops.Relate: _relate,
    ops.Query: _query,
    ops.Exist: _exist,
    ops.Filter: _filter,
    ops.Verify: _verify,
    ops.Common: _common,
    ops.Same: _same,
    ops.Different: _different,
    ops.Compare: _compare,
    ops.And: _and,
    ops.Or: _or,
}
