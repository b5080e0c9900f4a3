"""The places of the world: their weather, and what is usually found there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


def draw_word(random: np.random.Generator, weights: Mapping[str, float]) -> str:
    """Return one key, drawn by its weight."""
    words = list(weights)
    shares = np.cumsum(list(weights.values()))
    return words[int(np.searchsorted(shares, random.uniform(0, shares[-1]), side="right"))]


@dataclass(frozen=True)
class Place:
    """A kind of place; the weights say how common a thing is in its rows."""

    weight: float
    back: dict[str, float]
    """Against the wall, or far away."""
    middle: dict[str, float]
    front: dict[str, float]
    weathers: dict[str, float] = field(default_factory=dict)
    """None indoors."""
    room: bool = False
    umbrellas: bool = False


_PEOPLE = {"man": 1.5, "woman": 1.5, "boy": 1.0, "girl": 1.0}
_WEATHER = {"sunny": 3.0, "cloudy": 2.0, "rainy": 1.4, "snowy": 1.4}

PLACES: Mapping[str, Place] = {
    "living room": Place(
        1.4,
        {"window": 1.4, "picture": 1.6, "clock": 1, "door": 1},
        {**_PEOPLE, "couch": 2, "table": 2, "chair": 1.4, "cabinet": 1.6, "lamp": 1.2},
        {
            "dog": 1.2,
            "cat": 1.2,
            "ball": 1,
            "teddy bear": 1,
            "bag": 0.8,
            "potted plant": 1,
            "book": 0.6,
        },
        room=True,
    ),
    "kitchen": Place(
        1.4,
        {"window": 1.4, "clock": 1.6, "picture": 0.8, "door": 1},
        {**_PEOPLE, "table": 3.4, "chair": 2, "cabinet": 2, "bench": 0.6},
        {
            "dog": 1,
            "cat": 1.2,
            "bag": 1,
            "bowl": 0.8,
            "bottle": 0.6,
            "potted plant": 0.8,
            "ball": 0.6,
        },
        room=True,
    ),
    "bedroom": Place(
        1.1,
        {"window": 1.4, "picture": 1.4, "clock": 1, "door": 1},
        {**_PEOPLE, "bed": 3.4, "chair": 1, "cabinet": 1.6, "lamp": 1.4, "table": 0.8},
        {"teddy bear": 1.6, "ball": 1.2, "cat": 1, "dog": 0.8, "book": 0.8, "bag": 0.8},
        room=True,
    ),
    "park": Place(
        1.4,
        {"tree": 2.4, "house": 1, "fence": 1, "bush": 1, "kite": 0.9},
        {
            **_PEOPLE,
            "bench": 2.4,
            "tree": 1.6,
            "bicycle": 1.4,
            "dog": 1.6,
            "horse": 0.4,
            "cat": 0.6,
        },
        {"ball": 1.4, "duck": 1.2, "dog": 1, "flower": 1, "bush": 0.6, "cat": 0.5},
        _WEATHER,
        umbrellas=True,
    ),
    "field": Place(
        1.4,
        {"house": 1.4, "tree": 2, "fence": 1.6, "bush": 0.8, "truck": 0.5},
        {
            "cow": 1.8,
            "horse": 1.8,
            "sheep": 1.8,
            "elephant": 1.2,
            "giraffe": 1.2,
            "tree": 1.2,
            "man": 0.9,
            "woman": 0.9,
            "boy": 0.6,
            "girl": 0.6,
            "truck": 0.6,
        },
        {"duck": 1, "flower": 1.4, "dog": 1, "sheep": 0.6, "bush": 0.8},
        _WEATHER,
        umbrellas=True,
    ),
    "street": Place(
        1.4,
        {"tree": 2, "bus": 1, "truck": 0.8, "bench": 0.6},
        {**_PEOPLE, "car": 3, "bus": 1.2, "truck": 1.4, "bicycle": 1.8},
        {"dog": 1.2, "cat": 0.8, "ball": 0.8, "bag": 0.8, "flower": 0.3},
        _WEATHER,
        umbrellas=True,
    ),
    "beach": Place(
        1.1,
        {"kite": 1.4, "boat": 1.6},
        {
            **_PEOPLE,
            "boat": 1.6,
            "chair": 1.2,
            "table": 0.6,
            "dog": 0.8,
            "horse": 0.5,
            "bicycle": 0.4,
        },
        {
            "ball": 1.8,
            "duck": 0.8,
            "dog": 1,
            "bag": 1,
            "bottle": 0.7,
            "umbrella": 0.8,
            "banana": 0.3,
        },
        {"sunny": 4, "cloudy": 1.6, "rainy": 0.7},
        umbrellas=True,
    ),
}
"""Name to place."""
