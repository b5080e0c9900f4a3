"""The annotation of a picture: GQA's scene graph, and the facts that questions are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import Any

import msgspec

from rex.gqa.ontology import HYPERNYMS
from rex.gqa.scene_graphs import Relation, SceneGraph, SceneObject
from rex.world.render import Box, Picture, Visible


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
    links, scene = relations(picture), picture.scene
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
    seen = (scene.place, scene.location, scene.weather, *picture.image.size)
    return Facts(image_id, *seen, entities, names_place)


Link = tuple[int, str, int]
"""Subject, name and object of a relation; things are numbered as in `Picture.visible`."""


def relations(picture: Picture) -> list[Link]:
    """Return all relations that a picture really shows, sorted.

    `on`, `under`, `holding` and `wearing` come from the composition; `to the left of`, `to the
    right of`, `in front of`, `behind` and `near` from what can be seen.
    """
    visible = list(enumerate(picture.visible))
    index = {(id(entry.thing), entry.part): k for k, entry in visible}
    found: set[Link] = set()
    linked: set[frozenset[int]] = set()
    for k, entry in visible:
        if entry.part:
            found.add((index[(id(entry.thing), "")], "wearing", k))
            continue
        for name, partner in entry.thing.links:
            target = index.get((id(partner), ""))
            if target is not None:
                linked.add(frozenset((k, target)))
                found.add((target, name, k) if name == "holding" else (k, name, target))
    # clothes are where their wearer is
    bodies = [(k, entry) for k, entry in visible if not entry.part]
    for (a, one), (b, other) in permutations(bodies, 2):
        if frozenset((a, b)) in linked:
            continue
        if _left_of(one, other):
            found |= {(a, "to the left of", b), (b, "to the right of", a)}
        if one.thing.stands and other.thing.stands:
            if _in_front_of(one, other):
                found |= {(a, "in front of", b), (b, "behind", a)}
            if _near(one, other):
                found.add((a, "near", b))
    return sorted(found)


def _left_of(one: Visible, other: Visible) -> bool:
    (x1, y1, w1, h1), (x2, y2, w2, h2) = one.box, other.box
    apart = x1 + w1 <= x2 + 0.12 * min(w1, w2)
    level = min(y1 + h1, y2 + h2) - max(y1, y2)
    return apart and level > 0.25 * min(h1, h2)


def _in_front_of(one: Visible, other: Visible) -> bool:
    if one.thing.depth <= other.thing.depth + 8:
        return False
    (x1, y1, w1, h1), (x2, y2, w2, h2) = one.box, other.box
    wide = min(x1 + w1, x2 + w2) - max(x1, x2)
    high = min(y1 + h1, y2 + h2) - max(y1, y2)
    return wide > 0.35 * min(w1, w2) and high > 3


def _near(one: Visible, other: Visible) -> bool:
    (x1, y1, w1, h1), (x2, y2, w2, h2) = one.box, other.box
    gap = max(x1, x2) - min(x1 + w1, x2 + w2)
    return -0.3 * min(w1, w2) <= gap <= 10 and abs(y1 + h1 - y2 - h2) < 26


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
