"""The inventory of the world: every kind of thing, its size, and how often it looks how.

The weights are the world's natural bias: most apples are red, some are green.
"""

from __future__ import annotations

from collections.abc import Mapping

from rex.world.drawing import animals, food, furniture, household, outdoors, people, vehicles
from rex.world.kinds import Kind

_PAINTED = "brown 6, white 3, red 1.5, green 1.5, blue 1.5, black 1"
_STEEL = "gray 5, black 2, white 2, red 1, blue 1, green 1"
_PLASTIC = "red 2, yellow 2, green 2, blue 2, white 2, orange 1, pink 1, purple 1"


def _made_of(materials: str) -> dict[str, str]:
    return {
        "material": materials,
        "color/wood": _PAINTED,
        "color/metal": _STEEL,
        "color/plastic": _PLASTIC,
        "color/glass": "green 4, brown 2, blue 2, white 2",
        "color/brick": "red 4, brown 3, gray 2, white 1",
    }


_FACE = "happy 3, sad 1.4"
_ADULT = {"age": "young 3, old 2", "face expression": _FACE}
_CHILD = {"age": "young 1", "face expression": _FACE}
_CLEAN = "clean 3, dirty 1.6"
_SIZES = "large 1, small 1.3"
_PRINT = "- 3, striped 1.2, dotted 1"

_ADULT_SEATED = {"sitting": (66.0, 118.0)}
_CHILD_SEATED = {"sitting": (60.0, 94.0)}

