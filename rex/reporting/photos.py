"""The image of an example: as it lies in a folder, or blank paper that says that it is missing."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from rex.images import open_image
from rex.reporting.examples import Example

_BLANK, _INK = "#e4e4e0", "#666666"
_LETTER = 20
"""The width of the paper is so many times the height of a letter."""


def photo_of(example: Example, path: Path) -> Image.Image:
    """Return the image at `path`; where there is none, blank paper of the regions' image's size.

    Raises InputError for an image that cannot be read.
    """
    if path.exists():
        return open_image(path)
    width, height = example.size
    paper = Image.new("RGB", (width, height), _BLANK)
    font = ImageFont.load_default(max(8, width // _LETTER))
    place, note = (width / 2, height / 2), f"image {example.image_id}\nis missing"
    ImageDraw.Draw(paper).text(place, note, _INK, font, anchor="mm", align="center")
    return paper
