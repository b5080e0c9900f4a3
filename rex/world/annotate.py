"""The annotation of a picture: GQA's scene graph, and the facts that questions are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from rex.gqa.ontology import HYPERNYMS
from rex.gqa.scene_graphs import Relation, SceneGraph, SceneObject
from rex.world.relations import relations
from rex.world.render import Box, Picture


@dataclass(frozen=True)
class Entity:
    """An annotated object."""

    object_id: str
    name: str
    words: Mapping[str, str]
    """Attribute category ("" for words that GQA files under none) to word."""
    box: Box
    relations: tuple[tuple[str, str], ...]
    """Name and the other object's id."""

    @property
    def center(self) -> tuple[float, float]:
        """The middle of the box, in pixels."""
        return self.box[0] + self.box[2] / 2, self.box[1] + self.box[3] / 2


@dataclass(frozen=True)
class Facts:
    """All that is known about one image."""

    image_id: str
    place: str
    location: str
    weather: str | None
    width: int
    height: int
    entities: tuple[Entity, ...]
    names_place: bool = False
    """Whether the scene graph's location says the place (`kitchen`) or `indoors`, `outdoors`."""

    @cached_property
    def by_id(self) -> dict[str, Entity]:
        """The objects by their id."""
        return {entity.object_id: entity for entity in self.entities}

    @cached_property
    def _called(self) -> dict[str, list[Entity]]:
        found: dict[str, list[Entity]] = {}
        for entity in self.entities:
            for word in {entity.name, *HYPERNYMS.get(entity.name, ())}:
                found.setdefault(word, []).append(entity)
        return found

    def called(self, word: str) -> list[Entity]:
        """Return the objects of that name or class, in the order of annotation."""
        return self._called.get(word, [])

    def side(self, entity: Entity) -> str | None:
        """Return `left` or `right` where the whole object lies in that half, else None."""
        left, _, width, _ = entity.box
        if left + width <= 0.5 * self.width:
            return "left"
        return "right" if left >= 0.5 * self.width else None

    def row(self, entity: Entity) -> str | None:
        """Return `top` or `bottom` where the object lies clearly in that half, else None."""
        _, top, _, height = entity.box
        if top + height <= 0.46 * self.height:
            return "top"
        return "bottom" if top >= 0.54 * self.height else None


def annotate(
    picture: Picture, image_id: str, first_object: int, *, names_place: bool = False
) -> Facts:
    """Return the facts of a picture; its objects are numbered from `first_object`."""
    links = relations(picture)
    ids = [str(first_object + k) for k in range(len(picture.visible))]
    entities = tuple(
        Entity(
            ids[k],
            entry.name,
            dict(entry.words),
            entry.box,
            tuple((name, ids[b]) for a, name, b in links if a == k),
        )
        for k, entry in enumerate(picture.visible)
    )
    width, height = picture.image.size
    scene = picture.scene
    return Facts(
        image_id,
        scene.place,
        scene.location,
        scene.weather,
        width,
        height,
        entities,
        names_place,
    )


def graph_of(facts: Facts) -> SceneGraph:
    """Return the scene graph of an image."""
    objects = {
        entity.object_id: SceneObject(
            entity.name,
            *entity.box,
            tuple(entity.words[category] for category in sorted(entity.words)),
            tuple(Relation(name, other) for name, other in entity.relations),
        )
        for entity in facts.entities
    }
    location = facts.place if facts.names_place else facts.location
    return SceneGraph(facts.width, facts.height, objects, location, facts.weather)


def scene_graph(facts: Facts) -> dict[str, Any]:
    """Return the facts in the format of GQA's scene graphs."""
    graph: dict[str, Any] = msgspec.to_builtins(graph_of(facts))
    # last, because it is long
    objects = graph.pop("objects")
    return {name: value for name, value in graph.items() if value is not None} | {
        "objects": objects
    }
