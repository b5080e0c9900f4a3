"""Colours and visible materials: what a word looks like."""

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
"""The colour words of the world and the paint they stand for (sRGB, 0-255)."""

MATERIALS = ("wood", "metal", "plastic", "brick", "glass")
"""The material words of the world; each has its own texture."""

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
    """Return the colour of the line around a shape painted in `color`."""
    return shade(color, 0.45 if sum(color) > 260 else 0.6)


@lru_cache(maxsize=256)
def texture(color: RGB, material: str) -> Image.Image:
    """Return a tile that shows `material` painted in `color`; the same tile at every call."""
    rows, columns = np.mgrid[0:_TILE, 0:_TILE].astype(np.float32)
    light = _PATTERNS[material](rows, columns)
    base = np.asarray(color, dtype=np.float32)
    tile = np.where(
        light[..., None] <= 1,
        base * np.clip(light, 0, 1)[..., None],
        base + (255 - base) * np.clip(light - 1, 0, 1)[..., None],
    )
    if material == "brick":
        mortar = _mortar(rows, columns)
        tile[mortar] = (222, 214, 204)
    return Image.fromarray(np.clip(tile, 0, 255).astype(np.uint8), "RGB")


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
    mortar: np.ndarray = (np.mod(rows, 15) < 2.6) | (np.mod(columns + course % 2 * 15, 30) < 2.6)
    return mortar


def _glass(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return 1.12 + 0.4 * (np.mod(columns - rows * 0.5, 46) < 10)


_PATTERNS = {"wood": _wood, "metal": _metal, "plastic": _plastic, "brick": _brick, "glass": _glass}
