"""Reading images as the detector wants them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from rex.errors import InputError


def read_image(path: Path) -> npt.NDArray[np.uint8]:
    """Return the image as [height, width, 3] uint8, BGR (Detectron2's own order).

    Any mode (grey, palette, CMYK, with transparency) is converted to colour. Raises InputError
    when the file is missing, truncated or not an image.
    """
    with _opened(path) as image:
        rgb = np.asarray(image.convert("RGB"))
    return np.ascontiguousarray(rgb[:, :, ::-1])


def image_size(path: Path) -> tuple[int, int]:
    """Return the width and height of an image, from its head alone. Raises InputError."""
    with _opened(path) as image:
        return image.size


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            yield image
    except FileNotFoundError:
        raise InputError("no such image", file=path, cure="check the folder of images") from None
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,
        ValueError,
    ) as error:
        raise InputError(
            f"not a readable image ({error})", file=path, cure="make or fetch it again"
        ) from None
