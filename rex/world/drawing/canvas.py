"""The canvas that backgrounds are painted on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from rex.world.palette import RGB

WIDTH, HEIGHT = 640, 480
"""Size of a background before it is scaled to the image, in pixels."""


@dataclass
class Canvas:
    """An image to paint on, with what decides its tones and details."""

    image: Image.Image
    line: int
    """Height of the horizon, or of the edge between wall and floor, in pixels from the top."""
    weather: str | None
    random: np.random.Generator

    def __post_init__(self) -> None:
        self.draw = ImageDraw.Draw(self.image)

    def whole(self, low: int, high: int) -> int:
        """Return a random integer, `low` or more and less than `high`."""
        return int(self.random.integers(low, high))

    def pick(self, tones: Sequence[RGB]) -> RGB:
        """Return one of the tones."""
        return tones[self.whole(0, len(tones))]

    def bands(self, top: int, bottom: int, far: RGB, near: RGB) -> None:
        """Fill the rows from `top` to `bottom` with colours from `far` to `near`."""
        share = np.linspace(0, 1, max(bottom - top, 1))[:, None]
        column = np.asarray(far) * (1 - share) + np.asarray(near) * share
        pixels = np.repeat(np.round(column)[:, None, :], WIDTH, axis=1).astype(np.uint8)
        self.image.paste(Image.fromarray(pixels, "RGB"), (0, top))


Scenery = Callable[[Canvas], None]
"""Paints a place on a canvas."""
