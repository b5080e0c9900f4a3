"""Tableware, devices and what else stands on tables and hangs on walls."""

from __future__ import annotations

import numpy as np

from rex.world.drawing.look import Anchors, Look
from rex.world.drawing.pen import INK, Pen
from rex.world.palette import COLORS, RGB, shade


def cup(pen: Pen, look: Look) -> Anchors:
    """Draw a cup with a handle, 34 x 30 units."""
    paint = look.paint("white")
    angles = np.linspace(-1.5, 1.5, 10)
    ring = [(24 + 7 * float(np.cos(a)), 15 + 7 * float(np.sin(a))) for a in angles]
    pen.limb(ring, 3, paint.color)
    pen.polygon([(2, 4), (25, 4), (23, 26), (20, 29), (7, 29), (4, 26)], paint)
    pen.ellipse(13.5, 4.5, 11.5, 3, shade(paint.color, 0.55))
    return {}


def bottle(pen: Pen, look: Look) -> Anchors:
    """Draw a bottle, 22 x 52 units."""
    paint = look.paint("green")
    pen.curve(
        [
            (8, 6),
            (14, 6),
            (14, 16),
            (20, 24),
            (20, 48),
            (16, 51),
            (6, 51),
            (2, 48),
            (2, 24),
            (8, 16),
        ],
        paint,
    )
    pen.rounded(7, 1, 15, 8, 1, (122, 84, 50))
    pen.rectangle(2.5, 30, 19.5, 42, (250, 246, 232), outline=False)
    pen.stroke([(6, 36), (16, 36)], 2, (188, 70, 60))
    return {}


def plate(pen: Pen, look: Look) -> Anchors:
    """Draw a plate seen from an angle, 54 x 28 units; dirty ones have stains."""
    paint = look.paint("white")
    if look.has("square"):
        pen.polygon([(11, 3), (43, 3), (53, 24), (1, 24)], paint)
        pen.polygon([(16, 7), (38, 7), (44, 19), (10, 19)], shade(paint.color, 0.86))
    else:
        pen.ellipse(27, 14, 26, 13, paint)
        pen.ellipse(27, 14, 17, 7.6, shade(paint.color, 0.86))
    if look.has("dirty"):
        mud: RGB = (122, 76, 36)
        for x, y in ((20, 12), (31, 16), (36, 10), (25, 18), (42, 15), (12, 15)):
            pen.curve([(x - 4, y), (x, y - 2.6), (x + 4, y), (x, y + 2.4)], mud, outline=False)
    return {}


def bowl(pen: Pen, look: Look) -> Anchors:
    """Draw a bowl, 44 x 28 units."""
    paint = look.paint("blue")
    pen.sector(22, 7, 21, 20, 0, 180, paint)
    pen.ellipse(22, 7, 21, 5, shade(paint.color, 0.6))
    pen.rounded(15, 24, 29, 28, 1, paint)
    return {}


def clock(pen: Pen, look: Look) -> Anchors:
    """Draw a clock, 42 x 42 units."""
    paint = look.paint("red")
    if look.has("square"):
        pen.rounded(1, 1, 41, 41, 4, paint)
        pen.rounded(7, 7, 35, 35, 2, (252, 252, 248))
    else:
        pen.ellipse(21, 21, 20, 20, paint)
        pen.ellipse(21, 21, 14.6, 14.6, (252, 252, 248))
    for a in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        pen.dot(21 + 11.6 * float(np.cos(a)), 21 + 11.6 * float(np.sin(a)), 0.9)
    turn = 2 * np.pi * look.variety
    pen.stroke(
        [(21, 21), (21 + 9.5 * float(np.cos(turn)), 21 + 9.5 * float(np.sin(turn)))], 1.7, INK
    )
    pen.stroke(
        [(21, 21), (21 + 6 * float(np.cos(5 * turn)), 21 + 6 * float(np.sin(5 * turn)))], 2.2, INK
    )
    return {}


def picture(pen: Pen, look: Look) -> Anchors:
    """Draw a framed landscape, 64 x 48 units."""
    paint = look.paint("brown")
    pen.rectangle(1, 1, 63, 47, paint)
    pen.rectangle(8, 8, 56, 40, (186, 222, 244))
    pen.ellipse(44, 17, 5, 5, (252, 214, 90), outline=False)
    pen.polygon([(8, 40), (22, 20), (36, 40)], (116, 128, 148), outline=False)
    pen.polygon([(24, 40), (40, 26), (56, 40)], (90, 156, 92), outline=False)
    return {}


