"""Coverage, accuracies and AP50, worked by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex.boxes import pairwise_ious
from rex.regions.annotations import AnnotatedImage, ClassLists
from rex.regions.report import average_precision, report
from rex.regions.store import ImageRegions

Box = tuple[float, float, float, float]


def truth(*objects: tuple[Box, int, tuple[int, ...]]) -> AnnotatedImage:
    attributes = np.zeros((len(objects), 2), dtype=bool)
    for row, (_, _, ids) in enumerate(objects):
        attributes[row, list(ids)] = True
    return AnnotatedImage(
        image_id="1",
        path=Path("1.jpg"),
        width=100,
        height=100,
        boxes=np.array([box for box, _, _ in objects], dtype=np.float32).reshape(-1, 4),
        object_ids=np.array([number for _, number, _ in objects], dtype=np.int64),
        attributes=attributes,
    )


def regions(*found: tuple[Box, int, int, float]) -> ImageRegions:
    return ImageRegions(
        features=np.zeros((len(found), 1)),
        boxes=np.array([box for box, *_ in found], dtype=np.float32).reshape(-1, 4),
        scores=np.array([score for *_, score in found]),
        object_ids=np.array([number for _, number, _, _ in found], dtype=np.int64),
        attribute_ids=np.array([number for _, _, number, _ in found], dtype=np.int64),
        width=100,
        height=100,
    )


CLASSES = ClassLists(("cup", "ape"), ("red", "big"))
A: Box = (0, 0, 10, 10)
B: Box = (50, 50, 70, 70)
C: Box = (30, 0, 40, 10)


def test_iou_by_hand() -> None:
    a = np.array([A, (5, 0, 15, 10), (3, 3, 3, 3)])
    assert pairwise_ious(a, a)[0].tolist() == [1, 50 / 150, 0]
    assert pairwise_ious(a, a)[2].tolist() == [0, 0, 0]
    assert pairwise_ious(a[:0], a).shape == (0, 3)


@given(st.lists(st.tuples(*[st.integers(0, 20)] * 4), min_size=1, max_size=6))
def test_iou_is_symmetric_bounded_and_one_only_for_equal_boxes(
    drawn: list[tuple[int, int, int, int]],
) -> None:
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in drawn])
    overlap = pairwise_ious(boxes, boxes)
    np.testing.assert_array_equal(overlap, overlap.T)
    assert ((overlap >= 0) & (overlap <= 1)).all()
    for row, column in zip(*np.nonzero(overlap == 1), strict=True):
        assert boxes[row].tolist() == boxes[column].tolist()


def test_measures_by_hand() -> None:
    image = truth((A, 0, (0,)), (B, 1, (1,)), (C, 1, ()))
    # A: right name and attribute; B: half covered (IoU 1/2), wrong name, no attribute; C: missed
    found = regions((A, 0, 0, 0.9), ((50, 50, 60, 70), 0, -1, 0.8), ((33, 3, 60, 20), 1, 1, 0.7))
    measured = report([image, truth()], [found, regions((A, 0, 0, 0.5))], CLASSES)
    assert measured["objects"] == 3
    assert measured["coverage"] == pytest.approx(100 * 2 / 3)
    assert measured["object_accuracy"] == 50
    assert measured["attribute_accuracy"] == 50


def test_without_attributes_that_are_classes_their_accuracy_is_none() -> None:
    image = replace(truth((A, 0, ())), attributes=np.zeros((1, 0), dtype=bool))
    measured = report([image], [regions((A, 0, -1, 0.9))], ClassLists(("cup",), ()))
    assert measured["attribute_names"] == 0
    assert measured["attribute_accuracy"] is None
    assert measured["object_accuracy"] == 100


def test_nothing_to_measure_is_none() -> None:
    measured = report([truth()], [regions()], CLASSES)
    assert measured["objects"] == 0
    for name in ("coverage", "object_accuracy", "attribute_accuracy", "ap50"):
        assert measured[name] is None


def test_average_precision_by_hand() -> None:
    images = [truth((A, 0, ()), (B, 0, ())), truth((A, 1, ()))]
    # cup: hit (0.9), miss (0.8), hit (0.7): precision 1 up to recall 1/2, then 2/3;
    # COCO reads it at 101 recalls: 51 of them at 1, 50 at 2/3. ape: found at once
    found = [
        regions((A, 0, -1, 0.9), (C, 0, -1, 0.8), (B, 0, -1, 0.7)),
        regions((A, 1, -1, 0.3)),
    ]
    cup, ape = (51 + 50 * 2 / 3) / 101, 1.0
    assert average_precision(images, found) == pytest.approx(100 * (cup + ape) / 2)
    assert average_precision(images, [regions(), regions()]) == 0.0
