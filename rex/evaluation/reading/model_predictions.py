"""What vision-language models answered, as predictions: tokens, and boxes in pixels."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

from rex.boxes import Box, box_sets
from rex.errors import InputError
from rex.evaluation.reading.english import English
from rex.evaluation.reading.facts import Fact
from rex.evaluation.reading.model_answers import read_model_answers
from rex.evaluation.reading.predictions import Predictions, token_regions
from rex.exchange.formats import FORMATS, Format
from rex.exchange.marked import Marked, Numbers

if TYPE_CHECKING:
    from rex.evaluation.reading.ground_truth import Questions
    from rex.gqa.scene_graphs import SceneGraph

_logger = logging.getLogger("rex.evaluation")

MOST_OUTSIDE = 0.1
"""The share of boxes that a convention may place outside their images before it is refused."""
_NOWHERE: Box = (0.0, 0.0, 0.0, 0.0)
"""The box of what cannot be one."""
_SLACK = 1.02
"""How far past the image a model's box may reach, as a share of its side."""


def read_model_predictions(
    path: str | PathLike[str],
    questions: Questions,
    graphs: Mapping[str, SceneGraph] | None,
    convention: str | None,
) -> Predictions:
    """Read a file of a model's answers; `convention` names what the numbers of its boxes mean.

    Explanations need scene graphs, which hold the images' sizes. Raises InputError when the file
    is damaged, or its numbers cannot be what the convention says.
    """
    written = None if convention is None else FORMATS[convention]
    first = written is not None and written.boxes_first
    said = read_model_answers(path, questions, boxes_first=first)
    reader = None if graphs is None else _Reader(questions, graphs, written, path)
    if reader is None and any(one.explanation for one in said.values()):
        _logger.warning("%s: explanations are left out: they need scene graphs", path)
    tokens: list[str | None] = []
    boxes: list[list[Box]] = []
    called: list[list[Fact]] = []
    for name, one in said.items():
        read = reader.read(name, one.explanation) if reader and one.explanation else None
        tokens.append(None if read is None else read[0])
        boxes.append([] if read is None else read[1])
        called.append([] if read is None else read[2])
    if reader is not None:
        reader.check()
    mute = sum(one.answer == "" for one in said.values())
    if mute:
        _logger.warning("%s: no answer could be told in %d of %d rows", path, mute, len(said))
    return Predictions(
        question_ids=list(said),
        answers=[one.answer for one in said.values()],
        explanations=tokens,
        regions=token_regions(tokens),
        boxes=box_sets(boxes),
        called=called,
    )


@dataclass
class _Reader:
    """Turns explanations into tokens and boxes, and counts what is wrong with the boxes."""

    questions: Questions
    graphs: Mapping[str, SceneGraph]
    written: Format | None
    path: str | PathLike[str]

    def __post_init__(self) -> None:
        self.english = English(self.graphs.values(), self.questions.programs)
        self.seen: list[Numbers] = []
        self.outside = self.broken = 0
        self.sides = 0.0

    def read(self, name: str, marked: Marked) -> tuple[str, list[Box], list[Fact]]:
        """Return the tokens of a question's explanation, the boxes of its `#i`, and their names.

        A box that cannot be is empty: it points nowhere.
        """
        row = self.questions.rows.get(name)
        graph = None if row is None else self.graphs.get(self.questions.image_ids[row])
        text, numbers, called = self.english.tokens(marked, graph)
        self.broken += marked.broken
        if graph is None:
            return text, [_NOWHERE] * len(numbers), called
        self.seen += numbers
        self.sides = max(self.sides, graph.width, graph.height)
        size = graph.width, graph.height
        return text, [self._pixels(one, *size) for one in numbers], called

    def _pixels(self, numbers: Numbers, width: float, height: float) -> Box:
        written = self.written
        if written is not None and fits(written, numbers, width, height):
            return written.pixels(numbers, width, height)
        self.outside += written is not None
        return _NOWHERE

    def check(self) -> None:
        """Raise InputError where the convention is missing, or cannot be; tell what is broken."""
        if not self.seen:
            return
        likely = likely_convention(self.seen, self.sides)
        if self.written is None:
            raise InputError(
                f"holds {len(self.seen)} boxes, and nothing says what their numbers mean",
                file=self.path,
                cure=f"give --format; {likely} would fit, others may",
            )
        tiny = (self.written.largest or 2) > 1 and all(max(one) <= 1 for one in self.seen)
        if tiny or self.outside > MOST_OUTSIDE * len(self.seen):
            raise InputError(
                f"{len(self.seen) if tiny else self.outside} of {len(self.seen)} boxes cannot be "
                f"{self.written.name}'s ({self.written.summary})",
                file=self.path,
                cure=f"give another --format: {likely} is likely",
            )
        if self.outside or self.broken:
            message = "%s: %d of %d boxes lie outside the image, %d are broken off: none counts"
            _logger.warning(message, self.path, self.outside, len(self.seen), self.broken)


def fits(written: Format, numbers: Numbers, width: float, height: float) -> bool:
    """Return whether numbers can be a box of the convention in an image of this size."""
    if len(numbers) != (2 if written.grid else 4) or min(numbers) < 0:
        return False
    if written.largest is not None:
        return max(numbers) <= written.largest
    left, top, right, bottom = written.pixels(numbers, width, height)
    return max(left, right) <= width * _SLACK and max(top, bottom) <= height * _SLACK


def likely_convention(boxes: Iterable[Numbers], side: float) -> str:
    """Return the convention that boxes, in images of at most this side, look like."""
    some: Sequence[Numbers] = list(boxes)
    if any(len(one) == 2 for one in some):
        return "kosmos2"
    largest = max(max(one) for one in some)
    if largest <= 1:
        return "llava (or shikra)"
    if side < largest <= 1000:
        return "qwen3-vl"
    return "pixels (or qwen2.5-vl, where images were resized)"
