"""What the world is made of: kinds of things, how they look, and the places where they are found.

They are data, in `things.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from rex.files import yaml_beside
from rex.world.drawing.pen import Anchors, Look, Pen, Point
from rex.world.drawing.people import draw_person
from rex.world.drawing.sketch import Line, draw_sketch, read_sketch

Weights = Mapping[str, float]
"""Words with how common each is."""

_STATURE = {"large": 1.22, "small": 0.78}


def read_weights(text: str) -> dict[str, float]:
    """Read "red 5, green 2.5" as words with their weights."""
    entries = [entry.strip().rpartition(" ") for entry in text.split(",") if entry]
    return {word: float(weight) for word, _, weight in entries}


def draw_word(random: np.random.Generator, weights: Weights) -> str:
    """Return one word, drawn by its weight."""
    words = list(weights)
    shares = np.cumsum(list(weights.values()))
    return words[int(np.searchsorted(shares, random.uniform(0, shares[-1]), side="right"))]


@dataclass(frozen=True)
class Kind:
    """A kind of thing; one unit of its drawing is one pixel of a 320 x 240 image, seen close by."""

    name: str
    size: tuple[float, float] = (0.0, 0.0)
    """Width and height of the drawing."""
    scale: float = 1.0
    person: bool = False
    sketch: tuple[Line, ...] = ()
    """How it is drawn, but for people; clothes are drawn with their wearer."""
    paints: Mapping[str, str] = field(default_factory=dict)
    color: str = "gray"
    """The color of what has no color word."""
    anchors: Mapping[str, Point] = field(default_factory=dict)
    """Where others attach, in units of the drawing."""
    looks: Mapping[str, str] = field(default_factory=dict)
    """Category to its words with their weights ("red 5, green 2"); `-` stands for none.

    `color/wood` holds for wooden ones. The category of words that GQA files under none is "".
    """
    canvases: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Sizes of the drawing where a word changes it."""

    def draw(self, pen: Pen, look: Look) -> Anchors:
        """Draw one that looks as `look` says; return where others attach to it."""
        if self.person:
            return draw_person(pen, look, self.name)
        if not self.sketch:
            raise ValueError(f"{self.name} is drawn with its wearer")
        draw_sketch(self.sketch, pen, look, self.paints, self.color)
        return dict(self.anchors)

    @cached_property
    def weights(self) -> dict[str, dict[str, float]]:
        """The looks as numbers: category to word to weight."""
        return {category: read_weights(text) for category, text in self.looks.items()}

    def words(self, category: str) -> dict[str, float]:
        """Return all words of a category that such a thing may have, with their weights."""
        words: dict[str, float] = {}
        for name, weights in self.weights.items():
            if name.partition("/")[0] == category:
                for word, weight in weights.items():
                    if word != "-":
                        words[word] = words.get(word, 0.0) + weight
        return words

    def canvas(self, words: Mapping[str, str]) -> tuple[float, float]:
        """Return width and height of the drawing of one that looks as `words` say."""
        for word in words.values():
            if word in self.canvases:
                return self.canvases[word]
        return self.size

    def stature(self, words: Mapping[str, str]) -> float:
        """Return how much larger than usual one is drawn, from its size word."""
        return self.scale * _STATURE.get(words.get("size", ""), 1.0)

    def sample(
        self, random: np.random.Generator, given: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Return one word for each category; `given` words are kept as they are."""
        words = dict(given or {})
        for category, weights in self.weights.items():
            name, _, condition = category.partition("/")
            if name in words or (condition and condition not in words.values()):
                continue
            word = draw_word(random, weights)
            if word != "-":
                words[name] = word
        return words


def _pair(values: list[float]) -> tuple[float, float]:
    first, second = values
    return float(first), float(second)


def _kind(name: str, entry: Mapping[str, Any], things: Mapping[str, Any]) -> Kind:
    looks = dict(entry.get("looks", {}))
    if "made of" in entry:
        looks = {"material": entry["made of"], **things["materials"], **looks}
    return Kind(
        name,
        size=_pair(entry.get("size", [0, 0])),
        scale=entry.get("scale", 1.0),
        person=entry.get("person", False),
        sketch=read_sketch(entry.get("draw", "")),
        paints={**things["paints"], **entry.get("tones", {})},
        color=entry.get("color", "gray"),
        anchors={place: _pair(point) for place, point in entry.get("anchors", {}).items()},
        looks=looks,
        canvases={word: _pair(size) for word, size in entry.get("canvases", {}).items()},
    )


_THINGS = yaml_beside(__file__, "things.yaml")

KINDS: Mapping[str, Kind] = {
    name: _kind(name, entry, _THINGS) for name, entry in _THINGS["kinds"].items()
}
"""Name to kind, for all kinds of things that scenes are made of."""


@dataclass(frozen=True)
class PlaceKind:
    """A kind of place; the weights say how common a thing is in its rows."""

    weight: float
    back: Weights
    """Against the wall, or far away."""
    middle: Weights
    front: Weights
    weathers: Weights
    """Empty indoors."""

    @property
    def room(self) -> bool:
        """Whether it is indoors."""
        return not self.weathers


def _place(entry: Mapping[str, Any]) -> PlaceKind:
    rows = {name: entry.get(name, []) for name in ("back", "middle", "front", "weathers")}
    texts = {name: ", ".join([row] if isinstance(row, str) else row) for name, row in rows.items()}
    return PlaceKind(entry["weight"], **{name: read_weights(text) for name, text in texts.items()})


PLACES: Mapping[str, PlaceKind] = {name: _place(entry) for name, entry in _THINGS["places"].items()}
"""Name to place."""
SURFACES: Mapping[str, Weights] = {
    name: read_weights(text) for name, text in _THINGS["surfaces"].items()
}
"""What stands or lies on a piece of furniture."""
