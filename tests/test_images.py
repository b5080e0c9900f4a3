from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rex.errors import InputError
from rex.images import ImageFolder, image_size, read_image


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


def test_grey_of_16_bits_is_as_bright_as_of_8(tmp_path: Path) -> None:
    levels = np.arange(0, 256, 5, dtype=np.uint8).reshape(4, 13)
    Image.fromarray(levels * np.uint16(257)).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_image(tmp_path / "grey.png")[..., 1], levels)
    Image.fromarray(levels.astype(np.int32)).save(tmp_path / "deep.tiff")
    with pytest.raises(InputError, match=r"deep.tiff: not a readable image \(grey of 32 bits"):
        read_image(tmp_path / "deep.tiff")


def test_what_cannot_be_looked_at(tmp_path: Path) -> None:
    Image.new("RGB", (1201, 6)).save(tmp_path / "thin.png")
    Image.new("RGB", (1200, 6)).save(tmp_path / "wide.png")
    (tmp_path / "text.jpg").write_text("hello")
    assert read_image(tmp_path / "wide.png").shape == (6, 1200, 3)
    with pytest.raises(InputError, match=r"thin.png: 1201 by 6 pixels: too thin .*; crop it"):
        read_image(tmp_path / "thin.png")
    with pytest.raises(InputError, match=r"text.jpg: not a readable image \(of an unknown format"):
        read_image(tmp_path / "text.jpg")
    with pytest.raises(InputError, match="is a folder"):
        read_image(tmp_path)


def test_an_image_of_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    Image.new("1", (7072, 7072)).save(tmp_path / "huge.png")
    assert image_size(tmp_path / "huge.png") == (7072, 7072)
    with pytest.raises(InputError, match=r"huge.png: 7072 by 7072 pixels are too many; resize it"):
        read_image(tmp_path / "huge.png")


@pytest.mark.parametrize("name", ["7.jpg", "7.jpeg", "7.png", "7.JPG", "a/7.png", "a/b/7.jpg"])
def test_images_are_found_by_their_ids(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
    (tmp_path / "a").mkdir(exist_ok=True)
    (tmp_path / "a" / "7.txt").touch()
    assert ImageFolder(tmp_path).path("7") == tmp_path / name
    with pytest.raises(InputError, match=r"8\.jpg: no such image; .*\.jpeg or \.png"):
        read_image(ImageFolder(tmp_path).path("8"))


def test_of_several_images_of_one_id_the_nearest_jpeg_counts(tmp_path: Path) -> None:
    for name in ("b/7.jpg", "a/7.png", "a/7.jpeg", "7.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert ImageFolder(tmp_path).path("7") == tmp_path / "7.png"
    (tmp_path / "7.png").unlink()
    assert ImageFolder(tmp_path).path("7") == tmp_path / "b" / "7.jpg"


def test_a_folder_that_is_not_there_has_no_images(tmp_path: Path) -> None:
    assert ImageFolder(tmp_path / "no").path("7") == tmp_path / "no" / "7.jpg"
