"""Animals, seen from the side and facing right."""

from __future__ import annotations

import numpy as np

from rex.world.drawing.look import Anchors, Look
from rex.world.drawing.pen import INK, Pen
from rex.world.palette import COLORS, RGB, shade

_PINK: RGB = (242, 160, 164)


def _coat(look: Look, default: str) -> RGB:
    return COLORS[look.words.get("color", default)]


def _eye(pen: Pen, x: float, y: float, r: float, *, closed: bool, coat: RGB) -> None:
    if closed:
        pen.arc([(x - r * 1.5, y), (x, y + r), (x + r * 1.5, y)], 1.5, shade(coat, 0.3))
        return
    if sum(coat) < 260:
        pen.dot(x, y, r * 1.5, (255, 255, 255))
    pen.dot(x, y, r)


def _legs(
    pen: Pen, xs: tuple[float, ...], top: float, foot: float, width: float, coat: RGB
) -> None:
    for index, x in enumerate(xs):
        tone = shade(coat, 0.82) if index % 2 else coat
        pen.limb([(x, top), (x, foot - width / 2)], width, tone)


def dog(pen: Pen, look: Look) -> Anchors:
    """Draw a dog, 80 x 62 units."""
    coat = _coat(look, "brown")
    dark = shade(coat, 0.6) if sum(coat) > 200 else shade(coat, 1.25)
    asleep = look.has("sleeping")
    if look.has("lying"):
        pen.arc([(10, 52), (3, 44), (8, 38)], 5, dark)
        pen.curve([(8, 44), (28, 33), (52, 38), (58, 56), (32, 60), (9, 58)], coat)
        pen.limb([(46, 56), (66, 57)], 7, coat)
        pen.limb([(20, 57), (34, 58)], 7, coat)
        head = (62.0, 38.0)
    elif look.has("sitting"):
        pen.arc([(22, 56), (8, 54), (6, 44)], 5, dark)
        pen.curve([(18, 58), (20, 38), (40, 24), (54, 30), (52, 58)], coat)
        pen.limb([(48, 36), (50, 57)], 7, coat)
        pen.limb([(28, 54), (36, 58)], 9, coat)
        head = (54.0, 20.0)
    else:
        pen.arc([(14, 30), (5, 22), (7, 12)], 5, dark)
        spread = 6 if look.has("running") else 0
        _legs(pen, (20 - spread, 27 - spread, 47 + spread, 54 + spread), 40, 61, 7.5, coat)
        pen.curve([(12, 30), (30, 25), (54, 26), (60, 38), (50, 47), (20, 47), (11, 40)], coat)
        head = (62.0, 22.0)
    x, y = head
    pen.curve(
        [
            (x - 12, y - 8),
            (x + 1, y - 12),
            (x + 9, y - 4),
            (x + 17, y + 1),
            (x + 17, y + 8),
            (x + 4, y + 11),
            (x - 9, y + 9),
        ],
        coat,
    )
    pen.curve(
        [(x - 10, y - 9), (x - 4, y - 10), (x - 4, y + 6), (x - 10, y + 11), (x - 14, y + 3)], dark
    )
    pen.ellipse(x + 16.5, y + 1.5, 3.2, 2.8, INK)
    _eye(pen, x + 4, y - 2.5, 1.9, closed=asleep, coat=coat)
    if not asleep:
        pen.sector(x + 9, y + 8, 3.4, 6, 0, 180, (226, 84, 96))
    pen.stroke(
        [(x - 8, y + 11), (x + 2, y + 12)], 3, COLORS["red"] if coat != COLORS["red"] else INK
    )
    return {}


