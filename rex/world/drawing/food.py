"""Things to eat."""

from __future__ import annotations

from rex.world.drawing.look import Anchors, Look
from rex.world.drawing.pen import Pen
from rex.world.palette import COLORS, shade

_STEM = (98, 66, 38)


def apple(pen: Pen, look: Look) -> Anchors:
    """Draw an apple, 30 x 32 units."""
    paint = COLORS[look.words.get("color", "red")]
    pen.curve(
        [
            (15, 9),
            (22, 6),
            (29, 13),
            (26, 26),
            (19, 31),
            (15, 29),
            (11, 31),
            (4, 26),
            (1, 13),
            (8, 6),
        ],
        paint,
    )
    pen.stroke([(15, 10), (16, 3)], 2.2, _STEM)
    pen.curve([(17, 5), (24, 0), (27, 3), (21, 7)], (86, 172, 70))
    pen.ellipse(8.5, 14, 2.6, 4, shade(paint, 1.6), outline=False)
    return {}


def banana(pen: Pen, look: Look) -> Anchors:
    """Draw a banana, 42 x 28 units."""
    paint = COLORS[look.words.get("color", "yellow")]
    pen.curve(
        [(4, 3), (9, 3), (14, 13), (26, 17), (38, 11), (40, 15), (30, 26), (16, 26), (6, 17)], paint
    )
    pen.stroke([(5, 4), (7, 1)], 3, _STEM)
    pen.dot(39, 13, 2, _STEM)
    pen.arc([(9, 12), (17, 20), (30, 20)], 1.2, shade(paint, 0.72))
    return {}


def pizza(pen: Pen, look: Look) -> Anchors:
    """Draw a pizza, 52 x 34 units, seen from an angle."""
    pen.ellipse(26, 18, 25, 15, (206, 146, 74))
    pen.ellipse(26, 17, 21, 12, (250, 206, 88))
    for x, y in ((14, 14), (24, 9), (37, 12), (20, 22), (33, 22), (27, 16)):
        pen.ellipse(x, y, 4.4, 3.1, (206, 58, 44))
    for x, y in ((18, 10), (31, 15), (13, 20), (39, 19), (26, 25)):
        pen.dot(x, y, 1.4, (74, 146, 66))
    return {}


def cake(pen: Pen, look: Look) -> Anchors:
    """Draw a cake with cream and a cherry, 46 x 44 units."""
    paint = COLORS[look.words.get("color", "pink")]
    pen.rounded(4, 17, 42, 42, 4, (226, 178, 112))
    pen.rectangle(5, 29, 41, 32, (252, 244, 230), outline=False)
    pen.curve(
        [
            (3, 17),
            (23, 11),
            (43, 17),
            (43, 24),
            (37, 28),
            (31, 23),
            (25, 29),
            (19, 23),
            (12, 28),
            (3, 24),
        ],
        paint,
    )
    pen.ellipse(23, 8, 4.8, 4.8, (204, 34, 46))
    pen.arc([(24, 4), (27, 1)], 1.2, _STEM)
    return {}


def bread(pen: Pen, look: Look) -> Anchors:
    """Draw a loaf of bread, 48 x 32 units."""
    crust = (204, 140, 70)
    pen.curve(
        [(3, 20), (6, 8), (18, 4), (32, 4), (43, 9), (46, 20), (43, 29), (24, 31), (6, 29)], crust
    )
    for x in (13, 23, 33):
        pen.arc([(x - 2, 9), (x + 3, 14), (x + 3, 19)], 2.6, (246, 214, 156))
    return {}


def carrot(pen: Pen, look: Look) -> Anchors:
    """Draw a carrot with its leaves, 46 x 28 units."""
    for y in (5, 10, 15):
        pen.arc([(32, 13), (39, y - 1), (45, y - 3)], 3, (70, 158, 66))
    pen.curve([(2, 22), (16, 10), (30, 6), (36, 14), (30, 22), (14, 25)], COLORS["orange"])
    for x in (14, 22, 29):
        pen.stroke([(x, 12), (x + 1.5, 16)], 1.2, shade(COLORS["orange"], 0.7))
    return {}


def sandwich(pen: Pen, look: Look) -> Anchors:
    """Draw a sandwich, 46 x 34 units."""
    pen.rounded(3, 24, 43, 32, 3, (222, 168, 98))
    pen.curve(
        [(2, 23), (10, 26), (18, 22), (27, 26), (36, 22), (44, 24), (43, 19), (3, 19)],
        (110, 186, 82),
    )
    pen.rectangle(4, 17, 42, 21, (216, 66, 56))
    pen.rectangle(3, 14, 43, 18, (252, 212, 90))
    pen.curve([(3, 15), (5, 6), (14, 2), (32, 2), (41, 6), (43, 15)], (230, 178, 108))
    return {}
