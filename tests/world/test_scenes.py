"""Scenes, what can be seen of them, and the relations they show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rex.world.annotate import relations
from rex.world.composing import compose
from rex.world.render import Picture, render
from rex.world.scenes import HEIGHT, WIDTH, Scene, SceneThing


def _picture(*things: SceneThing) -> Picture:
    return render(Scene("field", "sunny", list(things)), 320, 240, np.random.default_rng(0))


def _thing(name: str, x: float, base: float = 200, **words: str) -> SceneThing:
    return SceneThing(name, words, x=x, base=base, depth=base, scale=1.0)


def _named(picture: Picture) -> set[tuple[str, str, str]]:
    names = [entry.name for entry in picture.visible]
    return {(names[a], name, names[b]) for a, name, b in relations(picture)}


def test_left_and_right() -> None:
    found = _named(_picture(_thing("car", 80), _thing("duck", 250)))
    assert ("car", "to the left of", "duck") in found
    assert ("duck", "to the right of", "car") in found
    assert not any(name == "near" for _, name, _ in found)


def test_near_in_front_and_behind() -> None:
    found = _named(_picture(_thing("house", 160, 160), _thing("dog", 170, 190, pose="standing")))
    assert ("dog", "in front of", "house") in found
    assert ("house", "behind", "dog") in found
    found = _named(_picture(_thing("chair", 100), _thing("bicycle", 182)))
    assert ("chair", "near", "bicycle") in found
    assert ("bicycle", "near", "chair") in found


def test_wearing_holding_and_on() -> None:
    man = _thing("man", 160, pose="standing")
    man.parts = {"shirt": {"color": "red"}, "pants": {"color": "blue"}}
    man.gesture = "hold"
    umbrella = _thing("umbrella", 195, 110)
    umbrella.links, umbrella.depth = [("holding", man)], man.depth + 1
    table = _thing("table", 70, 215)
    apple = _thing("apple", 70, 162)
    apple.links, apple.depth, apple.stands = [("on", table)], 300, False
    found = _named(_picture(man, umbrella, table, apple))
    assert ("man", "wearing", "shirt") in found
    assert ("man", "wearing", "pants") in found
    assert ("man", "holding", "umbrella") in found
    assert ("apple", "on", "table") in found
    assert ("apple", "to the left of", "man") in found
    # what belongs together is not beside one another
    assert not any({a, b} == {"man", "umbrella"} and "to the" in name for a, name, b in found)
    assert not any("shirt" in (a, b) for a, name, b in found if name != "wearing")


def test_what_is_hidden_is_taken_out_with_what_it_carries() -> None:
    table = _thing("table", 160, 190)
    apple = _thing("apple", 160, 137)
    apple.links, apple.depth = [("on", table)], 191
    bus = _thing("bus", 160, 205)
    assert {entry.name for entry in _picture(table, apple).visible} == {"table", "apple"}
    assert {entry.name for entry in _picture(table, apple, bus).visible} == {"bus"}


def test_a_box_is_tight_around_what_can_be_seen() -> None:
    car, tree = _thing("car", 150, 200), _thing("tree", 215, 220, height="short")
    alone = _picture(car).visible[0].box
    covered = next(v for v in _picture(car, tree).visible if v.name == "car").box
    assert covered[0] == alone[0]
    assert covered[2] < alone[2]


def test_a_wearer_includes_its_clothes() -> None:
    man = _thing("man", 160, pose="standing")
    man.parts = {"hat": {"color": "red"}, "shirt": {"color": "blue"}}
    boxes = {entry.name: entry.box for entry in _picture(man).visible}
    assert boxes["man"][1] == boxes["hat"][1]
    assert boxes["man"][3] > 100


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_scene_stays_in_the_image_and_shows_its_things(seed: int) -> None:
    random = np.random.default_rng(seed)
    scene = compose(random)
    for thing in scene.things:
        left, top, right, bottom = thing.box
        assert left >= 0
        assert top >= 0
        assert right <= WIDTH
        assert bottom <= HEIGHT
    picture = render(scene, 320, 240, random)
    assert picture.image.size == (320, 240)
    for entry in picture.visible:
        x, y, w, h = entry.box
        assert x >= 0
        assert y >= 0
        assert x + w <= 320
        assert y + h <= 240
    for a, name, b in relations(picture):
        assert a != b
        assert name


@pytest.mark.parametrize("size", [(320, 240), (160, 120), (400, 320)])
def test_a_scene_can_be_drawn_at_any_size(size: tuple[int, int]) -> None:
    random = np.random.default_rng(3)
    picture = render(compose(random), *size, random)
    assert picture.image.size == size
    assert picture.visible
