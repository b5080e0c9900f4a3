"""What the numbers of feature files mean: boxes, grids, encodings; what cannot be is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rex.boxes import from_xywh
from rex.errors import InputError
from rex.files import read_json

if TYPE_CHECKING:
    from rex.regions.store import ImageRegions

BOXES = {
    "xyxy": "x1, y1, x2, y2 in pixels",
    "xywh": "x, y, width, height in pixels",
    "normalised": "x1, y1, x2, y2 as shares of the image",
    "grid": "none: features are of the cells of a square grid, row by row",
}
"""How boxes may be written."""
ENCODINGS = {"float32": "<f4", "float16": "<f2"}
"""Of the features in tables, which do not tell it."""

_PAST = 1.02
"""By which share of the image's side a converted box may reach past it."""
_SPREAD = 6.0
"""Standard deviation of log2 of features' sizes, from which they are misread: that of features is 1
to 5 (bottom-up: 3.3), of float16 numbers read as float32 13 or more, 6.4 in a store's float16."""
_FEWEST = 64

Array = npt.NDArray[Any]


def in_pixels(image: ImageRegions, written: str) -> ImageRegions:
    """Return the regions with boxes as x1, y1, x2, y2 in pixels, whichever of `BOXES` they were."""
    if written == "xywh":
        return replace(image, boxes=from_xywh(image.boxes))
    if written == "normalised":
        sides = np.array([image.width, image.height] * 2, dtype=np.float32)
        return replace(image, boxes=image.boxes * sides)
    return image


def misread(image: ImageRegions, written: str) -> tuple[str, str] | None:
    """Return what shows that the file's numbers mean something else, and the cure; None: nothing.

    Boxes are in pixels by now, if they were `written` as one of `BOXES`.
    """
    if looks_misread(image.features):
        seen = "features differ in size as float16 numbers do that are read as float32"
        return seen, "of a table: --encoding float16; else write it again as float16"
    boxes, within = image.boxes, f"an image of {image.width} by {image.height} pixels"
    if not len(boxes):
        return None
    far = boxes[:, 2:].max(axis=0)
    if written == "xyxy" and are_shares(boxes, image.width, image.height):
        return f"boxes lie between 0 and 1 in {within}", "if they are shares: --boxes normalised"
    turned = np.flatnonzero((boxes[:, 2:] < boxes[:, :2]).any(axis=1))
    if len(turned):
        box = ", ".join(f"{side:.4g}" for side in boxes[turned[0]])
        cure = "if that is x, y, width, height: --boxes xywh"
        return f"a box is {box}, which ends before it begins", cure
    if written != "xyxy" and (far > np.array([image.width, image.height]) * _PAST + 1).any():
        seen = f"boxes reach to {far[0]:.4g}, {far[1]:.4g} in {within}"
        return f"{seen}, read as {BOXES[written]}", "give another --boxes"
    return None


def are_shares(boxes: Array, width: float, height: float) -> bool:
    """Return whether boxes [n, 4] all lie between 0 and 1, in an image of many pixels."""
    return bool(0 < boxes.max() <= 1 and boxes.min() >= 0 and max(width, height) > 2)


def looks_misread(features: Array) -> bool:
    """Return whether features differ in size as float16 numbers do that were read as float32.

    Numbers between 0 and 1 may differ as much: they are probabilities, perhaps.
    """
    some = features.reshape(-1)[:: max(1, features.size // 4096)].astype(np.float64)
    some = some[np.isfinite(some) & (some != 0)]
    if len(some) < _FEWEST or (some.min() > 0 and some.max() <= 1):
        return False
    return bool(np.log2(np.abs(some)).std() > _SPREAD)


def cells(rows: int, columns: int, width: int, height: int) -> Array:
    """Return the boxes [rows * columns, 4] of a grid's cells in pixels, row by row."""
    y, x = (one.reshape(-1) for one in np.mgrid[:rows, :columns])
    corners = np.stack([x, y, x + 1, y + 1], axis=1).astype(np.float32)
    return corners * np.array([width / columns, height / rows] * 2, dtype=np.float32)


def read_ids(path: Path) -> dict[str, str]:
    """Read which image of ours each id of a feature file is.

    A dictionary of ids, or Visual Genome's `image_data.json`, which gives `coco_id` and `image_id`
    (GQA's). Leading zeros do not count. Raises InputError.
    """
    value = read_json(path)
    try:
        if isinstance(value, list):
            value = {str(entry["coco_id"]): entry["image_id"] for entry in value}
            value.pop("None", None)  # of images that COCO does not have
        if not isinstance(value, Mapping) or not value:
            raise TypeError
        if not all(type(image) in (str, int) for image in value.values()):
            raise TypeError
        return {bare(name): str(image) for name, image in value.items()}
    except (LookupError, TypeError):
        raise InputError(
            "does not map ids to ids",
            file=path,
            cure='give {"262148": "2370799"}, or Visual Genome\'s image_data.json',
        ) from None


def bare(image_id: str) -> str:
    """Return an id without the zeros that it begins with."""
    return image_id.lstrip("0") or image_id
