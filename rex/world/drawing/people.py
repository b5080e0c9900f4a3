"""Men, women, boys and girls, and the clothes they wear."""

from __future__ import annotations

from rex.world.drawing.pen import INK, Anchors, Look, Paint, Pen, Point
from rex.world.palette import COLORS, RGB, shade

_SKIN: tuple[RGB, ...] = ((250, 214, 180), (232, 184, 140), (196, 140, 98), (134, 90, 62))
_HAIR: tuple[RGB, ...] = ((58, 40, 30), (92, 58, 34), (36, 32, 34), (222, 178, 92), (168, 84, 44))
_OLD_HAIR: RGB = (214, 214, 218)


def draw_person(pen: Pen, look: Look, name: str) -> Anchors:
    """Draw a `man`, `woman`, `boy` or `girl`, with the clothes that are parts of the look."""
    long_hair, child = name in ("woman", "girl"), name in ("boy", "girl")
    skin = _SKIN[int(look.variety * 997) % len(_SKIN)]
    hair = _OLD_HAIR if look.has("old") else _HAIR[int(look.variety * 8009) % len(_HAIR)]
    middle = 30.0 if child else 33.0
    head_y, head = 24.0, 16.0
    neck, hip = (38.0, 70.0) if child else (38.0, 88.0)
    sitting, walking = look.has("sitting"), look.has("walking")
    foot = pen.height - 4
    if long_hair:
        _hair_behind(pen, middle, head_y, head, hair, child=child, old=look.has("old"))
    _legs(pen, look, middle, hip, foot, skin, sitting=sitting, walking=walking)
    hand = _torso(pen, look, middle, neck, hip, skin, child=child)
    _head(pen, look, middle, head_y, head, skin, hair, long_hair=long_hair)
    if "hat" in look.parts:
        _hat(pen, look.parts["hat"], middle, head_y - 7, head)
    return {"hand": hand, "middle": (middle, hip)}


def _legs(
    pen: Pen,
    look: Look,
    middle: float,
    hip: float,
    foot: float,
    skin: RGB,
    *,
    sitting: bool,
    walking: bool,
) -> None:
    shoe = (70, 52, 44) if look.variety < 0.5 else (52, 56, 74)
    pants = look.parts.get("pants")
    spread = 17.0 if walking else 8.0
    hip_x = 7.0
    if sitting:
        knee = hip + 11
        paths = [
            [(middle - hip_x, hip), (middle - 13, knee), (middle - 12, foot - 3)],
            [(middle + hip_x, hip), (middle + 13, knee), (middle + 12, foot - 3)],
        ]
    else:
        bend = (hip + foot) / 2
        lift = 4.0 if walking else 0.0
        paths = [
            [
                (middle - hip_x, hip),
                (middle - (hip_x + spread) / 2, bend),
                (middle - spread, foot - 3),
            ],
            [
                (middle + hip_x, hip),
                (middle + (hip_x + spread) / 2 + lift, bend - lift / 2),
                (middle + spread, foot - 3 - lift),
            ],
        ]
    for path in paths:
        pen.limb(path, 9, skin)
        x, y = path[-1]
        pen.ellipse(x + (3 if walking else 0), y + 1, 8.5 if walking else 7.5, 5, shoe)
    if pants is not None:
        pen.part("pants")
        cloth = pants.paint("blue")
        for path in paths:
            (x0, y0), (x1, y1), (x2, y2) = path
            if pants.has("short"):
                share = 0.9 if sitting else 0.75
                stop = [(x0, y0), (x0 + (x1 - x0) * share, y0 + (y1 - y0) * share)]
            else:
                stop = [(x0, y0), (x1, y1), (x1 + (x2 - x1) * 0.82, y1 + (y2 - y1) * 0.82)]
            pen.limb(stop, 14, cloth.color)
        pen.rounded(middle - 14, hip - 8, middle + 14, hip + 7, 5, cloth, outline=False)
        pen.part("")


def _torso(
    pen: Pen, look: Look, middle: float, neck: float, hip: float, skin: RGB, *, child: bool
) -> Point:
    """Draw neck, arms and what is worn above the waist; return where the hand is."""
    shoulder = 13.0 if child else 16.0
    pen.rounded(middle - 4.5, neck - 4, middle + 4.5, neck + 8, 3, skin)
    name = "dress" if "dress" in look.parts else "shirt"
    cloth = look.parts.get(name, Look({"color": "gray"}))
    paint = cloth.paint()
    left, right = _arms(look.gesture, middle, shoulder, neck, hip)

    def draw_arms(*arms: list[Point]) -> None:
        for arm in arms:
            _arm(pen, arm, skin, paint, name, short=not cloth.has("long sleeved"))

    # an arm that reaches for the mouth is before the body
    draw_arms(*([left] if look.gesture == "eat" else [left, right]))
    pen.part(name)
    if name == "dress":
        hem = hip + (30 if cloth.has("long") else 10) * (0.72 if child else 1.0)
        if look.has("sitting"):
            hem = min(hem, hip + 16)
        _dress(pen, paint, middle, shoulder, neck, hip, hem, 23.0 if cloth.has("long") else 21.0)
    else:
        pen.rounded(middle - shoulder, neck + 3, middle + shoulder, hip, 6, paint)
        if not cloth.has("striped") and not cloth.has("dotted"):
            collar = [(middle - 5, neck + 3.5), (middle, neck + 9), (middle + 5, neck + 3.5)]
            pen.arc(collar, 1.4, shade(paint.color, 0.6))
    pen.part("")
    draw_arms(*{"eat": [right], "read": [left, right]}.get(look.gesture, []))
    return (middle, neck + 6 + (hip - neck) * 0.6) if look.gesture == "read" else right[-1]


