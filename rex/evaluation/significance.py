"""Whether methods differ by more than chance: of images, and of seeds.

A difference of scores is unsure for two reasons: other images would have been asked about, and
another seed would have trained other models. The first is estimated by a jackknife over images
(Quenouille 1956, Tukey 1958), each taken with all its questions and paired between methods; the
second from how scores deviate over seeds. Few seeds tell little of that deviation, so the sum is
tested by Student's t with as many degrees of freedom as both together have (Welch 1947). Seeds
drawn with replacement instead would deviate too little: by a third of the variance with three.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from rex.evaluation.resampling import LEVEL
from rex.evaluation.scores import Floats


@dataclass(frozen=True)
class Term:
    """One method's part in a contrast: `factor` times its score, over the seeds of its `runs`.

    `runs` hold, for each seed, the sums [n, k] of the same n images.
    """

    factor: float
    runs: Sequence[Floats]


@dataclass(frozen=True)
class TestedSum:
    """A sum of terms: how likely it is by chance alone, and its 95 % interval."""

    p: float
    interval: tuple[float, float]


def contrast(terms: Sequence[Term], summary: Callable[[Floats], Floats]) -> TestedSum | None:
    """Test a sum of scores of methods against 0, two-sided.

    `summary` makes scores of sums over questions. A term of one seed counts as if another would
    give the same. Return None where a single image decides whether there is a score.
    """
    total = 0.0
    left_out = np.zeros(len(terms[0].runs[0]))
    # variances of the sum, each with its degrees of freedom
    parts: list[tuple[float, int]] = []
    for term in terms:
        seeds = len(term.runs)
        sums = [run.sum(axis=0) for run in term.runs]
        scores = np.array([float(summary(one)) for one in sums])
        total += term.factor * float(scores.mean())
        with np.errstate(invalid="ignore"):  # without an image there may be no such questions
            without = [summary(one - run) for one, run in zip(sums, term.runs, strict=True)]
        left_out += term.factor * np.mean(without, axis=0)
        if seeds > 1:
            parts.append((term.factor**2 * float(scores.var(ddof=1)) / seeds, seeds - 1))
    images = len(left_out)
    if images < 2 or not np.isfinite(left_out).all():
        return None
    parts.append((float(left_out.var()) * (images - 1), images - 1))
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return TestedSum(float(total == 0), (total, total))
    freedom = variance**2 / sum(part**2 / degrees for part, degrees in parts)
    deviation = variance**0.5
    p = 2 * float(stdtr(freedom, -abs(total) / deviation))
    margin = float(stdtrit(freedom, (1 + LEVEL) / 2)) * deviation
    return TestedSum(p, (total - margin, total + margin))
