"""Drawings as text."""

from __future__ import annotations

import numpy as np
import pytest

from rex.world.drawing.pen import Look, Pen
from rex.world.drawing.sketch import draw_sketch, read_sketch


def _drawn(text: str, look: Look | None = None) -> np.ndarray:
    pen = Pen(40, 40, 1.0)
    draw_sketch(
        read_sketch(text),
        pen,
        look or Look({"color": "red"}),
        {"dark": "color*0.5", "ink": "38,36,42"},
    )
    sprite = pen.sprite()
    pixels = np.zeros((sprite.height, sprite.width, 4), dtype=np.uint8)
    for layer in sprite.layers:
        image = np.asarray(layer.image)
        high, wide = image.shape[:2]
        pixels[layer.top : layer.top + high, layer.left : layer.left + wide] = image
    return pixels


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("at 5,5 20,20\n  ellipse color 0,0 3,3", "ellipse color 5,5 3,3\nellipse color 20,20 3,3"),
        ("spot = 9,9\nat spot\n  dot ink 1,1 4", "dot ink 10,10 4"),
        ("mirror 20\n  dot ink 5,5 4", "dot ink 5,5 4\ndot ink 35,5 4"),
        ("if wide\n  dot red 9,9 4\nelse\n  dot blue 9,9 4", "dot blue 9,9 4"),
        ("unless wide\n  dot red 9,9 4", "dot red 9,9 4"),
        ("if plain\n  dot dark 9,9 4", "dot color*0.5 9,9 4"),
        ("if variety<0.6\n  dot red 9,9 4", "dot 213,48,46 9,9 4"),
        ("vary 8\n  dot red 9,9 4", "dot red 13,9 4"),
        ("around 20,20 10,10 2\n  dot red 0,0 4", "dot red 30,20 4\ndot red 10,20 4"),
        ("cloud\n  ellipse red 9,9 4,4", "ellipse red 9,9 4,4\nellipse- red 9,9 4,4"),
        ("strokes red 2 1,1 9,9 20,1 30,9", "stroke red 2 1,1 9,9\nstroke red 2 20,1 30,9"),
    ],
)
def test_groups_are_short_for_shapes(short: str, long: str) -> None:
    assert _drawn(short).any()
    assert np.abs(_drawn(short).astype(int) - _drawn(long)).max() <= 1


def test_a_condition_is_on_a_word_of_the_look() -> None:
    text = "if open wide\n  rectangle color 5,5 30,30"
    assert _drawn(text, Look({"": "open"})).any()
    assert not _drawn(text, Look({"": "closed"})).any()


def test_what_is_not_a_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="'circle' is not a shape"):
        read_sketch("circle red 1,1 2")
    with pytest.raises(ValueError, match="not indented enough"):
        read_sketch("  dot red 1,1 2\ndot red 1,1 2")
