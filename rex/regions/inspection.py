"""What a region store holds, whether it is sound, and pictures of its regions."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rex.errors import InputError
from rex.files import whole_file
from rex.regions.conventions import are_shares, looks_misread
from rex.regions.store import RegionStore
from rex.tokens import region_token

_logger = logging.getLogger("rex.regions")

BLOCK = 256
"""Images looked at together."""

_EMPTY = "no region at all"

TOLERANCE = 1.0
"""Pixels by which a box may leave its image: rounding of a detector's resize."""

SCALE = 3
"""The picture is so many times larger than the image, so that names can be read."""


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
class Problem:
    """A thing that is wrong, the number of images it is wrong with, and the first few of them."""

    problem: str
    images: list[str]

    def __str__(self) -> str:
        first = ", ".join(self.images[:3])
        more = f" and {len(self.images) - 3} more" if len(self.images) > 3 else ""
        return f"{self.problem}: {first}{more}"


def verify(store: RegionStore, wanted: Iterable[str] = ()) -> list[Problem]:
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
    return [Problem(problem, images) for problem, images in problems.items() if images]


def _wrong(store: RegionStore, rows: Any) -> dict[str, Any]:
    """Return for each problem which of `rows` [B] have it."""
    features = store.features(rows)
    boxes, counts = store.boxes[rows], store.counts[rows]
    width, height = store.image_sizes[rows].T[..., None]
    used = np.arange(store.regions) < counts[:, None]
    x1, y1, x2, y2 = np.moveaxis(boxes, -1, 0)
    outside = (x1 < -TOLERANCE) | (y1 < -TOLERANCE)
    outside |= (x2 > width + TOLERANCE) | (y2 > height + TOLERANCE)
    shares = [
        bool(mine.any()) and are_shares(each[mine], *size)
        for each, mine, size in zip(boxes, used, store.image_sizes[rows], strict=True)
    ]
    misread = [looks_misread(each[mine]) for each, mine in zip(features, used, strict=True)]
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
        "boxes between 0 and 1, as shares of the image are": np.array(shares),
        "features that differ in size as float16 read as float32 does": np.array(misread),
        "features that are all zero": (counts > 0) & ~features.any(axis=(1, 2)),
        "features beyond the number of regions": (features.any(axis=2) & ~used).any(axis=1),
        "class ids beyond the class lists": too_high,
    }


def check_finite(store: RegionStore, image_ids: Iterable[str]) -> None:
    """Raise InputError naming an image with features that are infinite or not numbers."""
    rows = np.unique(store.rows(image_ids))
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        finite = np.isfinite(store.features(block)).all(axis=(1, 2))
        if not finite.all():
            raise InputError(
                "features are infinite or not numbers",
                file=store.path,
                place=f"image {store.image_ids[int(block[~finite][0])]}",
                cure="extract or import it again",
            )


def label(
    number: int,
    object_id: int,
    attribute_id: int,
    object_names: Sequence[str],
    attribute_names: Sequence[str],
) -> str:
    """Return a region's number with its attribute and class, as far as it has names."""
    words = [region_token(number)]
    if 0 <= attribute_id < len(attribute_names):
        words.append(attribute_names[attribute_id])
    if 0 <= object_id < len(object_names):
        words.append(object_names[object_id])
    return " ".join(words)


def draw_store(images: Sequence[Path], store: RegionStore, out: Path, most: int = 36) -> list[Path]:
    """Draw the `most` best regions of images, found by their names, and return the PNG files.

    Raises InputError when an image is not in the store or cannot be read.
    """
    files = []
    for image, row in zip(images, store.rows(image.stem for image in images), strict=True):
        count = min(int(store.num_boxes[row]), most)
        ids = zip(store.object_ids[row].tolist(), store.attribute_ids[row].tolist(), strict=True)
        labels = [
            label(number, *each, store.object_names, store.attribute_names)
            for number, each in enumerate(ids)
        ][:count]
        files.append(out / f"{image.stem}.png")
        draw_regions(image, store.boxes[row, :count], labels, files[-1])
    return files


def draw_regions(
    image: Path, boxes: npt.NDArray[np.float32], labels: Sequence[str], out: Path
) -> None:
    """Write a PNG of the image with its regions: `boxes` [n, 4] in its pixels, best first."""
    from PIL import Image

    from rex.drawing import draw_boxes
    from rex.images import open_image

    picture = open_image(image)
    scale = max(1, min(SCALE, 1600 // max(picture.size)))
    picture = picture.resize(
        (picture.width * scale, picture.height * scale), Image.Resampling.LANCZOS
    )
    draw_boxes(picture, (boxes * scale).tolist(), labels)
    with whole_file(out) as temporary:
        picture.save(temporary, format="PNG")


def warn_unreadable(problems: Iterable[object]) -> None:
    """Warn of every image that has no regions because of what it came from."""
    for problem in problems:
        _logger.warning("no regions: %s", problem)