def window(pen: Pen, look: Look) -> Anchors:
    """Draw a window, 66 x 74 units; an open one has its wings turned outwards."""
    frame = look.paint("white")
    pen.rectangle(10, 2, 56, 68, frame)
    pen.rectangle(14, 6, 52, 64, (168, 212, 244))
    pen.ellipse(26, 22, 8, 4, (255, 255, 255), outline=False)
    pen.ellipse(34, 20, 7, 5, (255, 255, 255), outline=False)
    pen.curve([(14, 64), (14, 50), (30, 44), (52, 54), (52, 64)], (112, 180, 96), outline=False)
    if look.has("open"):
        for x0, x1 in ((14, 1), (52, 65)):
            wing = [(x0, 6), (x1, 0), (x1, 72), (x0, 64)]
            pen.polygon(wing, frame)
            inner = [
                (x0 + (x1 - x0) * 0.25, 11),
                (x1 - (x1 - x0) * 0.25, 8),
                (x1 - (x1 - x0) * 0.25, 64),
                (x0 + (x1 - x0) * 0.25, 59),
            ]
            pen.polygon(inner, (214, 236, 250))
    else:
        pen.rectangle(31.5, 6, 34.5, 64, frame.color)
        pen.rectangle(14, 33, 52, 36, frame.color)
        pen.stroke([(19, 28), (28, 12)], 2, (236, 248, 255))
        pen.stroke([(40, 60), (48, 42)], 2, (236, 248, 255))
    pen.rounded(6, 67, 60, 72, 1, frame)
    return {}


def door(pen: Pen, look: Look) -> Anchors:
    """Draw a door, 64 x 128 units; behind an open one it is dark."""
    paint = look.paint("brown")
    pen.rectangle(2, 2, 62, 127, (238, 230, 214))
    pen.rectangle(8, 8, 56, 127, (58, 50, 56))
    if look.has("open"):
        pen.polygon([(8, 8), (26, 18), (26, 120), (8, 127)], paint)
        pen.dot(22, 70, 2.6, (246, 214, 100))
    else:
        pen.rectangle(8, 8, 56, 127, paint)
        for y0, y1 in ((16, 58), (72, 116)):
            pen.rectangle(16, y0, 48, y1, paint.shaded(0.85))
        pen.dot(51, 66, 3, (246, 214, 100))
    return {}


def television(pen: Pen, look: Look) -> Anchors:
    """Draw a television, 70 x 52 units."""
    shell = COLORS[look.words.get("color", "black")]
    pen.rounded(28, 44, 42, 51, 1, shell)
    pen.rounded(18, 48, 52, 52, 1, shell)
    pen.rounded(1, 1, 69, 45, 3, shell)
    pen.rectangle(6, 6, 64, 39, (78, 158, 214))
    pen.polygon([(6, 39), (24, 22), (38, 39)], (88, 168, 92), outline=False)
    pen.polygon([(26, 39), (46, 24), (64, 39)], (64, 138, 76), outline=False)
    pen.ellipse(50, 14, 5, 5, (252, 222, 100), outline=False)
    return {}


def laptop(pen: Pen, look: Look) -> Anchors:
    """Draw a laptop, 54 x 38 units; a closed one is flat."""
    shell = COLORS[look.words.get("color", "gray")]
    if look.has("open"):
        pen.polygon([(10, 2), (50, 2), (46, 26), (6, 26)], shell)
        pen.polygon([(13, 5), (46, 5), (43, 23), (10, 23)], (140, 206, 244))
        pen.stroke([(17, 10), (34, 10)], 2, (255, 255, 255))
        pen.stroke([(16, 15), (28, 15)], 2, (255, 255, 255))
        pen.polygon([(6, 26), (46, 26), (52, 36), (2, 36)], shell)
        pen.polygon([(10, 28), (43, 28), (46, 32), (8, 32)], shade(shell, 0.55), outline=False)
    else:
        pen.polygon([(9, 20), (47, 20), (53, 34), (1, 34)], shell)
        pen.rectangle(1, 34, 53, 37, shade(shell, 0.7))
        pen.ellipse(27, 27, 4, 2.4, shade(shell, 1.6), outline=False)
    return {}


