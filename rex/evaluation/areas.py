"""Exact areas of unions of boxes, for many sets of boxes at once.

The edges of a set's boxes cut the plane into a grid whose cells are covered wholly or not at all;
the area is the sum of the covered cells. No pixel grid is involved, so coordinates may be fractions
and the cost does not depend on the image's size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_CELLS_AT_ONCE = 1 << 21


@dataclass(frozen=True)
class BoxSets:
    """n sets of boxes: set i is `boxes[starts[i]:starts[i + 1]]`, each x1, y1, x2, y2."""

    boxes: Floats
    starts: Integers

    @classmethod
    def of(cls, sets: Iterable[Sequence[Sequence[float]]]) -> BoxSets:
        """Gather sets of boxes."""
        lengths, boxes = [0], []
        for one in sets:
            lengths.append(len(one))
            boxes += [tuple(box) for box in one]
        return cls(
            np.array(boxes, dtype=np.float64).reshape(-1, 4), np.cumsum(lengths, dtype=np.int64)
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> Integers:
        """Boxes in each set [n]."""
        return np.diff(self.starts)

    def take(self, rows: npt.NDArray[np.int64]) -> BoxSets:
        """Return the sets `rows` [m], in that order."""
        places = _ranges(self.starts[rows], self.sizes[rows])
        starts = np.concatenate([[0], np.cumsum(self.sizes[rows])])
        return BoxSets(self.boxes[places], starts)


def union_area(boxes: npt.ArrayLike) -> float:
    """Return the area of the union of `boxes` [k, 4] (x1, y1, x2, y2); empty boxes add nothing."""
    array = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    sets = BoxSets(array, np.array([0, len(array)], dtype=np.int64))
    return float(union_overlaps(sets, sets)[1][0])


def union_overlaps(first: BoxSets, second: BoxSets) -> tuple[Floats, Floats]:
    """Return the areas [n] that two unions share, and that they cover together."""
    n = len(first)
    shared, together = np.zeros(n), np.zeros(n)
    sizes = np.stack([first.sizes, second.sizes], axis=1)
    for ours, theirs in np.unique(sizes, axis=0).tolist():
        count = ours + theirs
        if count == 0:
            continue
        members = np.flatnonzero((sizes == (ours, theirs)).all(axis=1))
        step = max(1, _CELLS_AT_ONCE // (2 * count) ** 2)
        for begin in range(0, len(members), step):
            rows = members[begin : begin + step]
            left = first.boxes[first.starts[rows][:, None] + np.arange(ours)]
            right = second.boxes[second.starts[rows][:, None] + np.arange(theirs)]
            shared[rows], together[rows] = _overlaps(left, right)
    return shared, together


def intersection_over_union(first: BoxSets, second: BoxSets) -> Floats:
    """Return the IoU [n], 0 to 1, of the unions of two sets; 0 where neither covers anything."""
    shared, together = union_overlaps(first, second)
    return np.divide(shared, together, out=np.zeros_like(shared), where=together > 0)


def overlapping_pairs(
    first: BoxSets, second: BoxSets, threshold: float
) -> tuple[Integers, Integers, Integers, Floats]:
    """Return the pairs of boxes of the same place in both that overlap by at least `threshold`.

    As set [p], box of the first [p] and box of the second [p], both counted within their set, and
    IoU [p].
    """
    ours, theirs = first.sizes, second.sizes
    products = ours * theirs
    owner = np.repeat(np.arange(len(first), dtype=np.int64), products)
    place = _ranges(np.zeros_like(products), products)
    left, right = np.divmod(place, np.maximum(theirs[owner], 1))
    a = first.boxes[first.starts[owner] + left]
    b = second.boxes[second.starts[owner] + right]
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    shared = np.prod(np.maximum(sides, 0), axis=1)
    together = _area(a) + _area(b) - shared
    overlap = np.divide(shared, together, out=np.zeros_like(shared), where=together > 0)
    kept = overlap >= threshold
    return owner[kept], left[kept], right[kept], overlap[kept]


def _area(boxes: Floats) -> Floats:
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    area: Floats = np.prod(sides, axis=1)
    return area


def _overlaps(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Return the shared and the joint area [m] of boxes [m, a, 4] and [m, b, 4]."""
    edges = np.concatenate([first, second], axis=1)
    x = np.sort(edges[..., 0::2].reshape(len(edges), -1), axis=1)
    y = np.sort(edges[..., 1::2].reshape(len(edges), -1), axis=1)
    cells = np.diff(x)[:, :, None] * np.diff(y)[:, None, :]
    ours, theirs = _covered(first, x, y), _covered(second, x, y)
    shared: Floats = (cells * (ours & theirs)).sum(axis=(1, 2))
    together: Floats = (cells * (ours | theirs)).sum(axis=(1, 2))
    return shared, together


def _covered(boxes: Floats, x: Floats, y: Floats) -> npt.NDArray[np.bool_]:
    """Return which cells of the grid x [m, 2k], y [m, 2k] lie in a box: [m, 2k - 1, 2k - 1]."""
    columns = (boxes[..., 0, None] <= x[:, None, :-1]) & (boxes[..., 2, None] >= x[:, None, 1:])
    rows = (boxes[..., 1, None] <= y[:, None, :-1]) & (boxes[..., 3, None] >= y[:, None, 1:])
    # a matrix product counts, for each cell, the boxes that hold its column and its row
    count = columns.transpose(0, 2, 1).astype(np.float32) @ rows.astype(np.float32)
    return np.asarray(count > 0)


def _ranges(starts: Integers, lengths: Integers) -> Integers:
    """Return starts[0], starts[0] + 1, …, then the same of every other range."""
    before = np.cumsum(lengths) - lengths
    places: Integers = np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)
    return places
