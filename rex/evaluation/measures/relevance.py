"""Relevance: which facts of an explanation are about what a question is about.

Truth alone can be had for nothing: "there is a thing" holds in every image, and so does nearly
every denial ("there is no zebra").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rex.evaluation.measures.truth import SeenScene
from rex.evaluation.reading.facts import Fact, Ref
from rex.gqa import operations as ops
from rex.gqa.ontology import is_a, singulars
from rex.gqa.parsing import Program
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.phrase_wording import VAGUE_NOUNS

_SCENE = "scene"


@dataclass(frozen=True)
class Topic:
    """What a question is about."""

    objects: frozenset[str]
    """Ids of the objects of its true explanation."""
    nouns: frozenset[str]
    """What they are called, and what the program calls what it selects."""

    def covers(self, fact: Fact, scene: SeenScene) -> bool:
        """Return whether a fact is about an object of the topic, or what may be called like one."""
        if fact.kind == "scene":
            return _SCENE in self.nouns
        return any(self._has(ref, scene) for ref in (*fact.refs, *fact.other))

    def _has(self, ref: Ref, scene: SeenScene) -> bool:
        if ref.region is None:
            return any(self._is_called(one) for one in ref.readings)
        shown = scene.shown.get(ref.region)
        if shown is None:
            return False
        return shown in self.objects or self._names(scene.graph.objects[shown].name)

    def _is_called(self, ref: Ref) -> bool:
        nouns = list(singulars(ref.noun))
        if not VAGUE_NOUNS.isdisjoint(nouns):
            # "there is a thing" states nothing
            return bool(ref.conditions) and not self.nouns.isdisjoint(VAGUE_NOUNS)
        return any(map(self._names, nouns))

    def _names(self, noun: str) -> bool:
        return any(is_a(one, noun) or is_a(noun, one) for one in self.nouns)


def topic_of(program: Program, graph: SceneGraph, objects: Iterable[str]) -> Topic:
    """Return what a question is about; `objects` are the ids of its true explanation's."""
    found = frozenset(objects)
    asked = {step.noun for step in program if isinstance(step, ops.Select | ops.Relate)}
    return Topic(found, frozenset(asked | {graph.objects[one].name for one in found}))
