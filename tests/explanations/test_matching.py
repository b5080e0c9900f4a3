from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rex.boxes import ious
from rex.explanations.matching import (
    best_regions,
    bound_by_cells,
    bounds,
    published_ious,
)

Box = tuple[float, float, float, float]


def array(boxes: Sequence[Box]) -> npt.NDArray[np.float64]:
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def best(boxes: Sequence[Box], regions: Sequence[Box], threshold: float = 0.5) -> list[int]:
    """Match objects of one image."""
    count = np.full(len(boxes), len(regions))
    candidates = np.broadcast_to(array(regions), (len(boxes), len(regions), 4))
    return best_regions(array(boxes), candidates, count, threshold).tolist()


def bound(targets: Sequence[Box], regions: Sequence[Box]) -> float | None:
    count = np.array([len(targets)])
    found = bounds(array(targets), count, array(regions)[None], np.array([0])).tolist()[0]
    return None if math.isnan(found) else float(found)


def test_iou_by_hand() -> None:
    # a 10x10 box against itself, its right half, a corner of 5x5, and two that are apart
    others = [(0, 0, 10, 10), (5, 0, 10, 10), (5, 5, 15, 15), (20, 20, 30, 30), (10, 0, 20, 10)]
    assert ious(array([(0, 0, 10, 10)]), array(others)) == pytest.approx([1, 0.5, 25 / 175, 0, 0])


def test_boxes_apart_on_both_axes() -> None:
    one, other = array([(0, 0, 10, 10)]), array([(20, 20, 30, 30)])
    assert ious(one, other)[0] == 0
    # unclamped, the product of two negative sides is 100, as large as a box
    assert published_ious(one, other)[0] == 1


def test_an_empty_box_has_no_overlap() -> None:
    assert ious(array([(5, 5, 5, 5)]), array([(5, 5, 5, 5)]))[0] == 0


def test_the_best_region_above_the_threshold() -> None:
    objects: list[Box] = [(0, 0, 10, 10), (50, 50, 60, 60), (0, 0, 10, 9)]
    regions: list[Box] = [(0, 0, 10, 5), (0, 0, 10, 10), (50, 50, 60, 54)]
    # one region may serve two objects; an IoU of 0.4 is not a detection
    assert best(objects, regions) == [1, -1, 1]
    assert best(objects, regions, threshold=0.4) == [1, 2, 1]


def test_exactly_the_threshold_is_detected() -> None:
    assert best([(0, 0, 10, 10)], [(0, 0, 10, 5)]) == [0]


def test_of_equal_regions_the_first_is_taken() -> None:
    assert best([(0, 0, 10, 10)], [(0, 0, 10, 8), (0, 2, 10, 10)]) == [0]


def test_rows_past_the_number_of_regions_are_none() -> None:
    regions = array([(0, 0, 10, 5), (0, 0, 10, 10)])[None]
    assert best_regions(array([(0, 0, 10, 10)]), regions, np.array([1]), 0.5).tolist() == [0]
    assert best_regions(array([(0, 0, 10, 10)]), regions, np.array([0]), 0.0).tolist() == [-1]


def test_the_published_formula_prefers_what_is_apart() -> None:
    regions = array([(0, 0, 10, 8), (20, 20, 30, 30)])[None]
    for count, best in ((2, 1), (0, -1)):
        counts = np.array([count])
        found = best_regions(array([(0, 0, 10, 10)]), regions, counts, 0.5, published=True)
        assert found.tolist() == [best]


def test_the_bound_by_hand() -> None:
    # the left half and the right half of the first object; the second is not covered
    regions: list[Box] = [(0, 0, 5, 10), (5, 0, 10, 10), (90, 90, 99, 99)]
    first, second = (0, 0, 10, 10), (20, 0, 30, 10)
    assert bound([first], regions) == pytest.approx(1.0)
    assert bound([first, second], regions) == pytest.approx(0.5)
    assert bound([second], regions) == 0.0
    assert bound([], regions) is None


def test_a_region_that_costs_more_than_it_gives_is_left_out() -> None:
    # adding the second region would give 100 / 220 instead of 80 / 100
    assert bound([(0, 0, 10, 10)], [(0, 0, 10, 8), (0, 8, 10, 22)]) == pytest.approx(0.8)


