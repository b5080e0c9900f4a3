"""Colors of boxes and of their labels."""

from __future__ import annotations

import pytest
from PIL import ImageColor

from rex.drawing import COLORS


def luminance(color: str) -> float:
    """Return the relative luminance of a color, as WCAG 2 defines it."""
    parts = [value / 255 for value in ImageColor.getrgb(color)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("color", COLORS)
def test_white_text_on_a_color_can_be_read(color: str) -> None:
    assert (luminance("white") + 0.05) / (luminance(color) + 0.05) >= 4.5


def test_colors_differ() -> None:
    assert len(set(COLORS)) == len(COLORS)
