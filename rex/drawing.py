"""Boxes drawn into a picture, and pictures laid out on one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice

from PIL import Image, ImageDraw, ImageFont

from rex.boxes import Box
from rex.labels import label_places

COLORS = (
    "#d62728", "#1f77b4", "#238023", "#b35a00", "#8e44ad", "#007d7d", "#c2185b", "#6d4c41",
)  # fmt: skip
"""Of boxes, in their order (again from the start); white text on each can be read (WCAG AA)."""


def draw_boxes(
    picture: Image.Image,
    boxes: Sequence[Box],
    labels: Sequence[str],
    colors: Sequence[str] | None = None,
) -> None:
    """Draw boxes, in pixels of the picture, and their labels into it; the first lie on top."""
    colors = colors or list(islice(cycle(COLORS), len(boxes)))
    brush, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    for (left, top, right, bottom), color in reversed(list(zip(boxes, colors, strict=True))):
        corners = (left, top, max(right - 1, left), max(bottom - 1, top))
        brush.rectangle(corners, outline=color, width=2)
    sizes = [(brush.textlength(label, font) + 4, 16.0) for label in labels]
    for place, (x, y) in enumerate(label_places(boxes, sizes, picture.size)):
        width, height = sizes[place]
        brush.rectangle((x, y, x + width, y + height), fill=colors[place])
        brush.text((x + 2, y + 1), labels[place], fill="white", font=font)


def side_by_side(images: Sequence[Image.Image], columns: int, *, gap: int) -> Image.Image:
    """Return images of one width as one, `columns` in a row, `gap` pixels around each."""
    rows = [images[start : start + columns] for start in range(0, len(images), columns)]
    heights = [max(image.height for image in row) for row in rows]
    step = images[0].width + gap
    size = (len(rows[0]) * step + gap, sum(heights) + (len(rows) + 1) * gap)
    sheet = Image.new("RGB", size, "white")
    top = gap
    for row, height in zip(rows, heights, strict=True):
        for place, image in enumerate(row):
            sheet.paste(image, (gap + place * step, top))
        top += height + gap
    return sheet
