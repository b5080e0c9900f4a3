"""Men, women, boys and girls, and the clothes they wear."""

from __future__ import annotations

from dataclasses import dataclass

from rex.world.drawing.pen import INK, Anchors, Look, Paint, Pen, Point
from rex.world.palette import COLORS, RGB, shade

_SKIN: tuple[RGB, ...] = ((250, 214, 180), (232, 184, 140), (196, 140, 98), (134, 90, 62))
_HAIR: tuple[RGB, ...] = ((58, 40, 30), (92, 58, 34), (36, 32, 34), (222, 178, 92), (168, 84, 44))
_OLD_HAIR: RGB = (214, 214, 218)
_HEAD = (24.0, 16.0)
"""Height of the middle of the head, and its radius."""
_NECK = 38.0


def draw_person(pen: Pen, look: Look, name: str) -> Anchors:
    """Draw a `man`, `woman`, `boy` or `girl`, with the clothes that are parts of the look."""
    old, child = look.has("old"), name in ("boy", "girl")
    figure = _Figure(
        pen,
        look,
        skin=_SKIN[int(look.variety * 997) % len(_SKIN)],
        hair=_OLD_HAIR if old else _HAIR[int(look.variety * 8009) % len(_HAIR)],
        long_hair=name in ("woman", "girl"),
        child=child,
        middle=30.0 if child else 33.0,
        shoulder=13.0 if child else 16.0,
        hip=70.0 if child else 88.0,
    )
    if figure.long_hair:
        figure.hair_behind()
    figure.legs()
    hand = figure.torso()
    figure.head()
    if "hat" in look.parts:
        figure.hat(look.parts["hat"])
    return {"hand": hand, "middle": (figure.middle, figure.hip)}


def _covered(path: list[Point], short: float | None, long: float) -> list[Point]:
    """Return the part of a limb under cloth: a share of its upper half, or all and of its lower."""
    (x0, y0), (x1, y1), (x2, y2) = path
    if short is not None:
        return [(x0, y0), (x0 + (x1 - x0) * short, y0 + (y1 - y0) * short)]
    return [(x0, y0), (x1, y1), (x1 + (x2 - x1) * long, y1 + (y2 - y1) * long)]


