"""Images that are asked about: what they are is read from their content, not their name."""

from __future__ import annotations

import io
import logging
import warnings
from functools import lru_cache
from pathlib import Path

from rex.errors import InputError

LARGEST_IMAGE = 25_000_000
"""Pixels of an image."""
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
"""Accepted kinds of images, as their content says, not their name."""
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
"""How the names of such files end."""

_THUMBNAIL = (192, 144)

_logger = logging.getLogger("rex.asking")


class UnusableImageError(Exception):
    """Content that is not an image of an accepted kind and size; `too_large` says which."""

    def __init__(self, why: str, *, too_large: bool = False) -> None:
        super().__init__(why)
        self.too_large = too_large


def offered_images(folder: Path | None) -> dict[str, Path]:
    """Return name to path of the images in a folder; a name that is not UTF-8 has no address.

    Raises InputError when it is not a folder, or holds no images.
    """
    if folder is None:
        return {}
    if not folder.is_dir():
        raise InputError("no such folder", file=folder, cure="check --images")
    files = sorted(
        path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()
    )
    strange = [path for path in files if not _is_text(path.name)]
    if strange:
        message = "%d file names are not UTF-8, and not offered: %r is the first"
        _logger.warning(message, len(strange), strange[0].name)
    files = [path for path in files if path not in strange]
    if not files:
        raise InputError("holds no JPEG, PNG or WebP image", file=folder, cure="check --images")
    return {path.name: path for path in files}


def _is_text(name: str) -> bool:
    """Return whether a file's name is UTF-8: other bytes are surrogates, which cannot be sent."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def image_format(content: bytes) -> str:
    """Return the kind of an image (a key of `FORMATS`).

    Raises UnusableImageError for anything else. Its size is known, and limited, before a pixel
    is decoded.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=list(FORMATS)) as image:
            if image.width * image.height > LARGEST_IMAGE:
                raise _too_large()
            image.load()
            # a JPEG with further pictures behind the first, as phones write it
            return "JPEG" if image.format == "MPO" else str(image.format)
    except Image.DecompressionBombError:
        raise _too_large() from None
    except UnidentifiedImageError:
        raise UnusableImageError("this is not a JPEG, PNG or WebP image") from None
    except UnusableImageError:
        raise
    except Exception:  # a damaged image can raise nearly anything
        raise _damaged() from None


def check_size(path: Path) -> None:
    """Raise InputError when an image has too many pixels; none is decoded.

    A file that is not an image passes: its reader says what is wrong with it.
    """
    from PIL import Image

    with warnings.catch_warnings():
        # Pillow's own limit is wider
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(path) as image:
                too_large = image.width * image.height > LARGEST_IMAGE
        except Image.DecompressionBombError:
            too_large = True
        except Exception:  # a damaged image can raise nearly anything
            return
    if too_large:
        raise InputError(str(_too_large()), file=path, cure="make it smaller")


def _damaged() -> UnusableImageError:
    return UnusableImageError("the image file is damaged")


def _too_large() -> UnusableImageError:
    millions = LARGEST_IMAGE // 1_000_000
    return UnusableImageError(f"the image has more than {millions} million pixels", too_large=True)


@lru_cache(maxsize=512)
def thumbnail(path: Path) -> bytes:
    """Return a small JPEG of an image. Raises UnusableImageError."""
    from PIL import Image

    from rex.images import upright_rgb

    content = path.read_bytes()
    image_format(content)
    try:
        with Image.open(io.BytesIO(content)) as image:
            upright = upright_rgb(image)
    except Exception:  # what EXIF holds is read only now
        raise _damaged() from None
    upright.thumbnail(_THUMBNAIL)
    small = io.BytesIO()
    upright.save(small, "JPEG", quality=80)
    return small.getvalue()