def book(pen: Pen, look: Look) -> Anchors:
    """Draw a book, 40 x 30 units; an open one shows its pages."""
    paint = COLORS[look.words.get("color", "red")]
    if look.has("open"):
        pen.polygon([(1, 6), (20, 10), (39, 6), (39, 26), (20, 30), (1, 26)], paint)
        for side in (-1, 1):
            pen.polygon(
                [(20, 7), (20 + side * 16, 3), (20 + side * 16, 23), (20, 27)], (252, 250, 240)
            )
            for y in (9, 13, 17):
                pen.stroke(
                    [(20 + side * 3, y + 1.4), (20 + side * 13, y - 1)], 0.9, (160, 160, 170)
                )
    else:
        pen.rounded(7, 1, 33, 29, 2, paint)
        pen.rectangle(30, 3, 33, 28, (250, 248, 236))
        pen.rectangle(7, 1, 11, 29, shade(paint, 0.7), outline=False)
        pen.rounded(15, 6, 27, 13, 1, (252, 240, 200))
    return {}


def bag(pen: Pen, look: Look) -> Anchors:
    """Draw a handbag, 42 x 42 units."""
    paint = look.paint("brown")
    angles = np.linspace(np.pi, 2 * np.pi, 12)
    pen.limb(
        [(21 + 11 * float(np.cos(a)), 17 + 14 * float(np.sin(a))) for a in angles],
        2.6,
        shade(paint.color, 0.7),
    )
    pen.curve([(6, 16), (36, 16), (41, 38), (36, 41), (6, 41), (1, 38)], paint)
    pen.polygon([(5, 16), (37, 16), (30, 28), (12, 28)], shade(paint.color, 0.82))
    pen.dot(21, 28, 3, (246, 214, 100))
    return {}


def ball(pen: Pen, look: Look) -> Anchors:
    """Draw a ball, 34 x 34 units; striped and dotted ones are beach balls."""
    paint = look.paint("red")
    pen.ellipse(17, 17, 16, 16, paint)
    if paint.pattern is None:
        pen.arc([(4, 8), (17, 14), (30, 8)], 1.8, shade(paint.color, 0.6))
        pen.arc([(4, 26), (17, 20), (30, 26)], 1.8, shade(paint.color, 0.6))
    pen.ellipse(11, 9, 3.4, 2.4, (255, 255, 255), outline=False)
    return {}


def bear(pen: Pen, look: Look) -> Anchors:
    """Draw a teddy bear, 44 x 54 units."""
    coat = COLORS[look.words.get("color", "brown")]
    pale = shade(coat, 1.45) if sum(coat) < 600 else (232, 206, 176)
    for side in (-1, 1):
        pen.ellipse(22 + side * 12, 8, 6, 6, coat)
        pen.ellipse(22 + side * 12, 8, 3, 3, pale, outline=False)
        pen.ellipse(22 + side * 16, 34, 5.5, 8, coat)
        pen.ellipse(22 + side * 11, 48, 8, 5.8, coat)
    pen.ellipse(22, 37, 13.5, 13.5, coat)
    pen.ellipse(22, 38, 8, 8.6, pale, outline=False)
    pen.ellipse(22, 16, 14.5, 13, coat)
    pen.ellipse(22, 20, 6.8, 5.2, pale, outline=False)
    for side in (-1, 1):
        pen.dot(22 + side * 5.6, 13, 1.8)
    pen.ellipse(22, 18, 2.6, 1.9, INK, outline=False)
    return {}


def umbrella(pen: Pen, look: Look) -> Anchors:
    """Draw an open umbrella, 76 x 92 units, held at the end of its stick."""
    paint = look.paint("purple")
    pen.stroke([(38, 4), (38, 86)], 2.6, (92, 64, 40))
    pen.arc([(38, 84), (36, 91), (31, 88)], 2.8, (92, 64, 40))
    pen.sector(38, 34, 37, 31, 180, 360, paint)
    pen.curve([(1, 34), (13, 30), (26, 34), (14, 37)], shade(paint.color, 0.8), outline=False)
    if paint.pattern is None:
        for x in (14, 38, 62):
            pen.arc(
                [(38, 4), ((38 + x) / 2 + (x - 38) * 0.2, 16), (x, 33)],
                1.1,
                shade(paint.color, 0.6),
            )
    for x in (1, 26, 50):
        pen.sector(x + 12.4, 35, 12.4, 5, 180, 360, shade(paint.color, 0.62), outline=False)
    return {}
