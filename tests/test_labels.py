"""Labels of boxes: in the image, at their box, on no other label."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rex.labels import label_places

WIDTH, HEIGHT = 100.0, 80.0
SIZE = (10.0, 5.0)


@st.composite
def boxes(draw: st.DrawFn) -> tuple[float, float, float, float]:
    left, right = sorted(draw(st.lists(st.integers(0, 100), min_size=2, max_size=2, unique=True)))
    top, bottom = sorted(draw(st.lists(st.integers(0, 80), min_size=2, max_size=2, unique=True)))
    return left, top, right, bottom


@given(st.lists(boxes(), max_size=6))
def test_labels_are_in_the_image_and_touch_their_box(
    given_boxes: list[tuple[float, float, float, float]],
) -> None:
    places = label_places(given_boxes, [SIZE] * len(given_boxes), (WIDTH, HEIGHT))
    for (x, y), (left, top, right, bottom) in zip(places, given_boxes, strict=True):
        assert 0 <= x <= WIDTH - SIZE[0]
        assert 0 <= y <= HEIGHT - SIZE[1]
        assert x <= right
        assert x + SIZE[0] >= left
        assert y <= bottom
        assert y + SIZE[1] >= top


def test_a_label_stands_above_its_box_where_there_is_room() -> None:
    assert label_places([(20, 30, 60, 50)], [SIZE], (WIDTH, HEIGHT)) == [(20, 25)]


def test_at_the_upper_edge_it_stands_below() -> None:
    assert label_places([(20, 2, 60, 50)], [SIZE], (WIDTH, HEIGHT)) == [(20, 50)]


def test_the_smaller_of_two_boxes_at_one_corner_keeps_it() -> None:
    large, small = (20, 30, 60, 50), (20, 30, 40, 40)
    assert label_places([large, small], [SIZE] * 2, (WIDTH, HEIGHT)) == [(50, 25), (20, 25)]


def test_where_no_corner_is_free_it_stands_inside() -> None:
    whole = [(0.0, 0.0, 10.0, 5.0)] * 3
    assert label_places(whole, [SIZE] * 3, (10.0, 5.0)) == [(0, 0)] * 3
