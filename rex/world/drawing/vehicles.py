"""Vehicles, seen from the side."""

from __future__ import annotations

import numpy as np

from rex.world.drawing.look import Anchors, Look
from rex.world.drawing.pen import INK, Pen
from rex.world.palette import COLORS, RGB, shade

_GLASS: RGB = (190, 226, 244)
_MUD: RGB = (112, 78, 44)


def _wheel(pen: Pen, x: float, y: float, r: float) -> None:
    pen.ellipse(x, y, r, r, INK)
    pen.ellipse(x, y, r * 0.52, r * 0.52, (206, 208, 214), outline=False)
    pen.dot(x, y, r * 0.18, (96, 98, 104))


def _mud(pen: Pen, look: Look, x0: float, x1: float, y: float) -> None:
    """Splash mud over the lower body of a dirty vehicle."""
    if not look.has("dirty"):
        return
    for k, x in enumerate(np.linspace(x0, x1, 6)):
        r = 5.5 + 3 * ((k * 7 + int(look.variety * 10)) % 3) / 2
        lift = 5 * ((k * 5 + int(look.variety * 20)) % 4) / 3
        pen.curve(
            [(x - r, y), (x - 1, y - r - lift), (x + r, y - 1), (x + 2, y + r * 0.6)],
            _MUD,
            outline=False,
        )
        pen.dot(float(x) + r, y - r - lift - 2, 1.6, _MUD)


def car(pen: Pen, look: Look) -> Anchors:
    """Draw a car, 126 x 60 units."""
    paint = COLORS[look.words.get("color", "red")]
    pen.curve([(26, 30), (40, 8), (62, 5), (82, 8), (98, 30)], paint)
    pen.polygon([(36, 28), (46, 12), (61, 11), (61, 28)], _GLASS)
    pen.polygon([(66, 28), (66, 11), (78, 13), (90, 28)], _GLASS)
    pen.rounded(4, 26, 122, 50, 10, paint)
    pen.stroke([(63.5, 30), (63.5, 47)], 1.2, shade(paint, 0.55))
    pen.stroke([(54, 34), (59, 34)], 2, shade(paint, 0.45))
    pen.ellipse(118, 34, 4, 4.4, (255, 240, 150))
    pen.ellipse(8, 34, 3.4, 4.4, (224, 60, 50))
    pen.rounded(1, 44, 16, 49, 2, (198, 200, 206))
    pen.rounded(110, 44, 125, 49, 2, (198, 200, 206))
    _mud(pen, look, 16, 112, 42)
    for x in (32, 94):
        _wheel(pen, x, 48, 11.5)
    return {}


def bus(pen: Pen, look: Look) -> Anchors:
    """Draw a bus, 168 x 86 units."""
    paint = COLORS[look.words.get("color", "yellow")]
    pen.rounded(4, 6, 164, 74, 9, paint)
    for x in (12, 36, 60, 84, 108):
        pen.rounded(x, 16, x + 20, 38, 3, _GLASS)
    pen.rounded(134, 16, 158, 44, 3, _GLASS)
    pen.rectangle(
        4, 47, 132, 52, shade(paint, 1.7) if sum(paint) < 600 else COLORS["blue"], outline=False
    )
    pen.ellipse(160, 58, 3.6, 4.4, (255, 240, 150))
    pen.ellipse(7, 58, 2.6, 4.4, (224, 60, 50))
    _mud(pen, look, 20, 150, 66)
    for x in (38, 128):
        _wheel(pen, x, 72, 12.5)
    return {}


def truck(pen: Pen, look: Look) -> Anchors:
    """Draw a truck with a cab and an open bed, 156 x 82 units."""
    paint = COLORS[look.words.get("color", "blue")]
    pen.rectangle(4, 52, 152, 62, (92, 94, 102))
    pen.polygon([(4, 24), (98, 24), (98, 56), (4, 56)], shade(paint, 0.78))
    for x in (20, 38, 56, 74):
        pen.stroke([(x, 28), (x, 52)], 2.4, shade(paint, 0.5))
    pen.curve([(102, 60), (101, 20), (106, 8), (130, 8), (140, 30), (152, 36), (154, 60)], paint)
    pen.polygon([(111, 32), (112, 15), (127, 15), (135, 32)], _GLASS)
    pen.ellipse(150, 46, 3.4, 4.4, (255, 240, 150))
    _mud(pen, look, 16, 140, 54)
    for x in (28, 54, 128):
        _wheel(pen, x, 67, 12.5)
    return {}


def bicycle(pen: Pen, look: Look) -> Anchors:
    """Draw a bicycle, 100 x 64 units."""
    paint = COLORS[look.words.get("color", "green")]
    for x in (22, 78):
        angles = np.linspace(0, 2 * np.pi, 28)
        ring = [(x + 18 * float(np.cos(a)), 43 + 18 * float(np.sin(a))) for a in angles]
        pen.stroke(ring, 4, INK)
        for a in angles[:-1:4]:
            pen.stroke(
                [(x, 43), (x + 16 * float(np.cos(a)), 43 + 16 * float(np.sin(a)))],
                0.8,
                (130, 132, 138),
            )
    frame = (
        [(22, 43), (40, 18), (70, 18), (48, 43), (22, 43)],
        [(40, 18), (48, 43)],
        [(68, 10), (78, 43)],
    )
    for path in frame:
        pen.stroke(path, 5, paint)
    pen.stroke([(38, 12), (40, 18)], 3.4, (80, 82, 88))
    pen.rounded(28, 7, 48, 13, 3, (72, 52, 44))
    pen.arc([(68, 10), (74, 4), (82, 9)], 3.6, (60, 62, 68))
    pen.ellipse(48, 43, 5, 5, (110, 112, 118))
    return {}


def boat(pen: Pen, look: Look) -> Anchors:
    """Draw a sailing boat, 110 x 112 units; its hull shows the colour."""
    paint = look.paint("red")
    pen.rectangle(53, 4, 57, 84, (120, 82, 50))
    pen.polygon([(60, 8), (60, 76), (100, 76)], (252, 250, 240))
    pen.polygon([(50, 16), (50, 76), (18, 76)], (238, 234, 220))
    pen.curve([(4, 82), (54, 86), (107, 80), (92, 104), (54, 108), (18, 104)], paint)
    pen.stroke(
        [(12, 89), (99, 88)],
        3,
        shade(paint.color, 1.6) if sum(paint.color) < 600 else COLORS["blue"],
    )
    return {}
