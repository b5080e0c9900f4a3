"""How a thing is to look, and the pen that draws it, layer by layer, in the thing's own units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from PIL import Image, ImageDraw

from rex.world.palette import COLORS, RGB, outline_of, shade, texture

SUPERSAMPLING = 3
"""Shapes are drawn this many times larger, then averaged down."""

Point = tuple[float, float]

INK: RGB = (38, 36, 42)


@dataclass(frozen=True)
class Paint:
    """A color, perhaps with a visible material or a pattern printed on it."""

    color: RGB
    material: str | None = None
    pattern: str | None = None

    def shaded(self, factor: float) -> Paint:
        """Return the same material in a darker (`factor` < 1) or lighter color."""
        return Paint(shade(self.color, factor), self.material, self.pattern)


Fill = Paint | RGB

Anchors = dict[str, Point]
"""Named places of a drawing, in its units, where others attach.

A person has a `hand` and a `middle`; furniture a `seat`, the `left` and `right` end of its top, and
`under` it.
"""


@dataclass(frozen=True)
class Look:
    """The visible attributes of a thing: category (`color`, `pose`, ...) to word."""

    words: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Look] = field(default_factory=dict)
    """Clothes that are things of their own, by name."""
    gesture: str = ""
    """What a person's arms do: `hold`, `read`, `eat`, or nothing."""
    variety: float = 0.5
    """A number in [0, 1) for what has no word: skin, hair, spots."""

    def paint(self, default: str = "gray") -> Paint:
        """Return the paint of the thing's color, with its material or pattern."""
        color = COLORS[self.words.get("color", default)]
        return Paint(color, self.words.get("material"), self.words.get("pattern"))

    def has(self, word: str) -> bool:
        """Return whether the thing has the attribute `word`."""
        return word in self.words.values()


@dataclass(frozen=True)
class Layer:
    """A piece of a drawing: the part it belongs to ("" is the thing itself) and its pixels."""

    part: str
    image: Image.Image
    left: int
    top: int


@dataclass(frozen=True)
class Sprite:
    """A drawn thing, `width` x `height` final pixels: its layers, the lowest first."""

    width: int
    height: int
    layers: tuple[Layer, ...]