def _arms(
    gesture: str, middle: float, shoulder: float, neck: float, hip: float
) -> tuple[list[Point], list[Point]]:
    """Return shoulder, elbow and hand of the left and of the right arm."""
    reach, top = hip - neck, neck + 6
    out, down = (3, 0.5) if gesture == "read" else (6, 0.4)
    left = [(middle - shoulder + 1, top), (middle - shoulder - out, top + reach * down)]
    if gesture == "read":
        left.append((middle - 9, top + reach * 0.62))
    else:
        left.append((middle - shoulder - 5, top + reach * 0.78))
    right = [(2 * middle - x, y) for x, y in left]
    if gesture == "hold":
        right[1:] = [
            (middle + shoulder + 8, top + reach * 0.42),
            (middle + shoulder + 13, top + reach * 0.2),
        ]
    elif gesture == "eat":
        right[1:] = [(middle + shoulder + 10, top + reach * 0.32), (middle + 11, neck - 1)]
    return left, right


def _dress(
    pen: Pen,
    paint: Paint,
    middle: float,
    shoulder: float,
    neck: float,
    hip: float,
    hem: float,
    width: float,
) -> None:
    waist = (neck + hip) / 2 + 4
    right = [(shoulder, neck + 4), (shoulder - 4, waist), (width, hem)]
    outline = [(middle + x, y) for x, y in right]
    outline += [(middle, hem + 3), *((middle - x, y) for x, y in reversed(right))]
    pen.curve([outline[-1], (middle, neck + 3), *outline[:-1]], paint)


def _arm(
    pen: Pen,
    path: list[Point],
    skin: RGB,
    cloth: Paint,
    name: str,
    *,
    short: bool,
) -> None:
    pen.part("")
    pen.limb(path, 7, skin)
    (x0, y0), (x1, y1), (x2, y2) = path
    pen.part(name)
    if short:
        sleeve = [(x0, y0), (x0 + (x1 - x0) * 0.6, y0 + (y1 - y0) * 0.6)]
    else:
        sleeve = [(x0, y0), (x1, y1), (x1 + (x2 - x1) * 0.8, y1 + (y2 - y1) * 0.8)]
    pen.limb(sleeve, 9.5, cloth.color)
    pen.part("")


def _head(
    pen: Pen, look: Look, x: float, y: float, r: float, skin: RGB, hair: RGB, *, long_hair: bool
) -> None:
    pen.ellipse(x - r + 0.5, y + 2, 3.2, 4, skin)
    pen.ellipse(x + r - 0.5, y + 2, 3.2, 4, skin)
    pen.ellipse(x, y, r, r + 0.5, skin)
    if long_hair:
        pen.sector(x, y - 1, r + 1.5, r + 1.5, 182, 358, hair)
        pen.sector(x, y - 2, r - 3, r * 0.42, 0, 180, skin, outline=False)
    else:
        pen.sector(x, y - 3, r + 0.8, r - 0.5, 180, 360, hair)
        if look.has("old"):
            # a bald crown above a white beard
            pen.sector(x, y - 5, r * 0.62, r * 0.72, 180, 360, skin, outline=False)
            pen.sector(x, y + 4, r - 2, r - 1, 5, 175, hair)
            pen.ellipse(x, y + 7, 6, 3.4, skin, outline=False)
    for side in (-1, 1):
        pen.dot(x + side * 5.6, y + 1, 1.9)
        if look.has("old"):
            pen.ellipse(x + side * 5.8, y + 1, 4.6, 4.4, (232, 240, 250))
            pen.dot(x + side * 5.6, y + 1, 1.7)
    mouth = y + 8
    if look.has("sad"):
        pen.arc([(x - 6, mouth + 3), (x, mouth - 1.4), (x + 6, mouth + 3)], 2.1, INK)
        pen.stroke([(x - 9, y - 4), (x - 4, y - 6.5)], 1.6, INK)
        pen.stroke([(x + 9, y - 4), (x + 4, y - 6.5)], 1.6, INK)
        pen.ellipse(x + 8.5, y + 7, 1.8, 2.8, (96, 170, 240), outline=False)
    else:
        pen.sector(x, mouth - 1.5, 6.4, 5.4, 0, 180, (150, 40, 46))
        pen.sector(x, mouth - 1.5, 5.6, 1.8, 0, 180, (255, 255, 255), outline=False)
        for side in (-1, 1):
            pen.ellipse(x + side * 10, y + 5.5, 2.6, 1.8, (240, 128, 118), outline=False)


def _hair_behind(
    pen: Pen, x: float, y: float, r: float, hair: RGB, *, child: bool, old: bool
) -> None:
    if child:
        for side in (-1, 1):
            pen.ellipse(x + side * (r + 6), y - 4, 7, 9, hair)
            pen.dot(x + side * (r + 1), y - 7, 2.6, COLORS["pink"])
    elif old:
        pen.ellipse(x, y - r - 1, 8, 7, hair)
    else:
        pen.curve(
            [
                (x, y - r - 3),
                (x + r + 4, y - 2),
                (x + r + 6, y + 24),
                (x, y + 20),
                (x - r - 6, y + 24),
                (x - r - 4, y - 2),
            ],
            hair,
        )


def _hat(pen: Pen, look: Look, x: float, y: float, r: float) -> None:
    pen.part("hat")
    paint = look.paint("red")
    pen.rounded(x - r * 0.78, y - 17, x + r * 0.78, y + 2, 7, paint)
    pen.rectangle(x - r * 0.78, y - 5, x + r * 0.78, y, shade(paint.color, 0.55), outline=False)
    pen.ellipse(x, y + 1.5, r + 7, 4.6, paint)
    pen.part("")