@pytest.mark.parametrize("number", [5, 8])
def test_every_object_may_have_a_region(number: int) -> None:
    objects: list[Box] = [(20 * place, 0, 20 * place + 10, 10) for place in range(number)]
    assert bound(objects, objects) == pytest.approx(1.0)


def test_one_object_may_have_four_regions() -> None:
    strips: list[Box] = [(2 * place, 0, 2 * place + 2, 10) for place in range(5)]
    assert bound([(0, 0, 10, 10)], strips) == pytest.approx(0.8)


def test_the_greedy_choice_may_miss_the_best() -> None:
    # the two halves would be perfect, but the third region is the best single one
    regions: list[Box] = [(0, 0, 5, 10), (5, 0, 10, 10), (0, 0, 10, 13)]
    assert bound([(0, 0, 10, 10)], regions) == pytest.approx(10 / 13)


def test_a_mixed_batch_gives_what_each_gives() -> None:
    regions: list[Box] = [(0, 0, 5, 10), (5, 0, 10, 10), (0, 0, 0, 0)]
    targets: list[list[Box]] = [
        [(0, 0, 10, 10)],
        [],
        [(0, 0, 5, 5), (3, 3, 9, 9)],
        [(0, 0, 5, 10)],
    ]
    together = bounds(
        array([box for one in targets for box in one]),
        np.array([len(one) for one in targets]),
        np.stack([array([(50, 50, 60, 60)] * 3), array(regions)]),
        np.array([1, 1, 1, 1]),
    )
    alone = [bound(one, regions) for one in targets]
    assert together.tolist() == pytest.approx(
        [math.nan if one is None else one for one in alone], nan_ok=True
    )


small = st.integers(0, 8)
box = st.tuples(small, small, small, small).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]) + 1, max(b[1], b[3]) + 1)
)


def pixels(boxes: Sequence[Box]) -> set[tuple[int, int]]:
    return {
        point
        for x1, y1, x2, y2 in array(boxes).astype(int).tolist()
        for point in itertools.product(range(x1, x2), range(y1, y2))
    }


def union_iou(one: Sequence[Box], other: Sequence[Box]) -> float:
    first, second = pixels(one), pixels(other)
    return len(first & second) / len(first | second)


@settings(max_examples=150, deadline=None)
@given(box, box)
def test_iou_against_counting_pixels(one: Box, other: Box) -> None:
    assert ious(array([one]), array([other]))[0] == pytest.approx(union_iou([one], [other]))


@settings(max_examples=150, deadline=None)
@given(st.lists(box, min_size=1, max_size=7), st.lists(box, min_size=1, max_size=5))
def test_the_bound_against_counting_pixels(targets: list[Box], regions: list[Box]) -> None:
    found = bound(targets, regions)
    greedy = 0.0
    chosen: list[Box] = []
    for _ in range(max(4, len(targets))):
        reached = [union_iou([*chosen, region], targets) for region in regions]
        if max(reached) <= greedy + 1e-9:
            break
        greedy = max(reached)
        chosen.append(regions[reached.index(greedy)])
    # equally good regions may lead to different unions: compare what must hold of all
    assert found is not None
    assert found >= max(union_iou([region], targets) for region in regions) - 1e-9
    every = [
        union_iou(some, targets)
        for number in range(1, len(regions) + 1)
        for some in itertools.combinations(regions, number)
    ]
    assert any(found == pytest.approx(value) for value in [0.0, *every])
    if len(set(map(tuple, regions))) == 1:
        assert found == pytest.approx(greedy)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(0, 50)] * 4), min_size=1, max_size=4),
    st.lists(st.tuples(*[st.floats(0, 50)] * 4), min_size=1, max_size=6),
)
def test_inclusion_and_exclusion_agrees_with_cells(
    corners: list[Box], region_corners: list[Box]
) -> None:
    def boxes(values: list[Box]) -> list[Box]:
        return [(x, y, x + 1 + w, y + 1 + h) for x, y, w, h in values]

    targets, regions = boxes(corners), boxes(region_corners)
    assert bound(targets, regions) == pytest.approx(
        bound_by_cells(array(targets), array(regions)), abs=1e-6
    )
