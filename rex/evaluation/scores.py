"""A score: a number with everything that is needed to compare it with another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rex import __version__

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Score:
    """One number of one run on one split.

    `value` is None exactly where `reason` says why it was not computed; `n` counts the questions
    it is an average over; `unit` is `percent` unless its measure has another.
    """

    value: float | None
    n: int
    unit: str
    signature: str
    reason: str | None = None
    interval: tuple[float, float] | None = None
    """95 % bootstrap interval over images."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a measure found out about each question, and how that becomes one number.

    Every measure here is a function of sums over questions, so that one form serves the score
    itself, its bootstrap interval and the comparison of two methods.

    `rows` [n] are the positions of the questions in the questions file, `statistics` [n, k] what is
    summed, `summary` maps sums [..., k] to scores [...]. `signature` holds what is special about
    the measure (tokenisation, variant, library).
    """

    rows: npt.NDArray[np.int64]
    statistics: Floats
    summary: Callable[[Floats], Floats]
    signature: str = ""

    def score(self, interval: tuple[float, float] | None = None) -> Score:
        """Sum up, in percent."""
        n, signature = len(self.rows), self.signature
        if n == 0:
            reason = "no question of this kind"
            return Score(value=None, n=0, unit="percent", signature=signature, reason=reason)
        value = float(self.summary(self.statistics.sum(axis=0)))
        return Score(value=value, n=n, unit="percent", signature=signature, interval=interval)


def mean_percent(sums: Floats) -> Floats:
    """Return 100 times the mean, from the sum of the values and their number [..., 2]."""
    return 100 * sums[..., 0] / sums[..., 1]


def samples_of(
    rows: npt.ArrayLike,
    statistics: Floats,
    summaries: Mapping[str, Callable[[Floats], Floats]],
    *,
    signature: str,
) -> dict[str, Sample]:
    """Return the samples, by name, that `summaries` make of the same `statistics` [n, k]."""
    places = np.asarray(rows, dtype=np.int64)
    return {
        name: Sample(rows=places, statistics=statistics, summary=summary, signature=signature)
        for name, summary in summaries.items()
    }


def mean_sample(
    rows: npt.ArrayLike, values: npt.ArrayLike, *, counts: npt.ArrayLike = 1, signature: str = ""
) -> Sample:
    """Return the sample whose score is 100 times the mean of `values` [n].

    With `counts` [n] each value is a sum over so many things, and the mean is over all of them.
    """
    numbers = np.asarray(values, dtype=np.float64)
    statistics = np.stack(np.broadcast_arrays(numbers, counts), axis=1).astype(np.float64)
    return Sample(
        rows=np.asarray(rows, dtype=np.int64),
        statistics=statistics,
        summary=mean_percent,
        signature=signature,
    )


def signed(special: str, **context: str) -> str:
    """Return a signature: `special`, the context (`mode:fixed`), and REX's version."""
    parts = [special, *(f"{key}:{value}" for key, value in context.items()), f"rex:{__version__}"]
    return "|".join(part for part in parts if part)
