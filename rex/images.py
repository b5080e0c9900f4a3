"""Finding images by their ids, and reading them; blank paper for those that are missing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from rex.errors import InputError

_LONGEST = 200
"""Times that one side may be as long as the other: resized, a thinner image would vanish."""
_MOST = 50_000_000
"""Pixels of the largest image that is decoded: more would take a gigabyte of memory."""
_BLANK, _INK = "#e4e4e0", "#666666"
_LETTER = 20
"""The width of blank paper is so many times the height of a letter."""
_ON_ITS_SIDE = (5, 6, 7, 8)
"""Values of EXIF's orientation that swap width and height."""


SUFFIXES = (".jpg", ".jpeg", ".png")
"""Ends of the names of images, in the order in which they are looked for; capitals are the same."""


class ImageFolder:
    """A folder of images named by their ids, which may lie in subfolders: `<imageId>.jpg`."""

    def __init__(self, path: Path) -> None:
        self.folder = path

    def path(self, image_id: str) -> Path:
        """Return the file of an image; where there is none, the `.jpg` that should be there."""
        expected = self.folder / f"{image_id}{SUFFIXES[0]}"
        if expected.exists():
            return expected
        return self._images.get(image_id, expected)

    def count(self) -> int:
        """Return the number of images."""
        return len(self._images)

    @cached_property
    def _images(self) -> dict[str, Path]:
        """Every image of the folder, by its id; the first by depth, suffix and name counts."""
        images = [
            Path(folder, name)
            for folder, _, names in os.walk(self.folder)
            for name in names
            if name.lower().endswith(SUFFIXES)
        ]
        images.sort(key=lambda path: (len(path.parts), SUFFIXES.index(path.suffix.lower()), path))
        return {path.stem: path for path in reversed(images)}


def open_image(path: Path) -> Image.Image:
    """Return an image as RGB.

    Any mode (grey, palette, CMYK, with transparency) is converted to color, and an image that a
    camera took on its side (EXIF) is turned upright, as Detectron2 and browsers do. Raises
    InputError when the file is missing, truncated, not an image or of more than 50 million pixels.
    """
    with _opened(path) as image:
        if image.width * image.height > _MOST:
            problem = f"{image.width} by {image.height} pixels are too many"
            raise InputError(problem, file=path, cure=f"resize it to at most {_MOST:,} pixels")
        return upright_rgb(image)


def image_or_blank(path: Path, image_id: str, size: tuple[int, int]) -> Image.Image:
    """Return the image at `path`; where there is none, paper of `size` that says which is missing.

    Raises InputError for an image that cannot be read.
    """
    if path.exists():
        return open_image(path)
    width, height = size
    paper = Image.new("RGB", size, _BLANK)
    font = ImageFont.load_default(max(8, width // _LETTER))
    place, note = (width / 2, height / 2), f"image {image_id}\nis missing"
    ImageDraw.Draw(paper).text(place, note, _INK, font, anchor="mm", align="center")
    return paper


def upright_rgb(image: Image.Image) -> Image.Image:
    """Return an image upright and as RGB; raises ValueError for grey of 32 bits."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("I", "F"):
        raise ValueError("grey of 32 bits, not of 8 or 16")
    if upright.mode.startswith("I;16"):  # Pillow would clip its 65,536 levels to 256
        upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
    return upright.convert("RGB")


def read_image(path: Path) -> npt.NDArray[np.uint8]:
    """Return an image as the detector takes it: [height, width, 3] uint8, BGR.

    Raises InputError when it cannot be opened (`open_image`) or is too thin for the detector.
    """
    image = open_image(path)
    if max(image.size) > _LONGEST * min(image.size):
        problem = f"{image.width} by {image.height} pixels: too thin for the detector"
        raise InputError(problem, file=path, cure="crop it")
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def image_size(path: Path) -> tuple[int, int]:
    """Return the width and height of an image, from its head alone. Raises InputError."""
    with _opened(path) as image:
        width, height = image.size
        on_its_side = image.getexif().get(ExifTags.Base.Orientation, 1) in _ON_ITS_SIDE
    return (height, width) if on_its_side else (width, height)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            yield image
    except FileNotFoundError:
        raise InputError(
            "no such image",
            file=path,
            cure="check the folder of images (<imageId>.jpg, .jpeg or .png, in subfolders too)",
        ) from None
    except IsADirectoryError:
        raise InputError("is a folder", file=path, cure="name an image in it") from None
    except InputError:
        raise
    except Exception as error:  # a damaged image can raise nearly anything
        problem = "of an unknown format" if isinstance(error, UnidentifiedImageError) else error
        raise InputError(
            f"not a readable image ({problem})", file=path, cure="make or fetch it again"
        ) from None
