"""How vision-language models write boxes: one table, a writer and the numbers of a box back.

Sources are named in docs/vlm.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line's choices stand here: nothing slow is imported
    from rex.boxes import Box
    from rex.exchange.record import Text

TEMPLATES = ("answer", "answer-explanation", "explanation-answer", "steps")
"""What a model is asked and is to say (`rex.exchange.templates`)."""

LAYOUTS = (
    "records",
    "parquet",
    "conversations",
    "qwen-vl",
    "messages",
    "llama-factory",
    "trl",
    "swift",
    "visual-cot",
)
"""How files are laid out (`rex.exchange.layouts`)."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """A convention: what the numbers of a box mean, and how box and phrase stand in text."""

    name: str
    summary: str
    space: str = "image"
    """What numbers are relative to: `image`; `square`, the image padded to a square, the shorter
    side in the middle; `resized`, pixels of the image as Qwen2.5-VL resizes it; `pixels`."""
    scale: float = 1
    """The number that stands for the whole side (of no meaning for pixels)."""
    bins: int | None = None
    """Numbers are whole and below this; None: they reach `scale`."""
    centred: bool = False
    """A number is the bin, and means its centre; else the edge that is nearest."""
    number: str = "d"
    """How a number is written, as `format` takes it; with decimals for `.3f`."""
    box: str = "[{}, {}, {}, {}]"
    between: str = " "
    """Between the boxes of one phrase."""
    phrase: str = "{phrase} {boxes}"
    order: tuple[int, int, int, int] = (0, 1, 2, 3)
    """Which number (left, top, right, bottom) is written first, second, …"""
    grid: int = 0
    """Cells a side, where a box is written as its first and its last cell (Kosmos-2)."""
    prompt: str = "{}"
    """What is put around a question so that the answer has boxes."""
    layout: str = "conversations"
    """How files are laid out, unless another of `LAYOUTS` is chosen."""

    @property
    def boxes_first(self) -> bool:
        """Whether the boxes of a phrase stand before it."""
        return self.phrase.startswith("{boxes}")

    @property
    def largest(self) -> float | None:
        """The largest number there can be; None: the image says."""
        if self.space in ("pixels", "resized"):
            return None
        return self.scale if self.bins is None else self.bins - 1

    def numbers(self, box: Box, width: float, height: float) -> tuple[float, ...]:
        """Return what is written of a box in pixels, cut at the edges of an image of this size."""
        left, top, right, bottom = box
        left, right = (min(max(edge, 0.0), width) for edge in (left, right))
        top, bottom = (min(max(edge, 0.0), height) for edge in (top, bottom))
        if self.grid:
            return _cells(left / width, top / height, right / width, bottom / height, self.grid)
        across, down, aside, above = self._transform(width, height)
        values = (
            left * across + aside,
            top * down + above,
            right * across + aside,
            bottom * down + above,
        )
        if self.number.endswith("f"):
            return tuple([values[place] for place in self.order])
        shift, last = 0.0 if self.centred else 0.5, self.largest
        whole = [math.floor(value + shift) for value in values]
        if last is not None:
            whole = [min(number, int(last)) for number in whole]
        return tuple([whole[place] for place in self.order])

    def pixels(self, numbers: Sequence[float], width: float, height: float) -> Box:
        """Return the box in pixels that numbers mean, as `numbers` gives them."""
        if self.grid:
            left, top, right, bottom = _from_cells(int(numbers[0]), int(numbers[1]), self.grid)
            return (left * width, top * height, right * width, bottom * height)
        across, down, aside, above = self._transform(width, height)
        values = [0.0] * 4
        for place, number in zip(self.order, numbers, strict=True):
            values[place] = number + 0.5 if self.centred else number
        return (
            (values[0] - aside) / across,
            (values[1] - above) / down,
            (values[2] - aside) / across,
            (values[3] - above) / down,
        )

    def _transform(self, width: float, height: float) -> tuple[float, float, float, float]:
        """Return the factors of x and y in pixels, and what is added to the products."""
        if self.space == "pixels":
            return 1.0, 1.0, 0.0, 0.0
        if self.space == "resized":
            down, across = smart_resize(height, width)
            return across / width, down / height, 0.0, 0.0
        if self.space == "square":
            side = max(width, height)
            factor = self.scale / side
            aside, above = (side - width) // 2 * factor, (side - height) // 2 * factor
            return factor, factor, aside, above
        return self.scale / width, self.scale / height, 0.0, 0.0

    def text(self, said: Text, boxes: Mapping[str, Box], width: float, height: float) -> str:
        """Return a sentence with the boxes, in pixels by object id, of the objects it names."""
        parts, position = [], 0
        for naming in said.spans:
            written = self.between.join(
                [self._box(boxes[one], width, height) for one in naming.objects]
            )
            phrase = said.text[naming.start : naming.end]
            parts.append(said.text[position : naming.start])
            parts.append(self.phrase.format(phrase=phrase, boxes=written))
            position = naming.end
        return "".join([*parts, said.text[position:]])

    def _box(self, box: Box, width: float, height: float) -> str:
        numbers = [format(number, self.number) for number in self.numbers(box, width, height)]
        return self.box.format(*numbers)


def _cells(left: float, top: float, right: float, bottom: float, grid: int) -> tuple[int, int]:
    """Return the first and the last cell, row by row from 0, of a box in shares of the sides."""
    column, row = (min(int(edge * grid), grid - 1) for edge in (left, top))
    last_column = max(math.ceil(right * grid - 1), column)
    last_row = max(math.ceil(bottom * grid - 1), row)
    return row * grid + column, last_row * grid + last_column


def _from_cells(first: int, last: int, grid: int) -> Box:
    """Return the box, in shares of the sides: cells' centres; edges where they share a line."""
    top, left = divmod(first, grid)
    bottom, right = divmod(last, grid)
    shared = left == right or top == bottom
    inset, outset = (0.0, 1.0) if shared else (0.5, 0.5)
    return (
        (left + inset) / grid,
        (top + inset) / grid,
        (right + outset) / grid,
        (bottom + outset) / grid,
    )


