"""A few per cent of the training questions: stratified, nested, seeded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rex.arrays import Integers

_WHOLE = 10
"""Strata of at most this many questions are kept whole (as in the public code)."""


def choose_subset(rows: Integers, strata: Sequence[str], percent: float, *, seed: int) -> Integers:
    """Return `percent` of `rows`, stratum by stratum, in their order.

    `strata` names each question's stratum (GQA's `types.detailed`), indexed by row. With one seed,
    a smaller subset lies within a larger one.
    """
    members: dict[str, list[int]] = {}
    for row in rows.tolist():
        members.setdefault(strata[row], []).append(row)
    generator = np.random.default_rng(seed)
    chosen: list[int] = []
    for _, stratum in sorted(members.items()):
        order = generator.permutation(len(stratum))
        if len(stratum) > _WHOLE:
            order = order[: max(1, round(len(stratum) * percent / 100))]
        chosen += [stratum[number] for number in order]
    return np.array(sorted(chosen), dtype=np.int64)
