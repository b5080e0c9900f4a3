"""What the steps of a program return, and what they share while it is executed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from rex.gqa.ontology import is_a
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.errors import Reason, Skip
from rex.programs.facts import relation_between
from rex.programs.phrases import Adjective, Relative, Statement, Thing

VERDICTS: dict[str | None, bool] = {"yes": True, "no": False}
"""The answers that say whether a claim holds."""


class Selection(msgspec.Struct, frozen=True, gc=False):
    """Objects that a step points at, and the phrase for them."""

    objects: tuple[str, ...]
    thing: Thing
    refutation: Statement | None = None
    """For an empty selection: the fact that leaves it empty ("the door is white")."""
    is_scene: bool = False
    """The whole image, rather than objects in it."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """Yes or no, and the statement that says why."""

    holds: bool
    statement: Statement


class Finding(msgspec.Struct, frozen=True, gc=False):
    """An answer other than yes or no, and the statement that gives it."""

    answer: str
    statement: Statement


Value = Selection | Verdict | Finding


class Execution(msgspec.Struct, frozen=True, gc=False):
    """A program, executed."""

    values: tuple[Value, ...]
    """What each step returned."""
    statement: Statement
    """What the explanation says."""
    entailed_answer: str | None
    """The answer that follows from the explanation; None: no answer does."""
    left_out: tuple[str, ...] = ()
    """What of the question the scene graph contradicts, and the explanation leaves out."""


_ANYTHING = frozenset({"_", "this", "object", "thing"})


class ExecutionState:
    """One execution."""

    __slots__ = ("answer", "asked", "graph", "left_out")

    def __init__(self, graph: SceneGraph, answer: str | None, asked: Collection[int]) -> None:
        self.graph = graph
        self.answer = answer
        self.asked = asked
        """The filters and relations whose outcome is the question, not a description."""
        self.left_out: tuple[str, ...] = ()
        """Descriptions that the scene graph contradicts."""

    def thing(self, noun: str, objects: tuple[str, ...]) -> Thing:
        """Return the phrase for objects that the program calls `noun`."""
        return Thing(objects, noun, self.name(noun, objects))

    def some(self, thing: Thing, objects: tuple[str, ...]) -> Thing:
        """Return the phrase for some of a thing's objects, named and described as they alone are.

        "The white shirt that one of the men is wearing", of two shirts that two men are wearing.
        """
        name = self.name(thing.noun, objects)
        return Thing(objects, thing.noun, name, self._narrowed(thing.modifiers, objects))

    def part(self, thing: Thing, objects: tuple[str, ...]) -> Thing:
        """Return the phrase for some of the objects ("one of the mugs"), or for all."""
        part = thing.part(objects)
        return (
            part if part is thing else part.with_modifiers(self._narrowed(part.modifiers, objects))
        )

    def _narrowed(
        self, modifiers: tuple[Adjective | Relative, ...], objects: tuple[str, ...]
    ) -> tuple[Adjective | Relative, ...]:
        """Return what describes things, as it describes some of them."""
        narrowed: list[Adjective | Relative] = []
        for one in modifiers:
            if isinstance(one, Relative) and len(one.other.objects) > 1:
                related = [
                    other
                    for other in one.other.objects
                    if any(self._are_related(key, one, other) for key in objects)
                ]
                other = self.part(one.other, tuple(related)) if related else one.other
                one = Relative(one.relation, other, one.thing_is_subject)
            narrowed.append(one)
        return tuple(narrowed)

    def _are_related(self, key: str, relative: Relative, other: str) -> bool:
        first, second = (key, other) if relative.thing_is_subject else (other, key)
        return relation_between(self.graph, first, relative.relation, second) is not None

    def name(self, noun: str, objects: tuple[str, ...]) -> str:
        """Return what the scene graph calls objects; `noun` if they have several names or none."""
        things = self.graph.objects
        if len(objects) == 1:
            return things[objects[0]].name
        names = {things[object_id].name for object_id in objects}
        return names.pop() if len(names) == 1 else noun

    def candidates(self, noun: str, given: tuple[str, ...] | None) -> tuple[str, ...]:
        """Return the objects with the ids that a step gives, else all that its noun fits.

        Raises Skip when an id is not in the scene graph.
        """
        objects = self.graph.objects
        if given is None:
            if noun in _ANYTHING:
                return tuple(objects)
            return tuple(one for one, thing in objects.items() if is_a(thing.name, noun))
        for object_id in given:
            if object_id not in objects:
                raise Skip(Reason.OBJECT_MISSING, object_id)
        return given if len(given) < 2 else tuple(dict.fromkeys(given))


def two_selected(arguments: Sequence[Selection]) -> Sequence[Selection]:
    """Return selections that have objects; raises Skip where two are of one and the same object."""
    for source in arguments:
        selected(source)
    objects = arguments[0].objects
    if len(arguments) == 2 and len(objects) == 1 and arguments[1].objects == objects:
        raise Skip(Reason.RELATED_TO_ITSELF)
    return arguments


def selected(source: Selection) -> Selection:
    """Return a selection that has objects; raises Skip for an empty one."""
    if not source.objects:
        if source.is_scene:
            raise Skip(Reason.GLOBAL_SCENE)
        raise Skip(Reason.NOTHING_SELECTED, source.thing.noun)
    return source
