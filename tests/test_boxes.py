"""Boxes against counts of pixels, and by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rex.boxes import (
    area,
    areas,
    box_sets,
    cell_box,
    clip,
    from_xywh,
    grid_cell,
    intersection,
    intersections,
    ious,
    overlapping_pairs,
    pairwise_ious,
    resized,
    union_ious,
    union_overlaps,
)


def union_area(boxes: Sequence[Sequence[float]]) -> float:
    sets = box_sets([boxes])
    return float(union_overlaps(sets, sets)[1][0])


SIZE = 24
COORDINATE = st.integers(0, SIZE)
Pixels = tuple[int, int, int, int]
BOX = st.tuples(COORDINATE, COORDINATE, COORDINATE, COORDINATE).map(
    lambda c: (min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3]))
)
SETS = st.lists(BOX, max_size=6)


def mask(boxes: list[Pixels]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    pixels = np.zeros((SIZE, SIZE), dtype=np.bool_)
    for left, top, right, bottom in boxes:
        pixels[top:bottom, left:right] = True
    return pixels


@given(SETS, SETS)
def test_pairs_equal_a_count_of_pixels(first: list[Pixels], second: list[Pixels]) -> None:
    a = np.array(first, dtype=np.float64).reshape(-1, 4)
    b = np.array(second, dtype=np.float64).reshape(-1, 4)
    assert areas(a).tolist() == [mask([box]).sum() for box in first]
    shared = [[(mask([box]) & mask([other])).sum() for other in second] for box in first]
    joint = [[(mask([box]) | mask([other])).sum() for other in second] for box in first]
    assert intersections(a[:, None], b).tolist() == shared
    assert [area(box) for box in first] == areas(a).tolist()
    assert [[intersection(box, other) for other in second] for box in first] == shared
    naive = [
        [part / whole if whole else 0.0 for part, whole in zip(*rows, strict=True)]
        for rows in zip(shared, joint, strict=True)
    ]
    assert np.array_equal(pairwise_ious(a, b), np.reshape(naive, (len(a), len(b))))
    both = min(len(a), len(b))
    assert np.array_equal(ious(a[:both], b[:both]), np.diag(pairwise_ious(a, b)))


@given(SETS, SETS, st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_overlapping_pairs_are_those_of_each_set(
    first: list[Pixels], second: list[Pixels], threshold: float
) -> None:
    owner, left, right, overlap = overlapping_pairs(
        box_sets([first, [], second]), box_sets([second, first, second]), threshold
    )
    naive = [
        (place, i, j, float(matrix[i, j]))
        for place, matrix in ((0, pairwise_ious(first, second)), (2, pairwise_ious(second, second)))
        for i, j in np.ndindex(*matrix.shape)
        if matrix[i, j] >= threshold
    ]
    assert (
        list(zip(owner.tolist(), left.tolist(), right.tolist(), overlap.tolist(), strict=True))
        == naive
    )


@settings(deadline=None)
@given(st.lists(st.tuples(SETS, SETS), min_size=1, max_size=5))
def test_unions_equal_a_count_of_pixels(pairs: list[tuple[list[Pixels], list[Pixels]]]) -> None:
    first, second = box_sets([p[0] for p in pairs]), box_sets([p[1] for p in pairs])
    shared, together = union_overlaps(first, second)
    masks = [(mask(ours), mask(theirs)) for ours, theirs in pairs]
    assert shared.tolist() == [(ours & theirs).sum() for ours, theirs in masks]
    assert together.tolist() == [(ours | theirs).sum() for ours, theirs in masks]


@settings(deadline=None)
@given(SETS, st.floats(0.1, 7.0), st.floats(-50, 50))
def test_area_scales_and_does_not_care_where(
    boxes: list[Pixels], scale: float, shift: float
) -> None:
    moved = [[scale * c + shift for c in box] for box in boxes]
    assert union_area(moved) == pytest.approx(scale**2 * union_area(boxes), rel=1e-6, abs=1e-6)


def test_by_hand() -> None:
    # two 10 × 10 boxes that share 5 × 10
    assert union_area([(0, 0, 10, 10), (5, 0, 15, 10)]) == 150
    assert union_area([]) == 0
    assert union_area([(3, 3, 3, 9)]) == 0
    assert union_area([(9, 9, 3, 3)]) == 0  # inside out: covers nothing
    assert union_area([(0.5, 0.5, 1.0, 1.0)]) == 0.25


def test_iou_of_nothing_is_zero() -> None:
    empty, one = box_sets([[], [(0, 0, 1, 1)]]), box_sets([[], []])
    assert union_ious(empty, one).tolist() == [0, 0]


def test_many_boxes_at_once_are_treated_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    corners = np.random.default_rng(0).integers(0, SIZE, size=(40, 3, 4))
    sets = [
        [tuple(np.concatenate([np.minimum(b[:2], b[2:]), np.maximum(b[:2], b[2:])])) for b in boxes]
        for boxes in corners
    ]
    whole = union_overlaps(box_sets(sets), box_sets(sets[::-1]))
    monkeypatch.setattr("rex.boxes._CELLS_AT_ONCE", 1)
    parts = union_overlaps(box_sets(sets), box_sets(sets[::-1]))
    assert np.array_equal(whole, parts)


@given(BOX, COORDINATE, COORDINATE)
def test_conversions(box: Pixels, width: int, height: int) -> None:
    boxes = np.array([box], dtype=np.float64)
    left, top, right, bottom = box
    sides = np.array([[left, top, right - left, bottom - top]])
    assert np.array_equal(from_xywh(sides), boxes)
    inside = mask([box])[:height, :width].sum()
    assert areas(clip(boxes, width, height)).tolist() == [inside]


def test_boxes_of_resized_images() -> None:
    boxes = np.array([[10, 20, 30, 40.0]] * 3)
    sizes, wanted = [(100, 80), (0, 0), (100, 80)], [(200, 40), (200, 40), (0, 0)]
    assert resized(boxes, sizes, wanted).tolist() == [[20, 10, 60, 20], *boxes[1:].tolist()]


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_point_lies_in_the_box_of_its_cell(x: float, y: float) -> None:
    left, top, right, bottom = cell_box(grid_cell(x, y), 1, 1)
    assert left <= x <= right
    assert top <= y <= bottom


def test_cells_count_row_by_row_from_one() -> None:
    assert [grid_cell(x, y) for x, y in ((0, 0), (0.26, 0), (0, 0.25), (1, 1))] == [1, 2, 5, 16]
