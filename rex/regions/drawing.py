"""Pictures of regions: boxes with the names of classes and attributes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from rex.files import whole_file
from rex.regions.images import read_image

SCALE = 3
"""The picture is so many times larger than the image, so that names can be read."""
COLORS = ("#e41a1c", "#377eb8", "#4daf4a", "#984ea3", "#ff7f00", "#a65628", "#f781bf", "#009e9e")


def label(
    number: int,
    object_id: int,
    attribute_id: int,
    object_names: Sequence[str],
    attribute_names: Sequence[str],
) -> str:
    """Return a region's number with its attribute and class, as far as it has names."""
    words = [f"#{number}"]
    if 0 <= attribute_id < len(attribute_names):
        words.append(attribute_names[attribute_id])
    if 0 <= object_id < len(object_names):
        words.append(object_names[object_id])
    return " ".join(words)


def draw_regions(
    image: Path, boxes: npt.NDArray[np.float32], labels: Sequence[str], out: Path
) -> None:
    """Write a PNG of the image with its regions: `boxes` [n, 4] in its pixels, best first."""
    picture = Image.fromarray(np.ascontiguousarray(read_image(image)[:, :, ::-1]))
    scale = max(1, min(SCALE, 1600 // max(picture.size)))
    picture = picture.resize(
        (picture.width * scale, picture.height * scale), Image.Resampling.LANCZOS
    )
    brush = ImageDraw.Draw(picture)
    font = ImageFont.load_default(13)
    taken: list[tuple[float, float, float, float]] = []
    # the best last, so that they lie on top
    for place in reversed(range(len(boxes))):
        color = COLORS[place % len(COLORS)]
        brush.rectangle([float(side) * scale for side in boxes[place]], outline=color, width=2)
    for place in range(len(boxes)):
        text = labels[place]
        left, top = float(boxes[place][0]) * scale, float(boxes[place][1]) * scale
        width, height = brush.textlength(text, font) + 4, 16
        left = min(max(left, 0), picture.width - width)
        spot = _free_spot(left, top, width, height, taken, picture.height)
        taken.append(spot)
        brush.rectangle(spot, fill=COLORS[place % len(COLORS)])
        brush.text((spot[0] + 2, spot[1] + 1), text, fill="white", font=font)
    with whole_file(out) as temporary:
        picture.save(temporary, format="PNG")


def _free_spot(
    left: float,
    top: float,
    width: float,
    height: float,
    taken: Sequence[tuple[float, float, float, float]],
    bottom: float,
) -> tuple[float, float, float, float]:
    """Return a place for a label at the top of its box, or as little below it as is free."""
    down = min(max(top, 0), bottom - height)
    while down + height <= bottom:
        spot = (left, down, left + width, down + height)
        if not any(
            spot[0] < x2 and x1 < spot[2] and spot[1] < y2 and y1 < spot[3]
            for x1, y1, x2, y2 in taken
        ):
            return spot
        down += height
    return (left, min(max(top, 0), bottom - height), left + width, min(top + height, bottom))
