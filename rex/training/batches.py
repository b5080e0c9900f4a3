"""Which questions make which batch."""

from __future__ import annotations

import numpy as np

from rex.arrays import Integers

_SORTED_BATCHES = 4
"""Batches whose questions are sorted by length together: enough to save most padding, few enough
that batches stay mixed."""


def epoch_batches(
    lengths: Integers,
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    images: Integers | None = None,
    together: int = 1,
) -> list[Integers]:
    """Return the batches of one epoch: rows of `lengths` [N], each once, similar lengths together.

    Up to `together` questions of one of the `images` [N] share a batch (but for those that a
    batch's end parts). The order depends on `seed` and `epoch` alone, so that a resumed run
    continues it.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(lengths))
    # the longest question of a group is its length: groups are sorted, and stay whole
    keys, groups = lengths[order], np.arange(len(order))
    if together > 1 and images is not None:
        order, groups = _grouped(order, lengths, images, together, generator)
        keys = np.maximum.reduceat(lengths[order], np.flatnonzero(np.diff(groups, prepend=-1)))
        keys = keys[groups]
    chunk = batch_size * _SORTED_BATCHES
    batches = []
    for start in range(0, len(order), chunk):
        part = slice(start, start + chunk)
        rows = order[part][np.lexsort((groups[part], keys[part]))]
        batches += [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [batches[number] for number in generator.permutation(len(batches))]


def _grouped(
    order: Integers,
    lengths: Integers,
    images: Integers,
    together: int,
    generator: np.random.Generator,
) -> tuple[Integers, Integers]:
    """Return `order` in groups of up to `together` rows of one image, and the number of each.

    An image's questions of similar length make a group: else a batch would be mostly padding.
    """
    order = order[np.lexsort((lengths[order], images[order]))]
    begins = np.flatnonzero(np.diff(images[order], prepend=-1))
    sizes = np.diff(begins, append=len(order))
    within = np.arange(len(order)) - np.repeat(begins, sizes)
    starts = np.flatnonzero(within % together == 0)
    sizes = np.diff(starts, append=len(order))
    shuffled = generator.permutation(len(starts))
    rows = [order[starts[number] : starts[number] + sizes[number]] for number in shuffled]
    return np.concatenate(rows), np.repeat(np.arange(len(rows)), sizes[shuffled])


def sorted_batches(lengths: Integers, batch_size: int) -> list[Integers]:
    """Return batches of all rows, shortest first: for prediction, where order is free."""
    order = np.argsort(lengths, kind="stable")
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
