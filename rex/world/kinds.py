"""The kinds of things in the world: what they are called, how large they are, how they look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rex.world.drawing import animals, food, furniture, household, outdoors, people, vehicles
from rex.world.drawing.look import Draw
from rex.world.places import draw_word

Weights = Mapping[str, float]


def _weights(text: str) -> dict[str, float]:
    """Read "red 5, green 2" as words with their weights."""
    found: dict[str, float] = {}
    for entry in text.split(","):
        word, _, weight = entry.strip().rpartition(" ")
        found[word] = float(weight)
    return found


@dataclass(frozen=True)
class Kind:
    """A kind of thing; one unit of its drawing is one pixel of a 320 x 240 image, seen close by."""

    name: str
    group: str
    """The class that questions call it by (`animal`)."""
    width: float
    height: float
    draw: Draw
    looks: Mapping[str, Weights] = field(default_factory=dict)
    """Category to its words and how common they are. `color/wood` holds for wooden ones."""
    canvases: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Sizes of the drawing where a word changes it."""
    scale: float = 1.0

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
        for category, weights in self.looks.items():
            name, _, condition = category.partition("/")
            if name in words or (condition and condition not in words.values()):
                continue
            word = draw_word(random, weights)
            if word != "-":
                words[name] = word
        return words


_STATURE = {"large": 1.22, "small": 0.78}


_ANY = _weights(
    "red 1, orange 1, yellow 1, green 1, blue 1, purple 1, pink 1, brown 1, black 1, white 1"
)
_PAINTED = _weights("brown 6, white 3, red 1.5, green 1.5, blue 1.5, black 1")
_STEEL = _weights("gray 5, black 2, white 2, red 1, blue 1, green 1")
_PLASTIC = _weights("red 2, yellow 2, green 2, blue 2, white 2, orange 1, pink 1, purple 1")
_MATERIAL = _weights("wood 5, metal 3, plastic 2")


def _made_of(materials: str) -> dict[str, Weights]:
    return {
        "material": _weights(materials),
        "color/wood": _PAINTED,
        "color/metal": _STEEL,
        "color/plastic": _PLASTIC,
        "color/glass": _weights("green 4, brown 2, blue 2, white 2"),
        "color/brick": _weights("red 4, brown 3, gray 2, white 1"),
    }


_FACE = _weights("happy 3, sad 1.4")
_ADULT = {"age": _weights("young 3, old 2"), "face expression": _FACE}
_CHILD = {"age": _weights("young 1"), "face expression": _FACE}
_CLEAN = _weights("clean 3, dirty 1.6")
_SIZES = _weights("large 1, small 1.3")
_PRINT = _weights("- 3, striped 1.2, dotted 1")

_ADULT_SEATED = {"sitting": (66.0, 118.0)}
_CHILD_SEATED = {"sitting": (60.0, 94.0)}

