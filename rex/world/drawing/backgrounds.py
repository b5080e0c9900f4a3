"""The empty places where scenes happen, and the weather that falls over them."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from rex.world.drawing.canvas import HEIGHT, WIDTH, Canvas
from rex.world.drawing.grounds import GROUNDS
from rex.world.drawing.rooms import ROOMS
from rex.world.palette import RGB

_HORIZON = round(0.46 * HEIGHT)
_FLOOR = round(0.58 * HEIGHT)


def draw_background(
    place: str, weather: str | None, width: int, height: int, random: np.random.Generator
) -> Image.Image:
    """Draw an empty place at final size; `weather` is None for a room.

    `random` decides its tones, clouds, hills and waves.
    """
    image = Image.new("RGB", (WIDTH, HEIGHT))
    if weather is None:
        ROOMS[place](Canvas(image, _FLOOR, None, random))
    else:
        canvas = Canvas(image, _HORIZON, weather, random)
        _sky(canvas, weather)
        GROUNDS[place](canvas)
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
