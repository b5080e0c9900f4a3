"""How sure a score is: bootstrap over images (Efron, 1979).

An image is drawn with all its questions: they are alike, and drawn one by one they would seem to
say more than they do. A score is a function of sums over questions (`Sample`), so a resampled score
is that function of the images' sums, weighted by how often each was drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rex.evaluation.scores import Floats, Sample

LEVEL = 0.95
"""Of the intervals."""

_WEIGHTS_AT_ONCE = 1 << 22


def intervals(
    samples: Mapping[str, Sample], *, images: Sequence[str], draws: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Return of each score the 95 % percentile interval over `draws` resamples of the images.

    `images` [n] names each question's image. All images of the split are drawn together, for all
    measures alike; a measure of some questions sums over those of the images that were drawn.
    Samples without questions, or that no draw gives a score, have no interval.
    """
    known = {name: sample for name, sample in samples.items() if len(sample.rows)}
    if not known or draws == 0:
        return {}
    columns, table = _joined(list(known.values()), len(images))
    table = sums_by_image(table, images)
    sums = np.concatenate([w @ table for w in draw_weights(len(table), draws=draws, seed=seed)])
    tails = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    found = {}
    for name, sample in known.items():
        with np.errstate(invalid="ignore"):  # a rare kind of question may not be drawn at all
            scores = sample.summary(sums[:, columns[id(sample.statistics)]])
        if not np.isnan(scores).all():
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


def sums_by_image(statistics: Floats, images: Sequence[str]) -> Floats:
    """Return the sums [images, k] of the statistics [n, k] of questions about `images` [n].

    The images are in the order of their ids.
    """
    names, numbers = np.unique(np.asarray(images, dtype=np.str_), return_inverse=True)
    sums = np.zeros((len(names), statistics.shape[1]))
    np.add.at(sums, numbers, statistics)
    return sums


def draw_weights(size: int, *, draws: int, seed: int) -> Iterator[Floats]:
    """Yield, in blocks [b, size], how often each of `size` is drawn in each resample."""
    generator = np.random.default_rng([seed, size])
    block = max(1, _WEIGHTS_AT_ONCE // size)
    for begin in range(0, draws, block):
        count = min(block, draws - begin)
        drawn = generator.integers(size, size=(count, size))
        drawn += np.arange(count)[:, None] * size
        weights = np.bincount(drawn.ravel(), minlength=count * size)
        yield weights.reshape(count, size).astype(np.float64)
