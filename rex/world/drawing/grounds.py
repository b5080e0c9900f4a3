"""Places outdoors, from the horizon down."""

from __future__ import annotations

from collections.abc import Mapping

from rex.world.drawing.canvas import HEIGHT, WIDTH, Canvas, Scenery
from rex.world.palette import RGB, shade


def _grass(weather: str | None) -> tuple[RGB, RGB]:
    """Return the colours of far and of near grass; in snow there is none to be seen."""
    if weather == "snowy":
        return (220, 230, 241), (246, 249, 253)
    if weather == "sunny":
        return (160, 214, 116), (122, 194, 88)
    return (138, 184, 108), (104, 164, 86)


def _tufts(canvas: Canvas, color: RGB) -> None:
    for _ in range(70):
        x, y = canvas.whole(0, WIDTH), canvas.whole(canvas.line + 8, HEIGHT)
        for lean in (-4, 0, 4):
            canvas.draw.line((x, y, x + lean, y - 7), fill=color, width=2)


def _field(canvas: Canvas) -> None:
    far, near = _grass(canvas.weather)
    hill = shade(far, 0.9)
    for _ in range(3):
        x, wide, high = canvas.whole(0, WIDTH), canvas.whole(160, 300), canvas.whole(24, 60)
        canvas.draw.ellipse((x - wide, canvas.line - high, x + wide, canvas.line + high), fill=hill)
        hill = shade(hill, 0.94)
    canvas.bands(canvas.line, HEIGHT, far, near)
    _tufts(canvas, shade(near, 0.84))


def _park(canvas: Canvas) -> None:
    far, near = _grass(canvas.weather)
    snow = canvas.weather == "snowy"
    hedge: RGB = (206, 220, 226) if snow else (98, 148, 92)
    for x in range(-30, WIDTH, 46):
        r = canvas.whole(34, 54)
        tone = shade(hedge, 0.9 + 0.1 * (x % 3))
        canvas.draw.ellipse((x - r, canvas.line - r, x + r, canvas.line + r), fill=tone)
    canvas.bands(canvas.line, HEIGHT, far, near)
    x = canvas.whole(0, WIDTH)
    path = [(x, canvas.line), (x + 26, canvas.line), (x + 190, HEIGHT), (x - 170, HEIGHT)]
    canvas.draw.polygon(path, fill=(214, 216, 220) if snow else (226, 206, 166))
    _tufts(canvas, shade(near, 0.84))


def _street(canvas: Canvas) -> None:
    walls: tuple[RGB, ...] = ((202, 184, 170), (182, 190, 204), (212, 200, 178), (190, 176, 188))
    x = -20
    while x < WIDTH:
        wide, high = canvas.whole(70, 130), canvas.whole(70, 150)
        wall = canvas.pick(walls)
        canvas.draw.rectangle((x, canvas.line - high, x + wide, canvas.line), fill=wall)
        for left in range(x + 12, x + wide - 16, 26):
            for top in range(canvas.line - high + 12, canvas.line - 24, 30):
                canvas.draw.rectangle((left, top, left + 12, top + 16), fill=shade(wall, 0.82))
        x += wide
    kerb = canvas.line + 46
    canvas.bands(canvas.line, kerb, (190, 186, 182), (206, 202, 196))
    road: RGB = (226, 230, 236) if canvas.weather == "snowy" else (118, 122, 130)
    canvas.bands(kerb, HEIGHT, shade(road, 1.15), road)
    middle = (kerb + HEIGHT) // 2
    for left in range(canvas.whole(-60, 0), WIDTH, 120):
        canvas.draw.rectangle((left, middle, left + 64, middle + 7), fill=(244, 236, 200))


def _beach(canvas: Canvas) -> None:
    water: RGB = (52, 146, 206) if canvas.weather == "sunny" else (88, 128, 156)
    shore = canvas.line + (HEIGHT - canvas.line) // 3
    canvas.bands(canvas.line, shore, shade(water, 0.85), shade(water, 1.25))
    for _ in range(22):
        x, y = canvas.whole(0, WIDTH), canvas.whole(canvas.line + 6, shore - 4)
        canvas.draw.arc((x, y, x + 30, y + 9), 180, 360, fill=(228, 242, 250), width=2)
    canvas.bands(shore, HEIGHT, (250, 234, 186), (244, 220, 158))
    canvas.draw.line((0, shore, WIDTH, shore), fill=(250, 252, 252), width=7)
    for _ in range(120):
        x, y = canvas.whole(0, WIDTH), canvas.whole(shore + 10, HEIGHT)
        canvas.draw.line((x, y, x + 1, y), fill=(214, 184, 120))


GROUNDS: Mapping[str, Scenery] = {
    "field": _field,
    "park": _park,
    "street": _street,
    "beach": _beach,
}
"""Outdoor place to what paints its ground."""
