"""The kinds of things in the world: what they are called, how large they are, how they look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from rex.world.drawing.look import Draw
from rex.world.weights import draw_word, read_weights

_STATURE = {"large": 1.22, "small": 0.78}


@dataclass(frozen=True)
class Kind:
    """A kind of thing; one unit of its drawing is one pixel of a 320 x 240 image, seen close by."""

    name: str
    width: float = 0
    height: float = 0
    draw: Draw | None = None
    """None: it is worn, and drawn with its wearer."""
    looks: Mapping[str, str] = field(default_factory=dict)
    """Category to its words with their weights ("red 5, green 2"); `-` stands for none.

    `color/wood` holds for wooden ones. The category of words that GQA files under none is "".
    """
    canvases: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Sizes of the drawing where a word changes it."""
    scale: float = 1.0

    @cached_property
    def weights(self) -> dict[str, dict[str, float]]:
        """The looks as numbers: category to word to weight."""
        return {category: read_weights(text) for category, text in self.looks.items()}

    def words(self, category: str) -> dict[str, float]:
        """Return all words of a category that such a thing may have, with their weights."""
        found: dict[str, float] = {}
        for name, weights in self.weights.items():
            if name.partition("/")[0] == category:
                for word, weight in weights.items():
                    if word != "-":
                        found[word] = found.get(word, 0.0) + weight
        return found

    def canvas(self, words: Mapping[str, str]) -> tuple[float, float]:
        """Return width and height of the drawing of one that looks as `words` say."""
        for word in words.values():
            if word in self.canvases:
                return self.canvases[word]
        return self.width, self.height

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
