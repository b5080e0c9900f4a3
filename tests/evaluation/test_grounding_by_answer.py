from __future__ import annotations

import numpy as np
import pytest

from rex.evaluation.measures.grounding import (
    ALL_ALIKE,
    ALL_RIGHT,
    ALL_WRONG,
    BY_ANSWER,
    by_answer_samples,
    stratified_sample,
)
from rex.evaluation.resampling import intervals
from rex.evaluation.scores import Sample

RIGHT, WRONG, GAP = BY_ANSWER


def value(found: Sample | str) -> float | None:
    assert isinstance(found, Sample)
    return found.score().value


def test_by_hand() -> None:
    # right answers with IoU 0.9, 0.7, 0.2; wrong ones with 0.5 and 0.1
    found = by_answer_samples(range(5), [1, 1, 0, 0, 1], [0.9, 0.7, 0.5, 0.1, 0.2])
    assert value(found[RIGHT]) == pytest.approx(60)
    assert value(found[WRONG]) == pytest.approx(30)
    assert value(found[GAP]) == pytest.approx(30)


def test_what_there_is_none_of_has_a_reason() -> None:
    found = by_answer_samples(range(2), [True, True], [0.5, 0.7])
    assert value(found[RIGHT]) == pytest.approx(60)
    assert (found[WRONG], found[GAP]) == (ALL_RIGHT, ALL_RIGHT)
    found = by_answer_samples(range(2), [False, False], [0.5, 0.7])
    assert (found[RIGHT], found[GAP]) == (ALL_WRONG, ALL_WRONG)
    empty = by_answer_samples([], [], [])[GAP]
    assert isinstance(empty, Sample)
    assert empty.score().reason == "no question of this kind"


def test_the_interval_holds_the_difference_and_knows_chance() -> None:
    generator = np.random.default_rng(3)
    overlap = generator.random(400)
    for right, linked in ((overlap > 0.5, True), (generator.random(400) > 0.5, False)):
        found = by_answer_samples(range(400), right, overlap)
        gap = found[GAP]
        assert isinstance(gap, Sample)
        low, high = intervals({GAP: gap}, images=[str(i) for i in range(400)], draws=500, seed=1)[
            GAP
        ]
        expected = 100 * (overlap[right].mean() - overlap[~right].mean())
        assert low < expected < high
        assert (low > 0) is linked


def test_within_types_by_hand() -> None:
    types = ["query", "query", "query", "verify", "verify", "choose"]
    right = [1, 0, 1, 1, 0, 1]
    overlap = [0.8, 0.3, 0.6, 0.4, 0.5, 0.9]
    found = stratified_sample(range(6), right, overlap, types)
    # query: 0.7 - 0.3, of 3 questions; verify: 0.4 - 0.5, of 2; all of choose are right
    assert value(found) == pytest.approx(100 * (3 * 0.4 - 2 * 0.1) / 5)


@pytest.mark.parametrize("types", [["query", "verify"], ["", ""]])
def test_no_type_with_right_and_wrong_answers_has_a_reason(types: list[str]) -> None:
    assert stratified_sample(range(2), [1, 0], [0.8, 0.3], types) == ALL_ALIKE
    empty = stratified_sample([], [], [], [])
    assert isinstance(empty, Sample)
    assert empty.score().reason == "no question of this kind"


def test_easy_kinds_of_question_are_no_link() -> None:
    generator = np.random.default_rng(5)
    easy = np.arange(400) < 200
    right = generator.random(400) < np.where(easy, 0.9, 0.2)
    overlap = np.where(easy, 0.8, 0.3)  # grounded better, whatever the answer
    types = ["verify" if one else "query" for one in easy]
    gap = value(by_answer_samples(range(400), right, overlap)[GAP])
    assert gap is not None
    assert gap > 20
    assert value(stratified_sample(range(400), right, overlap, types)) == pytest.approx(0)
