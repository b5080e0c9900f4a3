"""Plants, houses and fences."""

from __future__ import annotations

import numpy as np

from rex.world.drawing.look import Anchors, Look
from rex.world.drawing.pen import Paint, Pen
from rex.world.palette import COLORS, RGB, shade

_BARK: RGB = (122, 82, 50)
_LEAF: RGB = (72, 152, 70)
_GLASS: RGB = (250, 226, 140)


def tree(pen: Pen, look: Look) -> Anchors:
    """Draw a leafy tree, 96 x 158 units (`tall`) or 84 x 100 (`short`)."""
    leaf = COLORS[look.words.get("color", "green")]
    if look.words.get("color", "green") == "green":
        leaf = _LEAF
    middle, foot = pen.width / 2, pen.height - 2
    top = foot * 0.62
    pen.polygon(
        [(middle - 6, top - 14), (middle + 6, top - 14), (middle + 9, foot), (middle - 9, foot)],
        Paint(_BARK, "wood"),
    )
    radius = pen.width * 0.235
    crown = ((0, 0.30), (-0.26, 0.42), (0.26, 0.42), (-0.17, 0.2), (0.17, 0.2), (0, 0.5))
    for outline in (True, False):
        for dx, dy in crown:
            pen.ellipse(
                middle + dx * pen.width,
                dy * foot,
                radius,
                min(radius, foot * 0.19),
                leaf,
                outline=outline,
            )
    for dx, dy in ((-0.2, 0.24), (0.1, 0.16), (0.2, 0.4), (-0.1, 0.44), (0.02, 0.32)):
        pen.arc(
            [
                (middle + dx * pen.width - 6, dy * foot),
                (middle + dx * pen.width, dy * foot + 4),
                (middle + dx * pen.width + 6, dy * foot),
            ],
            1.8,
            shade(leaf, 0.72),
        )
    return {}


def bush(pen: Pen, look: Look) -> Anchors:
    """Draw a bush with berries, 76 x 48 units."""
    for outline in (True, False):
        for x, y, r in ((18, 32, 16), (38, 24, 20), (58, 32, 16), (38, 36, 14)):
            pen.ellipse(x, y, r, min(r, 46 - y), (84, 146, 62), outline=outline)
    for x, y in ((18, 26), (30, 18), (44, 28), (56, 26), (28, 36), (62, 36), (42, 14)):
        pen.dot(x, y, 2.4, (214, 52, 60))
    return {}


def flower(pen: Pen, look: Look) -> Anchors:
    """Draw a single flower, 32 x 48 units."""
    petal = COLORS[look.words.get("color", "red")]
    pen.stroke([(16, 18), (16, 46)], 3, (62, 138, 62))
    pen.curve([(16, 38), (24, 28), (31, 27), (27, 36)], (78, 160, 72))
    pen.curve([(16, 42), (8, 32), (1, 32), (6, 40)], (78, 160, 72))
    for a in np.linspace(0, 2 * np.pi, 6, endpoint=False):
        pen.ellipse(16 + 8.4 * float(np.cos(a)), 16 + 8.4 * float(np.sin(a)), 6.6, 6.6, petal)
    center = COLORS["yellow"] if petal != COLORS["yellow"] else COLORS["brown"]
    pen.ellipse(16, 16, 5.4, 5.4, center)
    return {}


def plant(pen: Pen, look: Look) -> Anchors:
    """Draw a plant in a pot, 46 x 62 units; the pot shows the colour."""
    pot = look.paint("orange")
    for tip, bend in (
        ((4, 14), (10, 22)),
        ((16, 4), (18, 18)),
        ((30, 4), (28, 18)),
        ((42, 14), (36, 22)),
    ):
        leaf = [(23, 42), bend, tip, (bend[0] + (6 if tip[0] < 23 else -6), bend[1] + 9)]
        pen.curve(leaf, (66, 150, 76))
    pen.polygon([(9, 40), (37, 40), (33, 61), (13, 61)], pot)
    pen.rounded(7, 36, 39, 43, 2, pot.shaded(0.88))
    return {}


def house(pen: Pen, look: Look) -> Anchors:
    """Draw a house, 140 x 124 units."""
    wall = look.paint("white")
    roof: RGB = (168, 70, 56) if wall.color != COLORS["red"] else (92, 96, 108)
    pen.rectangle(102, 12, 116, 44, (150, 84, 66))
    pen.rectangle(14, 52, 126, 122, wall)
    pen.polygon([(4, 56), (70, 6), (136, 56)], roof)
    pen.rectangle(58, 80, 82, 122, (110, 70, 44))
    pen.dot(77, 102, 2, (246, 214, 100))
    for x in (24, 92):
        pen.rectangle(x, 66, x + 24, 90, (250, 250, 246))
        pen.rectangle(x + 3, 69, x + 21, 87, _GLASS)
        pen.stroke([(x + 12, 69), (x + 12, 87)], 1.6, (250, 250, 246))
        pen.stroke([(x + 3, 78), (x + 21, 78)], 1.6, (250, 250, 246))
    pen.ellipse(70, 36, 8, 8, _GLASS)
    return {}


def fence(pen: Pen, look: Look) -> Anchors:
    """Draw a picket fence, 150 x 50 units."""
    paint = look.paint("white")
    for y in (16, 34):
        pen.rectangle(1, y, 149, y + 6, paint.shaded(0.88))
    for k in range(8):
        x = 4 + 18.2 * k
        pen.polygon([(x, 10), (x + 6, 2), (x + 12, 10), (x + 12, 49), (x, 49)], paint)
    return {}


def kite(pen: Pen, look: Look) -> Anchors:
    """Draw a kite with its tail, 54 x 70 units."""
    paint = look.paint("red")
    pen.arc([(27, 46), (34, 54), (24, 60), (30, 69)], 1.4, (96, 84, 84))
    for x, y in ((32, 53), (26, 60)):
        pen.polygon(
            [(x - 5, y - 3), (x + 5, y + 3), (x + 5, y - 3), (x - 5, y + 3)], COLORS["yellow"]
        )
    pen.polygon([(27, 1), (49, 19), (27, 48), (5, 19)], paint)
    if paint.pattern is None:
        pen.polygon([(27, 1), (49, 19), (27, 19)], shade(paint.color, 1.4), outline=False)
        pen.polygon([(27, 48), (5, 19), (27, 19)], shade(paint.color, 1.4), outline=False)
    pen.stroke([(27, 1), (27, 48)], 1.2, (80, 68, 68))
    pen.stroke([(5, 19), (49, 19)], 1.2, (80, 68, 68))
    return {}