_KINDS = (
    Kind("man", "person", 66, 150, people.man, _ADULT, _ADULT_SEATED, scale=0.98),
    Kind("woman", "person", 66, 150, people.woman, _ADULT, _ADULT_SEATED, scale=0.96),
    Kind("boy", "person", 60, 112, people.boy, _CHILD, _CHILD_SEATED),
    Kind("girl", "person", 60, 112, people.girl, _CHILD, _CHILD_SEATED),
    # clothes are drawn with their wearer
    Kind(
        "shirt",
        "clothing",
        0,
        0,
        people.man,
        {
            "color": _weights(
                "blue 3, white 2.5, red 2, green 2, yellow 1.5, orange 1, black 1, pink 1, purple 1"
            ),
            "pattern": _PRINT,
            "": _weights("long sleeved 1, short sleeved 1.2"),
        },
    ),
    Kind(
        "dress",
        "clothing",
        0,
        0,
        people.woman,
        {
            "color": _weights(
                "pink 3, red 2.5, purple 2, blue 1.5, yellow 1.5, green 1, white 1, black 1"
            ),
            "pattern": _PRINT,
            "length": _weights("long 1, short 1.2"),
            "": _weights("long sleeved 1, short sleeved 1.6"),
        },
    ),
    Kind(
        "pants",
        "clothing",
        0,
        0,
        people.man,
        {
            "color": _weights("blue 4, black 2.5, brown 2, gray 1.5, green 1, white 1, red 0.7"),
            "length": _weights("long 2, short 1"),
        },
    ),
    Kind(
        "hat",
        "clothing",
        0,
        0,
        people.man,
        {
            "color": _weights(
                "red 2, black 2, brown 2, blue 1.5, green 1, yellow 1, white 1, purple 1"
            )
        },
    ),
    Kind(
        "dog",
        "animal",
        82,
        62,
        animals.dog,
        {
            "size": _SIZES,
            "color": _weights("brown 4, white 2, black 2.2, orange 1, gray 1"),
            "pose": _weights("standing 2, sitting 1.6, lying 1.6, running 1"),
        },
    ),
    Kind(
        "cat",
        "animal",
        68,
        56,
        animals.cat,
        {
            "size": _SIZES,
            "color": _weights("orange 3.4, black 2.4, gray 2, white 2, brown 1"),
            "pose": _weights("standing 1.4, sitting 2, lying 2"),
        },
    ),
    Kind(
        "cow",
        "animal",
        116,
        80,
        animals.cow,
        {"color": _weights("brown 4, black 2.4, white 2"), "pose": _weights("standing 3, lying 1")},
        scale=0.95,
    ),
    Kind(
        "horse",
        "animal",
        116,
        100,
        animals.horse,
        {
            "color": _weights("brown 4, black 2, white 2, gray 1"),
            "pose": _weights("standing 2.4, running 1"),
        },
        scale=0.95,
    ),
    Kind(
        "sheep",
        "animal",
        84,
        64,
        animals.sheep,
        {
            "size": _SIZES,
            "color": _weights("white 5, black 2, gray 1.4, brown 1"),
            "pose": _weights("standing 2.4, lying 1"),
        },
    ),
    Kind(
        "elephant",
        "animal",
        136,
        104,
        animals.elephant,
        {"color": _weights("gray 5, brown 2, blue 0.6"), "pose": _weights("standing 1")},
    ),
    Kind("giraffe", "animal", 96, 150, animals.giraffe, {"pose": _weights("standing 1")}),
    Kind(
        "duck",
        "animal",
        54,
        46,
        animals.duck,
        {
            "color": _weights("yellow 3, white 2.4, brown 1.6, green 1"),
            "pose": _weights("standing 1"),
        },
    ),
    Kind(
        "car",
        "vehicle",
        126,
        60,
        vehicles.car,
        {
            "color": _weights(
                "red 3, blue 2.4, white 2, black 2, yellow 1.4, green 1.4, gray 1.4, orange 1"
            ),
            "cleanliness": _CLEAN,
        },
    ),
    Kind(
        "bus",
        "vehicle",
        168,
        86,
        vehicles.bus,
        {
            "color": _weights("yellow 3, red 2.6, blue 2, green 1.6, white 1.4, orange 1"),
            "cleanliness": _CLEAN,
        },
        scale=0.92,
    ),
    Kind(
        "truck",
        "vehicle",
        156,
        82,
        vehicles.truck,
        {
            "color": _weights(
                "blue 2.4, white 2, red 2, green 1.6, orange 1.4, black 1.2, yellow 1"
            ),
            "cleanliness": _CLEAN,
        },
        scale=0.92,
    ),
    Kind(
        "bicycle",
        "vehicle",
        100,
        64,
        vehicles.bicycle,
        {"color": _weights("red 2.4, blue 2.2, green 2, black 1.6, yellow 1.2, pink 1, purple 1")},
    ),
    Kind("boat", "vehicle", 110, 112, vehicles.boat, _made_of("wood 3, metal 1.4, plastic 1.6")),
    Kind("chair", "furniture", 56, 84, furniture.chair, _made_of("wood 4, metal 3, plastic 2.4")),
    Kind(
        "table",
        "furniture",
        128,
        70,
        furniture.table,
        {**_made_of("wood 4, metal 2.4, plastic 2"), "shape": _weights("rectangular 2, round 1.3")},
    ),
    Kind(
        "couch",
        "furniture",
        140,
        70,
        furniture.couch,
        {
            "color": _weights(
                "blue 2.4, red 2, brown 2, green 1.6, gray 1.6, purple 1, yellow 1, white 1"
            )
        },
    ),
    Kind(
        "bed",
        "furniture",
        160,
        74,
        furniture.bed,
        {
            "color": _weights(
                "blue 2.4, green 2, pink 2, red 1.6, purple 1.4, white 1, yellow 1, orange 0.8"
            )
        },
        scale=0.95,
    ),
    Kind("bench", "furniture", 130, 64, furniture.bench, _made_of("wood 3, metal 2, plastic 1")),
    Kind(
        "cabinet",
        "furniture",
        84,
        84,
        furniture.cabinet,
        {**_made_of("wood 4, metal 2, plastic 1"), "": _weights("closed 1.4, open 1")},
    ),
    Kind(
        "lamp",
        "device",
        44,
        62,
        furniture.lamp,
        {
            "height": _weights("tall 1, short 1"),
            "color": _weights("yellow 3, white 2, red 1.6, green 1.4, blue 1.2, pink 1, orange 1"),
        },
        {"tall": (44, 132)},
    ),
    Kind(
        "apple",
        "food",
        30,
        32,
        food.apple,
        {"color": _weights("red 4, green 2.2, yellow 1.4")},
        scale=1.05,
    ),
    Kind(
        "banana",
        "food",
        42,
        28,
        food.banana,
        {"color": _weights("yellow 4, green 1.6, brown 1")},
        scale=1.1,
    ),
    Kind("pizza", "food", 52, 34, food.pizza),
    Kind(
        "cake",
        "food",
        46,
        44,
        food.cake,
        {"color": _weights("pink 3, brown 2.4, white 2, yellow 1, green 1, purple 1")},
    ),
    Kind("bread", "food", 48, 32, food.bread),
    Kind("carrot", "food", 46, 28, food.carrot, scale=1.1),
    Kind("sandwich", "food", 46, 34, food.sandwich),
    Kind(
        "cup",
        "tableware",
        34,
        30,
        household.cup,
        _made_of("plastic 3, metal 2, glass 1.4"),
        scale=1.05,
    ),
    Kind(
        "bottle",
        "tableware",
        22,
        52,
        household.bottle,
        _made_of("glass 3, plastic 2.4, metal 1.2"),
        scale=1.15,
    ),
    Kind(
        "plate",
        "tableware",
        54,
        28,
        household.plate,
        {
            "color": _weights("white 4, blue 2, yellow 1, green 1, pink 1"),
            "shape": _weights("round 2.4, square 1.4"),
            "cleanliness": _CLEAN,
        },
        scale=1.05,
    ),
    Kind(
        "bowl",
        "tableware",
        44,
        28,
        household.bowl,
        _made_of("wood 2.4, metal 2, plastic 2.4"),
        scale=1.05,
    ),
    Kind(
        "clock",
        "device",
        42,
        42,
        household.clock,
        {
            "color": _weights("red 2, black 2, blue 1.6, green 1.4, yellow 1, brown 1, orange 1"),
            "shape": _weights("round 2.2, square 1.4"),
        },
    ),
    Kind(
        "television",
        "device",
        70,
        52,
        household.television,
        {"color": _weights("black 4, gray 2, white 1.4, red 1")},
    ),
    Kind(
        "laptop",
        "device",
        54,
        38,
        household.laptop,
        {
            "color": _weights("gray 3, black 2.4, white 1.6, pink 0.8, blue 0.8"),
            "": _weights("open 2, closed 1.2"),
        },
    ),
    Kind(
        "book",
        "reading material",
        40,
        30,
        household.book,
        {
            "color": _weights(
                "red 2.4, blue 2.4, green 2, brown 1.6, purple 1.2, orange 1, black 1"
            ),
            "": _weights("open 1, closed 1.6"),
        },
        scale=1.05,
    ),
    Kind(
        "picture", "decoration", 64, 48, household.picture, _made_of("wood 3, metal 1.4, plastic 1")
    ),
    Kind(
        "window",
        "urban environment",
        66,
        74,
        household.window,
        {"": _weights("closed 1.4, open 1")},
        scale=0.95,
    ),
    Kind(
        "door",
        "urban environment",
        64,
        128,
        household.door,
        {**_made_of("wood 4, metal 1.4"), "": _weights("closed 1.4, open 1")},
    ),
    Kind(
        "bag",
        "bag",
        42,
        42,
        household.bag,
        {"color": _weights("brown 2.6, black 2.4, red 1.8, pink 1.4, blue 1.2, green 1, yellow 1")},
    ),
    Kind(
        "ball",
        "toy",
        34,
        34,
        household.ball,
        {
            "size": _SIZES,
            "color": _weights("red 2.4, blue 2, orange 2, green 1.6, yellow 1.4, purple 1, pink 1"),
            "pattern": _PRINT,
        },
        scale=1.1,
    ),
    Kind(
        "teddy bear",
        "toy",
        44,
        54,
        household.bear,
        {"size": _SIZES, "color": _weights("brown 4, white 2, pink 1.6, blue 1, gray 1")},
    ),
    Kind(
        "kite",
        "toy",
        54,
        70,
        outdoors.kite,
        {
            "color": _weights(
                "red 2, blue 2, yellow 1.4, green 1.6, purple 1.4, orange 1.2, pink 1"
            ),
            "pattern": _PRINT,
        },
    ),
    Kind(
        "umbrella",
        "accessory",
        76,
        74,
        household.umbrella,
        {
            "color": _weights(
                "red 2.4, blue 2, black 2, yellow 1.6, purple 1.4, green 1.2, pink 1"
            ),
            "pattern": _PRINT,
        },
    ),
    Kind(
        "tree",
        "plant",
        84,
        100,
        outdoors.tree,
        {
            "height": _weights("tall 1.3, short 1"),
            "color": _weights("green 5, orange 2, yellow 1.2, red 1, pink 0.8"),
        },
        {"tall": (96, 156)},
    ),
    Kind("bush", "plant", 76, 48, outdoors.bush),
    Kind(
        "flower",
        "plant",
        32,
        48,
        outdoors.flower,
        {"color": _weights("red 2.6, yellow 2, pink 2, purple 1.4, white 1.2, orange 1, blue 1")},
        scale=1.1,
    ),
    Kind(
        "potted plant",
        "plant",
        46,
        62,
        outdoors.plant,
        {"color": _weights("orange 3, brown 2, white 1.6, blue 1.2, red 1.2, purple 0.8")},
    ),
    Kind("house", "building", 140, 124, outdoors.house, _made_of("brick 3, wood 2.4"), scale=0.95),
    Kind("fence", "urban environment", 150, 50, outdoors.fence, _made_of("wood 3, metal 1.6")),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
"""Name to kind, for all kinds of things that scenes are made of."""
