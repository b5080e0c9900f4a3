"""Truth: which facts of an explanation hold in the scene graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rex.boxes import grid_cell
from rex.evaluation.reading.facts import IT, Fact, Ref
from rex.gqa.ontology import is_a, singulars
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.facts import comparison, relation_between, relative_center, word_holds


class SeenScene:
    """A scene graph, and which of its objects each region shows.

    `shown` maps a region to the object that it overlaps best, at IoU 0.5 or more; a region that
    shows no annotated object has no entry, and nothing that mentions it is true.
    """

    def __init__(self, graph: SceneGraph, shown: Mapping[int, str]) -> None:
        self.graph = graph
        self.shown = shown
        self._fitting: dict[Ref, list[str]] = {}

    def holds(self, fact: Fact, it: str | None = None) -> bool:
        """Return whether a fact is true; `it` is the object that a condition is about.

        A fact about several things must be true of each; a denial is true when the fact is not,
        unless it mentions a region that shows nothing.
        """
        if not self._shows((*fact.refs, *fact.other)):
            return False
        return self._is_true(fact, it) is fact.holds

    def names(self, ref: Ref) -> set[str]:
        """Return what the annotated objects that `ref` may be about are called."""
        return {self.graph.objects[key].name for key in self._candidates(ref, None)}

    def _shows(self, refs: Iterable[Ref]) -> bool:
        """Return whether every region among `refs`, and in what describes them, shows something."""
        return all(
            (ref.region is None or ref.region in self.shown)
            and all(self._shows((*fact.refs, *fact.other)) for fact in ref.conditions)
            for ref in refs
        )

    def _is_true(self, fact: Fact, it: str | None) -> bool:
        if fact.kind == "scene":
            return self._scene_is(fact.value)
        subjects = [self._candidates(ref, it) for ref in fact.refs]
        if fact.kind == "exists":
            return all(subjects)
        if fact.kind in ("related", "compared"):
            others = [self._candidates(ref, it) for ref in fact.other]
            return all(
                any(self._pair(fact, one, other) for one in some for other in them)
                for some in subjects
                for them in others
            )
        return all(any(self._one(fact, key) for key in some) for some in subjects)

    def _one(self, fact: Fact, key: str) -> bool:
        thing = self.graph.objects[key]
        if fact.kind == "at":
            return grid_cell(*relative_center(self.graph, thing)) == int(fact.value)
        return any(word_holds(self.graph, thing, word) for word in singulars(fact.value))

    def _pair(self, fact: Fact, one: str, other: str) -> bool:
        if one == other:
            return False
        if fact.kind == "related":
            return relation_between(self.graph, one, fact.value, other) is not None
        things = self.graph.objects
        return comparison(things[one], things[other], fact.value) > 0

    def _candidates(self, ref: Ref, it: str | None) -> list[str]:
        if ref.region is not None:
            shown = self.shown.get(ref.region)
            return [] if shown is None else [shown]
        if ref == IT:
            return [] if it is None else [it]
        # judged once: a phrase within a phrase would be judged again for each object
        found = self._fitting.get(ref)
        if found is None:
            found = self._fitting[ref] = self._objects(ref)
        return found

    def _objects(self, ref: Ref) -> list[str]:
        """Return the objects that fit a noun phrase, whatever `IT` is outside of it."""
        return [
            key
            for key, thing in self.graph.objects.items()
            if any(
                any(noun in _ANYTHING or is_a(thing.name, noun) for noun in singulars(one.noun))
                and all(self.holds(condition, key) for condition in one.conditions)
                for one in ref.readings
            )
        ]

    def _scene_is(self, value: str) -> bool:
        said = [word for word in (self.graph.location, self.graph.weather) if word]
        return any(word == value or is_a(word, value) for word in said)


def rightly_called(
    graph: SceneGraph, shown: Mapping[int, str], called: Iterable[Fact]
) -> Mapping[int, str]:
    """Return what regions show, without those that a text calls what they are not.

    `called` are facts of one region each; of a dog that is called a cat, nothing is true.
    """
    scene = SeenScene(graph, shown)
    wrong = {ref.region for fact in called if not scene.holds(fact) for ref in fact.refs}
    return {key: name for key, name in shown.items() if key not in wrong} if wrong else shown


_ANYTHING = frozenset({"thing", "object"})
