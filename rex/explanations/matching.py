"""From annotated objects to detected regions: which shows an object best, and what all allow.

Arrays of boxes are [..., 4] float64 (`rex.boxes`). Everything is computed for many questions at
once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rex.arrays import Integers
from rex.boxes import Floats, areas, intersections, ious, ratios

ALWAYS_ALLOWED = 4
"""Regions that may be chosen however few the objects are: parts may make up an object."""

_MOST_TARGETS = 5
"""Inclusion and exclusion takes 2^n terms: questions on more objects are worked out by cells."""
_ROWS = 512
"""Questions on one object at a time, half as many on two, and so on: arrays stay in the cache."""

_GAIN = 1e-9
"""The least gain that counts, above what rounding makes."""


def published_ious(boxes: Floats, others: Floats) -> Floats:
    """Return the published "IoU", whose intersection is not clamped at 0.

    Boxes that are apart on both axes have two negative sides, and thus a positive overlap.
    """
    width = np.minimum(boxes[..., 2], others[..., 2]) - np.maximum(boxes[..., 0], others[..., 0])
    height = np.minimum(boxes[..., 3], others[..., 3]) - np.maximum(boxes[..., 1], others[..., 1])
    overlap = width * height
    return ratios(overlap, areas(boxes) + areas(others) - overlap)


def best_regions(
    boxes: Floats, regions: Floats, counts: Integers, threshold: float, *, published: bool = False
) -> Integers:
    """Return the region that shows each object best, -1 where none reaches the threshold.

    `boxes` [M, 4] are the objects, `regions` [M, R, 4] the candidates of each, of which the first
    `counts` [M] exist. Of equally good regions the first (the more confident) is taken; one region
    may serve several objects. `published`: the one with the highest published "IoU" above 0.
    """
    if not regions.shape[1]:
        return np.full(len(boxes), -1, dtype=np.int64)
    overlaps = (published_ious if published else ious)(boxes[:, None], regions)
    overlaps[np.arange(regions.shape[1]) >= counts[:, None]] = -1.0
    best = overlaps.argmax(axis=1)
    highest = overlaps[np.arange(len(boxes)), best]
    return np.where(highest > 0 if published else highest >= threshold, best, -1)


def bounds(
    boxes: Floats, counts: Integers, regions: npt.NDArray[np.floating[Any]], rows: Integers
) -> Floats:
    """Return for each of Q questions the best IoU (0 to 1) that a union of its regions reaches.

    Regions are chosen greedily: one after another, each time the one that raises the IoU of the
    union of the chosen with the union of the objects most, for as long as one does, at most as many
    as there are objects, or four. (All 2^36 choices cannot be tried: a better one may be missed.)
    Areas are exact.

    `boxes` [M, 4] are the objects, question after question, `counts` [Q] of each; `regions`
    [N, R, 4] those of all images, padded with empty boxes, `rows` [Q] each question's image. NaN
    where a question has no object.
    """
    best = np.full(len(counts), np.nan)
    starts = np.cumsum(counts) - counts
    for number in np.unique(counts[counts > 0]).tolist():
        places = np.flatnonzero(counts == number)
        step = max(1, _ROWS >> (number - 1))
        for start in range(0, len(places), step):
            some = places[start : start + step]
            targets = boxes[starts[some, None] + np.arange(number)]
            candidates = regions[rows[some]].astype(np.float64)
            if number <= _MOST_TARGETS:
                best[some] = _greedy(targets, candidates)
            else:
                best[some] = [
                    bound_by_cells(boxes_of_one, regions_of_one)
                    for boxes_of_one, regions_of_one in zip(targets, candidates, strict=True)
                ]
    return best


def most_regions(objects: int) -> int:
    """Return how many regions may be chosen for so many objects."""
    return max(ALWAYS_ALLOWED, objects)


def bound_by_cells(targets: Floats, regions: Floats) -> float:
    """Return the same bound for one question, cutting the plane into cells along all edges."""
    every = np.concatenate([targets, regions])
    xs, ys = np.unique(every[:, 0::2]), np.unique(every[:, 1::2])
    inside_x = (every[:, None, 0] <= xs[:-1]) & (xs[1:] <= every[:, None, 2])
    inside_y = (every[:, None, 1] <= ys[:-1]) & (ys[1:] <= every[:, None, 3])
    cells = (inside_y[:, :, None] & inside_x[:, None, :]).reshape(len(every), -1)
    sizes = (np.diff(ys)[:, None] * np.diff(xs)[None, :]).reshape(-1)
    target = cells[: len(targets)].any(axis=0)
    candidates = cells[len(targets) :]
    inside, outside = sizes * target, sizes * ~target
    total = inside.sum()
    chosen = np.zeros_like(target)
    best = 0.0
    for _ in range(most_regions(len(targets)) if len(regions) and total > 0 else 0):
        union = candidates | chosen
        reached = (union @ inside) / (total + union @ outside)
        place = int(reached.argmax())
        if reached[place] <= best + _GAIN:
            break
        best = float(reached[place])
        chosen = union[place]
    return best


def _greedy(targets: Floats, regions: Floats) -> Floats:
    """Return [n] bounds; `targets` [n, k, 4], `regions` [n, R, 4].

    What each region shares with the union so far is summed up as boxes are added to the union.
    """
    best = np.zeros(len(targets))
    rows = np.arange(len(targets))
    both = _Union.empty(len(targets))
    for place in range(targets.shape[1]):
        both = both.with_box(targets[:, place], chosen=False)
    summed = 0
    wanted_area = both_area = both.area()
    chosen_area = np.zeros_like(wanted_area)
    region_areas = areas(regions)
    in_both, in_chosen = np.zeros_like(region_areas), np.zeros_like(region_areas)
    for _ in range(most_regions(targets.shape[1])):
        overlaps = intersections(both.boxes[summed:, :, None], regions)
        overlaps *= both.signs[summed:, None, None]
        for overlap, chosen in zip(overlaps, both.chosen[summed:].tolist(), strict=True):
            in_both += overlap
            if chosen:
                in_chosen += overlap
        new_chosen = chosen_area[:, None] + region_areas - in_chosen
        new_both = both_area[:, None] + region_areas - in_both
        inside = new_chosen + wanted_area[:, None] - new_both
        reached = np.divide(inside, new_both, out=np.zeros_like(inside), where=new_both > 0)
        place = reached.argmax(axis=1)
        gained = np.flatnonzero(reached[np.arange(len(rows)), place] > best[rows] + _GAIN)
        if not len(gained):
            break
        # go on with the questions that gained; the others have their bound
        place = place[gained]
        rows = rows[gained]
        best[rows] = reached[gained, place]
        summed = len(both.boxes)
        both = both._replace(boxes=both.boxes[:, gained])
        both = both.with_box(regions[gained, place], chosen=True)
        chosen_area, both_area = new_chosen[gained, place], new_both[gained, place]
        wanted_area, regions = wanted_area[gained], regions[gained]
        region_areas = region_areas[gained]
        in_both, in_chosen = in_both[gained], in_chosen[gained]
    return best


class _Union(NamedTuple):
    """The unions of n questions' boxes, as t boxes of each to add and to subtract."""

    boxes: Floats
    """[t, n, 4]"""
    signs: Floats
    """[t] 1 or -1"""
    chosen: npt.NDArray[np.bool_]
    """[t] whether a box is of chosen regions alone, of no object."""

    @classmethod
    def empty(cls, number: int) -> _Union:
        return cls(np.empty((0, number, 4)), np.empty(0), np.empty(0, dtype=bool))

    def with_box(self, box: Floats, *, chosen: bool) -> _Union:
        """Return the union with one more box [n, 4]: what both cover is subtracted."""
        left_top = np.maximum(self.boxes[..., :2], box[:, :2])
        right_bottom = np.minimum(self.boxes[..., 2:], box[:, 2:])
        shared = np.concatenate([left_top, right_bottom], axis=-1)
        return _Union(
            np.concatenate([self.boxes, box[None], shared]),
            np.concatenate([self.signs, [1.0], -self.signs]),
            np.concatenate([self.chosen, [chosen], self.chosen & chosen]),
        )

    def area(self) -> Floats:
        """Return [n] areas."""
        return np.sum(self.signs[:, None] * areas(self.boxes), axis=0)
