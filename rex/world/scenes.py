"""A scene: things with their looks and positions, in a place."""

from __future__ import annotations

from dataclasses import dataclass, field

from rex.world.drawing.pen import Anchors, Look, Pen, Point, Sprite
from rex.world.kinds import KINDS

WIDTH, HEIGHT = 320.0, 240.0
"""Scenes are composed in these units; an image of another size shows the same, scaled."""


@dataclass
class SceneThing:
    """A thing in a scene: its kind, look and position."""

    name: str
    words: dict[str, str]
    """Visible attributes, category to word."""
    x: float
    """Centre, in scene units."""
    base: float
    """Where it touches the ground, in scene units from the top."""
    depth: float
    """Things with a greater depth are drawn later, over the others."""
    scale: float
    flipped: bool = False
    parts: dict[str, dict[str, str]] = field(default_factory=dict)
    """Clothes worn: name to attributes."""
    gesture: str = ""
    variety: float = 0.5
    links: list[tuple[str, SceneThing]] = field(default_factory=list)
    """Relations to other things that the composition made: (`on`, table)."""
    stands: bool = True
    """Whether it stands on the ground, and throws a shadow there."""

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in scene units."""
        width, height, factor = self._measures()
        return width * factor, height * factor

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of its drawing, in scene units."""
        width, height = self.size
        return self.x - width / 2, self.base - height, self.x + width / 2, self.base

    def draw(self, zoom: float) -> Sprite:
        """Draw it, `zoom` pixels a scene unit."""
        pen = self._pen(zoom)
        self._drawn(pen)
        return pen.sprite(flipped=self.flipped)

    def anchors(self) -> Anchors:
        """Return the named places of its drawing, in scene units of the whole scene."""
        # drawing tells them; a rough drawing does
        width, _, factor = self._measures()
        left, top, _, _ = self.box

        def placed(point: Point) -> Point:
            x = width - point[0] if self.flipped else point[0]
            return left + x * factor, top + point[1] * factor

        return {name: placed(point) for name, point in self._drawn(self._pen(0.1)).items()}

    def _pen(self, zoom: float) -> Pen:
        width, height, factor = self._measures()
        return Pen(width, height, factor * zoom)

    def _measures(self) -> tuple[float, float, float]:
        """Return width and height of its kind's drawing, and scene units for each unit of it."""
        kind = KINDS[self.name]
        return *kind.canvas(self.words), self.scale * kind.stature(self.words)

    def _drawn(self, pen: Pen) -> Anchors:
        parts = {name: Look(words) for name, words in self.parts.items()}
        return KINDS[self.name].draw(pen, Look(self.words, parts, self.gesture, self.variety))


@dataclass
class Scene:
    """A composed scene, before it is drawn."""

    place: str
    weather: str | None
    """None indoors."""
    things: list[SceneThing]

    @property
    def size(self) -> int:
        """How many things there are, clothes included."""
        return len(self.things) + sum(len(thing.parts) for thing in self.things)

    @property
    def location(self) -> str:
        """`indoors` or `outdoors`."""
        return "indoors" if self.weather is None else "outdoors"
