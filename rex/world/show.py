"""Contact sheets: many images on one picture, with their annotated boxes if wanted."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from rex.drawing import draw_boxes, side_by_side
from rex.errors import InputError
from rex.files import whole_file
from rex.gqa.layout import Layout
from rex.gqa.scene_graphs import SceneGraph, iter_scene_graphs
from rex.images import open_image

_GAP = 6


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
        things = graph.objects.values()
        draw_boxes(image, [thing.box for thing in things], [thing.name for thing in things])
    return image
