"""GQA's scene graphs: the objects of an image, their attributes, and how they relate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Annotated

import msgspec

from rex.gqa.json_entries import iter_entries


class Relation(msgspec.Struct, frozen=True, gc=False):
    """`name` holds between the object it belongs to and the object `object`."""

    name: str
    """E.g. `to the left of`, `wearing`."""
    object: str
    """The other object's id."""


class SceneObject(msgspec.Struct, frozen=True, gc=False):
    """One annotated object: its box is `x, y, w, h`, in pixels from the top left corner."""

    name: str
    x: float
    y: float
    w: float
    h: float
    attributes: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The box as (left, top, right, bottom), in pixels."""
        return (self.x, self.y, self.x + self.w, self.y + self.h)

    @property
    def center(self) -> tuple[float, float]:
        """The middle of the box, in pixels."""
        return (self.x + self.w / 2, self.y + self.h / 2)


class SceneGraph(msgspec.Struct, frozen=True, gc=False):
    """All that is annotated about one image."""

    width: Annotated[float, msgspec.Meta(gt=0)]
    """Of the image, in pixels."""
    height: Annotated[float, msgspec.Meta(gt=0)]
    objects: Mapping[str, SceneObject]
    """Object id to object, in the order of annotation."""
    location: str | None = None
    """E.g. `indoors`, `outdoors`, `street`."""
    weather: str | None = None
    """E.g. `cloudy`."""


def iter_scene_graphs(path: str | PathLike[str]) -> Iterator[tuple[str, SceneGraph]]:
    """Yield (image id, scene graph) of a GQA file, holding only a part of it in memory.

    Raises InputError, naming the image and the field, when the file is missing, truncated or not
    in GQA's format.
    """
    cure = "expected GQA's scene-graph format (docs/data.md)"
    yield from iter_entries(path, SceneGraph, entry="image", cure=cure)


def read_scene_graphs(path: str | PathLike[str]) -> dict[str, SceneGraph]:
    """Read all scene graphs of a GQA file: image id to scene graph. Raises InputError."""
    return dict(iter_scene_graphs(path))