def cat(pen: Pen, look: Look) -> Anchors:
    """Draw a cat, 66 x 56 units."""
    coat = _coat(look, "orange")
    stripe = shade(coat, 0.62) if sum(coat) > 200 else shade(coat, 1.3)
    asleep = look.has("sleeping")
    if look.has("lying"):
        pen.arc([(12, 50), (2, 46), (4, 34), (12, 32)], 5, coat if sum(coat) > 200 else stripe)
        pen.curve([(8, 42), (26, 30), (46, 36), (50, 52), (26, 54), (8, 53)], coat)
        pen.limb([(38, 51), (54, 52)], 6, coat)
        x, y = 50.0, 34.0
        for k in range(3):
            pen.arc([(18 + 7 * k, 34 - k), (20 + 7 * k, 40)], 2.4, stripe)
    elif look.has("sitting"):
        pen.arc([(20, 52), (6, 48), (8, 32)], 5, stripe)
        pen.curve([(16, 53), (19, 36), (34, 26), (47, 34), (46, 53)], coat)
        pen.limb([(40, 38), (41, 51)], 6, coat)
        pen.limb([(24, 50), (31, 52)], 7, coat)
        x, y = 40.0, 19.0
        for k in range(3):
            pen.arc([(20 + k, 36 + 5 * k), (27 + k, 37 + 5 * k)], 2.2, stripe)
    else:
        pen.arc([(11, 30), (3, 22), (6, 8)], 4.6, stripe)
        _legs(pen, (16, 22, 39, 45), 38, 55, 6, coat)
        pen.curve([(9, 30), (24, 27), (44, 28), (49, 36), (42, 43), (16, 43), (8, 38)], coat)
        x, y = 49.0, 21.0
        for k in range(4):
            pen.arc([(18 + 7 * k, 28.5), (19 + 7 * k, 35)], 2.4, stripe)
    for side in (-1, 1):
        pen.polygon([(x + side * 12, y - 2), (x + side * 11, y - 17), (x + side * 2, y - 10)], coat)
        pen.polygon(
            [(x + side * 9.5, y - 7), (x + side * 9.5, y - 13), (x + side * 5, y - 10)],
            _PINK,
            outline=False,
        )
    pen.ellipse(x, y, 13.5, 11.5, coat)
    for side in (-1, 1):
        _eye(pen, x + side * 5.2, y - 1, 2.1, closed=asleep, coat=coat)
        for dy in (-0.8, 1.6):
            pen.stroke([(x + side * 6, y + 4), (x + side * 15, y + 4 + 1.6 * dy)], 0.7, stripe)
    pen.polygon([(x - 2.2, y + 2.6), (x + 2.2, y + 2.6), (x, y + 5)], _PINK, outline=False)
    pen.arc(
        [(x - 4, y + 6.5), (x - 1, y + 7.6), (x, y + 5.4), (x + 1, y + 7.6), (x + 4, y + 6.5)],
        1.1,
        INK,
    )
    return {}


def cow(pen: Pen, look: Look) -> Anchors:
    """Draw a cow, 116 x 80 units."""
    coat = _coat(look, "brown")
    patch: RGB = (250, 248, 242) if sum(coat) < 600 else (52, 48, 50)
    grazing = look.has("eating")
    if look.has("lying"):
        base, foot = 16.0, 0.0
    else:
        base, foot = 0.0, 78.0
        _legs(pen, (24, 33, 70, 79), 52, foot, 9, coat)
        pen.ellipse(64, 57, 7, 5, _PINK)
    pen.arc([(14, 28 + base), (6, 36 + base), (7, 54 + base)], 3, shade(coat, 0.7))
    pen.dot(7, 56 + base, 3.6, shade(coat, 0.5))
    if foot == 0:
        pen.limb([(74, 74), (94, 75)], 8, coat)
        pen.limb([(24, 75), (40, 76)], 8, coat)
    pen.curve(
        [
            (14, 26 + base),
            (44, 22 + base),
            (80, 22 + base),
            (90, 34 + base),
            (84, 56 + base),
            (50, 60 + base),
            (20, 57 + base),
            (11, 42 + base),
        ],
        coat,
    )
    shift = look.variety * 8
    pen.curve(
        [
            (26 + shift, 26 + base),
            (42 + shift, 25 + base),
            (46 + shift, 38 + base),
            (32 + shift, 44 + base),
        ],
        patch,
        outline=False,
    )
    pen.curve(
        [
            (58 + shift, 38 + base),
            (72 + shift, 36 + base),
            (73 + shift, 50 + base),
            (60 + shift, 54 + base),
        ],
        patch,
        outline=False,
    )
    x, y = (96.0, 56.0) if grazing else (96.0, 24.0 + base)
    pen.limb([(84, 34 + base), (x - 4, y - 2)], 15, coat)
    for side in (-1, 1):
        pen.arc(
            [(x - 3 + side * 5, y - 10), (x - 3 + side * 9, y - 14), (x - 3 + side * 8, y - 19)],
            3.4,
            (232, 220, 190),
        )
        pen.ellipse(x - 2 + side * 12, y - 6, 6, 3.6, coat)
    pen.curve(
        [
            (x - 11, y - 10),
            (x + 3, y - 11),
            (x + 8, y),
            (x + 10, y + 12),
            (x - 2, y + 14),
            (x - 10, y + 4),
        ],
        coat,
    )
    pen.ellipse(x + 4, y + 10, 9.5, 6.4, _PINK)
    pen.dot(x + 1, y + 9, 1.3, (140, 70, 76))
    pen.dot(x + 7, y + 9, 1.3, (140, 70, 76))
    _eye(pen, x + 1, y - 2, 2.1, closed=look.has("sleeping"), coat=coat)
    if grazing:
        for k in range(4):
            pen.stroke([(x + 4 + 3 * k, y + 22), (x + 2 + 4 * k, y + 13)], 1.7, (52, 140, 60))
    return {}


