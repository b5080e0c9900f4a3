from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rex.explanations.matching import best_union_iou, iou_matrix, match_image
from rex.gqa.scene_graphs import SceneGraph, SceneObject


def scene(*boxes: tuple[float, float, float, float]) -> SceneGraph:
    objects = {str(place): SceneObject("thing", *box) for place, box in enumerate(boxes)}
    return SceneGraph(100, 100, objects)


def array(*boxes: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def test_iou_by_hand() -> None:
    # a 10x10 box against itself, its right half, a corner of 5x5, and two that are apart
    first = array((0, 0, 10, 10))
    others = array(
        (0, 0, 10, 10), (5, 0, 10, 10), (5, 5, 15, 15), (20, 20, 30, 30), (10, 0, 20, 10)
    )
    assert iou_matrix(first, others)[0] == pytest.approx([1, 0.5, 25 / 175, 0, 0])


def test_boxes_apart_on_both_axes_have_no_overlap() -> None:
    # unclamped, the product of two negative sides would give (-10) * (-10) = 100: an "IoU" of 1
    assert iou_matrix(array((0, 0, 10, 10)), array((20, 20, 30, 30)))[0, 0] == 0


def test_an_empty_box_has_no_overlap() -> None:
    assert iou_matrix(array((5, 5, 5, 5)), array((5, 5, 5, 5)))[0, 0] == 0


def test_the_best_region_above_the_threshold() -> None:
    graph = scene((0, 0, 10, 10), (50, 50, 10, 10), (0, 0, 10, 9))
    regions = array((0, 0, 10, 5), (0, 0, 10, 10), (50, 50, 60, 54))
    match = match_image(graph, regions, 0.5)
    # one region may serve two objects; an IoU of 0.4 is not a detection
    assert match.regions == {"0": 1, "1": -1, "2": 1}
    assert match_image(graph, regions, 0.4).regions["1"] == 2


def test_exactly_the_threshold_is_detected() -> None:
    assert match_image(scene((0, 0, 10, 10)), array((0, 0, 10, 5)), 0.5).regions == {"0": 0}


def test_of_equal_regions_the_first_is_taken() -> None:
    regions = array((0, 0, 10, 8), (0, 2, 10, 10))
    assert match_image(scene((0, 0, 10, 10)), regions, 0.5).regions == {"0": 0}


def test_no_regions_and_no_objects() -> None:
    assert match_image(scene((0, 0, 1, 1)), array(), 0.5).regions == {"0": -1}
    assert match_image(scene(), array((0, 0, 1, 1)), 0.5).regions == {}


def test_the_bound_by_hand() -> None:
    graph = scene((0, 0, 10, 10), (20, 0, 10, 10))
    # the left half and the right half of the first object; the second is not covered
    match = match_image(graph, array((0, 0, 5, 10), (5, 0, 10, 10), (90, 90, 99, 99)), 0.5)
    assert match.bound(["0"]) == pytest.approx(1.0)
    assert match.bound(["0", "1"]) == pytest.approx(0.5)
    assert match.bound(["0", "0"]) == pytest.approx(1.0)
    assert match.bound(["1"]) == 0.0


def test_a_region_that_costs_more_than_it_gives_is_left_out() -> None:
    # adding the second region would give 100 / 220 instead of 80 / 100
    match = match_image(scene((0, 0, 10, 10)), array((0, 0, 10, 8), (0, 8, 10, 22)), 0.5)
    assert match.bound(["0"]) == pytest.approx(0.8)


small = st.integers(0, 8)
box = st.tuples(small, small, small, small).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]) + 1, max(b[1], b[3]) + 1)
)


def pixels(boxes: np.ndarray) -> set[tuple[int, int]]:
    return {
        point
        for x1, y1, x2, y2 in boxes.astype(int).tolist()
        for point in itertools.product(range(x1, x2), range(y1, y2))
    }


@settings(max_examples=200, deadline=None)
@given(st.lists(box, min_size=1, max_size=3), st.lists(box, min_size=1, max_size=4))
def test_against_counting_pixels(
    targets: list[tuple[float, float, float, float]],
    regions: list[tuple[float, float, float, float]],
) -> None:
    target = pixels(array(*targets))
    ious = iou_matrix(array(*targets), array(*regions))
    for row, one in zip(ious, targets, strict=True):
        for value, other in zip(row, regions, strict=True):
            a, b = pixels(array(one)), pixels(array(other))
            assert value == pytest.approx(len(a & b) / len(a | b))
    reached = [
        len(union & target) / len(union | target)
        for number in range(len(regions) + 1)
        for chosen in itertools.combinations(regions, number)
        if (union := pixels(array(*chosen))) is not None
    ]
    single = max(
        len(pixels(array(one)) & target) / len(pixels(array(one)) | target) for one in regions
    )
    bound = best_union_iou(array(*targets), array(*regions))
    assert single - 1e-9 <= bound <= max(reached) + 1e-9
    assert any(bound == pytest.approx(value) for value in reached)
