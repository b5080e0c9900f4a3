"""Which questions make which batch, and which are held out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rex.training.ragged import Integers

_SORTED_BATCHES = 4
"""Batches whose questions are sorted by length together: enough to save most padding, few enough
that batches stay mixed."""


def epoch_batches(lengths: Integers, batch_size: int, *, seed: int, epoch: int) -> list[Integers]:
    """Return the batches of one epoch: rows of `lengths` [N], each once, similar lengths together.

    The order depends on `seed` and `epoch` alone, so that a resumed run continues it.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(lengths))
    chunk = batch_size * _SORTED_BATCHES
    batches = []
    for start in range(0, len(order), chunk):
        rows = order[start : start + chunk]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [batches[number] for number in generator.permutation(len(batches))]


def sorted_batches(lengths: Integers, batch_size: int) -> list[Integers]:
    """Return batches of all rows, shortest first: for prediction, where order is free."""
    order = np.argsort(lengths, kind="stable")
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


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
