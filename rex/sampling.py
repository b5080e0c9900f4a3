"""Which of the training questions a run learns from, and which choose its epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rex.arrays import Integers
from rex.experiment import TRANSFER_PERCENT, Setting

_WHOLE = 10
"""Strata of at most this many questions are kept whole (as in the public code)."""


def questions_of(
    setting: Setting,
    image_ids: Sequence[str],
    strata: Sequence[str],
    *,
    holdout: float,
    other_images: bool,
    seed: int,
) -> tuple[Integers, Integers]:
    """Return the rows that a run of `setting` learns from, and those held out to choose its epoch.

    `image_ids` and `strata` (GQA's `types.detailed`) are of the training questions, by row. With
    `other_images`, no image is both among those whose explanations are learnt first and among
    those that the few answers of a transfer setting are about: without it, what transfer learns
    quickly may be these very images.
    """
    rows, held_out = hold_out(image_ids, holdout, seed=seed)
    share = 100.0
    if other_images and (setting.transfer or not setting.answers):
        share = float(max(TRANSFER_PERCENT))
        others, few = hold_out([image_ids[row] for row in rows], share / 100, seed=seed)
        rows = rows[few if setting.transfer else others]
    if setting.transfer:
        rows = choose_subset(rows, strata, 100 * setting.percent / share, seed=seed)
    return rows, held_out


def hold_out(image_ids: Sequence[str], share: float, *, seed: int) -> tuple[Integers, Integers]:
    """Split questions into (to learn, held out) rows; no image is on both sides.

    About `share` of the images, at least one and never all, are held out.
    """
    images = sorted(set(image_ids))
    count = min(max(round(len(images) * share), 1), len(images) - 1)
    chosen = np.random.default_rng(seed).permutation(len(images))[:count]
    held = {images[number] for number in chosen}
    outside = np.array([image_id in held for image_id in image_ids], dtype=bool)
    return np.flatnonzero(~outside), np.flatnonzero(outside)


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