def horse(pen: Pen, look: Look) -> Anchors:
    """Draw a horse, 116 x 100 units."""
    coat = _coat(look, "brown")
    mane = shade(coat, 0.42) if sum(coat) > 260 else shade(coat, 1.4)
    if sum(coat) > 650:
        mane = (196, 190, 184)
    spread = 10 if look.has("running") else 0
    pen.arc([(17, 44), (6, 48), (8, 66), (5, 76)], 8, mane)
    for index, (x, dx) in enumerate(
        ((26, -spread), (35, spread * 0.3), (72, -spread * 0.3), (80, spread))
    ):
        tone = shade(coat, 0.82) if index % 2 else coat
        pen.limb([(x, 62), (x + dx * 0.6, 80), (x + dx, 94)], 8, tone)
        pen.rounded(x + dx - 5, 93, x + dx + 5, 99, 2, INK)
    pen.curve(
        [(15, 44), (30, 38), (56, 42), (78, 38), (86, 50), (80, 64), (52, 66), (24, 66), (14, 56)],
        coat,
    )
    grazing = look.has("eating")
    if grazing:
        pen.curve(
            [(74, 40), (88, 46), (98, 70), (110, 84), (105, 91), (95, 86), (84, 68), (74, 60)], coat
        )
        pen.arc([(76, 40), (88, 48), (95, 66)], 5, mane)
        for k in range(4):
            pen.stroke([(104 + 3 * k, 99), (103 + 3 * k, 90)], 1.7, (52, 140, 60))
        _eye(pen, 98, 77, 2, closed=False, coat=coat)
        pen.polygon([(90, 68), (89, 60), (95, 66)], coat)
    else:
        pen.curve(
            [
                (70, 44),
                (80, 22),
                (88, 10),
                (97, 12),
                (113, 28),
                (110, 36),
                (98, 30),
                (92, 42),
                (84, 58),
            ],
            coat,
        )
        pen.arc([(72, 42), (77, 26), (87, 9)], 7, mane)
        pen.polygon([(88, 11), (88, 1), (95, 9)], coat)
        pen.arc([(90, 8), (97, 11)], 4, mane)
        _eye(pen, 97, 17, 2.1, closed=False, coat=coat)
        pen.dot(109, 30, 1.4)
    return {}


def sheep(pen: Pen, look: Look) -> Anchors:
    """Draw a sheep, 84 x 64 units."""
    wool = _coat(look, "white")
    face: RGB = (66, 58, 58) if sum(wool) > 300 else (214, 190, 170)
    lying = look.has("lying")
    base = 10.0 if lying else 0.0
    if not lying:
        for leg in (24, 32, 52, 60):
            pen.limb([(leg, 44), (leg, 60)], 5.5, face)
    for outline in (True, False):
        for angle in np.linspace(0, 2 * np.pi, 13, endpoint=False):
            cx, cy = 40 + 25 * float(np.cos(angle)), 31 + base + 14 * float(np.sin(angle))
            pen.ellipse(cx, cy, 9.5, 9, wool, outline=outline)
    pen.ellipse(40, 31 + base, 26, 16, wool, outline=False)
    for left, top in ((26, 26 + base), (40, 24 + base), (32, 36 + base), (48, 34 + base)):
        curl = [(left, top), (left + 4, top + 3), (left + 8, top)]
        pen.arc(curl, 1.4, shade(wool, 0.78))
    x, y = (71.0, 46.0) if look.has("eating") else (69.0, 25.0 + base)
    pen.ellipse(x - 9, y - 4, 6, 3.4, face)
    pen.curve(
        [(x - 8, y - 8), (x + 3, y - 8), (x + 9, y + 4), (x + 4, y + 11), (x - 5, y + 8)], face
    )
    for dx, dy in ((-6, -9), (0, -11), (5, -8)):
        pen.ellipse(x + dx, y + dy, 5, 4.2, wool, outline=False)
    pen.dot(x + 2, y - 1, 2.4, (255, 255, 255))
    if look.has("sleeping"):
        pen.dot(x + 2, y - 1, 2.4, face)
        pen.stroke([(x - 1, y), (x + 5, y)], 1.3, (255, 255, 255))
    else:
        pen.dot(x + 2.4, y - 1, 1.3)
    if look.has("eating"):
        for k in range(3):
            pen.stroke([(x + 3 * k, y + 17), (x - 1 + 4 * k, y + 9)], 1.7, (52, 140, 60))
    return {}


