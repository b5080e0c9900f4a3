"""From annotated objects to detected regions: which region shows an object best.

Arrays of boxes are [..., 4] float64: left, top, right, bottom, in pixels. Everything is computed
for many questions at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def areas(boxes: Floats) -> Floats:
    """Return [...] areas in square pixels; an inverted box has none."""
    width: Floats = np.maximum(boxes[..., 2] - boxes[..., 0], 0.0)
    width *= np.maximum(boxes[..., 3] - boxes[..., 1], 0.0)
    return width


def intersections(boxes: Floats, others: Floats) -> Floats:
    """Return [...] areas of overlap of broadcast boxes; boxes that are apart have none."""
    width = np.minimum(boxes[..., 2], others[..., 2])
    width -= np.maximum(boxes[..., 0], others[..., 0])
    height = np.minimum(boxes[..., 3], others[..., 3])
    height -= np.maximum(boxes[..., 1], others[..., 1])
    area: Floats = np.maximum(width, 0.0) * np.maximum(height, 0.0)
    return area


def ious(boxes: Floats, others: Floats) -> Floats:
    """Return [...] intersection over union of broadcast boxes (0 to 1)."""
    overlap = intersections(boxes, others)
    return _ratio(overlap, areas(boxes) + areas(others) - overlap)


def published_ious(boxes: Floats, others: Floats) -> Floats:
    """Return the published "IoU", whose intersection is not clamped at 0.

    Boxes that are apart on both axes have two negative sides, and thus a positive overlap.
    """
    width = np.minimum(boxes[..., 2], others[..., 2]) - np.maximum(boxes[..., 0], others[..., 0])
    height = np.minimum(boxes[..., 3], others[..., 3]) - np.maximum(boxes[..., 1], others[..., 1])
    overlap = width * height
    return _ratio(overlap, areas(boxes) + areas(others) - overlap)


def best_regions(boxes: Floats, regions: Floats, counts: Integers, threshold: float) -> Integers:
    """Return the region that shows each object best, -1 where none reaches the threshold.

    `boxes` [M, 4] are the objects, `regions` [M, R, 4] the candidates of each, of which the first
    `counts` [M] exist. Of equally good regions the first (the more confident) is taken; one region
    may serve several objects.
    """
    found = ious(boxes[:, None], regions)
    found[_missing(regions, counts)] = -1.0
    return _first_best(found, threshold)


def published_regions(boxes: Floats, regions: Floats, counts: Integers) -> Integers:
    """Return the same by the published formula: the highest "IoU" above 0."""
    found = published_ious(boxes[:, None], regions)
    found[_missing(regions, counts)] = -1.0
    return _first_best(found, np.nextafter(0.0, 1.0))


def _first_best(found: Floats, threshold: float) -> Integers:
    if not found.shape[1]:
        return np.full(len(found), -1, dtype=np.int64)
    best = found.argmax(axis=1)
    reached = found[np.arange(len(found)), best] >= threshold
    return np.where(reached, best, -1)


def _missing(regions: Floats, counts: Integers) -> npt.NDArray[np.bool_]:
    missing: npt.NDArray[np.bool_] = np.arange(regions.shape[1]) >= counts[:, None]
    return missing


def _ratio(part: Floats, whole: Floats) -> Floats:
    ratio: Floats = np.zeros_like(whole)
    np.divide(part, whole, out=ratio, where=whole != 0)
    return ratio
