"""Composing a scene: which things stand where, in which place, and how they belong together."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rex.world.drawing.look import Anchors, Look
from rex.world.drawing.pen import Pen, Sprite
from rex.world.kinds import KINDS
from rex.world.places import PLACES, Place, draw_word

WIDTH, HEIGHT = 320.0, 240.0
"""Scenes are composed in these units; an image of another size shows the same, scaled."""


@dataclass
class Thing:
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
    links: list[tuple[str, Thing]] = field(default_factory=list)
    """Relations to other things that the composition made: (`on`, table)."""
    stands: bool = True
    """Whether it throws a shadow on the ground."""
    anchors: Anchors = field(default_factory=dict)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in scene units."""
        kind = KINDS[self.name]
        width, height = kind.canvas(self.words)
        factor = self.scale * kind.stature(self.words)
        return width * factor, height * factor

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of its drawing, in scene units."""
        width, height = self.size
        return self.x - width / 2, self.base - height, self.x + width / 2, self.base

    def draw(self, zoom: float) -> Sprite:
        """Draw it, `zoom` pixels a scene unit, and remember its anchors."""
        kind = KINDS[self.name]
        width, height = kind.canvas(self.words)
        factor = self.scale * kind.stature(self.words)
        pen = Pen(width, height, factor * zoom)
        look = Look(
            self.words,
            {name: Look(words) for name, words in self.parts.items()},
            self.gesture,
            self.variety,
        )
        anchors = kind.draw(pen, look)
        self.anchors = {name: self._placed(point, width, factor) for name, point in anchors.items()}
        return pen.sprite(flipped=self.flipped)

    def _placed(
        self, point: tuple[float, float], width: float, factor: float
    ) -> tuple[float, float]:
        left, top, _, _ = self.box
        x = width - point[0] if self.flipped else point[0]
        return left + x * factor, top + point[1] * factor


@dataclass
class Scene:
    """A composed scene, before it is drawn."""

    place: str
    weather: str | None
    """None indoors."""
    things: list[Thing]

    @property
    def location(self) -> str:
        """`indoors` or `outdoors`."""
        return "indoors" if self.weather is None else "outdoors"


def compose(random: np.random.Generator) -> Scene:
    """Compose a scene of about three groups of things; `random` decides everything."""
    return _Composer(random).compose()


class _Composer:
    def __init__(self, random: np.random.Generator) -> None:
        self.random = random
        self.things: list[Thing] = []

    def compose(self) -> Scene:
        name = draw_word(self.random, {name: place.weight for name, place in PLACES.items()})
        place = PLACES[name]
        weather = None if not place.weathers else draw_word(self.random, place.weathers)
        self._back_row(place)
        self._groups(place)
        self._foreground(place)
        return Scene(name, weather, self.things)

    # rows of things ---------------------------------------------------------------------------

    def _back_row(self, place: Place) -> None:
        count = int(self.random.integers(0, 3)) if place.wall else int(self.random.integers(0, 2))
        for name in self._names(place.back, count):
            thing = self._thing(name, scale=0.92 if place.wall else 0.86)
            if place.wall:
                thing.base = 131.0 if name == "door" else float(self.random.uniform(66, 78))
                if name == "window":
                    thing.base = float(self.random.uniform(84, 92))
                if name == "door":
                    thing.base = 143.0
                thing.stands = False
            else:
                thing.base = float(self.random.uniform(134, 142))
            thing.depth = thing.base - 40
            if name == "kite":
                thing.base, thing.stands = float(self.random.uniform(78, 92)), False
                thing.depth = 0
            self._place(thing, hidden=0.1)

    def _groups(self, place: Place) -> None:
        for name in self._names(place.middle, int(self.random.integers(2, 4))):
            thing = self._thing(name)
            thing.base = float(self.random.uniform(186, 208))
            if name == "boat":
                thing.base = float(self.random.uniform(150, 160))
            thing.depth = thing.base
            if thing.size[1] > 110:
                thing.base += 8
            if not self._place(thing, hidden=0.3):
                continue
            group = KINDS[name].group
            if group == "person":
                self._dress(thing)
                self._equip(thing, place)
            elif name in _SURFACES:
                self._furnish(thing, place)
            elif group == "animal":
                self._behave(thing)

    def _foreground(self, place: Place) -> None:
        for name in self._names(place.front, int(self.random.integers(0, 3))):
            thing = self._thing(name, scale=1.05)
            thing.base = float(self.random.uniform(218, 234))
            thing.depth = thing.base
            self._behave(thing)
            self._place(thing, hidden=0.28)

    # what belongs to a thing ------------------------------------------------------------------

    def _dress(self, person: Thing) -> None:
        random = self.random
        female = person.name in ("woman", "girl")
        if female and random.random() < 0.55:
            person.parts["dress"] = KINDS["dress"].sample(random)
        else:
            person.parts["shirt"] = KINDS["shirt"].sample(random)
            person.parts["pants"] = KINDS["pants"].sample(random)
        if random.random() < 0.42:
            person.parts["hat"] = KINDS["hat"].sample(random)

    def _equip(self, person: Thing, place: Place) -> None:
        random = self.random
        roll = random.random()
        if "sitting" not in person.words.values() and roll < 0.22 and place.umbrellas:
            person.gesture = "hold"
            self._hold(person, "umbrella")
        elif roll < 0.34:
            person.gesture = "read"
            person.words["activity"] = "reading"
            self._hold(person, "book", {"": "open"})
        elif roll < 0.48:
            person.gesture = "eat"
            person.words["activity"] = "eating"
            self._hold(person, str(random.choice(["apple", "banana", "sandwich", "carrot"])))
        elif roll < 0.72:
            person.gesture = "hold"
            held = ["ball", "cup", "bag", "flower", "bottle", "teddy bear", "kite"]
            self._hold(person, str(random.choice(held)))

    def _hold(self, person: Thing, name: str, words: dict[str, str] | None = None) -> None:
        thing = self._thing(name, words, scale=0.92)
        person.draw(0.25)
        x, y = person.anchors["hand"]
        height = thing.size[1]
        grip = {"umbrella": 0.84, "bag": 0.1, "kite": 0.62, "flower": 0.8, "bottle": 0.6}.get(
            name, 0.6
        )
        thing.x, thing.base = x, y + height * (1 - grip)
        thing.depth, thing.stands = person.depth + 0.2, False
        thing.links.append(("holding", person))
        left, top, right, _ = thing.box
        if left >= 2 and right <= WIDTH - 2 and top >= 2:
            self.things.append(thing)
        else:
            person.gesture = ""
            person.words.pop("activity", None)

    def _furnish(self, surface: Thing, place: Place) -> None:
        random = self.random
        surface.draw(0.25)
        seat = surface.anchors.get("seat")
        if seat is not None and random.random() < 0.62:
            self._seat(surface, seat)
            return
        if "left" not in surface.anchors:
            return
        (x0, y0), (x1, _) = surface.anchors["left"], surface.anchors["right"]
        choices = _SURFACES[surface.name]
        count = 1 + int(random.random() < 0.5) if surface.size[0] > 90 else 1
        spots = [(x0 + x1) / 2] if count == 1 else [x0 + 0.14 * (x1 - x0), x1 - 0.14 * (x1 - x0)]
        for spot, name in zip(spots, self._names(choices, count), strict=False):
            words = {"height": "short"} if name == "lamp" else None
            thing = self._thing(name, words, scale=surface.scale)
            thing.x, thing.base = spot + float(random.uniform(-6, 6)), y0 + 2
            thing.depth, thing.stands = surface.depth + 0.1, False
            thing.links.append(("on", surface))
            self._behave(thing, resting=True)
            self._place(thing, hidden=0.3, fixed=True)
        if "under" in surface.anchors and random.random() < 0.4:
            name = self._names({"cat": 1, "ball": 1.2, "dog": 0.5}, 1)[0]
            words = {"size": "small", "pose": "lying"} if name != "ball" else {"size": "small"}
            thing = self._thing(name, words, scale=0.9 * surface.scale)
            x, y = surface.anchors["under"]
            thing.x, thing.base = x + float(random.uniform(-10, 10)), y - 1
            thing.depth = surface.depth - 0.1
            thing.links.append(("under", surface))
            self._behave(thing)
            self._place(thing, hidden=0.45, fixed=True)

    def _seat(self, surface: Thing, seat: tuple[float, float]) -> None:
        random = self.random
        x = seat[0] + float(random.uniform(-0.18, 0.18)) * (surface.size[0] - 40)
        if random.random() < 0.6:
            name = str(random.choice(["man", "woman", "boy", "girl"]))
            person = self._thing(name, {"pose": "sitting"}, scale=surface.scale)
            self._dress(person)
            person.draw(0.25)
            person.x = x
            person.base += seat[1] + 7 - person.anchors["middle"][1]
            person.depth, person.stands = surface.depth + 0.1, False
            person.links += [("on", surface), ("sitting on", surface)]
            if self._place(person, hidden=0.5, fixed=True):
                roll = random.random()
                if roll < 0.3:
                    person.gesture = "read"
                    person.words["activity"] = "reading"
                    self._hold(person, "book", {"": "open"})
                elif roll < 0.55:
                    person.gesture = "eat"
                    person.words["activity"] = "eating"
                    self._hold(
                        person, str(random.choice(["apple", "banana", "sandwich", "carrot"]))
                    )
        else:
            name = self._names({"cat": 2, "teddy bear": 1.4, "bag": 1.2, "dog": 1, "ball": 1}, 1)[0]
            given = (
                {"pose": str(random.choice(["sitting", "lying"]))} if name in ("cat", "dog") else {}
            )
            if name == "dog":
                given["size"] = "small"
            thing = self._thing(name, given, scale=0.95 * surface.scale)
            thing.x, thing.base = x, seat[1] + 6
            thing.depth, thing.stands = surface.depth + 0.1, False
            thing.links.append(("on", surface))
            if "pose" in thing.words:
                thing.links.append((f"{thing.words['pose']} on", surface))
            self._behave(thing)
            self._place(thing, hidden=0.5, fixed=True)

    def _behave(self, thing: Thing, *, resting: bool = False) -> None:
        words, random = thing.words, self.random
        if thing.name in ("dog", "cat", "sheep", "cow") and words.get("pose") == "lying":
            if random.random() < 0.6:
                words["activity"] = "sleeping"
        elif thing.name in ("cow", "horse", "sheep") and words.get("pose") == "standing":
            if random.random() < 0.45:
                words["activity"] = "eating"
        elif resting and thing.name in ("cat", "dog") and "pose" in words:
            words["pose"] = "sitting"

    # ------------------------------------------------------------------------------------------

    def _names(self, weights: dict[str, float], count: int) -> list[str]:
        """Return `count` different names, drawn by weight, and now and then one twice."""
        left = dict(weights)
        names: list[str] = []
        for _ in range(min(count, len(left))):
            if names and self.random.random() < 0.16:
                names.append(names[-1])
                continue
            name = draw_word(self.random, left)
            names.append(name)
            del left[name]
        return names

    def _thing(
        self, name: str, words: dict[str, str] | None = None, *, scale: float = 1.0
    ) -> Thing:
        random = self.random
        kind = KINDS[name]
        given = dict(words or {})
        if kind.group == "person" and "pose" not in given:
            given["pose"] = "walking" if random.random() < 0.4 else "standing"
        if name == "lamp" and "height" not in given:
            given["height"] = "tall"
        looks = kind.sample(random, given)
        return Thing(
            name=name,
            words=looks,
            x=WIDTH / 2,
            base=HEIGHT - 20,
            depth=0,
            scale=scale * float(random.uniform(0.95, 1.05)),
            flipped=bool(random.random() < 0.5) and name not in _UPRIGHT,
            variety=float(random.random()),
        )

    def _place(self, thing: Thing, *, hidden: float, fixed: bool = False) -> bool:
        """Place `thing` where it hides at most a share `hidden` of any other, if it can be."""
        width, height = thing.size
        if thing.base - height < 2:
            thing.base = height + 2
        for _ in range(1 if fixed else 24):
            if not fixed:
                thing.x = float(self.random.uniform(width / 2 + 3, WIDTH - width / 2 - 3))
            left, top, right, bottom = thing.box
            if left < 1 or right > WIDTH - 1 or top < 1 or bottom > HEIGHT - 1:
                continue
            mine = {id(other) for _, other in thing.links}
            if all(
                _overlap(thing, other) <= (0.6 if id(other) in mine else hidden)
                for other in self.things
            ):
                self.things.append(thing)
                return True
        return False


_UPRIGHT = ("clock", "bus", "television")
"""Things that are not mirrored."""

_SURFACES: dict[str, dict[str, float]] = {
    "table": {
        "apple": 1,
        "banana": 1,
        "pizza": 1,
        "cake": 1.2,
        "bread": 1,
        "carrot": 0.7,
        "sandwich": 1,
        "cup": 1.6,
        "bottle": 1.3,
        "plate": 1.4,
        "bowl": 1.4,
        "laptop": 1.4,
        "book": 1,
        "potted plant": 0.6,
        "lamp": 0.7,
        "clock": 0.5,
        "cat": 0.5,
    },
    "cabinet": {
        "television": 1.6,
        "clock": 1,
        "potted plant": 1.2,
        "lamp": 1,
        "book": 0.8,
        "teddy bear": 0.8,
        "bowl": 0.6,
        "cup": 0.6,
        "cat": 0.6,
    },
    "bench": {"bag": 1.4, "book": 1, "cat": 1, "bottle": 1, "teddy bear": 0.8, "ball": 0.6},
    "couch": {"teddy bear": 1, "book": 1, "bag": 1, "laptop": 1},
    "bed": {"teddy bear": 1.4, "book": 1, "laptop": 1, "bag": 0.8},
    "chair": {"bag": 1},
}
"""What stands or lies on a piece of furniture."""


def _overlap(one: Thing, other: Thing) -> float:
    """Return the share of the smaller drawing's box that the two boxes have in common."""
    a, b = one.box, other.box
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    return wide * high / min((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
