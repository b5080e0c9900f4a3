"""Composing a scene: which things stand where, and how they belong together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rex.boxes import area, intersection
from rex.gqa.ontology import is_a
from rex.world.drawing.pen import Point
from rex.world.kinds import KINDS, PLACES, SURFACES, PlaceKind, Weights, draw_word, read_weights
from rex.world.scenes import HEIGHT, WIDTH, Scene, SceneThing


def compose(random: np.random.Generator) -> Scene:
    """Compose a scene of about three groups of things; `random` decides everything."""
    name = draw_word(random, {name: place.weight for name, place in PLACES.items()})
    place = PLACES[name]
    weather = draw_word(random, place.weathers) if place.weathers else None
    composer = _Composer(random, place)
    composer.back_row()
    composer.groups()
    composer.foreground()
    return Scene(name, weather, composer.things)


_SEATS = ("bench", "couch", "bed")
_UNDER = read_weights("cat 1, ball 1.2, dog 0.7, teddy bear 0.4")
_HELD = ("ball", "cup", "bag", "flower", "bottle", "teddy bear", "kite")
_EATEN = ("apple", "banana", "sandwich", "carrot")
_GRIP: Mapping[str, float] = {"umbrella": 0.9, "bag": 0.1, "kite": 0.62, "flower": 0.8}
"""How far down from its top a thing is held, as a share of its height."""

_UPRIGHT = ("clock", "bus", "television")
"""Things that are not mirrored."""


class _Composer:
    def __init__(self, random: np.random.Generator, place: PlaceKind) -> None:
        self.random, self.place = random, place
        self.things: list[SceneThing] = []

    # rows of things ---------------------------------------------------------------------------

    def back_row(self) -> None:
        """Hang things on the wall, or put them far away."""
        room = self.place.room
        for name in self.names(self.place.back, int(self.random.integers(0, 3 if room else 2))):
            thing = self.thing(name, scale=0.92 if room else 0.86)
            if name == "kite":
                thing.base, thing.stands = self.between(78, 92), False
            elif name == "door":
                thing.base, thing.stands = 143, False
            elif room:
                thing.base = self.between(84, 92) if name == "window" else self.between(66, 78)
                thing.stands = False
            else:
                thing.base = self.between(134, 142)
            thing.depth = thing.base - 60
            self.place_freely(thing, hidden=0.1)

    def groups(self) -> None:
        """Put two or three things in the middle, with what belongs to them."""
        names = self.names(self.place.middle, int(self.random.integers(2, 4)))
        # what is wide first: it has more trouble to find a place
        for name in sorted(names, key=lambda name: -KINDS[name].size[0]):
            thing = self.thing(name)
            thing.base = self.between(150, 160) if name == "boat" else self.between(186, 208)
            if thing.size[1] > 110:
                thing.base += 8
            thing.depth = thing.base
            if not self.place_freely(thing, hidden=0.3):
                continue
            if is_a(name, "person"):
                self.dress(thing)
                self.occupy(thing)
            elif name in SURFACES:
                self.furnish(thing)
            else:
                self.behave(thing)

    def foreground(self) -> None:
        """Put up to two small things in front."""
        for name in self.names(self.place.front, int(self.random.integers(0, 3))):
            thing = self.thing(name, scale=1.05)
            thing.base = thing.depth = self.between(218, 234)
            self.behave(thing)
            self.place_freely(thing, hidden=0.28)

    # what belongs to a thing ------------------------------------------------------------------

    def dress(self, person: SceneThing) -> None:
        """Clothe a person."""
        worn = ["shirt", "pants"]
        if person.name in ("woman", "girl") and self.chance(0.55):
            worn = ["dress"]
        if self.chance(0.42):
            worn.append("hat")
        person.parts = {name: KINDS[name].sample(self.random) for name in worn}

    def occupy(self, person: SceneThing) -> None:
        """Give a person something to do or to hold, or nothing."""
        roll = self.random.random()
        sitting = person.words["pose"] == "sitting"
        if roll < 0.14:
            self.hold(person, "book", "read", "reading")
        elif roll < 0.32:
            self.hold(person, self.one_of(_EATEN), "eat", "eating")
        elif sitting:
            return
        elif roll < 0.5 and not self.place.room:
            self.hold(person, "umbrella", "hold")
        elif roll < 0.72:
            self.hold(person, self.one_of(_HELD), "hold")

    def hold(self, person: SceneThing, name: str, gesture: str, activity: str = "") -> None:
        """Let a person hold something, unless it would leave the image."""
        before = person.gesture
        person.gesture = gesture
        words = {"": "open"} if gesture == "read" else None
        thing = self.thing(name, words, scale=0.8 if gesture == "eat" else 0.92)
        x, y = person.anchors()["hand"]
        thing.x = x
        thing.base = y + thing.size[1] * (1 - _GRIP.get(name, 0.6))
        thing.depth, thing.stands = person.depth + 0.2, False
        thing.links.append(("holding", person))
        left, top, right, _ = thing.box
        if left < 2 or right > WIDTH - 2 or top < 2:
            person.gesture = before
            return
        self.things.append(thing)
        if activity:
            person.words["activity"] = activity

    def furnish(self, surface: SceneThing) -> None:
        """Put something or someone on a piece of furniture, and perhaps something under it."""
        anchors = surface.anchors()
        if surface.name in _SEATS and self.chance(0.6):
            self.seat(surface, anchors["seat"])
        elif surface.name == "chair":
            if self.chance(0.6):
                self.put_on(surface, anchors["seat"], self.names(SURFACES["chair"], 1)[0])
        else:
            (x0, y0), (x1, _) = sorted((anchors["left"], anchors["right"]))
            wide = x1 - x0 > 70
            count = int(self.random.integers(1, 4)) if wide and surface.name == "table" else 1
            spots = ((x0 + x1) / 2,) if count == 1 else np.linspace(x0 + 8, x1 - 8, count)
            names = self.names(SURFACES[surface.name], count)
            for spot, name in zip(spots, names, strict=False):
                self.put_on(surface, (float(spot) + self.between(-4, 4), y0), name)
        if "under" in anchors and self.chance(0.5):
            self.put_under(surface, anchors["under"])

    def put_on(self, surface: SceneThing, spot: Point, name: str) -> None:
        """Put a thing on a piece of furniture."""
        given: dict[str, str] = {}
        if name in ("cat", "dog"):
            given = {"size": "small", "pose": self.one_of(("sitting", "lying"))}
        elif name == "lamp":
            given = {"height": "short"}
        thing = self.thing(name, given, scale=surface.scale)
        thing.x, thing.base = spot[0], spot[1] + 3
        thing.depth, thing.stands = surface.depth + 0.1, False
        thing.links.append(("on", surface))
        if "pose" in thing.words:
            thing.links.append((f"{thing.words['pose']} on", surface))
        self.behave(thing)
        self.place_here(thing, hidden=0.3)

    def put_under(self, surface: SceneThing, spot: Point) -> None:
        """Put a small thing under a table or bed, in front of its legs."""
        name = self.names(_UNDER, 1)[0]
        given = {"size": "small"}
        if name in ("cat", "dog"):
            given["pose"] = "lying"
        thing = self.thing(name, given, scale=0.9 * surface.scale)
        thing.x, thing.base = spot[0] + self.between(-14, 14), spot[1] + 1
        thing.depth = surface.depth + 0.05
        thing.links.append(("under", surface))
        self.behave(thing)
        self.place_here(thing, hidden=0.3)

    def seat(self, surface: SceneThing, seat: Point) -> None:
        """Let someone sit on a piece of furniture."""
        name = self.one_of(("man", "woman", "boy", "girl"))
        person = self.thing(name, {"pose": "sitting"}, scale=surface.scale)
        self.dress(person)
        person.x = seat[0] + self.between(-0.18, 0.18) * (surface.size[0] - 40)
        person.base += seat[1] + 7 - person.anchors()["middle"][1]
        person.depth, person.stands = surface.depth + 0.1, False
        person.links += [("on", surface), ("sitting on", surface)]
        if self.place_here(person, hidden=0.5):
            self.occupy(person)

    def behave(self, thing: SceneThing) -> None:
        """Let animals sleep or eat."""
        words = thing.words
        sleeper = thing.name in ("dog", "cat", "sheep", "cow") and words.get("pose") == "lying"
        grazer = thing.name in ("cow", "horse", "sheep") and words.get("pose") == "standing"
        if sleeper and self.chance(0.6):
            words["activity"] = "sleeping"
        elif grazer and self.chance(0.45):
            words["activity"] = "eating"

    # ------------------------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        """Return True that often."""
        return bool(self.random.random() < probability)

    def between(self, low: float, high: float) -> float:
        """Return a number between two others."""
        return float(self.random.uniform(low, high))

    def one_of(self, names: tuple[str, ...]) -> str:
        """Return one of the names, all alike likely."""
        return names[int(self.random.integers(len(names)))]

    def names(self, weights: Weights, count: int) -> list[str]:
        """Return `count` different names, drawn by weight, and now and then one twice."""
        left = dict(weights)
        names: list[str] = []
        for _ in range(min(count, len(left))):
            if names and self.chance(0.16):
                names.append(names[-1])
                continue
            names.append(draw_word(self.random, left))
            del left[names[-1]]
        return names

    def thing(
        self, name: str, words: Mapping[str, str] | None = None, *, scale: float = 1.0
    ) -> SceneThing:
        """Return a new thing that looks as `words` say, and else as its kind may look."""
        given = dict(words or {})
        if is_a(name, "person") and "pose" not in given:
            given["pose"] = "walking" if self.chance(0.4) else "standing"
        if name == "lamp" and "height" not in given:
            given["height"] = "tall"
        return SceneThing(
            name=name,
            words=KINDS[name].sample(self.random, given),
            x=WIDTH / 2,
            base=HEIGHT - 20,
            depth=0,
            scale=scale * self.between(0.95, 1.05),
            flipped=self.chance(0.5) and name not in _UPRIGHT,
            variety=float(self.random.random()),
        )

    def place_freely(self, thing: SceneThing, *, hidden: float) -> bool:
        """Place `thing` left or right where it covers at most a share `hidden` of others."""
        width, height = thing.size
        thing.base = max(thing.base, height + 2)
        for _ in range(24):
            thing.x = self.between(width / 2 + 3, WIDTH - width / 2 - 3)
            if self.place_here(thing, hidden=hidden):
                return True
        return False

    def place_here(self, thing: SceneThing, *, hidden: float) -> bool:
        """Place `thing` where it is, if it covers at most a share `hidden` of others."""
        left, top, right, bottom = thing.box
        if left < 1 or right > WIDTH - 1 or top < 1 or bottom > HEIGHT - 1:
            return False
        mine = {id(other) for _, other in thing.links}
        if any(id(o) not in mine and _overlap(thing, o) > hidden for o in self.things):
            return False
        self.things.append(thing)
        return True


def _overlap(one: SceneThing, other: SceneThing) -> float:
    """Return the share of the smaller drawing's box that the two boxes have in common."""
    shared = intersection(one.box, other.box)
    return shared and shared / min(area(one.box), area(other.box))
