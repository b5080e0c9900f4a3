"""The rule by which proposals become regions."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rex.regions.heads import THRESHOLDS, adaptive_number, fixed_number


def test_the_strictest_threshold_that_leaves_enough_wins() -> None:
    # a and b overlap with IoU 0.6 (15 / 25), c lies apart
    boxes = torch.tensor([[0.0, 0, 20, 1], [5, 0, 25, 1], [50, 0, 60, 1]])
    scores = torch.tensor([0.9, 0.8, 0.1])
    assert fixed_number(boxes, scores, 2).tolist() == [0, 2]
    # three are asked for, so b must stay: the threshold rises to 0.6
    assert fixed_number(boxes, scores, 3).tolist() == [0, 1, 2]


def test_copies_fill_up_when_there_is_nothing_else() -> None:
    boxes = torch.tensor([[0.0, 0, 4, 4]] * 3 + [[9, 9, 12, 12]])
    scores = torch.tensor([0.5, 0.9, 0.4, 0.6])
    assert fixed_number(boxes, scores, 3).tolist() == [1, 3, 0]
    assert fixed_number(boxes, scores, 9).tolist() == [1, 3, 0, 2]
    assert fixed_number(boxes[:0], scores[:0], 9).tolist() == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(0, 9)] * 4, st.integers(0, 9)), max_size=25),
    st.integers(1, 12),
)
def test_the_number_asked_for_best_first_and_no_weaker_copy_kept_early(
    drawn: list[tuple[int, int, int, int, int]], regions: int
) -> None:
    from torchvision.ops import nms

    boxes = torch.tensor([(x, y, x + w, y + h) for x, y, w, h, _ in drawn]).float().view(-1, 4)
    scores = torch.tensor([score for *_, score in drawn]).float()
    chosen = fixed_number(boxes, scores, regions)
    assert len(chosen) == min(regions, len(drawn))
    assert len(set(chosen.tolist())) == len(chosen)
    assert (scores[chosen].diff() <= 0).all()
    enough = [t for t in THRESHOLDS if len(nms(boxes, scores, t)) >= regions]
    if enough:
        assert chosen.tolist() == nms(boxes, scores, enough[0])[:regions].tolist()


def test_an_adaptive_choice_keeps_the_confident_of_each_class() -> None:
    # 14 boxes apart; a copy of the first goes if it is of its class, and stays if of another
    boxes = torch.tensor([[20.0 * k, 0, 20 * k + 10, 10] for k in range(14)])
    scores = torch.tensor([0.9 - 0.05 * k for k in range(14)])
    same = adaptive_number(
        torch.cat([boxes, boxes[:1]]), torch.cat([scores, scores[:1]]), torch.zeros(15), 100
    )
    assert same.tolist() == list(range(14))
    classes = torch.tensor([0] * 14 + [1])
    other = adaptive_number(
        torch.cat([boxes, boxes[:1]]), torch.cat([scores, scores[:1]]), classes, 100
    )
    assert sorted(other.tolist()) == list(range(15))


def test_an_adaptive_choice_is_filled_up_by_the_best_of_the_suppressed() -> None:
    boxes = torch.tensor([[0.0, 0, 9, 9]] * 20 + [[50, 0, 60, 10]])
    scores = torch.linspace(0.9, 0.3, 21)
    chosen = adaptive_number(boxes, scores, torch.zeros(21), 100).tolist()
    assert chosen == [*range(9), 20]  # what is not suppressed stays
    assert adaptive_number(boxes, scores, torch.zeros(21), 4).tolist() == [0, 1, 2, 20]


def test_an_adaptive_choice_has_a_least_and_a_most() -> None:
    boxes = torch.tensor([[20.0 * k, 0, 20 * k + 10, 10] for k in range(30)])
    classes = torch.zeros(30)
    weak, strong = torch.full((30,), 0.1), torch.full((30,), 0.8)
    few = torch.cat([strong[:12], weak[12:]])
    assert len(adaptive_number(boxes, weak, classes, 20)) == 10
    assert len(adaptive_number(boxes, few, classes, 20)) == 12
    assert len(adaptive_number(boxes, strong, classes, 20)) == 20
    assert len(adaptive_number(boxes[:4], weak[:4], classes[:4], 20)) == 4
