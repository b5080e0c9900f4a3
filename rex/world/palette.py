"""Colors and visible materials: what a word looks like."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image

RGB = tuple[int, int, int]

COLORS: dict[str, RGB] = {
    "red": (213, 48, 46),
    "orange": (242, 140, 34),
    "yellow": (248, 208, 56),
    "green": (66, 158, 74),
    "blue": (46, 104, 204),
    "purple": (136, 72, 178),
    "pink": (244, 142, 184),
    "brown": (134, 86, 50),
    "black": (44, 44, 50),
    "white": (246, 246, 243),
    "gray": (150, 154, 160),
}
"""The color words of the world and the paint they stand for (sRGB, 0-255)."""

_TILE = 768
"""Side of a texture tile, in supersampled pixels."""


def shade(color: RGB, factor: float) -> RGB:
    """Return `color` darkened (`factor` < 1) or mixed with white (`factor` > 1)."""
    if factor <= 1:
        red, green, blue = (round(channel * factor) for channel in color)
    else:
        mix = factor - 1
        red, green, blue = (round(channel + (255 - channel) * mix) for channel in color)
    return red, green, blue


def outline_of(color: RGB) -> RGB:
    """Return the color of the line around a shape painted in `color`."""
    return shade(color, 0.45 if sum(color) > 260 else 0.6)


def texture(color: RGB, material: str, width: int, height: int) -> Image.Image:
    """Return `width` x `height` supersampled pixels of `material` painted in `color`."""
    light = _lights(material).crop((0, 0, width, height))
    return Image.merge(
        "RGB", [light.point(_tones(channel)) for channel in zip(color, MORTAR, strict=True)]
    )


MORTAR: RGB = (222, 214, 204)
_MORTAR_LEVEL = 255
_LEVELS = 120
"""Level of an unchanged color in a light map; 0 is black, 2 x this is white."""


@lru_cache(maxsize=4096)
def _tones(channel: tuple[int, int]) -> list[int]:
    """Return one color channel (and the mortar's) for each level of a light map."""
    base, mortar = channel
    tones = []
    for level in range(256):
        light = min(level / _LEVELS, 2.0)
        tones.append(round(base * light if light <= 1 else base + (255 - base) * (light - 1)))
    tones[_MORTAR_LEVEL] = mortar
    return tones


@lru_cache(maxsize=8)
def _lights(material: str) -> Image.Image:
    """Return the light map of a material, one level a supersampled pixel."""
    rows, columns = np.mgrid[0:_TILE, 0:_TILE].astype(np.float32)
    levels = np.clip(PATTERNS[material](rows, columns), 0, 2) * _LEVELS
    if material == "brick":
        levels[_mortar(rows, columns)] = _MORTAR_LEVEL
    return Image.fromarray(np.round(levels).astype(np.uint8), "L")


def _wood(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    # planks along x, each with wavy grain of its own phase
    plank = np.floor(rows / 27)
    wave = rows + 3.2 * np.sin(columns / 33 + plank * 2.1) + 1.5 * np.sin(columns / 9 + plank)
    grain = np.where(np.mod(wave, 9) < 2.6, 0.7, 1.0)
    return np.where(np.mod(rows, 27) < 2.5, 0.52, grain)


def _metal(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    # broad diagonal bands of reflected light
    return 1.02 + 0.5 * np.sin((columns + rows * 0.6) / 11.5) ** 5 - 0.12 * np.sin(rows / 40)


def _plastic(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    # flat and saturated, with a sparse glossy dash
    gloss = (np.mod(columns + rows, 150) < 9) & (np.mod(rows, 75) < 48)
    return np.where(gloss, 1.62, 1.0)


def _brick(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    course = np.floor(rows / 15)
    stone = np.floor((columns + course % 2 * 15) / 30)
    return 0.92 + 0.14 * np.sin(course * 5.3 + stone * 3.7)


def _mortar(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    course = np.floor(rows / 15)
    return (np.mod(rows, 15) < 2.6) | (np.mod(columns + course % 2 * 15, 30) < 2.6)


def _glass(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return 1.12 + 0.4 * (np.mod(columns - rows * 0.5, 46) < 10)


PATTERNS = {"wood": _wood, "metal": _metal, "plastic": _plastic, "brick": _brick, "glass": _glass}
"""The material words of the world, each with its own texture."""
