"""Geometry of boxes: areas, overlaps, unions, grid cells.

Arrays of boxes are [..., 4]: left, top, right, bottom (x1, y1, x2, y2), in pixels, fractions
allowed. A box whose right is left of its left, or whose bottom is above its top, is empty.

Areas of unions are exact: the edges of a set's boxes cut the plane into a grid whose cells are
covered wholly or not at all, and the covered cells are summed. The cost does not depend on the
image's size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rex.arrays import Integers, Ragged, ranges

Floats = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]
"""One box: left, top, right, bottom."""

GRID = 4
"""Rows and columns of the grid whose cells `@k` names."""
CELLS = GRID * GRID

_CELLS_AT_ONCE = 1 << 21


def area(box: Box) -> float:
    """Return the area of one box that is not empty."""
    return (box[2] - box[0]) * (box[3] - box[1])


def intersection(box: Box, other: Box) -> float:
    """Return the area of overlap of two boxes; boxes that are apart have none."""
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    return width * height if width > 0 and height > 0 else 0.0


def areas(boxes: Floats) -> Floats:
    """Return [...] areas; an empty box has none."""
    found: Floats = np.maximum(boxes[..., 2] - boxes[..., 0], 0.0)
    found *= np.maximum(boxes[..., 3] - boxes[..., 1], 0.0)
    return found


def intersections(boxes: Floats, others: Floats) -> Floats:
    """Return [...] areas of overlap of broadcast boxes; boxes that are apart have none."""
    width = np.minimum(boxes[..., 2], others[..., 2])
    width -= np.maximum(boxes[..., 0], others[..., 0])
    height = np.minimum(boxes[..., 3], others[..., 3])
    height -= np.maximum(boxes[..., 1], others[..., 1])
    return np.maximum(width, 0.0) * np.maximum(height, 0.0)


def ious(boxes: Floats, others: Floats) -> Floats:
    """Return [...] intersection over union (0 to 1) of broadcast boxes; 0 where both are empty."""
    shared = intersections(boxes, others)
    return ratios(shared, areas(boxes) + areas(others) - shared)


def pairwise_ious(boxes: npt.ArrayLike, others: npt.ArrayLike) -> Floats:
    """Return [A, B] intersection over union of each of `boxes` [A, 4] with each of `others`."""
    ours = np.asarray(boxes, dtype=np.float64).reshape(-1, 1, 4)
    return ious(ours, np.asarray(others, dtype=np.float64).reshape(-1, 4))


def ratios(parts: Floats, wholes: Floats) -> Floats:
    """Return [...] parts / wholes; 0 where a whole is 0."""
    ratio: Floats = np.zeros_like(wholes)
    np.divide(parts, wholes, out=ratio, where=wholes != 0)
    return ratio


def clip(boxes: npt.NDArray[Any], width: npt.ArrayLike, height: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return the boxes [..., 4] cut at the edges of images of this size (broadcast over [...])."""
    limits = np.stack(np.broadcast_arrays(width, height, width, height), axis=-1)
    return np.clip(boxes, 0, limits).astype(boxes.dtype)


def resized(boxes: npt.NDArray[Any], sizes: npt.ArrayLike, wanted: npt.ArrayLike) -> Floats:
    """Return boxes [..., 4] of images of `sizes` in pixels of the same images of the size `wanted`.

    Sizes [..., 2] are width and height; where one is 0, nobody knows it, and boxes stay.
    """
    before, after = np.asarray(sizes, np.float64), np.asarray(wanted, np.float64)
    scale = np.ones(np.broadcast_shapes(before.shape, after.shape))
    np.divide(after, before, out=scale, where=(before > 0) & (after > 0))
    return boxes * np.concatenate([scale, scale], axis=-1)


def from_xywh(boxes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return boxes given as x, y, width, height [..., 4] as left, top, right, bottom."""
    return np.concatenate([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], axis=-1)


def grid_cell(x: float, y: float) -> int:
    """Return the cell, 1 to 16 row by row, of the 4×4 grid that a point (0 to 1) lies in."""
    return min(int(y * GRID), GRID - 1) * GRID + min(int(x * GRID), GRID - 1) + 1


def cell_box(cell: int, width: float, height: float) -> Box:
    """Return the box of a cell (1 to 16) in an image of this size, in pixels."""
    row, column = divmod(cell - 1, GRID)
    across, down = width / GRID, height / GRID
    return (column * across, row * down, (column + 1) * across, (row + 1) * down)


# Sets of boxes: `Ragged` with values [total, 4], a row for each set.


def box_sets(sets: Iterable[Sequence[Sequence[float]]]) -> Ragged:
    """Gather sets of boxes."""
    ragged = Ragged.of(sets, np.float64)
    return Ragged(ragged.values.reshape(-1, 4), ragged.starts)


def union_overlaps(first: Ragged, second: Ragged) -> tuple[Floats, Floats]:
    """Return the areas [n] that the unions of two sets of boxes share, and cover together."""
    shared, together = np.zeros(len(first)), np.zeros(len(first))
    sizes = np.stack([first.lengths, second.lengths], axis=1)
    for ours, theirs in np.unique(sizes, axis=0).tolist():
        count = ours + theirs
        if count == 0:
            continue
        members = np.flatnonzero((sizes == (ours, theirs)).all(axis=1))
        step = max(1, _CELLS_AT_ONCE // (2 * count) ** 2)
        for begin in range(0, len(members), step):
            rows = members[begin : begin + step]
            left = first.values[first.starts[rows][:, None] + np.arange(ours)]
            right = second.values[second.starts[rows][:, None] + np.arange(theirs)]
            shared[rows], together[rows] = _overlaps(left, right)
    return shared, together


def union_ious(first: Ragged, second: Ragged) -> Floats:
    """Return the IoU [n], 0 to 1, of the unions of two sets; 0 where neither covers anything."""
    return ratios(*union_overlaps(first, second))


def overlapping_pairs(
    first: Ragged, second: Ragged, threshold: float
) -> tuple[Integers, Integers, Integers, Floats]:
    """Return the pairs of boxes of the same set in both whose IoU is at least `threshold`.

    As set [p], box of the first [p] and box of the second [p], both counted within their set, and
    IoU [p].
    """
    ours, theirs = first.lengths, second.lengths
    products = ours * theirs
    owner = np.repeat(np.arange(len(first), dtype=np.int64), products)
    place = ranges(np.zeros_like(products), products)
    left, right = np.divmod(place, np.maximum(theirs[owner], 1))
    overlap = ious(
        first.values[first.starts[owner] + left], second.values[second.starts[owner] + right]
    )
    kept = overlap >= threshold
    return owner[kept], left[kept], right[kept], overlap[kept]


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
