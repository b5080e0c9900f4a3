"""Words with weights: how common each is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Weights = Mapping[str, float]


def read_weights(text: str) -> dict[str, float]:
    """Read "red 5, green 2.5" as words with their weights."""
    found: dict[str, float] = {}
    for entry in text.split(","):
        word, _, weight = entry.strip().rpartition(" ")
        found[word] = float(weight)
    return found


def draw_word(random: np.random.Generator, weights: Weights) -> str:
    """Return one word, drawn by its weight."""
    words = list(weights)
    shares = np.cumsum(list(weights.values()))
    return words[int(np.searchsorted(shares, random.uniform(0, shares[-1]), side="right"))]
