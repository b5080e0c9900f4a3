"""The empty places where scenes happen, and the weather that falls over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from rex.world.palette import RGB, shade

WIDTH, HEIGHT = 640, 480
"""Size of a background before it is scaled to the image, in pixels."""
_HORIZON = round(0.46 * HEIGHT)
_FLOOR = round(0.58 * HEIGHT)


@dataclass
class Canvas:
    """An image to paint on, with what decides its tones and details."""

    image: Image.Image
    line: int
    """Height of the horizon, or of the edge between wall and floor, in pixels from the top."""
    weather: str | None
    random: np.random.Generator

    def __post_init__(self) -> None:
        self.draw = ImageDraw.Draw(self.image)

    def whole(self, low: int, high: int) -> int:
        """Return a random integer, `low` or more and less than `high`."""
        return int(self.random.integers(low, high))

    def pick(self, tones: Sequence[RGB]) -> RGB:
        """Return one of the tones."""
        return tones[self.whole(0, len(tones))]

    def bands(self, top: int, bottom: int, far: RGB, near: RGB) -> None:
        """Fill the rows from `top` to `bottom` with colors from `far` to `near`."""
        share = np.linspace(0, 1, max(bottom - top, 1))[:, None]
        column = np.asarray(far) * (1 - share) + np.asarray(near) * share
        pixels = np.repeat(np.round(column)[:, None, :], WIDTH, axis=1).astype(np.uint8)
        self.image.paste(Image.fromarray(pixels, "RGB"), (0, top))


_Scenery = Callable[[Canvas], None]
"""Paints a place on a canvas."""


def draw_background(
    place: str, weather: str | None, width: int, height: int, random: np.random.Generator
) -> Image.Image:
    """Draw an empty place at final size; `weather` is None for a room.

    `random` decides its tones, clouds, hills and waves.
    """
    image = Image.new("RGB", (WIDTH, HEIGHT))
    if weather is None:
        _ROOMS[place](Canvas(image, _FLOOR, None, random))
    else:
        canvas = Canvas(image, _HORIZON, weather, random)
        _sky(canvas, weather)
        _GROUNDS[place](canvas)
    return image.resize((width, height), Image.Resampling.BOX)


def draw_weather(image: Image.Image, weather: str | None, random: np.random.Generator) -> None:
    """Let rain or snow fall over the finished scene, in place."""
    if weather not in ("rainy", "snowy"):
        return
    veil = Image.new("RGBA", image.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(veil)
    width, height = image.size
    zoom = height / (HEIGHT / 2)
    count = 124 if weather == "rainy" else 101
    xs, ys = random.uniform(0, width, count), random.uniform(0, height, count)
    for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
        if weather == "rainy":
            drop = (x, y, x - 2.2 * zoom, y + 8 * zoom)
            draw.line(drop, fill=(222, 236, 255, 150), width=max(round(zoom), 1))
        else:
            flake = 1.3 * zoom
            draw.ellipse((x - flake, y - flake, x + flake, y + flake), fill=(255, 255, 255, 235))
    image.paste(veil, (0, 0), veil)


_SKIES: dict[str, tuple[RGB, RGB]] = {
    "sunny": ((92, 172, 240), (196, 230, 252)),
    "cloudy": ((150, 168, 190), (214, 222, 230)),
    "rainy": ((92, 104, 124), (158, 170, 184)),
    "snowy": ((184, 196, 214), (232, 238, 246)),
}
_CLOUDS: dict[str, tuple[int, int]] = {
    "sunny": (2, 255),
    "cloudy": (8, 240),
    "rainy": (8, 128),
    "snowy": (3, 250),
}
"""How many clouds, and how bright (0 to 255)."""


def _sky(canvas: Canvas, weather: str) -> None:
    canvas.bands(0, canvas.line, *_SKIES[weather])
    veil = Image.new("RGBA", (WIDTH, canvas.line), (0, 0, 0, 0))
    draw = ImageDraw.Draw(veil)
    if weather == "sunny":
        x = canvas.whole(40, WIDTH - 40)
        for radius, alpha in ((44, 70), (34, 110), (25, 255)):
            draw.ellipse((x - radius, 52 - radius, x + radius, 52 + radius), (255, 224, 90, alpha))
    count, tone = _CLOUDS[weather]
    for _ in range(count):
        x, y = canvas.whole(0, WIDTH), canvas.whole(10, canvas.line - 60)
        size = float(canvas.random.uniform(16, 30))
        for dx, dy, r in ((-1.3, 0.2, 0.8), (-0.4, -0.3, 1.0), (0.6, -0.1, 0.9), (1.5, 0.3, 0.7)):
            left, right = x + (dx - r) * size, x + (dx + r) * size
            top, bottom = y + (dy - r * 0.8) * size, y + (dy + r * 0.8) * size
            draw.ellipse((left, top, right, bottom), (tone, tone, min(tone + 6, 255), 235))
    canvas.image.paste(veil, (0, 0), veil)


def _grass(weather: str | None) -> tuple[RGB, RGB]:
    """Return the colors of far and of near grass; in snow there is none to be seen."""
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


_GROUNDS: Mapping[str, _Scenery] = {
    "field": _field,
    "park": _park,
    "street": _street,
    "beach": _beach,
}
"""Outdoor place to what paints its ground."""


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


_ROOMS: Mapping[str, _Scenery] = {
    "living room": _living_room,
    "kitchen": _kitchen,
    "bedroom": _bedroom,
}
"""Room to what paints its wall and floor."""
