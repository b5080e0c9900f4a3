"""The places where scenes happen: walls and floors, sky and ground."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from rex.world.palette import RGB, shade

Background = tuple[Image.Image, float]
"""The empty place, and the height of its horizon as a share of the image's height."""

_HORIZON = 0.46


def draw_background(
    place: str, weather: str | None, width: int, height: int, random: np.random.Generator
) -> Background:
    """Draw an empty place at final size; `random` decides its tones, clouds, hills and waves."""
    image = Image.new("RGB", (width * 2, height * 2))
    draw = ImageDraw.Draw(image)
    horizon = round(height * 2 * _HORIZON)
    if weather is None:
        _ROOMS[place](draw, width * 2, height * 2, round(height * 2 * 0.58), random)
        return image.reduce(2), 0.58
    _sky(image, weather, horizon, random)
    _GROUNDS[place](ImageDraw.Draw(image), width * 2, height * 2, horizon, weather, random)
    image = image.reduce(2)
    return image, _HORIZON


def draw_weather(image: Image.Image, weather: str | None, random: np.random.Generator) -> None:
    """Let rain or snow fall over the finished scene, in place."""
    if weather not in ("rainy", "snowy"):
        return
    veil = Image.new("RGBA", image.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(veil)
    width, height = image.size
    count = round(width * height / (620 if weather == "rainy" else 760))
    xs, ys = random.uniform(0, width, count), random.uniform(0, height, count)
    for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
        if weather == "rainy":
            draw.line((x, y, x - 2.2, y + 8), fill=(222, 236, 255, 150), width=1)
        else:
            draw.ellipse((x - 1.3, y - 1.3, x + 1.3, y + 1.3), fill=(255, 255, 255, 235))
    image.paste(veil, (0, 0), veil)


def _gradient(image: Image.Image, box: tuple[int, int, int, int], top: RGB, bottom: RGB) -> None:
    x0, y0, x1, y1 = box
    share = np.linspace(0, 1, max(y1 - y0, 1))[:, None]
    column = np.asarray(top) * (1 - share) + np.asarray(bottom) * share
    pixels = np.repeat(column[:, None, :], x1 - x0, axis=1).astype(np.uint8)
    image.paste(Image.fromarray(pixels, "RGB"), (x0, y0))


_SKIES: dict[str, tuple[RGB, RGB]] = {
    "sunny": ((92, 172, 240), (196, 230, 252)),
    "cloudy": ((150, 168, 190), (214, 222, 230)),
    "rainy": ((92, 104, 124), (158, 170, 184)),
    "snowy": ((184, 196, 214), (232, 238, 246)),
}


def _sky(image: Image.Image, weather: str, horizon: int, random: np.random.Generator) -> None:
    width = image.size[0]
    _gradient(image, (0, 0, width, horizon), *_SKIES[weather])
    layer = Image.new("RGBA", (width, horizon), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    if weather == "sunny":
        x = int(random.integers(40, width - 40))
        for r, alpha in ((44, 70), (34, 110)):
            draw.ellipse((x - r, 52 - r, x + r, 52 + r), fill=(255, 236, 130, alpha))
        draw.ellipse((x - 25, 27, x + 25, 77), fill=(255, 220, 70, 255))
    clouds = {"sunny": 2, "cloudy": 8, "rainy": 8, "snowy": 3}[weather]
    tone = {"sunny": 255, "cloudy": 240, "rainy": 128, "snowy": 250}[weather]
    for _ in range(clouds):
        x, y = int(random.integers(0, width)), int(random.integers(10, max(horizon - 60, 20)))
        size = float(random.uniform(16, 30))
        for dx, dy, r in ((-1.3, 0.2, 0.8), (-0.4, -0.3, 1.0), (0.6, -0.1, 0.9), (1.5, 0.3, 0.7)):
            draw.ellipse(
                (
                    x + (dx - r) * size,
                    y + (dy - r * 0.8) * size,
                    x + (dx + r) * size,
                    y + (dy + r * 0.8) * size,
                ),
                fill=(tone, tone, min(tone + 6, 255), 235),
            )
    layer = layer.filter(ImageFilter.GaussianBlur(1.5))
    image.paste(layer, (0, 0), layer)


Ground = Callable[[ImageDraw.ImageDraw, int, int, int, str, np.random.Generator], None]


def _bands(
    draw: ImageDraw.ImageDraw, width: int, top: int, bottom: int, near: RGB, far: RGB
) -> None:
    for y in range(top, bottom):
        share = (y - top) / max(bottom - top, 1)
        color = tuple(round(a + (b - a) * share) for a, b in zip(far, near, strict=True))
        draw.line((0, y, width, y), fill=color)


def _tufts(
    draw: ImageDraw.ImageDraw,
    width: int,
    top: int,
    bottom: int,
    color: RGB,
    random: np.random.Generator,
) -> None:
    for _ in range(70):
        x, y = int(random.integers(0, width)), int(random.integers(top + 8, bottom))
        for dx in (-4, 0, 4):
            draw.line((x, y, x + dx, y - 7), fill=color, width=2)


def _hills(
    draw: ImageDraw.ImageDraw, width: int, horizon: int, color: RGB, random: np.random.Generator
) -> None:
    for _ in range(3):
        x, wide = int(random.integers(0, width)), int(random.integers(160, 300))
        high = int(random.integers(24, 60))
        draw.ellipse((x - wide, horizon - high, x + wide, horizon + high), fill=color)
        color = shade(color, 0.94)


def _grass_color(weather: str) -> tuple[RGB, RGB]:
    if weather == "snowy":
        return (246, 249, 253), (220, 230, 241)
    if weather == "sunny":
        return (122, 194, 88), (160, 214, 116)
    return (104, 164, 86), (138, 184, 108)


def _field(draw, width, height, horizon, weather, random):  # type: ignore[no-untyped-def]
    near, far = _grass_color(weather)
    _hills(draw, width, horizon, shade(far, 0.9), random)
    _bands(draw, width, horizon, height, near, far)
    _tufts(draw, width, horizon, height, shade(near, 0.84), random)


def _park(draw, width, height, horizon, weather, random):  # type: ignore[no-untyped-def]
    near, far = _grass_color(weather)
    for x in range(-30, width, 46):
        r = int(random.integers(34, 54))
        tone = (98, 148, 92) if weather != "snowy" else (206, 220, 226)
        draw.ellipse(
            (x - r, horizon - r, x + r, horizon + r), fill=shade(tone, 0.9 + 0.1 * (x % 3))
        )
    _bands(draw, width, horizon, height, near, far)
    left = int(random.integers(0, width))
    path = [(left, horizon), (left + 26, horizon), (left + 190, height), (left - 170, height)]
    draw.polygon(path, fill=(226, 206, 166) if weather != "snowy" else (214, 216, 220))
    _tufts(draw, width, horizon, height, shade(near, 0.84), random)


def _street(draw, width, height, horizon, weather, random):  # type: ignore[no-untyped-def]
    x = -20
    tones: tuple[RGB, ...] = ((202, 184, 170), (182, 190, 204), (212, 200, 178), (190, 176, 188))
    while x < width:
        wide, high = int(random.integers(70, 130)), int(random.integers(70, 150))
        tone = tones[int(random.integers(len(tones)))]
        draw.rectangle((x, horizon - high, x + wide, horizon), fill=tone)
        for wx in range(x + 12, x + wide - 16, 26):
            for wy in range(horizon - high + 12, horizon - 24, 30):
                draw.rectangle((wx, wy, wx + 12, wy + 16), fill=shade(tone, 0.82))
        x += wide
    _bands(draw, width, horizon, horizon + 46, (206, 202, 196), (190, 186, 182))
    road: RGB = (118, 122, 130) if weather != "snowy" else (226, 230, 236)
    _bands(draw, width, horizon + 46, height, road, shade(road, 1.15))
    middle = (horizon + 46 + height) // 2
    for x in range(int(random.integers(-60, 0)), width, 120):
        draw.rectangle((x, middle, x + 64, middle + 7), fill=(244, 236, 200))


def _beach(draw, width, height, horizon, weather, random):  # type: ignore[no-untyped-def]
    water: RGB = (52, 146, 206) if weather == "sunny" else (88, 128, 156)
    shore = horizon + (height - horizon) // 3
    _bands(draw, width, horizon, shore, shade(water, 1.25), shade(water, 0.85))
    for _ in range(22):
        x, y = int(random.integers(0, width)), int(random.integers(horizon + 6, shore - 4))
        draw.arc((x, y, x + 30, y + 9), 180, 360, fill=(228, 242, 250), width=2)
    _bands(draw, width, shore, height, (244, 220, 158), (250, 234, 186))
    draw.line((0, shore, width, shore), fill=(250, 252, 252), width=7)
    for _ in range(120):
        x, y = int(random.integers(0, width)), int(random.integers(shore + 10, height))
        draw.point((x, y), fill=(214, 184, 120))
        draw.point((x + 1, y), fill=(214, 184, 120))


_GROUNDS: dict[str, Ground] = {"field": _field, "park": _park, "street": _street, "beach": _beach}

Room = Callable[[ImageDraw.ImageDraw, int, int, int, np.random.Generator], None]


def _living_room(draw, width, height, floor, random):  # type: ignore[no-untyped-def]
    tones: tuple[RGB, ...] = ((246, 226, 196), (222, 230, 214), (236, 216, 206), (214, 224, 236))
    wall = tones[int(random.integers(len(tones)))]
    draw.rectangle((0, 0, width, floor), fill=wall)
    for x in range(0, width, 44):
        draw.line((x, 0, x, floor), fill=shade(wall, 0.96), width=8)
    _planks(draw, width, height, floor, (206, 164, 116))
    rug = int(random.integers(width // 4, 3 * width // 4))
    tone = ((196, 92, 86), (92, 128, 164), (130, 156, 112))[int(random.integers(3))]
    top = floor + (height - floor) // 3
    draw.ellipse((rug - 230, top, rug + 230, height - 6), fill=shade(tone, 1.35))
    draw.ellipse((rug - 200, top + 12, rug + 200, height - 18), outline=shade(tone, 1.6), width=5)
    _skirting(draw, width, floor)


def _kitchen(draw, width, height, floor, random):  # type: ignore[no-untyped-def]
    tones: tuple[RGB, ...] = ((226, 240, 238), (250, 244, 224), (230, 236, 246))
    wall = tones[int(random.integers(len(tones)))]
    draw.rectangle((0, 0, width, floor), fill=wall)
    for x in range(0, width, 40):
        draw.line((x, 0, x, floor), fill=shade(wall, 0.9), width=2)
    for y in range(floor % 40, floor, 40):
        draw.line((0, y, width, y), fill=shade(wall, 0.9), width=2)
    size = 46
    dark, light = (204, 210, 216), (244, 244, 242)
    for row, y in enumerate(range(floor, height, size // 2)):
        for column, x in enumerate(range(-size, width, size)):
            slant = (y - floor) // 2
            draw.polygon(
                [
                    (x - slant + size // 2, y),
                    (x - slant + size + size // 2, y),
                    (x - slant + size + size // 4, y + size // 2),
                    (x - slant + size // 4, y + size // 2),
                ],
                fill=dark if (row + column) % 2 else light,
            )
        for column, x in enumerate(range(width, width + 6 * size, size)):
            slant = (y - floor) // 2
            draw.polygon(
                [
                    (x - slant + size // 2, y),
                    (x - slant + size + size // 2, y),
                    (x - slant + size + size // 4, y + size // 2),
                    (x - slant + size // 4, y + size // 2),
                ],
                fill=light if (row + column) % 2 else dark,
            )
    _skirting(draw, width, floor)


def _bedroom(draw, width, height, floor, random):  # type: ignore[no-untyped-def]
    tones: tuple[RGB, ...] = ((206, 214, 240), (236, 214, 230), (214, 232, 222))
    wall = tones[int(random.integers(len(tones)))]
    draw.rectangle((0, 0, width, floor), fill=wall)
    for x in range(20, width, 56):
        for row, y in enumerate(range(22, floor - 10, 50)):
            cx = x + 28 * (row % 2)
            draw.ellipse((cx - 5, y - 5, cx + 5, y + 5), fill=shade(wall, 0.9))
    _bands(draw, width, floor, height, (196, 178, 196), (176, 158, 178))
    for _ in range(260):
        x, y = int(random.integers(0, width)), int(random.integers(floor + 8, height))
        draw.line((x, y, x + 3, y + 3), fill=(208, 192, 208), width=1)
    _skirting(draw, width, floor)


def _planks(draw: ImageDraw.ImageDraw, width: int, height: int, floor: int, tone: RGB) -> None:
    _bands(draw, width, floor, height, tone, shade(tone, 0.88))
    for x in range(-width, 2 * width, 70):
        draw.line(
            (width // 2 + (x - width // 2) * 0.7, floor, x, height), fill=shade(tone, 0.8), width=2
        )


def _skirting(draw: ImageDraw.ImageDraw, width: int, floor: int) -> None:
    draw.rectangle((0, floor - 12, width, floor), fill=(250, 248, 242))
    draw.line((0, floor, width, floor), fill=(150, 136, 124), width=2)


_ROOMS: dict[str, Room] = {
    "living room": _living_room,
    "kitchen": _kitchen,
    "bedroom": _bedroom,
}
