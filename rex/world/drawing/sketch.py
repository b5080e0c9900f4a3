"""Drawings as text: shapes with their paints and points, the lowest first.

A line draws a shape: its name (`curve-` has no outline), a paint, then points `x,y` and numbers.
A line with lines indented below it says when, where or how often they are drawn:

- `if WORD ...`, `unless WORD ...`, `else`: for a look with one of the words; `plain` stands for no
  pattern, `variety<0.4` for a share of all things
- `at POINT ...`: once at each point, or at a place that `NAME = x,y` set
- `around CENTRE RADII COUNT`: at points evenly spread over an ellipse
- `mirror X`: as it is, and mirrored about the vertical line at X
- `vary REACH`: moved to the right by up to REACH, as the look's variety says
- `cloud`: outlined, then again without outlines: one shape with one outline

A paint is a color word, a name of `things.yaml`, `red,green,blue`, or `color`: the thing's own,
with its material and pattern (`flat`: without). `PAINT*FACTOR` is darker or lighter; `PAINT:wood`
of that material.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rex.world.drawing.pen import Look, Paint, Pen, Point, all_round, around, directions, towards
from rex.world.palette import COLORS, RGB, shade

_GROUPS = frozenset({"if", "unless", "else", "at", "around", "mirror", "vary", "cloud"})


@dataclass(frozen=True)
class Line:
    """A line of a drawing, and the lines indented below it."""

    word: str
    arguments: tuple[str, ...]
    points: tuple[Point, ...]
    numbers: tuple[float, ...]
    below: tuple[Line, ...] = ()


def read_sketch(text: str) -> tuple[Line, ...]:
    """Read a drawing. Raises ValueError for an invalid line."""
    rows = [(len(row) - len(row.lstrip()), row.split()) for row in text.splitlines() if row.strip()]
    lines, rest = _read(rows, 0)
    if rest != len(rows):
        raise ValueError(f"{' '.join(rows[rest][1])!r} is not indented enough")
    return lines


def _read(rows: Sequence[tuple[int, list[str]]], start: int) -> tuple[tuple[Line, ...], int]:
    """Return the lines from `start` that are indented alike, and the index behind them."""
    lines: list[Line] = []
    place = start
    while place < len(rows) and rows[place][0] >= rows[start][0]:
        indent, (word, *arguments) = rows[place]
        place += 1
        below: tuple[Line, ...] = ()
        if place < len(rows) and rows[place][0] > indent:
            below, place = _read(rows, place)
        if word.rstrip("-") not in _SHAPES and word not in _GROUPS and arguments[:1] != ["="]:
            raise ValueError(f"{word!r} is not a shape")
        painted = word.rstrip("-") in _SHAPES and word not in _BARE
        values = [_numbers(argument) for argument in arguments[painted:]]
        points = tuple((v[0], v[1]) for v in values if len(v) == 2)
        numbers = tuple(v[0] for v in values if len(v) == 1)
        lines.append(Line(word, tuple(arguments), points, numbers, below))
    return tuple(lines), place


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError:
        return ()


@dataclass(frozen=True)
class _Sketcher:
    """Draws lines at a place, perhaps mirrored, perhaps without outlines."""

    pen: Pen
    look: Look
    paints: Mapping[str, str]
    default: str
    """The color of what has no color word."""
    places: dict[str, Point]
    x: float = 0.0
    y: float = 0.0
    side: int = 1
    outlined: bool = True

    def draw(self, lines: Sequence[Line]) -> None:
        drawn = True
        for line in lines:
            if line.arguments[:1] == ("=",):
                self.places[line.word] = line.points[0]
            elif line.word in ("if", "unless"):
                drawn = any(map(self._is, line.arguments)) is (line.word == "if")
                if drawn:
                    self.draw(line.below)
            elif line.word == "else":
                if not drawn:
                    self.draw(line.below)
            elif line.word in _GROUPS:
                for sketcher in self._repeated(line):
                    sketcher.draw(line.below)
            else:
                self._shape(line)

    def _is(self, condition: str) -> bool:
        if condition.startswith("variety<"):
            return self.look.variety < float(condition.removeprefix("variety<"))
        if condition == "plain":
            return "pattern" not in self.look.words
        return self.look.has(condition)

    def _moved(self, x: float, y: float = 0.0) -> _Sketcher:
        return replace(self, x=self.x + self.side * x, y=self.y + y)

    def _repeated(self, line: Line) -> Iterator[_Sketcher]:
        if line.word == "at":
            for argument in line.arguments:
                yield self._moved(*(self.places.get(argument) or _numbers(argument)))
        elif line.word == "around":
            centre, radii = line.points
            for point in around(*centre, *radii, all_round(int(line.numbers[0]))):
                yield self._moved(*point)
        elif line.word == "mirror":
            yield self
            yield replace(self._moved(2 * line.numbers[0]), side=-self.side)
        elif line.word == "vary":
            yield self._moved(line.numbers[0] * self.look.variety)
        else:
            yield self
            yield replace(self, outlined=False)

    def _shape(self, line: Line) -> None:
        paint = self.paint(line.arguments[0]) if line.word not in _BARE else self.paint("ink")
        _SHAPES[line.word.rstrip("-")](self, line, paint)

    def at(self, points: Sequence[Point]) -> list[Point]:
        return [(self.x + self.side * x, self.y + y) for x, y in points]

    def outline(self, line: Line) -> bool:
        return self.outlined and not line.word.endswith("-")

    def paint(self, text: str) -> Paint:
        """Return the paint that a word, a name or a condition (`A if color red else B`) says."""
        if " if " in text:
            first, _, rest = text.partition(" if ")
            condition, _, second = rest.partition(" else ")
            kind, _, value = condition.partition(" ")
            color = self.look.words.get("color", self.default)
            true = color == value if kind == "color" else sum(COLORS[color]) > float(value)
            return self.paint(first if true else second)
        text, _, material = text.partition(":")
        name, _, factor = text.partition("*")
        if name == "color":
            paint = self.look.paint(self.default)
        elif name == "flat":
            paint = Paint(self.look.paint(self.default).color)
        elif name in self.paints:
            paint = self.paint(self.paints[name])
        elif name in COLORS:
            paint = Paint(COLORS[name])
        else:
            red, green, blue = (int(channel) for channel in name.split(","))
            paint = Paint((red, green, blue))
        paint = paint.shaded(float(factor)) if factor else paint
        return Paint(paint.color, material) if material else paint


def draw_sketch(
    lines: Sequence[Line], pen: Pen, look: Look, paints: Mapping[str, str], color: str = "gray"
) -> None:
    """Draw what was read; `paints` are names for paints, `color` that of no color word."""
    _Sketcher(pen, look, paints, color, {}).draw(lines)


_Shape = Callable[[_Sketcher, Line, Paint], None]


def _filled(name: str) -> _Shape:
    def draw(sketcher: _Sketcher, line: Line, paint: Paint) -> None:
        shape: Any = getattr(sketcher.pen, name)
        shape(sketcher.at(line.points), paint, outline=sketcher.outline(line))

    return draw


def _box(sketcher: _Sketcher, line: Line, paint: Paint) -> None:
    """`rounded PAINT CORNER CORNER RADIUS`, `rectangle PAINT CORNER CORNER`."""
    corner, other = sketcher.at(line.points)
    outline = sketcher.outline(line)
    if line.numbers:
        sketcher.pen.rounded(corner, other, line.numbers[0], paint, outline=outline)
    else:
        sketcher.pen.rectangle(*corner, *other, paint, outline=outline)


def _ellipse(sketcher: _Sketcher, line: Line, paint: Paint) -> None:
    """`ellipse PAINT CENTRE RADII`, `sector` with START,END: degrees clockwise from the right."""
    ((x, y),) = sketcher.at(line.points[:1])
    radii, *angles = line.points[1:]
    outline = sketcher.outline(line)
    if angles:
        sketcher.pen.sector(x, y, radii, angles[0], paint, outline=outline)
    else:
        sketcher.pen.ellipse(x, y, *radii, paint, outline=outline)


def _line(name: str, *, pairs: bool = False) -> _Shape:
    """`stroke PAINT WIDTH POINT ...`: so are `limb`, outlined, and `arc`, smooth.

    With `pairs` each line has two points: `strokes PAINT WIDTH FROM TO FROM TO ...`.
    """

    def draw(sketcher: _Sketcher, line: Line, paint: Paint) -> None:
        points = sketcher.at(line.points)
        for path in zip(points[::2], points[1::2], strict=True) if pairs else [points]:
            getattr(sketcher.pen, name)(path, line.numbers[0], paint.color)

    return draw


def _dot(sketcher: _Sketcher, line: Line, paint: Paint) -> None:
    """`dot PAINT CENTRE RADIUS`."""
    ((x, y),) = sketcher.at(line.points)
    sketcher.pen.dot(x, y, line.numbers[0], paint.color)


def _eye(sketcher: _Sketcher, line: Line, coat: Paint) -> None:
    """`eye COAT CENTRE RADIUS`: closed in sleep, white around the pupil of dark animals."""
    ((x, y),), r, pen = sketcher.at(line.points), line.numbers[0], sketcher.pen
    if sketcher.look.has("sleeping"):
        pen.arc([(x - r * 1.5, y), (x, y + r), (x + r * 1.5, y)], 1.5, shade(coat.color, 0.3))
        return
    if sum(coat.color) < 260:
        pen.dot(x, y, r * 1.5, (255, 255, 255))
    pen.dot(x, y, r)


def _legs(sketcher: _Sketcher, line: Line, coat: Paint) -> None:
    """`legs COAT WIDTH TOP,FOOT X ...`: every second one is further away, and darker."""
    (top, foot), (width, *xs) = line.points[0], line.numbers
    for index, x in enumerate(xs):
        tone = shade(coat.color, 0.82) if index % 2 else coat.color
        sketcher.pen.limb(sketcher.at([(x, top), (x, foot - width / 2)]), width, tone)


def _spots(sketcher: _Sketcher, line: Line, paint: Paint) -> None:
    """`spots PAINT X,Y,RADIUS ...`: uneven patches."""
    for argument in line.arguments[1:]:
        x, y, r = _numbers(argument)
        patch = [(x - r, y), (x, y - r), (x + r, y - 1), (x + r * 0.6, y + r)]
        patch.append((x - r * 0.7, y + r * 0.8))
        sketcher.pen.curve(sketcher.at(patch), paint, outline=False)


def _ring(sketcher: _Sketcher, line: Line, paint: Paint) -> None:
    """`ring PAINT stroke|limb WIDTH CENTRE RADII START,END COUNT`: a curve along an ellipse."""
    centre, radii, (start, end) = line.points
    width, count = line.numbers
    path = around(*centre, *radii, directions(start, end, int(count)))
    shape: Any = getattr(sketcher.pen, line.arguments[1])
    shape(sketcher.at(path), width, paint.color)


def _spokes(sketcher: _Sketcher, line: Line, paint: Paint) -> None:
    """`spokes PAINT WIDTH LENGTH`."""
    width, length = line.numbers
    for tip in around(0, 0, length, length, towards(np.linspace(0, 2 * np.pi, 28)[:-1:4])):
        sketcher.pen.stroke(sketcher.at([(0, 0), tip]), width, paint.color)


def _hand(sketcher: _Sketcher, line: Line, paint: Paint) -> None:
    """`hand WIDTH CENTRE LENGTH TURNS`: of a clock, which shows what the variety says."""
    width, length, turns = line.numbers
    angle = turns * 2 * np.pi * sketcher.look.variety
    tip = around(*line.points[0], length, length, towards(np.array([angle])))
    sketcher.pen.stroke(sketcher.at([*line.points, *tip]), width, paint.color)


def _wheel(sketcher: _Sketcher, line: Line, paint: Paint) -> None:
    """`wheel CENTRE RADIUS`."""
    ((x, y),), r, pen = sketcher.at(line.points), line.numbers[0], sketcher.pen
    pen.ellipse(x, y, r, r, paint)
    pen.ellipse(x, y, r * 0.52, r * 0.52, (206, 208, 214), outline=False)
    pen.dot(x, y, r * 0.18, (96, 98, 104))


def _mud(sketcher: _Sketcher, line: Line, paint: Paint) -> None:
    """`mud LEFT,RIGHT HEIGHT`: splashed over the lower body of what is dirty."""
    if not sketcher.look.has("dirty"):
        return
    mud: RGB = (112, 78, 44)
    ((left, right),), (y,), variety = line.points, line.numbers, sketcher.look.variety
    for k, x in enumerate(np.linspace(left, right, 6).tolist()):
        r = 5.5 + 3 * ((k * 7 + int(variety * 10)) % 3) / 2
        lift = 5 * ((k * 5 + int(variety * 20)) % 4) / 3
        splash = [(x - r, y), (x - 1, y - r - lift), (x + r, y - 1), (x + 2, y + r * 0.6)]
        sketcher.pen.curve(sketcher.at(splash), mud, outline=False)
        sketcher.pen.dot(x + r, y - r - lift - 2, 1.6, mud)


_BARE = frozenset({"hand", "wheel", "mud"})
"""Shapes that have a paint of their own."""
_SHAPES: dict[str, _Shape] = {
    "polygon": _filled("polygon"),
    "curve": _filled("curve"),
    "rectangle": _box,
    "rounded": _box,
    "ellipse": _ellipse,
    "sector": _ellipse,
    "stroke": _line("stroke"),
    "limb": _line("limb"),
    "arc": _line("arc"),
    "strokes": _line("stroke", pairs=True),
    "arcs": _line("arc", pairs=True),
    "dot": _dot,
    "eye": _eye,
    "legs": _legs,
    "spots": _spots,
    "ring": _ring,
    "spokes": _spokes,
    "hand": _hand,
    "wheel": _wheel,
    "mud": _mud,
}
