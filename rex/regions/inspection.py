"""What a region store holds, and whether it is sound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rex.regions.store import RegionStore

BLOCK = 256
"""Images looked at together."""

_EMPTY = "no region at all"

TOLERANCE = 1.0
"""Pixels by which a box may leave its image: rounding of a detector's resize."""


def information(store: RegionStore) -> dict[str, Any]:
    """Return what a store says of itself, and its sizes."""
    return {
        "images": len(store),
        "regions": store.regions,
        "regions_on_average": float(store.num_boxes.mean()) if len(store) else None,
        "without_regions": store.without_regions,
        "feature_size": store.feature_size,
        "feature_type": store.feature_type,
        "object_names": len(store.object_names),
        "attribute_names": len(store.attribute_names),
        "megabytes": round(store.path.stat().st_size / 1e6, 1),
        "signature": store.signature,
        "made_by": store.made_by,
    }


@dataclass(frozen=True)
class Finding:
    """A thing that is wrong, the number of images it is wrong with, and the first few of them."""

    problem: str
    images: list[str]

    def __str__(self) -> str:
        first = ", ".join(self.images[:3])
        more = f" and {len(self.images) - 3} more" if len(self.images) > 3 else ""
        return f"{self.problem}: {first}{more}"


def verify(store: RegionStore, wanted: Iterable[str] = ()) -> list[Finding]:
    """Return all that is wrong with a store; nothing, if it is sound.

    `wanted` are images that must be in it. Reads every feature once, in blocks.
    """
    problems: dict[str, list[str]] = {
        "no regions in the store": sorted(set(wanted) - store.index.keys()),
    }
    for image_id, reason in store.without_regions.items():
        problems.setdefault(f"no regions ({reason})", []).append(image_id)
    for start in range(0, len(store), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(store)))
        for problem, wrong in _wrong(store, rows).items():
            found = problems.setdefault(problem, [])
            found += [store.image_ids[row] for row in rows[wrong]]
    explained = store.without_regions
    problems[_EMPTY] = [
        image_id for image_id in problems.get(_EMPTY, []) if image_id not in explained
    ]
    return [Finding(problem, images) for problem, images in problems.items() if images]


def _wrong(store: RegionStore, rows: Any) -> dict[str, Any]:
    """Return for each problem which of `rows` [B] have it."""
    features = store.features(rows)
    boxes, counts = store.boxes[rows], store.num_boxes[rows]
    width, height = store.image_sizes[rows].T[..., None]
    used = np.arange(store.regions) < counts[:, None]
    x1, y1, x2, y2 = np.moveaxis(boxes, -1, 0)
    outside = (x1 < -TOLERANCE) | (y1 < -TOLERANCE)
    outside |= (x2 > width + TOLERANCE) | (y2 > height + TOLERANCE)
    too_high = np.zeros(len(rows), dtype=bool)
    for ids, names in (
        (store.object_ids[rows], store.object_names),
        (store.attribute_ids[rows], store.attribute_names),
    ):
        if names:
            too_high |= ((ids >= len(names)) & used).any(axis=1)
    return {
        _EMPTY: counts < 1,
        "more regions than there is room for": counts > store.regions,
        "features that are not finite": ~np.isfinite(features).all(axis=(1, 2)),
        "boxes that are not finite": ~np.isfinite(boxes).all(axis=(1, 2)),
        "boxes turned inside out": (((x2 < x1) | (y2 < y1)) & used).any(axis=1),
        "boxes outside the image": (outside & used).any(axis=1),
        "features beyond the number of regions": (features.any(axis=2) & ~used).any(axis=1),
        "class ids beyond the class lists": too_high,
    }