@dataclass
class Pen:
    """Draws in a box of `width` x `height` units, `scale` final pixels a unit.

    The line width is in final pixels, so that small things are not drowned in outlines.
    """

    width: float
    height: float
    scale: float
    line: float = 1.1
    margin: float = 3.0
    _layers: list[tuple[str, Image.Image]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._factor = self.scale * SUPERSAMPLING
        wide = round(self.width * self.scale + 2 * self.margin)
        high = round(self.height * self.scale + 2 * self.margin)
        self._size = (max(wide, 4) * SUPERSAMPLING, max(high, 4) * SUPERSAMPLING)
        self.part("")

    def part(self, name: str) -> None:
        """Begin a new layer above the others; what follows belongs to the part `name`."""
        layer = Image.new("RGBA", self._size, (0, 0, 0, 0))
        self._layers.append((name, layer))
        self._image = layer
        self._draw = ImageDraw.Draw(layer)

    def sprite(self, *, flipped: bool = False) -> Sprite:
        """Return the finished drawing, averaged down to final pixels, lit from the upper left."""
        width, height = (side // SUPERSAMPLING for side in self._size)
        layers = []
        for part, image in self._layers:
            box = image.getbbox()
            if box is None:
                continue
            left, top = box[0] // SUPERSAMPLING, box[1] // SUPERSAMPLING
            right, bottom = -(-box[2] // SUPERSAMPLING), -(-box[3] // SUPERSAMPLING)
            size = SUPERSAMPLING
            # cut out first: Pillow converts all that it is given
            piece = image.crop((left * size, top * size, right * size, bottom * size))
            small = piece.reduce(size)
            if flipped:
                small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
                left = width - right
            layers.append(Layer(part, _lit(small, left, top, width, height), left, top))
        return Sprite(width, height, tuple(layers))

    # shapes -----------------------------------------------------------------------------------

    def polygon(self, points: Sequence[Point], fill: Fill, *, outline: bool = True) -> None:
        """Fill a polygon."""
        self._fill([self._at(point) for point in points], fill, outline)

    def curve(self, points: Sequence[Point], fill: Fill, *, outline: bool = True) -> None:
        """Fill a smooth closed curve through `points` (Catmull-Rom)."""
        self._fill([self._at(point) for point in _smooth(points, closed=True)], fill, outline)

    def rectangle(
        self, x0: float, y0: float, x1: float, y1: float, fill: Fill, *, outline: bool = True
    ) -> None:
        """Fill an upright rectangle."""
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill, outline=outline)

    def rounded(
        self, corner: Point, other: Point, radius: float, fill: Fill, *, outline: bool = True
    ) -> None:
        """Fill a rectangle with round corners, from its upper left to its lower right one."""
        (x0, y0), (x1, y1) = corner, other
        r = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
        points: list[Point] = []
        for k, (x, y) in enumerate(
            ((x1 - r, y0 + r), (x1 - r, y1 - r), (x0 + r, y1 - r), (x0 + r, y0 + r))
        ):
            points += around(x, y, r, r, directions(90 * k - 90, 90 * k, 6))
        self.polygon(points, fill, outline=outline)

    def ellipse(
        self, cx: float, cy: float, rx: float, ry: float, fill: Fill, *, outline: bool = True
    ) -> None:
        """Fill an ellipse given by its centre and radii."""
        self.polygon(around(cx, cy, rx, ry, all_round(40)), fill, outline=outline)

    def sector(
        self, x: float, y: float, radii: Point, angles: Point, fill: Fill, *, outline: bool = True
    ) -> None:
        """Fill the part of an ellipse between two angles (degrees, clockwise from the right)."""
        points = around(x, y, *radii, directions(*angles, 24))
        self.polygon(points, fill, outline=outline)

    def stroke(self, points: Sequence[Point], width: float, color: RGB) -> None:
        """Draw a line with round ends and joints; `width` in units."""
        placed = [self._at(point) for point in points]
        thick = max(round(width * self._factor), 1)
        self._draw.line(placed, fill=color, width=thick, joint="curve")
        radius = thick / 2
        for x, y in (placed[0], placed[-1]):
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)

    def limb(self, points: Sequence[Point], width: float, fill: RGB) -> None:
        """Draw a round-ended stroke with an outline: an arm, a leg, a tail."""
        extra = 2 * self.line / self.scale
        self.stroke(points, width + extra, outline_of(fill))
        self.stroke(points, width, fill)

    def arc(self, points: Sequence[Point], width: float, color: RGB) -> None:
        """Draw a smooth open curve through `points`."""
        self.stroke(_smooth(points, closed=False), width, color)

    def dot(self, x: float, y: float, radius: float, color: RGB = INK) -> None:
        """Draw a small disc without an outline, at least one final pixel wide."""
        radius = max(radius, 0.55 / self.scale)
        self.ellipse(x, y, radius, radius, color, outline=False)

    # ------------------------------------------------------------------------------------------

    def _at(self, point: Point) -> Point:
        offset = self.margin * SUPERSAMPLING
        return point[0] * self._factor + offset, point[1] * self._factor + offset

    def _fill(self, points: list[Point], fill: Fill, outline: bool) -> None:
        color = fill.color if isinstance(fill, Paint) else fill
        if isinstance(fill, Paint) and (fill.material or fill.pattern):
            mask = Image.new("L", self._size, 0)
            ImageDraw.Draw(mask).polygon(points, fill=255)
            box = mask.getbbox()
            if box is not None:
                self._image.paste(self._surface(fill, box), box, mask.crop(box))
        else:
            self._draw.polygon(points, fill=color)
        if outline:
            width = max(round(self.line * SUPERSAMPLING), 1)
            closed = [*points, points[0], points[1]]
            self._draw.line(closed, fill=outline_of(color), width=width, joint="curve")

    def _surface(self, paint: Paint, box: tuple[int, int, int, int]) -> Image.Image:
        wide, high = box[2] - box[0], box[3] - box[1]
        if paint.material:
            return texture(paint.color, paint.material, wide, high)
        return _printed(paint, wide, high)


def around(cx: float, cy: float, rx: float, ry: float, along: Sequence[Point]) -> list[Point]:
    """Return the points of an ellipse in these directions from its centre."""
    return [(cx + rx * x, cy + ry * y) for x, y in along]


@cache
def directions(start: float, end: float, count: int) -> tuple[Point, ...]:
    """Return so many directions between two angles (degrees, clockwise from the right)."""
    return towards(np.radians(np.linspace(start, end, count)))


@cache
def all_round(count: int) -> tuple[Point, ...]:
    """Return so many directions all round, evenly, from the right on."""
    return towards(np.linspace(0, 2 * np.pi, count, endpoint=False))


def towards(angles: np.ndarray) -> tuple[Point, ...]:
    """Return the directions of angles (radians, clockwise from the right)."""
    return tuple((float(np.cos(angle)), float(np.sin(angle))) for angle in angles)


def _printed(paint: Paint, width: int, height: int) -> Image.Image:
    """Return cloth of the paint's color, striped or dotted with white (black on white)."""
    light = sum(paint.color) > 600
    second = (70, 70, 78) if light else (250, 250, 248)
    rows, columns = np.mgrid[0:height, 0:width]
    if paint.pattern == "striped":
        marked = rows % 27 < 11
    else:
        x = (columns + rows // 24 % 2 * 12) % 24 - 12
        y = rows % 24 - 12
        marked = x * x + y * y < 36
    image = np.empty((height, width, 3), dtype=np.uint8)
    image[...] = paint.color
    image[marked] = second
    return Image.fromarray(image, "RGB")


def _lit(image: Image.Image, left: int, top: int, width: int, height: int) -> Image.Image:
    """Return a layer, a little brighter at the upper left of its sprite, darker at the right."""
    pixels = np.array(image)
    high, wide = pixels.shape[:2]
    rows = (np.arange(top, top + high, dtype=np.float32) / height)[:, None, None]
    columns = (np.arange(left, left + wide, dtype=np.float32) / width)[None, :, None]
    lit = pixels[..., :3] * (1.08 - 0.17 * (0.65 * rows + 0.35 * columns))
    pixels[..., :3] = np.minimum(lit, 255)
    return Image.fromarray(pixels, "RGBA")


def _smooth(points: Sequence[Point], *, closed: bool) -> list[Point]:
    """Return points along the Catmull-Rom spline through `points`."""
    knots = np.asarray(points, dtype=np.float64)
    if closed:
        padded = np.vstack([knots[-1:], knots, knots[:2]])
    else:
        padded = np.vstack([knots[:1], knots, knots[-1:]])
    p0, p1, p2, p3 = (padded[i : len(padded) - 3 + i, None, :] for i in range(4))
    t = np.linspace(0, 1, 7)[None, :-1, None]
    curve = 0.5 * (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
    path = curve.reshape(-1, 2)
    if not closed:
        path = np.vstack([path, knots[-1:]])
    return [(float(x), float(y)) for x, y in path]
