"""What a detector learns from: class lists, and the boxes, names and attributes of scene graphs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rex.boxes import clip, resized
from rex.errors import InputError, readable
from rex.gqa.scene_graphs import SceneGraph
from rex.images import ImageFolder

LEAST_EXAMPLES = 5
"""Training objects that a name or an attribute needs to become a class."""


@dataclass(frozen=True)
class ClassLists:
    """The object names and attributes that a detector tells apart, in the order of their ids."""

    object_names: tuple[str, ...]
    attribute_names: tuple[str, ...]

    @classmethod
    def of(cls, scene_graphs: Iterable[SceneGraph], least: int = LEAST_EXAMPLES) -> ClassLists:
        """Return the names and attributes that at least `least` objects have, most frequent first.

        Raises InputError when no name is frequent enough.
        """
        names: Counter[str] = Counter()
        attributes: Counter[str] = Counter()
        for graph in scene_graphs:
            for thing in graph.objects.values():
                names[thing.name] += 1
                attributes.update(set(thing.attributes))
        lists = cls(_frequent(names, least), _frequent(attributes, least))
        if not lists.object_names:
            raise InputError(
                f"no object name occurs {least} times in the scene graphs",
                cure="train it on more images, or set regions.weights or regions.features",
            )
        return lists


def _frequent(counts: Counter[str], least: int) -> tuple[str, ...]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(name for name, count in ordered if count >= least)


def read_vocabulary(folder: Path) -> ClassLists:
    """Read the class names of the public detector: `objects_vocab.txt`, `attributes_vocab.txt`.

    One class a line, its synonyms behind commas (the first name counts). Raises InputError.
    """
    lists = []
    for name in ("objects_vocab.txt", "attributes_vocab.txt"):
        with readable(folder / name, missing="it comes with the bottom-up detector"):
            lines = (folder / name).read_text(encoding="utf-8").splitlines()
        lists.append(tuple(line.split(",")[0].strip().lower() for line in lines if line.strip()))
    return ClassLists(*lists)


@dataclass(frozen=True)
class AnnotatedImage:
    """One image with its objects: `boxes` [n, 4] float32 x1, y1, x2, y2 in pixels of its size;
    `object_ids` [n] int64, -1: not a class; `attributes` [n, A] bool."""

    image_id: str
    path: Path
    width: int
    height: int
    boxes: npt.NDArray[np.float32]
    object_ids: npt.NDArray[np.int64]
    attributes: npt.NDArray[np.bool_]

    def within(self, width: int, height: int) -> AnnotatedImage:
        """Return the same of the image as it is, perhaps resized since it was annotated."""
        if (width, height) == (self.width, self.height):
            return self
        boxes = resized(self.boxes, (self.width, self.height), (width, height))
        return replace(self, width=width, height=height, boxes=boxes.astype(np.float32))


def annotated_images(
    scene_graphs: Mapping[str, SceneGraph], images: Path, classes: ClassLists
) -> list[AnnotatedImage]:
    """Return the images of `scene_graphs`, in the order of their ids, with their objects.

    Boxes are clipped to the image; those with nothing left are not objects one could detect.
    """
    object_id = {name: place for place, name in enumerate(classes.object_names)}
    attribute_id = {name: place for place, name in enumerate(classes.attribute_names)}
    folder = ImageFolder(images)
    annotated = []
    for image_id, graph in sorted(scene_graphs.items()):
        things = list(graph.objects.values())
        boxes = np.array([thing.box for thing in things], dtype=np.float32).reshape(-1, 4)
        boxes = clip(boxes, graph.width, graph.height)
        attributes = np.zeros((len(things), len(attribute_id)), dtype=bool)
        for row, thing in enumerate(things):
            known = [attribute_id[name] for name in thing.attributes if name in attribute_id]
            attributes[row, known] = True
        ids = np.array([object_id.get(thing.name, -1) for thing in things], dtype=np.int64)
        visible = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        annotated.append(
            AnnotatedImage(
                image_id=image_id,
                path=folder.path(image_id),
                width=int(graph.width),
                height=int(graph.height),
                boxes=boxes[visible].astype(np.float32),
                object_ids=ids[visible],
                attributes=attributes[visible],
            )
        )
    return annotated
