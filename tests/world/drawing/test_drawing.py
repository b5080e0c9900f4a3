"""Every kind of thing can be drawn, fills its box, and shows its words."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rex.gqa.ontology import WORD_CATEGORIES
from rex.world.drawing.backgrounds import draw_background
from rex.world.drawing.pen import Look, Paint, Pen
from rex.world.kinds import KINDS, PLACES
from rex.world.palette import COLORS, PATTERNS, shade
from rex.world.scenes import SceneThing

DRAWN = sorted(name for name, kind in KINDS.items() if kind.person or kind.sketch)


def _thing(name: str, words: dict[str, str]) -> SceneThing:
    clothes = {"shirt": {"color": "red"}, "pants": {"color": "blue"}, "hat": {"color": "black"}}
    worn = clothes if name in ("man", "woman", "boy", "girl") else {}
    return SceneThing(name, words, x=160, base=200, depth=200, scale=1.0, parts=worn)


def _pixels(thing: SceneThing) -> np.ndarray:
    sprite = thing.draw(1.0)
    image = Image.new("RGBA", (sprite.width, sprite.height))
    for layer in sprite.layers:
        image.alpha_composite(layer.image, (layer.left, layer.top))
    return np.asarray(image)


@pytest.mark.parametrize("name", DRAWN)
def test_a_drawing_fills_the_box_that_the_layout_reserves(name: str) -> None:
    random = np.random.default_rng(0)
    for _ in range(6):
        thing = _thing(name, KINDS[name].sample(random))
        opaque = _pixels(thing)[..., 3] > 127
        width, height = thing.size
        rows, columns = np.flatnonzero(opaque.any(axis=1)), np.flatnonzero(opaque.any(axis=0))
        assert columns[-1] - columns[0] + 1 >= 0.6 * width
        # lying animals and closed laptops are flat
        assert rows[-1] - rows[0] + 1 >= 0.45 * height
        # nothing is cut off at the edge of its canvas
        assert not opaque[0].any()
        assert not opaque[:, 0].any()
        assert not opaque[:, -1].any()


@pytest.mark.parametrize("name", DRAWN)
def test_every_word_changes_the_drawing(name: str) -> None:
    kind = KINDS[name]
    base = kind.sample(np.random.default_rng(1))
    for category in {key.partition("/")[0] for key in kind.looks}:
        words = kind.words(category)
        if len(words) < 2:
            continue
        shown = {_pixels(_thing(name, {**base, category: word})).tobytes() for word in words}
        assert len(shown) == len(words), category


def test_words_are_filed_where_gqa_files_them() -> None:
    for kind in KINDS.values():
        for category in {key.partition("/")[0] for key in kind.looks} - {""}:
            for word in kind.words(category):
                assert category in WORD_CATEGORIES[word], (kind.name, category, word)


def test_colors_and_materials_look_different() -> None:
    for one, other in product(COLORS.values(), repeat=2):
        if one != other:
            assert sum(abs(a - b) for a, b in zip(one, other, strict=True)) > 60
    seen = set()
    for material in PATTERNS:
        pen = Pen(30, 30, 1.0)
        pen.rectangle(0, 0, 30, 30, Paint(COLORS["blue"], material))
        seen.add(pen.sprite().layers[0].image.tobytes())
    assert len(seen) == len(PATTERNS)


@given(
    color=st.tuples(*[st.integers(0, 255)] * 3),
    factor=st.floats(0, 2),
)
def test_shades_stay_colors(color: tuple[int, int, int], factor: float) -> None:
    assert all(0 <= channel <= 255 for channel in shade(color, factor))


@settings(max_examples=20, deadline=None)
@given(
    # within the canvas: what hangs over its edge is cut off
    x=st.floats(12, 28),
    y=st.floats(12, 28),
    r=st.floats(3, 12),
    scale=st.sampled_from([0.5, 1, 2]),
)
def test_an_ellipse_lies_where_it_was_put(x: float, y: float, r: float, scale: float) -> None:
    pen = Pen(40, 40, scale)
    pen.ellipse(x, y, r, r, (200, 10, 10), outline=False)
    layer = pen.sprite().layers[0]
    box = layer.image.getchannel("A").point(lambda a: 255 * (a > 127)).getbbox()
    assert box is not None
    left, right = layer.left + box[0] - pen.margin, layer.left + box[2] - pen.margin
    assert abs((left + right) / 2 - x * scale) <= 1
    assert abs((right - left) - 2 * r * scale) <= 2


def test_a_mirrored_drawing_is_the_mirror_image() -> None:
    thing = _thing("dog", {"color": "brown", "pose": "standing"})
    straight = _pixels(thing)
    thing.flipped = True
    mirrored = _pixels(thing)
    # the light comes from the left in both
    assert (straight[..., 3] == mirrored[:, ::-1, 3]).all()


def test_anchors_follow_the_mirror() -> None:
    thing = _thing("girl", {"pose": "standing"})
    thing.gesture = "hold"
    x, y = thing.anchors()["hand"]
    thing.flipped = True
    mirrored_x, mirrored_y = thing.anchors()["hand"]
    assert mirrored_x == pytest.approx(2 * thing.x - x)
    assert mirrored_y == y


@pytest.mark.parametrize("name", sorted(PLACES))
def test_places_fill_the_image_at_any_size(name: str) -> None:
    for weather in PLACES[name].weathers or (None,):
        for size in ((320, 240), (200, 160)):
            image = draw_background(name, weather, *size, np.random.default_rng(0))
            assert image.size == size
            assert len(image.getcolors(1 << 20) or ()) > 3


def test_a_look_knows_its_words() -> None:
    look = Look({"color": "red", "pose": "sitting"})
    assert look.has("sitting")
    assert not look.has("standing")
    assert look.paint().color == COLORS["red"]