def elephant(pen: Pen, look: Look) -> Anchors:
    """Draw an elephant, 136 x 104 units."""
    skin = _coat(look, "gray")
    for index, x in enumerate((28, 42, 76, 90)):
        tone = shade(skin, 0.85) if index % 2 else skin
        pen.rounded(x - 8, 60, x + 8, 102, 5, tone)
        for k in (-5, 0, 5):
            pen.sector(x + k, 102, 2.4, 3.4, 180, 360, (240, 236, 226), outline=False)
    pen.arc([(16, 40), (8, 52), (10, 64)], 3.4, shade(skin, 0.8))
    pen.curve(
        [(15, 42), (34, 18), (70, 16), (96, 28), (102, 56), (88, 74), (56, 76), (26, 74), (14, 60)],
        skin,
    )
    raised = look.variety < 0.4
    trunk = (
        [(110, 44), (124, 52), (132, 40), (128, 22)]
        if raised
        else [(112, 42), (122, 58), (120, 80), (127, 92)]
    )
    for width in (15.0, 11.0):
        pen.limb(trunk, width, skin) if width > 12 else pen.arc(trunk, 11, skin)
    pen.ellipse(102, 36, 19, 20, skin)
    pen.arc([(112, 50), (122, 58), (130, 56)], 4.4, (252, 248, 232))
    pen.curve([(98, 20), (82, 14), (70, 30), (76, 54), (90, 60), (98, 48)], shade(skin, 0.86))
    pen.curve([(95, 26), (84, 22), (77, 34), (82, 49), (91, 52)], (226, 168, 172), outline=False)
    _eye(pen, 108, 31, 2.3, closed=look.has("sleeping"), coat=skin)
    return {}


def giraffe(pen: Pen, look: Look) -> Anchors:
    """Draw a giraffe, 96 x 150 units."""
    coat: RGB = (246, 206, 104)
    spot: RGB = (166, 102, 44)
    for index, x in enumerate((24, 33, 58, 66)):
        tone = shade(coat, 0.86) if index % 2 else coat
        pen.limb([(x, 98), (x, 145)], 7, tone)
        pen.rounded(x - 4.5, 142, x + 4.5, 149, 2, spot)
    pen.arc([(17, 86), (10, 94), (12, 112)], 2.6, spot)
    pen.curve(
        [(16, 86), (34, 78), (54, 74), (70, 78), (72, 96), (62, 106), (34, 108), (18, 102)], coat
    )
    pen.curve([(52, 84), (62, 50), (68, 18), (78, 18), (78, 50), (74, 92), (62, 98)], coat)
    for x, y, r in (
        (26, 90, 5),
        (38, 86, 6),
        (50, 92, 6),
        (34, 100, 4.5),
        (63, 84, 5),
        (66, 68, 4.6),
        (71, 54, 4.2),
        (71, 40, 3.8),
        (74, 28, 3.2),
        (48, 80, 3.4),
        (60, 96, 4),
    ):
        pen.curve(
            [
                (x - r, y),
                (x, y - r),
                (x + r, y - 1),
                (x + r * 0.6, y + r),
                (x - r * 0.7, y + r * 0.8),
            ],
            spot,
            outline=False,
        )
    for x in (71, 78):
        pen.stroke([(x, 12), (x - 1, 3)], 2.4, coat)
        pen.dot(x - 1, 3, 2.6, spot)
    pen.ellipse(64, 13, 6, 3.2, coat)
    pen.curve([(67, 12), (76, 7), (86, 15), (95, 22), (92, 29), (80, 27), (69, 24)], coat)
    _eye(pen, 79, 15, 2.1, closed=False, coat=coat)
    pen.dot(91, 22, 1.2, spot)
    return {}


def duck(pen: Pen, look: Look) -> Anchors:
    """Draw a duck, 54 x 46 units."""
    coat = _coat(look, "yellow")
    if not look.has("lying"):
        for x in (22, 29):
            pen.stroke([(x, 34), (x, 43)], 2.6, COLORS["orange"])
            pen.stroke([(x - 1, 43.5), (x + 5, 43.5)], 2.8, COLORS["orange"])
    pen.curve([(2, 18), (12, 24), (26, 20), (39, 24), (38, 36), (24, 40), (10, 36)], coat)
    pen.curve([(12, 26), (26, 24), (30, 31), (18, 35)], shade(coat, 0.86))
    pen.ellipse(38, 13, 10.5, 10.5, coat)
    pen.polygon([(46, 10), (53, 14), (46, 18)], COLORS["orange"])
    _eye(pen, 40, 10, 2, closed=False, coat=coat)
    return {}
