from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rex.errors import InputError
from rex.regions.images import image_size, read_image


@pytest.fixture
def upright() -> Image.Image:
    """A red left half and a blue right half, wider than high."""
    image = Image.new("RGB", (60, 20), (255, 0, 0))
    image.paste((0, 0, 255), (30, 0, 60, 20))
    return image


@pytest.mark.parametrize(("orientation", "turned"), [(1, 0), (3, 180), (6, 90), (8, 270)])
def test_an_image_taken_on_its_side_is_turned_upright(
    tmp_path: Path, upright: Image.Image, orientation: int, turned: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright.rotate(turned, expand=True).save(tmp_path / "photo.png", exif=exif)
    assert image_size(tmp_path / "photo.png") == (60, 20)
    pixels = read_image(tmp_path / "photo.png")
    np.testing.assert_array_equal(pixels, np.asarray(upright)[:, :, ::-1])


def test_what_cannot_be_looked_at(tmp_path: Path) -> None:
    Image.new("RGB", (1201, 6)).save(tmp_path / "thin.png")
    Image.new("RGB", (1200, 6)).save(tmp_path / "wide.png")
    (tmp_path / "text.jpg").write_text("hello")
    assert read_image(tmp_path / "wide.png").shape == (6, 1200, 3)
    with pytest.raises(InputError, match=r"thin.png: 1201 by 6 pixels: too thin .*; crop it"):
        read_image(tmp_path / "thin.png")
    with pytest.raises(InputError, match=r"text.jpg: not a readable image \(of no kind"):
        read_image(tmp_path / "text.jpg")
    with pytest.raises(InputError, match="is a folder"):
        read_image(tmp_path)
