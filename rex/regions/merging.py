"""Joining the region stores of shards into one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rex.errors import InputError
from rex.logs import Progress
from rex.regions.store import RegionStore, RegionStoreWriter, StoreHeader


def merge(parts: Sequence[Path], out: Path) -> None:
    """Write all images of the stores `parts`, in order, to the store `out`.

    Raises InputError when they were made by different detectors or hold an image twice.
    """
    stores = [RegionStore(part) for part in parts]
    first = stores[0]
    for store in stores[1:]:
        for name in ("signature", "feature_size", "regions", "object_names", "attribute_names"):
            if getattr(store, name) != getattr(first, name):
                raise InputError(
                    f"its {name} is not that of {first.path}",
                    file=store.path,
                    cure="merge stores that one detector made with one configuration",
                )
    image_ids: list[str] = []
    seen: dict[str, Path] = {}
    for store in stores:
        for image_id in store.image_ids:
            if image_id in seen:
                raise InputError(
                    f"image {image_id!r} is in {seen[image_id]} already",
                    file=store.path,
                    cure="leave one of them out",
                )
            seen[image_id] = store.path
        image_ids += store.image_ids
    header = StoreHeader(
        image_ids=image_ids,
        regions=first.regions,
        feature_size=first.feature_size,
        signature=first.signature,
        object_names=first.object_names,
        attribute_names=first.attribute_names,
        made_by=first.made_by,
        feature_type=first.feature_type,
    )
    progress = Progress("merge", len(image_ids), "images")
    with RegionStoreWriter(out, header) as writer:
        start = 0
        for store in stores:
            writer.copy(store, np.arange(len(store)), start)
            start += len(store)
            progress.advance(len(store))
