"""Reading images as the detector wants them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from rex.errors import InputError

_LONGEST = 200
"""Times that one side may be as long as the other: resized, a thinner image would vanish."""
_ON_ITS_SIDE = (5, 6, 7, 8)
"""Values of EXIF's orientation that swap width and height."""


def read_image(path: Path) -> npt.NDArray[np.uint8]:
    """Return the image as [height, width, 3] uint8, BGR (Detectron2's own order).

    Any mode (grey, palette, CMYK, with transparency) is converted to colour, and an image that a
    camera took on its side (EXIF) is turned upright, as Detectron2 and browsers do. Raises
    InputError when the file is missing, truncated, not an image, or too thin to be looked at.
    """
    with _opened(path) as image:
        if max(image.size) > _LONGEST * min(image.size):
            raise InputError(
                f"{image.width} by {image.height} pixels: too thin to be looked at",
                file=path,
                cure="crop it",
            )
        rgb = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    return np.ascontiguousarray(rgb[:, :, ::-1])


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
        raise InputError("no such image", file=path, cure="check the folder of images") from None
    except IsADirectoryError:
        raise InputError("is a folder", file=path, cure="name an image in it") from None
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,
        ValueError,
    ) as error:
        problem = "of no kind that is known" if isinstance(error, UnidentifiedImageError) else error
        raise InputError(
            f"not a readable image ({problem})", file=path, cure="make or fetch it again"
        ) from None
