from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rex.evaluation import resampling
from rex.evaluation.resampling import draw_weights, intervals, sums_by_image
from rex.evaluation.scores import Sample, mean_sample


def interval(sample: Sample, *, draws: int, seed: int = 1) -> tuple[float, float]:
    found = intervals(
        {"m": sample}, images=[str(i) for i in range(len(sample.rows))], draws=draws, seed=seed
    )
    return found["m"]


def test_every_draw_has_as_many_questions() -> None:
    blocks = list(draw_weights(7, draws=50, seed=1))
    weights = np.concatenate(blocks)
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()
    assert len(np.unique(weights, axis=0)) > 40


def test_blocks_do_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(draw_weights(7, draws=20, seed=1)))
    monkeypatch.setattr(resampling, "_WEIGHTS_AT_ONCE", 21)
    assert np.array_equal(np.concatenate(list(draw_weights(7, draws=20, seed=1))), whole)


def test_interval_of_a_mean_is_that_of_scipy() -> None:
    values = np.random.default_rng(0).random(200)
    found = interval(mean_sample(range(200), values), draws=4000)
    expected = stats.bootstrap(
        (100 * values,), np.mean, n_resamples=4000, method="percentile", rng=1
    ).confidence_interval
    assert found == pytest.approx((expected.low, expected.high), abs=0.4)


def test_interval_of_something_certain_is_a_point() -> None:
    assert interval(mean_sample(range(9), np.ones(9)), draws=100) == (100, 100)


def test_no_questions_no_interval() -> None:
    samples = {"none": mean_sample([], []), "one": mean_sample([3], [0.5])}
    assert intervals(samples, images=[str(i) for i in range(4)], draws=10, seed=1) == {
        "one": (50, 50)
    }


def test_what_no_draw_gives_a_score_has_no_interval() -> None:
    samples = {"one": mean_sample([3], [0.5])}
    images = [str(i) for i in range(4)]
    found = [intervals(samples, images=images, draws=1, seed=seed) for seed in range(9)]
    assert {} in found
    assert {"one": (50, 50)} in found


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    generator = np.random.default_rng(7)
    hits = 0
    for seed in range(200):
        values = generator.random(60) < 0.3
        low, high = interval(mean_sample(range(60), values), draws=300, seed=seed)
        hits += low <= 30 <= high
    assert 180 <= hits <= 200


def test_a_measure_of_some_questions_is_as_unsure_as_they_are_few() -> None:
    values = np.arange(400) % 2
    few, all_of_them = mean_sample(range(40), values[:40]), mean_sample(range(400), values)
    found = intervals(
        {"few": few, "all": all_of_them}, images=[str(i) for i in range(400)], draws=500, seed=1
    )
    widths = {name: high - low for name, (low, high) in found.items()}
    assert widths["few"] == pytest.approx(100 * 2 * 1.96 * 0.5 / 40**0.5, rel=0.2)
    assert widths["all"] == pytest.approx(100 * 2 * 1.96 * 0.5 / 400**0.5, rel=0.2)


def test_measures_may_be_any_function_of_sums() -> None:
    sample = Sample(
        rows=np.arange(4),
        statistics=np.array([[1, 2], [1, 2], [1, 2], [1, 2]], dtype=np.float64),
        summary=lambda sums: sums[..., 0] / sums[..., 1],
    )
    assert interval(sample, draws=20) == (0.5, 0.5)


def test_questions_of_one_image_are_drawn_together() -> None:
    generator = np.random.default_rng(3)
    images = [f"i{number // 8}" for number in range(800)]
    # all questions of an image are answered alike
    values = np.repeat(generator.random(100) < 0.5, 8)
    order = generator.permutation(800)
    shuffled = mean_sample(order, values[order])
    low, high = intervals({"m": shuffled}, images=images, draws=2000, seed=1)["m"]
    # as unsure as a mean of 100, not of 800
    assert high - low == pytest.approx(100 * 2 * 1.96 * 0.5 / 100**0.5, rel=0.15)


def test_sums_by_image_are_those_of_a_loop() -> None:
    images = ["b", "a", "b", "c", "a"]
    table = np.arange(10, dtype=np.float64).reshape(5, 2)
    expected = [
        sum(row for row, name in zip(table, images, strict=True) if name == one) for one in "abc"
    ]
    assert np.array_equal(sums_by_image(table, images), np.array(expected))