@dataclass(frozen=True)
class _Figure:
    pen: Pen
    look: Look
    skin: RGB
    hair: RGB
    long_hair: bool
    child: bool
    middle: float
    shoulder: float
    """Half the width at the shoulders."""
    hip: float
    """Height of the hips."""

    def legs(self) -> None:
        pen, look, middle, hip = self.pen, self.look, self.middle, self.hip
        sitting, walking = look.has("sitting"), look.has("walking")
        foot, shoe = pen.height - 4, (70, 52, 44) if look.variety < 0.5 else (52, 56, 74)
        if sitting:
            legs = [[(s * 7.0, hip), (s * 13, hip + 11), (s * 12, foot - 3)] for s in (-1, 1)]
        else:
            spread, lift = (17.0, 4.0) if walking else (8.0, 0.0)
            bend, knee = (hip + foot) / 2, (7.0 + spread) / 2
            legs = [
                [(-7.0, hip), (-knee, bend), (-spread, foot - 3)],
                [(7.0, hip), (knee + lift, bend - lift / 2), (spread, foot - 3 - lift)],
            ]
        paths = [[(middle + x, y) for x, y in leg] for leg in legs]
        for path in paths:
            pen.limb(path, 9, self.skin)
            x, y = path[-1]
            pen.ellipse(x + (3 if walking else 0), y + 1, 8.5 if walking else 7.5, 5, shoe)
        if "pants" in look.parts:
            pants = look.parts["pants"]
            cloth, short = pants.paint("blue"), 0.9 if sitting else 0.75
            pen.part("pants")
            for path in paths:
                stop = _covered(path, short if pants.has("short") else None, 0.82)
                pen.limb(stop, 14, cloth.color)
            pen.rounded((middle - 14, hip - 8), (middle + 14, hip + 7), 5, cloth, outline=False)
            pen.part("")

    def torso(self) -> Point:
        """Draw neck, arms and what is worn above the waist; return where the hand is."""
        pen, look, middle = self.pen, self.look, self.middle
        pen.rounded((middle - 4.5, _NECK - 4), (middle + 4.5, _NECK + 8), 3, self.skin)
        name = "dress" if "dress" in look.parts else "shirt"
        cloth = look.parts.get(name, Look({"color": "gray"}))
        paint, short = cloth.paint(), None if cloth.has("long sleeved") else 0.6
        left, right = self._arms()

        def draw_arms(*arms: list[Point]) -> None:
            for arm in arms:
                pen.part("")
                pen.limb(arm, 7, self.skin)
                pen.part(name)
                pen.limb(_covered(arm, short, 0.8), 9.5, paint.color)
                pen.part("")

        # an arm that reaches for the mouth is before the body
        draw_arms(*([left] if look.gesture == "eat" else [left, right]))
        pen.part(name)
        if name == "dress":
            self._dress(paint, long=cloth.has("long"))
        else:
            width = self.shoulder
            pen.rounded((middle - width, _NECK + 3), (middle + width, self.hip), 6, paint)
            if not cloth.has("striped") and not cloth.has("dotted"):
                collar = [(middle + x, _NECK + y) for x, y in ((-5, 3.5), (0, 9), (5, 3.5))]
                pen.arc(collar, 1.4, shade(paint.color, 0.6))
        pen.part("")
        draw_arms(*{"eat": [right], "read": [left, right]}.get(look.gesture, []))
        reach = self.hip - _NECK
        return (middle, _NECK + 6 + reach * 0.6) if look.gesture == "read" else right[-1]

    def _arms(self) -> tuple[list[Point], list[Point]]:
        """Return shoulder, elbow and hand of the left and of the right arm."""
        middle, shoulder, gesture = self.middle, self.shoulder, self.look.gesture
        reach, top = self.hip - _NECK, _NECK + 6
        out, down = (3, 0.5) if gesture == "read" else (6, 0.4)
        left = [(middle - shoulder + 1, top), (middle - shoulder - out, top + reach * down)]
        if gesture == "read":
            left.append((middle - 9, top + reach * 0.62))
        else:
            left.append((middle - shoulder - 5, top + reach * 0.78))
        right = [(2 * middle - x, y) for x, y in left]
        side = middle + shoulder
        if gesture == "hold":
            right[1:] = [(side + 8, top + reach * 0.42), (side + 13, top + reach * 0.2)]
        elif gesture == "eat":
            right[1:] = [(side + 10, top + reach * 0.32), (middle + 11, _NECK - 1)]
        return left, right

    def _dress(self, paint: Paint, *, long: bool) -> None:
        middle, hip, shoulder = self.middle, self.hip, self.shoulder
        hem = hip + (30 if long else 10) * (0.72 if self.child else 1.0)
        if self.look.has("sitting"):
            hem = min(hem, hip + 16)
        waist = (_NECK + hip) / 2 + 4
        right = [(shoulder, _NECK + 4), (shoulder - 4, waist), (23.0 if long else 21.0, hem)]
        outline = [(middle + x, y) for x, y in right]
        outline += [(middle, hem + 3), *((middle - x, y) for x, y in reversed(right))]
        self.pen.curve([outline[-1], (middle, _NECK + 3), *outline[:-1]], paint)

    def head(self) -> None:
        pen, x, (y, r), old = self.pen, self.middle, _HEAD, self.look.has("old")
        skin, hair = self.skin, self.hair
        pen.ellipse(x - r + 0.5, y + 2, 3.2, 4, skin)
        pen.ellipse(x + r - 0.5, y + 2, 3.2, 4, skin)
        pen.ellipse(x, y, r, r + 0.5, skin)
        if self.long_hair:
            pen.sector(x, y - 1, (r + 1.5, r + 1.5), (182, 358), hair)
            pen.sector(x, y - 2, (r - 3, r * 0.42), (0, 180), skin, outline=False)
        else:
            pen.sector(x, y - 3, (r + 0.8, r - 0.5), (180, 360), hair)
            if old:
                # a bald crown above a white beard
                pen.sector(x, y - 5, (r * 0.62, r * 0.72), (180, 360), skin, outline=False)
                pen.sector(x, y + 4, (r - 2, r - 1), (5, 175), hair)
                pen.ellipse(x, y + 7, 6, 3.4, skin, outline=False)
        for side in (-1, 1):
            pen.dot(x + side * 5.6, y + 1, 1.9)
            if old:
                pen.ellipse(x + side * 5.8, y + 1, 4.6, 4.4, (232, 240, 250))
                pen.dot(x + side * 5.6, y + 1, 1.7)
        mouth = y + 8
        if self.look.has("sad"):
            pen.arc([(x - 6, mouth + 3), (x, mouth - 1.4), (x + 6, mouth + 3)], 2.1, INK)
            for side in (-1, 1):
                pen.stroke([(x + side * 9, y - 4), (x + side * 4, y - 6.5)], 1.6, INK)
            pen.ellipse(x + 8.5, y + 7, 1.8, 2.8, (96, 170, 240), outline=False)
        else:
            pen.sector(x, mouth - 1.5, (6.4, 5.4), (0, 180), (150, 40, 46))
            pen.sector(x, mouth - 1.5, (5.6, 1.8), (0, 180), (255, 255, 255), outline=False)
            for side in (-1, 1):
                pen.ellipse(x + side * 10, y + 5.5, 2.6, 1.8, (240, 128, 118), outline=False)

    def hair_behind(self) -> None:
        pen, x, (y, r), hair = self.pen, self.middle, _HEAD, self.hair
        if self.child:
            for side in (-1, 1):
                pen.ellipse(x + side * (r + 6), y - 4, 7, 9, hair)
                pen.dot(x + side * (r + 1), y - 7, 2.6, COLORS["pink"])
        elif self.look.has("old"):
            pen.ellipse(x, y - r - 1, 8, 7, hair)
        else:
            right = [(r + 4, y - 2), (r + 6, y + 24)]
            left = [(x - dx, dy) for dx, dy in reversed(right)]
            right = [(x + dx, dy) for dx, dy in right]
            pen.curve([(x, y - r - 3), *right, (x, y + 20), *left], hair)

    def hat(self, look: Look) -> None:
        pen, x, y, r = self.pen, self.middle, _HEAD[0] - 7, _HEAD[1]
        paint, half = look.paint("red"), r * 0.78
        pen.part("hat")
        pen.rounded((x - half, y - 17), (x + half, y + 2), 7, paint)
        pen.rectangle(x - half, y - 5, x + half, y, shade(paint.color, 0.55), outline=False)
        pen.ellipse(x, y + 1.5, r + 7, 4.6, paint)
        pen.part("")
