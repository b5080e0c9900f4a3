"""torchvision's operators in plain torch: hand-worked boxes, an independent formula, gradients."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rex.operators import nms, register_operators, roi_align, roi_pool


def test_torchvision_transformers_and_detectron2_work_after_registration() -> None:
    register_operators()
    from detectron2.layers import batched_nms
    from torchvision.ops import nms as registered_nms
    from transformers import VisualBertModel

    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30]])
    scores = torch.tensor([0.5, 0.9, 0.1])
    assert registered_nms(boxes, scores, 0.5).tolist() == [1, 2]
    # of different classes, boxes do not suppress one another
    assert batched_nms(boxes, scores, torch.tensor([0, 1, 0]), 0.5).tolist() == [1, 0, 2]
    assert VisualBertModel is not None


def test_registering_twice_does_no_harm() -> None:
    assert register_operators() is register_operators()


# --- non-maximum suppression -----------------------------------------------------------------


def test_nms_keeps_a_box_exactly_at_the_threshold() -> None:
    # 2 x 2 boxes shifted by 1: intersection 2, union 6
    boxes = torch.tensor([[0.0, 0, 2, 2], [1, 0, 3, 2]])
    scores = torch.tensor([0.9, 0.8])
    assert nms(boxes, scores, 1 / 3 + 1e-6).tolist() == [0, 1]
    assert nms(boxes, scores, 1 / 3 - 1e-6).tolist() == [0]


def test_a_suppressed_box_does_not_suppress() -> None:
    # the middle box falls to the first and so cannot take the third with it
    boxes = torch.tensor([[0.0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]])
    assert nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.4).tolist() == [0, 2]


def test_nms_of_nothing_and_of_empty_boxes() -> None:
    assert nms(torch.zeros(0, 4), torch.zeros(0), 0.5).tolist() == []
    assert nms(torch.zeros(2, 4), torch.tensor([0.1, 0.2]), 0.5).tolist() == [1, 0]


def greedy(boxes: torch.Tensor, scores: torch.Tensor, threshold: float) -> list[int]:
    """The definition, one pair at a time."""
    kept: list[int] = []
    for place in sorted(range(len(scores)), key=lambda i: (-float(scores[i]), i)):
        x1, y1, x2, y2 = boxes[place].tolist()
        for other in kept:
            u1, v1, u2, v2 = boxes[other].tolist()
            shared = max(0.0, min(x2, u2) - max(x1, u1)) * max(0.0, min(y2, v2) - max(y1, v1))
            union = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - shared
            if union and shared / union > threshold:
                break
        else:
            kept.append(place)
    return kept


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(0, 12)] * 5), max_size=30),
    st.sampled_from([0.15, 0.45, 0.72]),
)
def test_nms_is_the_greedy_definition(
    drawn: list[tuple[int, int, int, int, int]], threshold: float
) -> None:
    boxes = torch.tensor([(x, y, x + w, y + h) for x, y, w, h, _ in drawn]).float().view(-1, 4)
    scores = torch.tensor([score for *_, score in drawn]).float()
    assert nms(boxes, scores, threshold).tolist() == greedy(boxes, scores, threshold)


def test_nms_of_more_boxes_than_a_block() -> None:
    generator = torch.Generator().manual_seed(0)
    corners = torch.rand(700, 2, generator=generator) * 60
    boxes = torch.cat([corners, corners + 20], dim=1)
    scores = torch.rand(700, generator=generator)
    assert nms(boxes, scores, 0.5).tolist() == greedy(boxes, scores, 0.5)


# --- RoIAlign --------------------------------------------------------------------------------


def test_roi_align_of_a_ramp_is_its_value_at_the_centres() -> None:
    # value = x at each pixel centre, so an aligned sample at x reads x - 0.5
    features = torch.arange(8.0).expand(1, 1, 6, 8)
    roi = torch.tensor([[0.0, 1, 1, 5, 5]])
    pooled = roi_align(features, roi, 1.0, 2, 2, 2, True)
    assert pooled[0, 0].tolist() == [[1.5, 3.5], [1.5, 3.5]]
    unaligned = roi_align(features, roi, 1.0, 2, 2, 2, False)
    assert unaligned[0, 0].tolist() == [[2.0, 4.0], [2.0, 4.0]]


def test_roi_align_counts_samples_far_outside_as_zero() -> None:
    # one sample a cell: at -2.5 (outside by more than 1: zero) and at 0.5 - within the map
    features = torch.full((1, 1, 4, 4), 6.0)
    roi = torch.tensor([[0.0, -4, 0, 2, 2]])
    pooled = roi_align(features, roi, 1.0, 1, 2, 1, False)
    assert pooled[0, 0].tolist() == [[0.0, 6.0]]


def test_roi_align_takes_each_box_from_its_own_image() -> None:
    features = torch.stack([torch.full((1, 4, 4), value) for value in (1.0, 2.0, 3.0)])
    rois = torch.tensor([[2.0, 0, 0, 2, 2], [0, 0, 0, 2, 2], [2, 1, 1, 3, 3], [1, 0, 0, 1, 1]])
    assert roi_align(features, rois, 1.0, 1, 1, 0, True).flatten().tolist() == [3, 1, 3, 2]
    assert roi_align(features, rois[:0], 1.0, 2, 3, 0, True).shape == (0, 1, 2, 3)


def inside_rois() -> st.SearchStrategy[list[tuple[float, float, float, float]]]:
    """Boxes inside an image of 40 x 32 pixels, from 2 pixels wide."""
    start, side = st.floats(2, 20), st.floats(2, 10)
    return st.lists(st.tuples(start, start, side, side), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(inside_rois(), st.sampled_from([0, 1, 2, 3]), st.booleans())
def test_roi_align_agrees_with_torchvisions_slow_formula(
    drawn: list[tuple[float, float, float, float]], sampling_ratio: int, aligned: bool
) -> None:
    """Inside the image: beyond it, that formula leaves out the rule that such samples are 0."""
    register_operators()
    import torchvision.ops  # noqa: F401

    module: Any = sys.modules["torchvision.ops.roi_align"]
    formula = module._roi_align.__wrapped__  # without compiling it first
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(2, 3, 8, 10, generator=generator, requires_grad=True)
    rois = torch.tensor([(k % 2, x, y, x + w, y + h) for k, (x, y, w, h) in enumerate(drawn)])
    arguments = (rois, 0.25, 3, 2, sampling_ratio, aligned)
    ours, theirs = roi_align(features, *arguments), formula(features, *arguments)
    torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-4)
    weights = torch.randn(ours.shape, generator=generator)
    (our_gradient,) = torch.autograd.grad((ours * weights).sum(), features)
    (their_gradient,) = torch.autograd.grad((theirs * weights).sum(), features)
    torch.testing.assert_close(our_gradient, their_gradient, atol=2e-5, rtol=1e-4)


# --- RoIPool ---------------------------------------------------------------------------------


def test_roi_pool_by_hand() -> None:
    features = torch.arange(20.0).view(1, 1, 4, 5)
    # x 0 to 3, y 1 to 2 in pixels: columns 0-1 and 2-3 of rows 1-2
    pooled, places = roi_pool(features, torch.tensor([[0.0, 0, 1, 3, 2]]), 1.0, 1, 2)
    assert pooled[0, 0].tolist() == [[11.0, 13.0]]
    assert places[0, 0].tolist() == [[11, 13]]


def test_roi_pool_rounds_halves_up_and_overlaps_cells() -> None:
    features = torch.arange(25.0).view(1, 1, 5, 5)
    # 0.5 rounds to 1, 2.5 to 3: columns 1 to 3 in two cells of 1.5, which share column 2
    pooled, _ = roi_pool(features, torch.tensor([[0.0, 0.5, 0, 2.5, 0]]), 1.0, 1, 2)
    assert pooled[0, 0].tolist() == [[2.0, 3.0]]


def test_roi_pool_of_an_empty_cell_is_zero() -> None:
    features = torch.ones(1, 2, 4, 4)
    pooled, places = roi_pool(features, torch.tensor([[0.0, 10, 10, 12, 12]]), 1.0, 1, 1)
    assert pooled.flatten().tolist() == [0, 0]
    assert places.flatten().tolist() == [-1, -1]
    assert roi_pool(features, torch.zeros(0, 5), 1.0, 2, 3)[0].shape == (0, 2, 2, 3)


# --- gradients -------------------------------------------------------------------------------


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("sampling_ratio", [0, 2])
def test_roi_align_gradient_is_exact(sampling_ratio: int, aligned: bool) -> None:
    generator = torch.Generator().manual_seed(2)
    features = torch.randn(2, 2, 4, 5, generator=generator, dtype=torch.double).requires_grad_()
    rois = torch.tensor([[0, -1.0, 0.3, 3.7, 2.9], [1, 1.2, 1, 9, 3]], dtype=torch.double)
    assert torch.autograd.gradcheck(
        lambda x: roi_align(x, rois, 0.7, 2, 3, sampling_ratio, aligned), (features,)
    )


def test_roi_pool_gradient_is_exact() -> None:
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(2, 2, 5, 5, generator=generator, dtype=torch.double).requires_grad_()
    rois = torch.tensor([[0, 0, 0, 3, 3], [1, 1, 2, 9, 9], [1, 0, 0, 1, 1]], dtype=torch.double)
    assert torch.autograd.gradcheck(lambda x: roi_pool(x, rois, 1.0, 2, 2)[0], (features,))
