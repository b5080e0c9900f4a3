"""From a composed scene to its image and the pixels that belong to each thing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from rex.world.drawing.backgrounds import draw_background, draw_weather
from rex.world.drawing.pen import Sprite
from rex.world.scenes import HEIGHT, WIDTH, Scene, SceneThing

MIN_VISIBLE = 0.6
"""A thing of which less than this share can be seen is taken out of its scene."""
MIN_SIDE = 13.0
"""The shorter side of an annotated box, at 320 x 240, in pixels."""

_OPAQUE = [0] * 128 + [255] * 128
"""Of each alpha, whether it hides what lies behind."""

Box = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""


@dataclass(frozen=True)
class Visible:
    """What can be seen of a thing, or of clothes that someone wears."""

    thing: SceneThing
    part: str
    """"" for the thing itself."""
    box: Box

    @property
    def name(self) -> str:
        """What it is called."""
        return self.part or self.thing.name

    @property
    def words(self) -> dict[str, str]:
        """Its attributes."""
        return self.thing.parts[self.part] if self.part else self.thing.words


@dataclass(frozen=True)
class Picture:
    """A rendered scene: the image, and what can be seen in it, from back to front."""

    scene: Scene
    image: Image.Image
    visible: tuple[Visible, ...]


def render(scene: Scene, width: int, height: int, random: np.random.Generator) -> Picture:
    """Draw the scene at `width` x `height` pixels; things that others hide are left out of it."""
    zoom = min(width / WIDTH, height / HEIGHT)
    sprites = {id(thing): thing.draw(zoom) for thing in scene.things}
    things = sorted(scene.things, key=lambda thing: thing.depth)
    offset = ((width - WIDTH * zoom) / 2, height - HEIGHT * zoom)
    while True:
        spots = [_spot(thing, sprites[id(thing)], zoom, offset) for thing in things]
        visible, hidden = _visible(things, sprites, spots, (width, height), zoom)
        if not hidden:
            break
        gone = hidden | {id(t) for t in things for _, o in t.links if id(o) in hidden}
        things = [thing for thing in things if id(thing) not in gone]
    image = draw_background(scene.place, scene.weather, width, height, random)
    _shadows(image, things, zoom, offset)
    for thing, spot in zip(things, spots, strict=True):
        for layer in sprites[id(thing)].layers:
            image.paste(layer.image, (spot[0] + layer.left, spot[1] + layer.top), layer.image)
    draw_weather(image, scene.weather, random)
    kept = Scene(scene.place, scene.weather, [t for t in scene.things if t in things])
    return Picture(kept, image, tuple(visible))


def _spot(
    thing: SceneThing, sprite: Sprite, zoom: float, offset: tuple[float, float]
) -> tuple[int, int]:
    x, y = thing.x * zoom + offset[0], thing.base * zoom + offset[1]
    return round(x - sprite.width / 2), round(y + 3 - sprite.height)


def _visible(
    things: list[SceneThing],
    sprites: dict[int, Sprite],
    spots: list[tuple[int, int]],
    size: tuple[int, int],
    zoom: float,
) -> tuple[list[Visible], set[int]]:
    """Return what can be seen, and the ids of things of which too little can be seen."""
    # which entry each pixel shows
    canvas = Image.new("I", size, -1)
    entries: list[tuple[SceneThing, str]] = []
    # what each would show if nothing stood before the whole thing
    whole: list[int] = []
    for thing, (x, y) in zip(things, spots, strict=True):
        own: dict[str, int] = {}
        for layer in sprites[id(thing)].layers:
            name = layer.part if layer.part in thing.parts else ""
            if name not in own:
                own[name] = len(entries)
                entries.append((thing, name))
            opaque = layer.image.getchannel("A").point(_OPAQUE, "1")
            canvas.paste(own[name], (x + layer.left, y + layer.top), opaque)
        owner = np.asarray(canvas)
        whole += [int((owner == index).sum()) for index in own.values()]
    owner = np.asarray(canvas)
    visible: list[Visible] = []
    hidden: set[int] = set()
    for index, (thing, part) in enumerate(entries):
        mine = [index]
        if not part:  # what it wears, too
            mine = [k for k, (other, _) in enumerate(entries) if other is thing]
        mask = np.isin(owner, mine)
        seen, shown = int(mask.sum()), sum(whole[k] for k in mine)
        if shown and seen >= MIN_VISIBLE * shown:
            box = _tight(mask)
            if min(box[2:]) >= MIN_SIDE * zoom:
                visible.append(Visible(thing, part, box))
                continue
        if not part:
            hidden.add(id(thing))
    return visible, hidden


def _tight(mask: np.ndarray) -> Box:
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1


def _shadows(
    image: Image.Image, things: list[SceneThing], zoom: float, offset: tuple[float, float]
) -> None:
    veil = Image.new("L", image.size, 0)
    draw = ImageDraw.Draw(veil)
    for thing in things:
        if thing.stands:
            wide = thing.size[0] * zoom * 0.46
            x, y = thing.x * zoom + offset[0], thing.base * zoom + offset[1]
            draw.ellipse((x - wide, y - 5 * zoom, x + wide, y + 3 * zoom), fill=70)
    image.paste((30, 30, 40), (0, 0), veil)
