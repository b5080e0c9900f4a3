"""Readers of images: damaged ones, and those that say that they are huge."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st
from PIL import Image

from rex.asking.image_files import UnusableImageError, check_size, image_format, thumbnail
from rex.errors import InputError
from rex.images import image_size, read_image

from .fuzzing import damaged

Fuzz = Callable[..., None]


def _whole(kind: str, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new(mode, (12, 8), 3).save(out, kind, exif=exif)
    return out.getvalue()


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def _huge(width: int, height: int, color: int) -> bytes:
    """Return a PNG of a few bytes that says it is this large."""
    head = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    pixels = _chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + pixels + _chunk(b"IEND", b"")


_SIDES = st.sampled_from([0, 1, 200, 9_000, 13_000, 65_535, 1 << 24, (1 << 31) - 1])
FILES = st.one_of(
    *[damaged(_whole(kind)) for kind in ("JPEG", "PNG", "WEBP", "TIFF")],
    damaged(_whole("GIF", "P")),
    st.builds(_huge, _SIDES, _SIDES, st.sampled_from([0, 2, 3, 6])),
    st.binary(max_size=40),
)


def test_images_of_regions(fuzz: Fuzz, tmp_path: Path) -> None:
    path = tmp_path / "image.jpg"

    def write_and_read(content: bytes) -> None:
        path.write_bytes(content)
        image_size(path)
        read_image(path)

    fuzz(FILES, write_and_read)


def test_images_that_are_asked_about(fuzz: Fuzz, tmp_path: Path) -> None:
    number = 0

    def write_and_read(content: bytes) -> None:
        nonlocal number
        number += 1
        path = tmp_path / f"{number}.jpg"  # thumbnails are kept by name
        path.write_bytes(content)
        try:
            image_format(content)
            thumbnail(path)
        except UnusableImageError as error:
            raise InputError(str(error)) from None
        finally:
            check_size(path)
            path.unlink()

    fuzz(FILES, write_and_read)
