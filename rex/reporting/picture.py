"""A picture of a few examples: image with boxes, question, answer, words colored to match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from rex.boxes import Box, cell_box
from rex.drawing import side_by_side
from rex.errors import InputError
from rex.files import whole_file
from rex.images import ImageFolder, image_or_blank
from rex.labels import label_places
from rex.reporting.examples import Example, MethodOutput, Word
from rex.reporting.gallery import region_colors
from rex.tokens import is_region

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

_MARGIN = 18
_INK, _DIM, _PAPER, _RIGHT, _WRONG = "#1a1a1a", "#666666", "#ffffff", "#14713a", "#b3261e"
_CELL = "#ffe9a8"


@dataclass(frozen=True)
class Shown:
    """An example, the outputs of it that are shown, and the file of its image."""

    example: Example
    outputs: Sequence[MethodOutput]
    image: Path

    @property
    def words(self) -> list[Word]:
        """Those of all explanations that are shown."""
        return [word for output in self.outputs for word in output.words or ()]


def write_picture(
    path: str | PathLike[str], examples: Sequence[Example], images: ImageFolder
) -> None:
    """Draw `examples` side by side as PNG, the outputs that explain below one another.

    Images that are missing are blank. Raises InputError when no example has an explanation with
    regions.
    """
    shown = [
        Shown(example, explaining(example), images.path(example.image_id))
        for example in examples
        if best_output(example)
    ]
    if not shown:
        raise InputError(
            "no example has an explanation that names regions",
            cure="give predictions of a method that explains",
        )
    draw(path, shown, columns=3, width=420)


def draw(
    path: str | PathLike[str], shown: Sequence[Shown], *, columns: int = 2, width: int = 560
) -> None:
    """Draw what is shown side by side as PNG, each `width` pixels wide.

    Raises InputError when an image cannot be read.
    """
    picture = side_by_side([_tile(one, width) for one in shown], columns, gap=_MARGIN)
    with whole_file(path) as temporary:
        picture.save(temporary, "PNG", optimize=True)


def explaining(example: Example) -> list[MethodOutput]:
    """Return the outputs that hold an explanation."""
    return [output for output in example.outputs if output.words]


def best_output(example: Example) -> MethodOutput | None:
    """Return the output that explains best: it names regions; is right; grounds well."""
    pointing = [
        output
        for output in explaining(example)
        if any(word.region is not None for word in output.words or ())
    ]
    return max(pointing, key=lambda o: (o.right is True, o.grounding or 0.0), default=None)


def telling_examples(examples: Sequence[Example], count: int) -> list[Example]:
    """Choose examples for a picture: right ones that say why, with several regions.

    A wrong answer is among those to the last one, where there is any. Operations differ as far as
    possible.
    """

    def merit(shown: tuple[Example, MethodOutput]) -> tuple[bool, bool, float, int]:
        example, output = shown
        words = output.words or ()
        named = {word.region for word in words if word.region is not None}
        as_true = _without_regions(words) == _without_regions(example.words)
        return (len(named) > 1, as_true, round(output.grounding or 0.0, 1), len(example.operations))

    usable = [(example, output) for example in examples if (output := best_output(example))]
    ranked = sorted(usable, key=merit, reverse=True)
    mistaken = [
        example
        for example, _ in ranked
        if any(output.right is False for output in explaining(example))
    ]
    last = mistaken[:1]
    right = [example for example, output in ranked if output.right and example not in last]
    kinds: dict[str, Example] = {}
    for example in right:
        kinds.setdefault(example.operations[-1] if example.operations else "", example)
    first = list(kinds.values())
    first += [example for example in right if example not in first]
    return [*first[: count - len(last)], *last]


def _without_regions(words: Sequence[Word]) -> list[str]:
    return [word.text if word.region is None else "#" for word in words]


@dataclass(frozen=True)
class _Piece:
    """A word to be drawn; with a `ground` it is a label of that color."""

    text: str
    color: str = _INK
    ground: str | None = None
    size: int = 19
    bold: bool = False


def _tile(shown: Shown, width: int) -> Image:
    from PIL import Image

    example = shown.example
    colors = region_colors(example)
    photo = _photo(shown, colors, width)
    lines = [[_Piece(word, size=21, bold=True) for word in example.question.split()]]
    for output in shown.outputs:
        lines += [
            [_Piece("", size=5)],  # some room between methods
            _answer(output, example),
            [_piece(word, example, colors) for word in output.words or ()],
        ]
    placed, height = _lay_out(lines, width)
    tile = Image.new("RGB", (width, photo.height + height), _PAPER)
    tile.paste(photo, (0, 0))
    _write(tile, placed, top=photo.height)
    return tile


def _answer(output: MethodOutput, example: Example) -> list[_Piece]:
    sure = "" if output.probability is None else f"({100 * output.probability:.0f} % sure)"
    correction = "" if output.right is not False else f"true answer: “{example.answer}”"
    color = {True: _RIGHT, False: _WRONG, None: _INK}[output.right]
    return [
        _Piece(f"{output.method}:", _DIM),
        *([] if output.answer is None else [_Piece(output.answer, color, bold=True)]),
        *(_Piece(word, _DIM) for word in f"{sure} {correction}".split()),
    ]


def _piece(word: Word, example: Example, colors: dict[int, str]) -> _Piece:
    if word.region is not None:
        name = example.names.get(word.region)
        text = f"{word.text} {name}" if name and is_region(word.text) else word.text
        return _Piece(text, _PAPER, colors[word.region])
    return _Piece(word.text, ground=_CELL if word.cell is not None else None)


def _lay_out(
    lines: Sequence[Sequence[_Piece]], room: int
) -> tuple[list[tuple[int, int, _Piece]], int]:
    """Return where each piece stands (left, top) in `room` pixels, and the height of all."""
    placed = []
    y = 10
    for line in lines:
        x = 0
        step = round(1.55 * max((piece.size for piece in line), default=0))
        for piece in line:
            width = round(_font(piece.size, piece.bold).getlength(piece.text))
            width += 10 if piece.ground else 0
            if x and x + width > room:
                x, y = 0, y + step
            placed.append((x, y, piece))
            x += width + round(0.32 * piece.size)
        y += step
    return placed, y + 4


def _write(tile: Image, placed: Sequence[tuple[int, int, _Piece]], *, top: int) -> None:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(tile)
    for x, y, piece in placed:
        font = _font(piece.size, piece.bold)
        if piece.ground:
            width = round(font.getlength(piece.text)) + 10
            ground = (x, top + y - 2, x + width, top + y + round(1.3 * piece.size))
            draw.rounded_rectangle(ground, radius=5, fill=piece.ground)
            x += 5
        draw.text((x, top + y), piece.text, font=font, fill=piece.color)


def _photo(shown: Shown, colors: dict[int, str], width: int) -> Image:
    """Return the image, `width` pixels wide, with the boxes that the explanations point at."""
    from PIL import ImageDraw

    example, words = shown.example, shown.words
    image = image_or_blank(shown.image, example.image_id, example.size)
    scale = width / image.width
    photo = image.resize((width, round(image.height * scale)))
    draw = ImageDraw.Draw(photo, "RGBA")
    for cell in sorted({word.cell for word in words if word.cell is not None}):
        draw.rectangle(cell_box(cell, *photo.size), fill=(255, 213, 74, 70))
    regions = list(dict.fromkeys(word.region for word in words if word.region is not None))
    boxes: list[Box] = []
    for region in regions:
        left, top, right, bottom = (scale * side for side in example.boxes[region])
        boxes.append((left, top, right, bottom))
        # a white rim, or a red box would vanish on a red car
        draw.rectangle((left - 2, top - 2, right + 2, bottom + 2), outline=_PAPER, width=8)
        draw.rectangle((left, top, right, bottom), outline=colors[region], width=4)
    # labels last: no box is drawn across one
    font = _font(16, True)
    sizes = [(font.getlength(f"#{region}") + 8, 21.0) for region in regions]
    places = label_places(boxes, sizes, photo.size)
    for region, (x, y), (across, down) in zip(regions, places, sizes, strict=True):
        draw.rectangle((x, y, x + across, y + down), fill=colors[region])
        draw.text((x + 4, y + 1), f"#{region}", font=font, fill=_PAPER)
    return photo


@cache
def _font(size: int, bold: bool) -> FreeTypeFont:
    """Return a font that every installation has: Matplotlib brings it."""
    import matplotlib
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size)
