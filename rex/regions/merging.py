"""Joining the region stores of shards into one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rex.errors import InputError
from rex.logs import Progress
from rex.regions.store import RegionStore
from rex.regions.store_writer import RegionStoreWriter, StoreHeader

_AGREE = ("signature", "feature_size", "feature_type", "object_names", "attribute_names")
"""What must be the same in all stores."""


def merge(parts: Sequence[Path], out: Path) -> dict[str, str]:
    """Write all images of the stores `parts`, in order, to the store `out`.

    An image that has no regions in one store is taken from another that has them. Returns the
    images that have none in any, and why. Raises InputError when the stores were made by different
    detectors or two have regions of one image.
    """
    stores = [RegionStore(part) for part in parts]
    first = stores[0]
    for store in stores[1:]:
        for name in _AGREE:
            if getattr(store, name) != getattr(first, name):
                raise InputError(
                    f"has another {name} than {first.path}",
                    file=store.path,
                    cure="merge stores made by the same detector and configuration",
                )
    owners = _owners(stores)
    header = StoreHeader(
        image_ids=list(owners),
        regions=max(store.regions for store in stores),
        feature_size=first.feature_size,
        signature=first.signature,
        object_names=first.object_names,
        attribute_names=first.attribute_names,
        made_by=first.made_by,
        feature_type=first.feature_type,
    )
    progress = Progress("merge", len(owners), "images")
    empty: dict[str, str] = {}
    with RegionStoreWriter(out, header) as writer:
        for store in stores:
            into = [place for place, image_id in enumerate(owners) if owners[image_id] is store]
            image_ids = [header.image_ids[place] for place in into]
            writer.copy(store, store.rows(image_ids), np.array(into, dtype=np.int64))
            for place, image_id in zip(into, image_ids, strict=True):
                if image_id in store.without_regions:
                    empty[image_id] = store.without_regions[image_id]
                    writer.leave_empty(place, empty[image_id])
            progress.advance(len(into))
    return empty


def _owners(stores: Sequence[RegionStore]) -> dict[str, RegionStore]:
    """Return the images of all stores, in order, with the store that each is taken from."""
    owners: dict[str, RegionStore] = {}
    for store in stores:
        for image_id in store.image_ids:
            owner = owners.setdefault(image_id, store)
            if owner is store or image_id in store.without_regions:
                continue
            if image_id not in owner.without_regions:
                raise InputError(
                    f"image {image_id!r} is already in {owner.path}",
                    file=store.path,
                    cure="leave one of them out",
                )
            owners[image_id] = store
    return owners
