"""The gallery: one HTML page of examples that works from disk, without network or other files."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from importlib import resources
from os import PathLike
from typing import TYPE_CHECKING, Any

from rex.boxes import Box, cell_box
from rex.drawing import COLORS
from rex.files import write_text
from rex.images import ImageFolder, image_or_blank
from rex.reporting.examples import Example, MethodOutput, Word
from rex.reporting.pages import html_page
from rex.tokens import is_region

if TYPE_CHECKING:
    from PIL.Image import Image

_WIDTH = 480
"""Larger images are shown in this width, in pixels."""
_QUALITY = 82
_WELL = 0.5


_Shown = dict[str, Any]
"""What `gallery.html` shows: of an example, a method, a word, a box in pixels of the image."""


def write_gallery(
    path: str | PathLike[str], examples: Sequence[Example], images: ImageFolder
) -> None:
    """Write the page, all text that comes from data escaped; images that are missing are blank.

    Raises InputError.
    """
    folder = resources.files("rex.reporting")
    page = html_page(
        "rex.reporting",
        "gallery.html",
        cards=[_card(example, images) for example in examples],
        methods=list(dict.fromkeys(o.method for example in examples for o in example.outputs)),
        operations=sorted({name for example in examples for name in example.operations}),
        style=folder.joinpath("gallery.css").read_text("utf-8"),
        script=folder.joinpath("gallery.js").read_text("utf-8"),
    )
    write_text(path, page)


def region_colors(example: Example) -> dict[int, str]:
    """Return the color of each region, the same in every explanation of the example."""
    texts = [example.words, *(output.words or () for output in example.outputs)]
    order = dict.fromkeys(word.region for text in texts for word in text if word.region is not None)
    return {region: COLORS[place % len(COLORS)] for place, region in enumerate(order)}


def _card(example: Example, images: ImageFolder) -> _Shown:
    image = image_or_blank(images.path(example.image_id), example.image_id, example.size)
    size = image.width, image.height
    colors = region_colors(example)
    panels = [
        {
            "place": place,
            "output": output,
            "verdict": {True: "right", False: "wrong", None: "none"}[output.right],
            "grounded": _grounded(output),
            **_explanation(output.words or (), example, colors, *size),
        }
        for place, output in enumerate(example.outputs)
    ]
    return {
        "example": example,
        "picture": _data_uri(image),
        "width": size[0],
        "height": size[1],
        "objects": [_shape("", box, "", name) for name, box in example.objects],
        "panels": panels,
        **_explanation(example.words, example, colors, *size),
    }


def _grounded(output: MethodOutput) -> str:
    if output.grounding is None:
        return "none"
    return "well" if output.grounding >= _WELL else "badly"


def _explanation(
    words: Sequence[Word], example: Example, colors: dict[int, str], width: int, height: int
) -> _Shown:
    """Return words, and the shapes of the picture that they point at by their keys."""
    tokens, shapes = [], {}
    for word in words:
        key = color = note = ""
        if word.region is not None:
            key, color, number = f"r{word.region}", colors[word.region], f"#{word.region}"
            # a token that is a region says what it is; a word that is linked to one, which
            name = example.names.get(word.region, "")
            note = name if is_region(word.text) else number
            shapes[key] = _shape(key, example.boxes[word.region], color, number)
        elif word.cell is not None:
            key = f"c{word.cell}"
            shapes[key] = _shape(key, cell_box(word.cell, width, height), "", "")
        tokens.append(
            {"text": word.text, "note": note, "key": key, "color": color, "gate": word.gate}
        )
    return {"tokens": tokens, "shapes": list(shapes.values())}


def _shape(key: str, box: Box, color: str, label: str) -> _Shown:
    left, top, right, bottom = (round(side, 1) for side in box)
    place = {"x": left, "y": top, "width": round(right - left, 1), "height": round(bottom - top, 1)}
    return {"key": key, "color": color, "label": label, **place}


def _data_uri(image: Image) -> str:
    """Return an image, no wider than `_WIDTH`, as a data URI."""
    shown = image
    if image.width > _WIDTH:
        shown = image.resize((_WIDTH, round(image.height * _WIDTH / image.width)))
    content = io.BytesIO()
    shown.save(content, "JPEG", quality=_QUALITY)
    text = base64.b64encode(content.getvalue()).decode("ascii")
    return f"data:image/jpeg;base64,{text}"
