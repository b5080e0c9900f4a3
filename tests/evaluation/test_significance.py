from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from rex.evaluation.scores import Floats
from rex.evaluation.significance import Term, TestedSum, contrast


def share(sums: Floats) -> Floats:
    return 100 * sums[..., 0] / sums[..., 1]


def statistics(values: Floats) -> Floats:
    return np.stack([values, np.ones_like(values)], axis=1)


def difference(first: Sequence[Floats], second: Sequence[Floats]) -> TestedSum:
    found = contrast([Term(1, first), Term(-1, second)], share)
    assert found is not None
    return found


def answered(
    generator: np.random.Generator, seeds: int, *, images: int, deviation: float, asked: int = 8
) -> list[Floats]:
    """Return runs that are right with 0.72 on average, some images and some seeds with less."""
    hard = np.random.default_rng(0).normal(0, 0.15, images)
    chances = 0.72 + generator.normal(0, deviation, (seeds, 1)) + hard
    right = generator.binomial(asked, np.clip(chances, 0.02, 0.98))
    return [np.stack([one, np.full(images, asked)], axis=1).astype(float) for one in right]


def test_one_seed_is_tested_as_student_s_paired_test() -> None:
    generator = np.random.default_rng(3)
    difficulty = generator.random(400)
    better, worse = difficulty + 0.02 + generator.normal(0, 0.05, 400), difficulty
    found = difference([statistics(better)], [statistics(worse)])
    expected = stats.ttest_rel(better, worse)
    low, high = expected.confidence_interval()
    assert found.p == pytest.approx(expected.pvalue)
    assert found.interval == pytest.approx((100 * low, 100 * high))
    # the spread of the questions hides it from a test that does not pair
    assert stats.ttest_ind(better, worse).pvalue > 0.2


def test_where_images_do_not_matter_seeds_are_tested_as_by_welch() -> None:
    first, second = [0.5, 0.6, 0.62], [0.4, 0.35, 0.42]
    runs = [[statistics(np.full(50, one)) for one in some] for some in (first, second)]
    found = difference(*runs)
    expected = stats.ttest_ind(first, second, equal_var=False)
    low, high = expected.confidence_interval()
    assert found.p == pytest.approx(expected.pvalue)
    assert found.interval == pytest.approx((100 * low, 100 * high))


def test_a_ratio_deviates_as_in_a_bootstrap() -> None:
    generator = np.random.default_rng(1)
    counts = generator.integers(1, 20, (300, 1))
    table = np.concatenate([generator.binomial(counts, 0.3), counts], axis=1).astype(float)
    found = contrast([Term(1, [table])], share)
    assert found is not None
    drawn = [share(table[generator.integers(300, size=300)].sum(axis=0)) for _ in range(4000)]
    low, high = found.interval
    assert high - low == pytest.approx(2 * 1.96 * float(np.std(drawn)), rel=0.05)


def test_equals_do_not_differ() -> None:
    values = statistics(np.random.default_rng(0).random(50))
    assert difference([values], [values]) == TestedSum(1, (0, 0))


@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
@pytest.mark.parametrize("deviation", [0, 0.005, 0.02])
def test_equally_good_methods_differ_at_most_as_often_as_is_said(
    seeds: int, deviation: float
) -> None:
    if seeds == 1 and deviation:
        pytest.skip("of one seed the test says nothing about another")
    generator = np.random.default_rng([seeds, round(1000 * deviation)])
    made = [
        [answered(generator, seeds, images=200, deviation=deviation) for _ in range(2)]
        for _ in range(400)
    ]
    found = sum(difference(*pair).p < 0.05 for pair in made)
    # nominally at most 5 %: 400 trials tell it to a standard error of 1.1
    assert found / 400 <= 0.075


def test_methods_that_differ_are_told_apart() -> None:
    generator = np.random.default_rng(0)
    found = 0
    for _ in range(100):
        better = answered(generator, 3, images=400, deviation=0.005)
        for run in better:
            run[:, 0] += generator.binomial((8 - run[:, 0]).astype(int), 0.2)
        found += difference(better, answered(generator, 3, images=400, deviation=0.005)).p < 0.05
    assert found >= 95


def test_seeds_that_disagree_make_a_difference_unsure() -> None:
    ones, zeros = statistics(np.ones(50)), statistics(np.zeros(50))
    half = statistics(np.full(50, 0.4))
    assert difference([ones, ones], [half, half]).p < 0.05
    assert difference([ones, zeros], [half, half]).p > 0.2


def test_what_hangs_on_one_image_is_not_tested() -> None:
    assert contrast([Term(1, [statistics(np.ones(1))])], share) is None
    only_one_asked = np.array([[1.0, 1], [0, 0], [0, 0]])
    assert contrast([Term(1, [only_one_asked])], share) is None