_KINDS = (
    Kind("man", 66, 150, people.man, _ADULT, _ADULT_SEATED, scale=0.98),
    Kind("woman", 66, 150, people.woman, _ADULT, _ADULT_SEATED, scale=0.96),
    Kind("boy", 60, 112, people.boy, _CHILD, _CHILD_SEATED),
    Kind("girl", 60, 112, people.girl, _CHILD, _CHILD_SEATED),
    # clothes are drawn with their wearer
    Kind(
        "shirt",
        looks={
            "color": "blue 3, white 2.5, red 2, green 2, yellow 1.5, orange 1, pink 1, purple 1",
            "pattern": _PRINT,
            "": "long sleeved 1, short sleeved 1.2",
        },
    ),
    Kind(
        "dress",
        looks={
            "color": "pink 3, red 2.5, purple 2, blue 1.5, yellow 1.5, green 1, white 1, black 1",
            "pattern": _PRINT,
            "length": "long 1, short 1.2",
            "": "long sleeved 1, short sleeved 1.6",
        },
    ),
    Kind(
        "pants",
        looks={
            "color": "blue 4, black 2.5, brown 2, gray 1.5, green 1, white 1, red 0.7",
            "length": "long 2, short 1",
        },
    ),
    Kind(
        "hat",
        looks={"color": "red 2, black 2, brown 2, blue 1.5, green 1, yellow 1, white 1, purple 1"},
    ),
    Kind(
        "dog",
        82,
        62,
        animals.dog,
        {
            "size": _SIZES,
            "color": "brown 4, white 2, black 2.2, orange 1, gray 1",
            "pose": "standing 2, sitting 1.6, lying 1.6, running 1",
        },
    ),
    Kind(
        "cat",
        68,
        56,
        animals.cat,
        {
            "size": _SIZES,
            "color": "orange 3.4, black 2.4, gray 2, white 2, brown 1",
            "pose": "standing 1.4, sitting 2, lying 2",
        },
    ),
    Kind(
        "cow",
        116,
        80,
        animals.cow,
        {"color": "brown 4, black 2.4, white 2", "pose": "standing 3, lying 1"},
        scale=0.95,
    ),
    Kind(
        "horse",
        116,
        100,
        animals.horse,
        {"color": "brown 4, black 2, white 2, gray 1", "pose": "standing 2.4, running 1"},
        scale=0.95,
    ),
    Kind(
        "sheep",
        84,
        64,
        animals.sheep,
        {
            "size": _SIZES,
            "color": "white 5, black 2, gray 1.4, brown 1",
            "pose": "standing 2.4, lying 1",
        },
    ),
    Kind(
        "elephant",
        136,
        104,
        animals.elephant,
        {"color": "gray 5, brown 2, blue 0.6", "pose": "standing 1"},
    ),
    Kind("giraffe", 96, 150, animals.giraffe, {"pose": "standing 1"}),
    Kind(
        "duck",
        54,
        46,
        animals.duck,
        {"color": "yellow 3, white 2.4, brown 1.6, green 1", "pose": "standing 1"},
    ),
    Kind(
        "car",
        126,
        60,
        vehicles.car,
        {
            "color": "red 3, blue 2.4, white 2, black 2, yellow 1.4, green 1.4, gray 1.4, orange 1",
            "cleanliness": _CLEAN,
        },
    ),
    Kind(
        "bus",
        168,
        86,
        vehicles.bus,
        {
            "color": "yellow 3, red 2.6, blue 2, green 1.6, white 1.4, orange 1",
            "cleanliness": _CLEAN,
        },
        scale=0.92,
    ),
    Kind(
        "truck",
        156,
        82,
        vehicles.truck,
        {
            "color": "blue 2.4, white 2, red 2, green 1.6, orange 1.4, black 1.2, yellow 1",
            "cleanliness": _CLEAN,
        },
        scale=0.92,
    ),
    Kind(
        "bicycle",
        100,
        64,
        vehicles.bicycle,
        {"color": "red 2.4, blue 2.2, green 2, black 1.6, yellow 1.2, pink 1, purple 1"},
    ),
    Kind("boat", 110, 112, vehicles.boat, _made_of("wood 3, metal 1.4, plastic 1.6")),
    Kind("chair", 56, 84, furniture.chair, _made_of("wood 4, metal 3, plastic 2.4")),
    Kind(
        "table",
        128,
        70,
        furniture.table,
        {**_made_of("wood 4, metal 2.4, plastic 2"), "shape": "rectangular 2, round 1.3"},
    ),
    Kind(
        "couch",
        140,
        70,
        furniture.couch,
        {"color": "blue 2.4, red 2, brown 2, green 1.6, gray 1.6, purple 1, yellow 1, white 1"},
    ),
    Kind(
        "bed",
        160,
        74,
        furniture.bed,
        {"color": "blue 2.4, green 2, pink 2, red 1.6, purple 1.4, white 1, yellow 1, orange 0.8"},
        scale=0.95,
    ),
    Kind("bench", 130, 64, furniture.bench, _made_of("wood 3, metal 2, plastic 1")),
    Kind(
        "cabinet",
        84,
        84,
        furniture.cabinet,
        {**_made_of("wood 4, metal 2, plastic 1"), "": "closed 1.4, open 1"},
    ),
    Kind(
        "lamp",
        44,
        62,
        furniture.lamp,
        {
            "height": "tall 1, short 1",
            "color": "yellow 3, white 2, red 1.6, green 1.4, blue 1.2, pink 1, orange 1",
        },
        {"tall": (44, 132)},
    ),
    Kind("apple", 30, 32, food.apple, {"color": "red 4, green 2.2, yellow 1.4"}, scale=1.05),
    Kind("banana", 42, 28, food.banana, {"color": "yellow 4, green 1.6, brown 1"}, scale=1.1),
    Kind("pizza", 52, 34, food.pizza),
    Kind(
        "cake",
        46,
        44,
        food.cake,
        {"color": "pink 3, brown 2.4, white 2, yellow 1, green 1, purple 1"},
    ),
    Kind("bread", 48, 32, food.bread),
    Kind("carrot", 46, 28, food.carrot, scale=1.1),
    Kind("sandwich", 46, 34, food.sandwich),
    Kind("cup", 34, 30, household.cup, _made_of("plastic 3, metal 2, glass 1.4"), scale=1.05),
    Kind(
        "bottle", 22, 52, household.bottle, _made_of("glass 3, plastic 2.4, metal 1.2"), scale=1.15
    ),
    Kind(
        "plate",
        54,
        28,
        household.plate,
        {
            "color": "white 4, blue 2, yellow 1, green 1, pink 1",
            "shape": "round 2.4, square 1.4",
            "cleanliness": _CLEAN,
        },
        scale=1.05,
    ),
    Kind("bowl", 44, 28, household.bowl, _made_of("wood 2.4, metal 2, plastic 2.4"), scale=1.05),
    Kind(
        "clock",
        42,
        42,
        household.clock,
        {
            "color": "red 2, black 2, blue 1.6, green 1.4, yellow 1, brown 1, orange 1",
            "shape": "round 2.2, square 1.4",
        },
    ),
    Kind(
        "television", 70, 52, household.television, {"color": "black 4, gray 2, white 1.4, red 1"}
    ),
    Kind(
        "laptop",
        54,
        38,
        household.laptop,
        {"color": "gray 3, black 2.4, white 1.6, pink 0.8, blue 0.8", "": "open 2, closed 1.2"},
    ),
    Kind(
        "book",
        40,
        30,
        household.book,
        {
            "color": "red 2.4, blue 2.4, green 2, brown 1.6, purple 1.2, orange 1, black 1",
            "": "open 1, closed 1.6",
        },
        scale=1.05,
    ),
    Kind("picture", 64, 48, household.picture, _made_of("wood 3, metal 1.4, plastic 1")),
    Kind("window", 66, 74, household.window, {"": "closed 1.4, open 1"}, scale=0.95),
    Kind(
        "door", 64, 128, household.door, {**_made_of("wood 4, metal 1.4"), "": "closed 1.4, open 1"}
    ),
    Kind(
        "bag",
        42,
        42,
        household.bag,
        {"color": "brown 2.6, black 2.4, red 1.8, pink 1.4, blue 1.2, green 1, yellow 1"},
    ),
    Kind(
        "ball",
        34,
        34,
        household.ball,
        {
            "size": _SIZES,
            "color": "red 2.4, blue 2, orange 2, green 1.6, yellow 1.4, purple 1, pink 1",
            "pattern": _PRINT,
        },
        scale=1.1,
    ),
    Kind(
        "teddy bear",
        44,
        54,
        household.bear,
        {"size": _SIZES, "color": "brown 4, white 2, pink 1.6, blue 1, gray 1"},
    ),
    Kind(
        "kite",
        54,
        70,
        outdoors.kite,
        {
            "color": "red 2, blue 2, yellow 1.4, green 1.6, purple 1.4, orange 1.2, pink 1",
            "pattern": _PRINT,
        },
    ),
    Kind(
        "umbrella",
        76,
        92,
        household.umbrella,
        {
            "color": "red 2.4, blue 2, black 2, yellow 1.6, purple 1.4, green 1.2, pink 1",
            "pattern": _PRINT,
        },
    ),
    Kind(
        "tree",
        84,
        100,
        outdoors.tree,
        {"height": "tall 1.3, short 1", "color": "green 5, orange 2, yellow 1.2, red 1, pink 0.8"},
        {"tall": (96, 156)},
    ),
    Kind("bush", 76, 48, outdoors.bush),
    Kind(
        "flower",
        32,
        48,
        outdoors.flower,
        {"color": "red 2.6, yellow 2, pink 2, purple 1.4, white 1.2, orange 1, blue 1"},
        scale=1.1,
    ),
    Kind(
        "potted plant",
        46,
        62,
        outdoors.plant,
        {"color": "orange 3, brown 2, white 1.6, blue 1.2, red 1.2, purple 0.8"},
    ),
    Kind("house", 140, 124, outdoors.house, _made_of("brick 3, wood 2.4"), scale=0.95),
    Kind("fence", 150, 50, outdoors.fence, _made_of("wood 3, metal 1.6")),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
"""Name to kind, for all kinds of things that scenes are made of."""
