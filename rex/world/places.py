"""The places of the world: their weather, and what is usually found there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rex.world.kinds import Weights, read_weights


@dataclass(frozen=True)
class Place:
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


def _room(weight: float, back: str, middle: str, front: str) -> Place:
    middle = _PEOPLE + middle
    return Place(weight, read_weights(back), read_weights(middle), read_weights(front), {})


def _outdoors(weight: float, back: str, middle: str, front: str, weathers: str) -> Place:
    rows = (read_weights(row) for row in (back, middle, front, weathers))
    return Place(weight, *rows)


_PEOPLE = "man 1.5, woman 1.5, boy 1, girl 1, "
_FOUR_SEASONS = "sunny 3, cloudy 2, rainy 1.4, snowy 1.4"

PLACES: Mapping[str, Place] = {
    "living room": _room(
        1.4,
        back="window 1.4, picture 1.6, clock 1, door 1",
        middle="couch 2.2, table 2.4, chair 1.4, cabinet 1.6, lamp 1.2",
        front="dog 1.2, cat 1.2, ball 1, teddy bear 1, bag 0.8, potted plant 1, book 0.6",
    ),
    "kitchen": _room(
        1.4,
        back="window 1.4, clock 1.6, picture 0.8, door 1",
        middle="table 5, chair 2, cabinet 2, bench 0.6",
        front="dog 1, cat 1.2, bag 1, bowl 0.8, bottle 0.6, potted plant 0.8, ball 0.6",
    ),
    "bedroom": _room(
        1.1,
        back="window 1.4, picture 1.4, clock 1, door 1",
        middle="bed 3.4, chair 1, cabinet 1.6, lamp 1.4, table 0.8",
        front="teddy bear 1.6, ball 1.2, cat 1, dog 0.8, book 0.8, bag 0.8",
    ),
    "park": _outdoors(
        1.4,
        back="tree 2.4, house 1.2, fence 1.2, bush 1, kite 0.9",
        middle=_PEOPLE + "bench 2.4, tree 1.6, bicycle 1.4, dog 1.6, horse 0.4, cat 0.6",
        front="ball 1.4, duck 1.2, dog 1, flower 1, bush 0.6, cat 0.5",
        weathers=_FOUR_SEASONS,
    ),
    "field": _outdoors(
        1.4,
        back="house 1.8, tree 2, fence 2, bush 0.8, truck 0.5",
        middle="cow 2, horse 1.8, sheep 1.8, elephant 1.8, giraffe 1.2, tree 1, truck 0.6, "
        "man 0.9, woman 0.9, boy 0.6, girl 0.6",
        front="duck 1, flower 1.4, dog 1, sheep 0.6, bush 0.8",
        weathers=_FOUR_SEASONS,
    ),
    "street": _outdoors(
        1.4,
        back="tree 2, bus 1.4, truck 0.8, bench 0.6",
        middle=_PEOPLE + "car 3.4, bus 1.6, truck 1.4, bicycle 1.6",
        front="dog 1.2, cat 0.8, ball 0.8, bag 0.8, flower 0.3",
        weathers=_FOUR_SEASONS,
    ),
    "beach": _outdoors(
        1.1,
        back="kite 1.4, boat 1.6",
        middle=_PEOPLE + "boat 1.6, chair 1.2, table 1.4, dog 0.8, horse 0.5, bicycle 0.4",
        front="ball 1.8, duck 0.8, dog 1, bag 1, bottle 0.7, umbrella 0.8, banana 0.3",
        weathers="sunny 4, cloudy 1.6, rainy 0.7",
    ),
}
"""Name to place."""
