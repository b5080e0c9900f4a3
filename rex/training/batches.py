"""Which questions make which batch, which are held out, and which few are learnt from."""

from __future__ import annotations

from collections.abc import Sequence

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
    """Return `order` anew, in groups of up to `together` rows of one image, and their numbers.

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
