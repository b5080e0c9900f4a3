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
    samples: Mapping[str, Sample], *, draws: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Return of each score the 95 % percentile interval over `draws` resamples of its questions.

    Samples without questions have none. The draws of a sample depend on `seed` and on its number
    of questions alone: measures of the same questions are drawn together.
    """
    found = {}
    by_size: dict[int, list[str]] = {}
    for name, sample in samples.items():
        by_size.setdefault(len(sample.rows), []).append(name)
    for size, names in by_size.items():
        if size == 0 or draws == 0:
            continue
        scores: dict[str, list[Floats]] = {name: [] for name in names}
        for weights in draw_weights(size, draws=draws, seed=seed):
            sums: dict[int, Floats] = {}  # of statistics that several measures share
            for name in names:
                statistics = samples[name].statistics
                key = id(statistics)
                if key not in sums:
                    sums[key] = weights @ statistics
                scores[name].append(samples[name].summary(sums[key]))
        tails = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
        for name, parts in scores.items():
            low, high = np.nanquantile(np.concatenate(parts), tails)
            found[name] = (float(low), float(high))
    return found


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
