from __future__ import annotations

import numpy as np
import pytest

from rex.boxes import box_sets
from rex.evaluation.measures.grounding import count_matches, grounding_samples, object_samples


def test_by_hand() -> None:
    predicted = box_sets(
        [
            [(0, 0, 10, 10)],  # half of the object
            [(0, 0, 10, 10), (10, 0, 20, 10)],  # both halves
            [],  # names no region
            [(50, 50, 60, 60)],  # elsewhere, and nothing was reachable
        ]
    )
    annotated = box_sets([[(0, 0, 20, 10)]] * 4)
    samples = grounding_samples(range(4), predicted, annotated, np.array([0.8, 0.9, 1.0, 0.0]))
    scores = {name: sample.score() for name, sample in samples.items()}
    assert scores["grounding"].value == pytest.approx(100 * (0.5 + 1 + 0 + 0) / 4)
    assert scores["grounding"].n == 4
    # 0.5 / 0.8; 1 / 0.9 clipped; 0; the last has no bound
    assert scores["grounding/bounded"].value == pytest.approx(100 * (0.625 + 1 + 0) / 3)
    assert scores["grounding/bounded"].n == 3
    assert scores["grounding/coverage"].value == pytest.approx(75)


def test_all_objects_count_not_the_last() -> None:
    annotated = box_sets([[(0, 0, 10, 10), (20, 0, 30, 10)]])
    predicted = box_sets([[(20, 0, 30, 10)]])
    samples = grounding_samples([0], predicted, annotated, np.array([1.0]))
    assert samples["grounding"].score().value == pytest.approx(50)


def test_objects_one_by_one() -> None:
    left, right, wide = (0, 0, 10, 10), (20, 0, 30, 10), (0, 0, 12, 10)
    predicted = box_sets([[left, right], [left, wide], [left], []])
    annotated = box_sets([[left, (50, 50, 60, 60)], [left], [], [right]])
    assert count_matches(predicted, annotated).tolist() == [1, 1, 0, 0]
    scores = {k: s.score() for k, s in object_samples(range(4), predicted, annotated).items()}
    assert scores["grounding/precision"].value == pytest.approx(100 * 2 / 5)
    assert scores["grounding/recall"].value == pytest.approx(100 * 2 / 4)
    assert scores["grounding/f1"].value == pytest.approx(100 * 2 * 2 / 9)


def test_the_best_overlap_is_paired_first() -> None:
    # the region fits both objects, its better one exactly; the other region fits only that one
    predicted = box_sets([[(0, 0, 10, 10), (0, 0, 10, 6)]])
    annotated = box_sets([[(0, 0, 10, 10), (0, 0, 10, 16)]])
    assert count_matches(predicted, annotated).tolist() == [1]
    nothing = box_sets([[]])
    assert count_matches(nothing, nothing).tolist() == [0]
    assert object_samples([0], nothing, nothing)["grounding/f1"].score().value == 0
