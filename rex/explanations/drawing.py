"""Drawing a question's program: one panel a step, with the objects that it returned."""

from __future__ import annotations

import textwrap
from os import PathLike
from typing import TYPE_CHECKING

from rex.errors import InputError
from rex.files import whole_file
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.parsing import Program
from rex.programs.rendering import mentioned
from rex.programs.values import Execution, Selection, Value
from rex.programs.wording import word_statement

if TYPE_CHECKING:
    from PIL.Image import Image

_WIDTH = 360
"""Of a panel, in pixels."""
_COLUMNS = 3
_CAPTION = 36
"""Height of a caption, in pixels."""
_LABEL = 17
"""Height of an object's name, in pixels."""
_MARGIN = 8
_COLORS = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324")
"""Of objects, in the order in which the program first returns them; the same in every panel."""


def draw_program(
    image: str | PathLike[str],
    out: str | PathLike[str],
    program: Program,
    graph: SceneGraph,
    execution: Execution,
    captions: list[str],
) -> None:
    """Draw the objects of each step into copies of the image and write them as one picture.

    Boxes are scaled where the image is not of the size that the scene graph gives. Raises
    InputError when the image is missing or damaged.
    """
    from PIL import Image

    picture = _open(image)
    height = max(round(picture.height * _WIDTH / picture.width), 1)
    picture = picture.resize((_WIDTH, height))
    columns = 2 if len(program) == 4 else min(_COLUMNS, len(program))
    rows = -(-len(program) // columns)
    cell = (_WIDTH + _MARGIN, height + _CAPTION + _MARGIN)
    sheet = Image.new("RGB", (columns * cell[0] + _MARGIN, rows * cell[1] + _MARGIN), "white")
    colors = _object_colors(execution)
    for index, caption in enumerate(captions):
        objects = _objects_of(execution.values[index])
        panel = _panel(picture, graph, objects, colors, caption)
        row, column = divmod(index, columns)
        sheet.paste(panel, (column * cell[0] + _MARGIN, row * cell[1] + _MARGIN))
    with whole_file(out) as temporary:
        sheet.save(temporary, "PNG")


def _open(image: str | PathLike[str]) -> Image:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(image) as file:
            return file.convert("RGB")
    except FileNotFoundError:
        raise InputError("no such file", file=image, cure="check the path") from None
    except (UnidentifiedImageError, OSError) as error:
        raise InputError(
            f"not a whole image ({error})", file=image, cure="fetch or make it again"
        ) from None


def _objects_of(value: Value) -> tuple[str, ...]:
    """Return the objects that a step selected, or those that its statement mentions."""
    if isinstance(value, Selection):
        return value.objects
    return mentioned(word_statement(value.statement))


def _object_colors(execution: Execution) -> dict[str, str]:
    objects = dict.fromkeys(one for value in execution.values for one in _objects_of(value))
    return {one: _COLORS[place % len(_COLORS)] for place, one in enumerate(objects)}


def _panel(
    picture: Image,
    graph: SceneGraph,
    objects: tuple[str, ...],
    colors: dict[str, str],
    caption: str,
) -> Image:
    from PIL import Image, ImageDraw, ImageFont

    panel = Image.new("RGB", (picture.width, picture.height + _CAPTION), "white")
    panel.paste(picture, (0, _CAPTION))
    draw = ImageDraw.Draw(panel)
    font = ImageFont.load_default(13)
    text = "\n".join(textwrap.wrap(caption, 52)[:2])
    draw.multiline_text((2, 0), text, fill="black", font=font, spacing=1)
    across, down = picture.width / graph.width, picture.height / graph.height
    for object_id in objects:
        left, top, right, bottom = graph.objects[object_id].box
        corners = (
            left * across,
            top * down + _CAPTION,
            max(right * across - 1, left * across),
            max(bottom * down - 1, top * down) + _CAPTION,
        )
        draw.rectangle(corners, outline=colors[object_id], width=3)
        label = graph.objects[object_id].name
        # above the box where there is room, so that small objects stay visible
        above = corners[1] - _LABEL
        top_of_label = above if above >= _CAPTION else max(corners[1], _CAPTION) + 3
        place = (max(min(corners[0], picture.width - 40), 0) + 3, top_of_label)
        around = draw.textbbox(place, label, font=font)
        draw.rectangle(
            (around[0] - 2, around[1] - 1, around[2] + 2, around[3] + 1), colors[object_id]
        )
        draw.text(place, label, fill="white", font=font)
    return panel
