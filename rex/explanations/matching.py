"""From annotated objects to detected regions: which region shows an object, and how well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rex.gqa.scene_graphs import SceneGraph

if TYPE_CHECKING:
    from rex.regions.store import RegionStore

Boxes = npt.NDArray[np.float64]
"""[N, 4] left, top, right, bottom, in pixels."""


def iou_matrix(boxes: Boxes, others: Boxes) -> npt.NDArray[np.float64]:
    """Return [N, M] intersection over union of every pair of boxes (0 to 1).

    The intersection is clamped at 0: boxes that are disjoint along both axes have none.
    """
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    sides = np.maximum(high - low, 0.0)
    intersection = sides[..., 0] * sides[..., 1]
    union = areas(boxes)[:, None] + areas(others)[None, :] - intersection
    ratio: npt.NDArray[np.float64] = np.zeros_like(union)
    np.divide(intersection, union, out=ratio, where=union > 0)
    return ratio


def areas(boxes: Boxes) -> npt.NDArray[np.float64]:
    """Return [N] areas in square pixels; an inverted box has none."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0)
    product: npt.NDArray[np.float64] = sides[:, 0] * sides[:, 1]
    return product


@dataclass(frozen=True, slots=True)
class ImageMatch:
    """The regions of one image, matched with the objects of its scene graph."""

    regions: dict[str, int]
    """Object id to the region that shows it best, -1 where none reaches the threshold."""
    object_boxes: dict[str, tuple[float, float, float, float]]
    region_boxes: Boxes

    def bound(self, objects: Sequence[str]) -> float:
        """Return the best IoU with the union of the objects' boxes that regions reach (0 to 1).

        Regions are added one by one, each time the one that raises the IoU of the unions most, for
        as long as one does. (All 2^36 choices cannot be tried.)
        """
        boxes = np.array([self.object_boxes[object_id] for object_id in dict.fromkeys(objects)])
        return best_union_iou(boxes, self.region_boxes)


def match_image(graph: SceneGraph, region_boxes: Boxes, threshold: float) -> ImageMatch:
    """Match all objects of an image with its regions [n, 4], several to one region if need be.

    Of equally good regions the first (the more confident) is taken.
    """
    object_boxes = {object_id: thing.box for object_id, thing in graph.objects.items()}
    if not object_boxes or not len(region_boxes):
        return ImageMatch(dict.fromkeys(object_boxes, -1), object_boxes, region_boxes)
    ious = iou_matrix(np.array(list(object_boxes.values()), dtype=np.float64), region_boxes)
    best = ious.argmax(axis=1)
    found = np.where(ious[np.arange(len(best)), best] >= threshold, best, -1).tolist()
    return ImageMatch(dict(zip(object_boxes, found, strict=True)), object_boxes, region_boxes)


def best_union_iou(targets: Boxes, regions: Boxes) -> float:
    """Return the IoU of the union of `targets` with the best union of `regions` found greedily.

    Areas are exact: the plane is cut into cells along all edges of the boxes.
    """
    if not len(targets) or not len(regions):
        return 0.0
    regions = regions[iou_matrix(targets, regions).any(axis=0)]
    if not len(regions):
        return 0.0
    every = np.concatenate([targets, regions])
    xs, ys = np.unique(every[:, 0::2]), np.unique(every[:, 1::2])
    inside_x = (every[:, None, 0] <= xs[:-1]) & (xs[1:] <= every[:, None, 2])
    inside_y = (every[:, None, 1] <= ys[:-1]) & (ys[1:] <= every[:, None, 3])
    cells = (inside_y[:, :, None] & inside_x[:, None, :]).reshape(len(every), -1)
    sizes = (np.diff(ys)[:, None] * np.diff(xs)[None, :]).reshape(-1)
    target = cells[: len(targets)].any(axis=0)
    candidates = cells[len(targets) :]
    inside, outside = (sizes * target), (sizes * ~target)
    total = inside.sum()
    chosen = np.zeros_like(target)
    best = 0.0
    while True:
        union = candidates | chosen
        ious = (union @ inside) / (total + union @ outside)
        place = int(ious.argmax())
        if ious[place] <= best + 1e-12:
            return best
        best = float(ious[place])
        chosen = union[place]


class RegionMatcher:
    """Matches images of one region store, keeping the latest image's match."""

    def __init__(self, store: RegionStore, threshold: float) -> None:
        self._index = store.index
        self._boxes = store.boxes
        self._counts = store.num_boxes
        self._threshold = threshold
        self._last: tuple[str, ImageMatch] | None = None

    def match(self, image_id: str, graph: SceneGraph) -> ImageMatch | None:
        """Return the match of an image, None when the store does not have it."""
        if self._last is not None and self._last[0] == image_id:
            return self._last[1]
        row = self._index.get(image_id)
        if row is None:
            return None
        boxes = self._boxes[row, : self._counts[row]].astype(np.float64)
        match = match_image(graph, boxes, self._threshold)
        self._last = (image_id, match)
        return match
