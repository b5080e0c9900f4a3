"""How sure a score is: bootstrap over questions (Efron, 1979), paired comparison of methods.

A score is a function of sums over questions (`Sample`), so a resampled score is that function of
sums weighted by how often each question was drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from rex.evaluation.scores import Floats, Sample

LEVEL = 0.95
"""Of the intervals."""

_WEIGHTS_AT_ONCE = 1 << 22


def intervals(
    samples: Mapping[str, Sample], *, questions: int, draws: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Return of each score the 95 % percentile interval over `draws` resamples of the questions.

    All `questions` of the split are drawn together, for all measures alike; a measure of some of
    them sums over those that were drawn. Samples without questions have no interval.
    """
    known = {name: sample for name, sample in samples.items() if len(sample.rows)}
    if not known or draws == 0:
        return {}
    columns, table = _joined(list(known.values()), questions)
    sums = np.concatenate([w @ table for w in draw_weights(questions, draws=draws, seed=seed)])
    tails = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    found = {}
    for name, sample in known.items():
        with np.errstate(invalid="ignore"):  # a rare kind of question may not be drawn at all
            scores = sample.summary(sums[:, columns[id(sample.statistics)]])
        low, high = np.nanquantile(scores, tails)
        found[name] = (float(low), float(high))
    return found


def _joined(samples: Sequence[Sample], questions: int) -> tuple[dict[int, slice], Floats]:
    """Return the statistics of all samples side by side [questions, K], and where each stands.

    Statistics that several measures share stand there once; rows that a measure is not about are 0.
    """
    columns: dict[int, slice] = {}
    width = 0
    for sample in samples:
        if id(sample.statistics) not in columns:
            columns[id(sample.statistics)] = slice(width, width + sample.statistics.shape[1])
            width += sample.statistics.shape[1]
    table = np.zeros((questions, width))
    for sample in samples:
        table[sample.rows, columns[id(sample.statistics)]] = sample.statistics
    return columns, table


def draw_weights(size: int, *, draws: int, seed: int) -> Iterator[Floats]:
    """Yield, in blocks [b, size], how often each question is drawn in each of `draws` resamples."""
    generator = np.random.default_rng([seed, size])
    block = max(1, _WEIGHTS_AT_ONCE // size)
    for begin in range(0, draws, block):
        count = min(block, draws - begin)
        drawn = generator.integers(size, size=(count, size))
        drawn += np.arange(count)[:, None] * size
        weights = np.bincount(drawn.ravel(), minlength=count * size)
        yield weights.reshape(count, size).astype(np.float64)


def paired_test(
    first: Sequence[Floats],
    second: Sequence[Floats],
    summary: Callable[[Floats], Floats],
    *,
    draws: int,
    seed: int,
) -> float:
    """Return how likely it is that two methods differ by chance alone (two-sided p, Koehn 2004).

    `first` and `second` hold, for each seed, the statistics [n, k] of the same n questions;
    `summary` makes scores of sums. Each draw takes questions, the same for both methods, and of
    each method seeds, with replacement; p is twice the share of draws whose difference has the
    rarer sign, where no difference counts for both.
    """
    size = len(first[0])
    generator = np.random.default_rng([seed, size, len(first), len(second)])
    smaller = larger = 0
    for weights in draw_weights(size, draws=draws, seed=seed):
        means = []
        for runs in (first, second):
            scores = np.stack([summary(weights @ statistics) for statistics in runs])
            taken = generator.integers(len(runs), size=scores.shape)
            means.append(np.take_along_axis(scores, taken, axis=0).mean(axis=0))
        difference = means[0] - means[1]
        smaller += int((difference <= 0).sum())
        larger += int((difference >= 0).sum())
    # the observed data are one more draw: p is never 0
    return min(1.0, 2 * (min(smaller, larger) + 1) / (draws + 1))
