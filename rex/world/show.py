"""Contact sheets: many images on one picture, with their annotated boxes if wanted."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

from rex.errors import InputError
from rex.files import whole_file
from rex.gqa.layout import Layout
from rex.gqa.scene_graphs import SceneGraph, iter_scene_graphs
from rex.images import open_image, side_by_side

_GAP = 6
_BOX_COLORS = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324")


def contact_sheet(
    world: Path, out: Path, *, split: str, count: int, columns: int, boxes: bool
) -> None:
    """Write a sheet of `count` images of a split, evenly spread over it, `columns` in a row.

    Raises InputError when the scene graphs or an image cannot be read.
    """
    layout = Layout(world)
    graphs = dict(iter_scene_graphs(layout.scene_graphs(split)))
    if not graphs:
        raise InputError("has no images", file=layout.scene_graphs(split), cure="make it again")
    ids = list(graphs)
    chosen = [ids[k * len(ids) // count] for k in range(min(count, len(ids)))]
    tiles = [_tile(layout.image(i), graphs[i] if boxes else None) for i in chosen]
    sheet = side_by_side(tiles, columns, gap=_GAP)
    with whole_file(out) as temporary:
        sheet.save(
            temporary, "JPEG" if out.suffix.lower() in (".jpg", ".jpeg") else "PNG", quality=90
        )


def _tile(path: Path, graph: SceneGraph | None) -> Image.Image:
    image = open_image(path)
    if graph is not None:
        draw = ImageDraw.Draw(image)
        for number, thing in enumerate(graph.objects.values()):
            color = _BOX_COLORS[number % len(_BOX_COLORS)]
            left, top, right, bottom = thing.box
            draw.rectangle((left, top, right - 1, bottom - 1), outline=color)
            draw.text((left + 2, max(top - 11, 0)), thing.name, fill=color)
    return image
