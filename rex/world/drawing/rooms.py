"""Rooms: a wall and a floor."""

from __future__ import annotations

from collections.abc import Mapping

from rex.world.drawing.canvas import HEIGHT, WIDTH, Canvas, Scenery
from rex.world.palette import RGB, shade


def _wall(canvas: Canvas, tones: tuple[RGB, ...]) -> RGB:
    wall = canvas.pick(tones)
    canvas.draw.rectangle((0, 0, WIDTH, canvas.line), fill=wall)
    return wall


def _skirting(canvas: Canvas) -> None:
    canvas.draw.rectangle((0, canvas.line - 12, WIDTH, canvas.line), fill=(250, 248, 242))
    canvas.draw.line((0, canvas.line, WIDTH, canvas.line), fill=(150, 136, 124), width=2)


def _living_room(canvas: Canvas) -> None:
    tones = ((246, 226, 196), (222, 230, 214), (236, 216, 206), (214, 224, 236))
    wall, draw, floor = _wall(canvas, tones), canvas.draw, canvas.line
    for x in range(0, WIDTH, 44):
        draw.line((x, 0, x, floor), fill=shade(wall, 0.96), width=8)
    plank: RGB = (206, 164, 116)
    canvas.bands(floor, HEIGHT, shade(plank, 0.88), plank)
    for x in range(-WIDTH, 2 * WIDTH, 70):
        far = WIDTH / 2 + (x - WIDTH / 2) * 0.7
        draw.line((far, floor, x, HEIGHT), fill=shade(plank, 0.8), width=2)
    x, top = canvas.whole(WIDTH // 4, 3 * WIDTH // 4), floor + (HEIGHT - floor) // 3
    rug = canvas.pick(((196, 92, 86), (92, 128, 164), (130, 156, 112)))
    draw.ellipse((x - 230, top, x + 230, HEIGHT - 6), fill=shade(rug, 1.35))
    draw.ellipse((x - 200, top + 12, x + 200, HEIGHT - 18), outline=shade(rug, 1.6), width=5)
    _skirting(canvas)


def _kitchen(canvas: Canvas) -> None:
    wall = _wall(canvas, ((226, 240, 238), (250, 244, 224), (230, 236, 246)))
    draw, floor = canvas.draw, canvas.line
    for x in range(0, WIDTH, 40):
        draw.line((x, 0, x, floor), fill=shade(wall, 0.9), width=2)
    for y in range(floor % 40, floor, 40):
        draw.line((0, y, WIDTH, y), fill=shade(wall, 0.9), width=2)
    wide, high = 46, 23
    for row, y in enumerate(range(floor, HEIGHT, high)):
        # each row of tiles starts further left: the floor seems to run to the right
        left = high - (y - floor) // 2 - wide
        for column, x in enumerate(range(left, WIDTH + wide, wide)):
            tile = [
                (x, y),
                (x + wide, y),
                (x + wide - high / 2, y + high),
                (x - high / 2, y + high),
            ]
            draw.polygon(tile, fill=(204, 210, 216) if (row + column) % 2 else (244, 244, 242))
    _skirting(canvas)


def _bedroom(canvas: Canvas) -> None:
    wall = _wall(canvas, ((206, 214, 240), (236, 214, 230), (214, 232, 222)))
    draw, floor = canvas.draw, canvas.line
    for x in range(20, WIDTH, 56):
        for row, y in enumerate(range(22, floor - 10, 50)):
            cx = x + 28 * (row % 2)
            draw.ellipse((cx - 5, y - 5, cx + 5, y + 5), fill=shade(wall, 0.9))
    canvas.bands(floor, HEIGHT, (176, 158, 178), (196, 178, 196))
    for _ in range(260):
        x, y = canvas.whole(0, WIDTH), canvas.whole(floor + 8, HEIGHT)
        draw.line((x, y, x + 3, y + 3), fill=(208, 192, 208), width=1)
    _skirting(canvas)


ROOMS: Mapping[str, Scenery] = {
    "living room": _living_room,
    "kitchen": _kitchen,
    "bedroom": _bedroom,
}
"""Room to what paints its wall and floor."""
