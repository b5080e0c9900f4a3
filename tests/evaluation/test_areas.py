"""Areas of unions against a count of pixels, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rex.evaluation.areas import BoxSets, intersection_over_union, union_area, union_overlaps

SIZE = 24
COORDINATE = st.integers(0, SIZE)
BOX = st.tuples(COORDINATE, COORDINATE, COORDINATE, COORDINATE).map(
    lambda c: (min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3]))
)
SETS = st.lists(BOX, max_size=6)


def mask(boxes: list[tuple[int, int, int, int]]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    pixels = np.zeros((SIZE, SIZE), dtype=np.bool_)
    for left, top, right, bottom in boxes:
        pixels[top:bottom, left:right] = True
    return pixels


@settings(deadline=None)
@given(st.lists(st.tuples(SETS, SETS), min_size=1, max_size=5))
def test_overlaps_equal_a_count_of_pixels(
    pairs: list[tuple[list[tuple[int, int, int, int]], list[tuple[int, int, int, int]]]],
) -> None:
    first, second = BoxSets.of([p[0] for p in pairs]), BoxSets.of([p[1] for p in pairs])
    shared, together = union_overlaps(first, second)
    masks = [(mask(ours), mask(theirs)) for ours, theirs in pairs]
    assert shared.tolist() == [(ours & theirs).sum() for ours, theirs in masks]
    assert together.tolist() == [(ours | theirs).sum() for ours, theirs in masks]


@settings(deadline=None)
@given(SETS, st.floats(0.1, 7.0), st.floats(-50, 50))
def test_area_scales_and_does_not_care_where(
    boxes: list[tuple[int, int, int, int]], scale: float, shift: float
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
    empty, one = BoxSets.of([[], [(0, 0, 1, 1)]]), BoxSets.of([[], []])
    assert intersection_over_union(empty, one).tolist() == [0, 0]


def test_many_boxes_at_once_are_treated_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    corners = generator.integers(0, SIZE, size=(40, 3, 4))
    sets = [
        [tuple(np.concatenate([np.minimum(b[:2], b[2:]), np.maximum(b[:2], b[2:])])) for b in one]
        for one in corners
    ]
    whole = union_overlaps(BoxSets.of(sets), BoxSets.of(sets[::-1]))
    monkeypatch.setattr("rex.evaluation.areas._CELLS_AT_ONCE", 1)
    parts = union_overlaps(BoxSets.of(sets), BoxSets.of(sets[::-1]))
    assert np.array_equal(whole, parts)


def test_take_reorders() -> None:
    sets = BoxSets.of([[(0, 0, 1, 1)], [], [(0, 0, 2, 2), (5, 5, 6, 6)]])
    taken = sets.take(np.array([2, 1, 0]))
    assert taken.sizes.tolist() == [2, 0, 1]
    assert taken.boxes[0].tolist() == [0, 0, 2, 2]
    assert taken.boxes[-1].tolist() == [0, 0, 1, 1]
