"""Furniture and lamps."""

from __future__ import annotations

from rex.world.drawing.look import Anchors, Look
from rex.world.drawing.pen import INK, Paint, Pen
from rex.world.palette import COLORS, RGB, shade


def chair(pen: Pen, look: Look) -> Anchors:
    """Draw a chair from the front, 56 x 84 units."""
    paint = look.paint("brown")
    for x in (9, 47):
        pen.rounded(x - 4, 2, x + 4, 50, 2, paint)
    for y in (8, 22):
        pen.rounded(9, y, 47, y + 9, 3, paint)
    for x in (14, 42):
        pen.rounded(x - 3, 50, x + 3, 76, 2, paint.shaded(0.75))
    pen.rounded(4, 44, 52, 55, 4, paint)
    for x in (8, 48):
        pen.rounded(x - 3.5, 54, x + 3.5, 83, 2, paint)
    return {"seat": (28, 46)}


def table(pen: Pen, look: Look) -> Anchors:
    """Draw a table, 128 x 70 units; `round` tables stand on one foot."""
    paint = look.paint("brown")
    if look.has("round"):
        pen.rounded(57, 16, 71, 64, 3, paint.shaded(0.85))
        pen.ellipse(64, 64, 30, 5.5, paint.shaded(0.85))
        pen.ellipse(64, 14, 61, 11.5, paint)
    else:
        for x in (20, 108):
            pen.rounded(x - 4, 16, x + 4, 58, 2, paint.shaded(0.7))
        pen.polygon([(14, 4), (114, 4), (126, 20), (2, 20)], paint)
        pen.rectangle(2, 20, 126, 28, paint.shaded(0.85))
        for x in (8, 120):
            pen.rounded(x - 5, 28, x + 5, 69, 2, paint)
    return {"left": (18, 15), "right": (110, 15), "under": (64, 66)}


def couch(pen: Pen, look: Look) -> Anchors:
    """Draw a couch, 140 x 70 units."""
    paint = look.paint("blue")
    for x in (18, 122):
        pen.rounded(x - 4, 58, x + 4, 69, 2, (96, 62, 36))
    pen.rounded(14, 4, 126, 46, 12, paint.shaded(0.88))
    pen.stroke([(70, 10), (70, 36)], 1.6, shade(paint.color, 0.6))
    pen.rounded(16, 34, 70, 52, 7, paint)
    pen.rounded(70, 34, 124, 52, 7, paint)
    pen.rounded(14, 49, 126, 62, 4, paint.shaded(0.82))
    pen.rounded(2, 24, 22, 63, 9, paint)
    pen.rounded(118, 24, 138, 63, 9, paint)
    return {"left": (32, 42), "right": (108, 42), "seat": (70, 44)}


def bed(pen: Pen, look: Look) -> Anchors:
    """Draw a bed from the side, 160 x 74 units; its blanket shows the colour."""
    paint = look.paint("blue")
    wood = Paint.named("brown", "wood")
    pen.rounded(2, 4, 14, 73, 4, wood)
    pen.rounded(148, 28, 158, 73, 4, wood)
    pen.rectangle(10, 52, 152, 62, wood)
    pen.rounded(12, 36, 150, 54, 6, (250, 248, 240))
    pen.rounded(16, 24, 48, 40, 7, (252, 252, 250))
    pen.curve([(48, 36), (100, 32), (150, 35), (151, 58), (100, 60), (50, 58)], paint)
    return {"left": (52, 36), "right": (134, 37), "seat": (100, 38), "under": (80, 72)}


def bench(pen: Pen, look: Look) -> Anchors:
    """Draw a garden bench, 130 x 64 units."""
    paint = look.paint("brown")
    for x in (16, 114):
        pen.rounded(x - 4, 6, x + 4, 62, 2, (66, 68, 74))
    for y in (4, 16, 28):
        pen.rounded(4, y, 126, y + 9, 3, paint)
    pen.rounded(2, 39, 128, 48, 3, paint)
    for x in (10, 120):
        pen.rounded(x - 3.5, 48, x + 3.5, 63, 2, (66, 68, 74))
    return {"left": (26, 42), "right": (104, 42), "seat": (65, 42)}


def cabinet(pen: Pen, look: Look) -> Anchors:
    """Draw a cabinet with two doors, 84 x 84 units; an open one shows its shelves."""
    paint = look.paint("brown")
    pen.rounded(4, 6, 80, 80, 3, paint)
    pen.rounded(1, 2, 83, 10, 2, paint.shaded(0.85))
    knob: RGB = (244, 210, 96)
    if look.has("open"):
        pen.rectangle(12, 16, 72, 74, (58, 46, 42))
        pen.rectangle(12, 42, 72, 46, paint.shaded(0.9))
        for x, color in ((20, "red"), (28, "blue"), (36, "yellow"), (44, "green")):
            pen.rectangle(x, 24, x + 7, 42, COLORS[color])
        for x, color in ((24, "white"), (46, "pink")):
            pen.rounded(x, 58, x + 14, 74, 4, COLORS[color])
        pen.polygon([(12, 16), (2, 22), (2, 82), (12, 74)], paint.shaded(0.8))
        pen.polygon([(72, 16), (82, 22), (82, 82), (72, 74)], paint.shaded(0.8))
    else:
        pen.rounded(10, 15, 41, 75, 2, paint.shaded(0.9))
        pen.rounded(43, 15, 74, 75, 2, paint.shaded(0.9))
        pen.dot(37, 45, 2.6, knob)
        pen.dot(47, 45, 2.6, knob)
    for x in (10, 74):
        pen.rectangle(x - 3, 80, x + 3, 84, INK)
    return {"left": (18, 5), "right": (66, 5)}


def lamp(pen: Pen, look: Look) -> Anchors:
    """Draw a lamp: a floor lamp of 44 x 130 units (`tall`) or a table lamp of 44 x 62."""
    paint = look.paint("yellow")
    foot = pen.height - 2
    pen.rounded(20, 30, 24, foot - 3, 1, (112, 96, 70))
    pen.sector(22, foot, 14, 6, 180, 360, (112, 96, 70))
    pen.polygon([(12, 4), (32, 4), (42, 34), (2, 34)], paint)
    pen.ellipse(22, 34, 20, 2.6, (255, 246, 200))
    return {}