def smart_resize(
    height: float,
    width: float,
    *,
    factor: int = 28,
    smallest: int = 56 * 56,
    largest: int = 16384 * 28 * 28,
) -> tuple[int, int]:
    """Return the height and width that Qwen2-VL and Qwen2.5-VL give an image, in pixels.

    Sides are multiples of `factor`; the area is kept within `smallest` and `largest` pixels.
    """
    down, across = (max(factor, round(side / factor) * factor) for side in (height, width))
    if down * across > largest:
        shrink = math.sqrt(height * width / largest)
        down = max(factor, math.floor(height / shrink / factor) * factor)
        across = max(factor, math.floor(width / shrink / factor) * factor)
    elif down * across < smallest:
        grow = math.sqrt(smallest / (height * width))
        down = math.ceil(height * grow / factor) * factor
        across = math.ceil(width * grow / factor) * factor
    return down, across


_JSON_BOX = '{{"bbox_2d": [{}, {}, {}, {}]}}'
_QWEN2 = "<|object_ref_start|>{phrase}<|object_ref_end|>{boxes}"

FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format(
            name="jsonl",
            summary="the record itself, boxes in pixels of the original image",
            space="pixels",
            number=".2f",
            layout="records",
        ),
        Format(
            name="datasets",
            summary="the record as Parquet, with a card, for the library datasets",
            space="pixels",
            number=".2f",
            layout="parquet",
        ),
        Format(
            name="pixels",
            summary="whole pixels of the original image",
            space="pixels",
            layout="messages",
        ),
        Format(
            name="swift",
            summary="ms-swift: `<ref-object><bbox>` and lists; its trainer writes the boxes",
            space="pixels",
            number=".2f",
            box="<bbox>",
            between="",
            phrase="<ref-object>{boxes}",
            layout="swift",
        ),
        Format(
            name="llava",
            summary="LLaVA-1.5: 0 to 1 of the image padded to a square",
            space="square",
            number=".2f",
        ),
        Format(
            name="visual-cot",
            summary="Visual CoT: pixels, one box that holds all objects, in metadata lines",
            space="square",
            number=".3f",
            layout="visual-cot",
        ),
        Format(
            name="shikra",
            summary="Shikra: 0 to 1 of the image padded to a square",
            space="square",
            number=".3f",
            box="{},{},{},{}",
            between=";",
            phrase="{phrase}[{boxes}]",
        ),
        Format(
            name="qwen-vl",
            summary="Qwen-VL: 0 to 999 thousandths",
            scale=1000,
            bins=1000,
            box="<box>({},{}),({},{})</box>",
            between="",
            phrase="<ref>{phrase}</ref>{boxes}",
            layout="qwen-vl",
        ),
        Format(
            name="qwen2-vl",
            summary="Qwen2-VL: 0 to 1000 thousandths",
            scale=1000,
            box="<|box_start|>({},{}),({},{})<|box_end|>",
            between="",
            phrase=_QWEN2,
            layout="messages",
        ),
        Format(
            name="qwen2.5-vl",
            summary="Qwen2.5-VL: pixels of the image after its resize",
            space="resized",
            box=_JSON_BOX,
            layout="messages",
        ),
        Format(
            name="qwen3-vl",
            summary="Qwen3-VL: 0 to 1000 thousandths",
            scale=1000,
            box=_JSON_BOX,
            layout="messages",
        ),
        Format(
            name="internvl",
            summary="InternVL 1.5 to 2.5: 0 to 1000 thousandths",
            scale=1000,
            between=", ",
            phrase="<ref>{phrase}</ref><box>[{boxes}]</box>",
        ),
        Format(
            name="deepseek-vl2",
            summary="DeepSeek-VL2: 0 to 999",
            scale=999,
            between=", ",
            phrase="<|ref|>{phrase}<|/ref|><|det|>[{boxes}]<|/det|>",
            prompt="<|grounding|>{}",
        ),
        Format(
            name="kosmos2",
            summary="Kosmos-2: first and last cell of a grid of 32 x 32",
            grid=32,
            scale=1023,
            number="04d",
            box="<patch_index_{}><patch_index_{}>",
            between="</delimiter_of_multi_objects/>",
            phrase="<phrase>{phrase}</phrase><object>{boxes}</object>",
            prompt="<grounding>{}",
        ),
        Format(
            name="florence2",
            summary="Florence-2: 1000 bins, centres",
            scale=1000,
            bins=1000,
            centred=True,
            box="<loc_{}><loc_{}><loc_{}><loc_{}>",
            between="",
            phrase="{phrase}{boxes}",
        ),
        Format(
            name="paligemma",
            summary="PaliGemma: 1024 bins, top first, before the phrase",
            scale=1024,
            bins=1024,
            number="04d",
            box="<loc{}><loc{}><loc{}><loc{}>",
            between=" ",
            phrase="{boxes} {phrase}",
            order=(1, 0, 3, 2),
        ),
    )
}
"""By name."""
