"""The one record that every format is written from: a question, explained, with its boxes.

Boxes are x1, y1, x2, y2 in pixels of the original image, upright, from its top left corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import msgspec

from rex.boxes import Box
from rex.gqa.parsing import parse_program
from rex.gqa.questions import ProgramRecord
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.errors import Reason, Skip
from rex.programs.executor import execute
from rex.programs.phrases import Existence
from rex.programs.rendering import Span, render_spans
from rex.programs.values import VERDICTS, Finding, Selection, Value
from rex.programs.wording import word_statement

CONVENTION = "pixels of the upright original image: x1, y1, x2, y2"


class ExportedQuestion(ProgramRecord, frozen=True, rename="camel", gc=False):
    """What of a question is exported."""

    question: str = ""


class Naming(msgspec.Struct, frozen=True, gc=False):
    """Characters `start` to `end` of a sentence name objects."""

    start: int
    end: int
    tokens: tuple[int, int]
    """The same as blank-separated tokens, first and past the last."""
    objects: tuple[str, ...]
    """Their ids."""


class Text(msgspec.Struct, frozen=True, gc=False):
    """A sentence, and where it names objects."""

    text: str
    spans: tuple[Naming, ...] = ()


class Step(msgspec.Struct, frozen=True, gc=False):
    """What one step of the program returned."""

    operation: str
    """The atomic operation."""
    argument: str
    """GQA's argument."""
    sentence: Text
    objects: tuple[str, ...]
    """The ids of the objects that it selects, or that its statement is about."""
    value: str | None
    """`yes`, `no` or a word; None where it selects objects."""


class NamedObject(msgspec.Struct, frozen=True, gc=False):
    """An object that the explanation names."""

    id: str
    name: str
    box: Box


class Explained(msgspec.Struct, frozen=True, gc=False):
    """A question, its answer, and the explanation with all that is known of it."""

    question_id: str
    image_id: str
    width: float
    """Of the image, in pixels."""
    height: float
    question: str
    answer: str
    """GQA's."""
    entailed_answer: str | None
    """What follows from the explanation; None: no answer does."""
    operations: tuple[str, ...]
    sentence: Text
    steps: tuple[Step, ...]
    """Empty where they were not asked for."""
    objects: tuple[NamedObject, ...]
    """Those of the sentence in order of mention, then those of the steps."""
    flags: tuple[str, ...]
    """What is not clean, of `FLAGS`; empty: nothing."""
    convention: str = CONVENTION

    def boxes(self) -> dict[str, Box]:
        """Return the box of each object by its id."""
        return {shown.id: shown.box for shown in self.objects}


FLAGS = {
    "no entailed answer": "no answer follows from the explanation",
    "another answer": "the answer that follows is not GQA's",
    "box outside": "a box reaches more than a pixel past the image",
    "box without area": "a box has no area within the image",
}
"""What `--only-clean` drops, and what it means."""


def explain(
    question_id: str, asked: ExportedQuestion, graph: SceneGraph | None, *, with_steps: bool = True
) -> Explained:
    """Explain a question, with what each step of its program returned if `with_steps`.

    Raises Skip where it has no explanation, ProgramError where its program is malformed.
    """
    program = parse_program(asked.semantic)
    if graph is None:
        raise Skip(Reason.NO_SCENE_GRAPH)
    execution = execute(program, graph, asked.answer)
    leaves = word_statement(execution.statement)
    entailed = execution.entailed_answer
    sentence = spanned(*render_spans(leaves, VERDICTS.get(entailed)))
    steps = tuple(
        [
            _step(operation.atomic, operation.argument, value)
            for operation, value in zip(program, execution.values, strict=True)
        ]
        if with_steps
        else ()
    )
    named = [naming.objects for naming in sentence.spans]
    names = dict.fromkeys(chain(*named, *(step.objects for step in steps)))
    things = [(name, graph.objects[name]) for name in names]
    shown = tuple([NamedObject(name, thing.name, thing.box) for name, thing in things])
    answer = asked.answer or ""
    return Explained(
        question_id=question_id,
        image_id=asked.image_id,
        width=graph.width,
        height=graph.height,
        question=asked.question,
        answer=answer,
        entailed_answer=entailed,
        operations=tuple([operation.atomic for operation in program]),
        sentence=sentence,
        steps=steps,
        objects=shown,
        flags=_flags(answer, entailed, graph, [one.box for one in shown]),
    )


def spanned(text: str, spans: Sequence[Span]) -> Text:
    """Return a sentence with its spans counted in tokens, too."""
    namings = []
    for start, end, objects in spans:
        first = text.count(" ", 0, start)
        last = first + text.count(" ", start, end) + 1
        namings.append(Naming(start, end, (first, last), objects))
    return Text(text, tuple(namings))


def _step(operation: str, argument: str, value: Value) -> Step:
    if isinstance(value, Selection):
        if value.is_scene:
            return Step(operation, argument, Text("The whole image."), (), None)
        said = Existence(value.thing, bool(value.objects))
        text = spanned(*render_spans(word_statement(said)))
        return Step(operation, argument, text, value.objects, None)
    answer = value.answer if isinstance(value, Finding) else "yes" if value.holds else "no"
    text = spanned(*render_spans(word_statement(value.statement), VERDICTS.get(answer)))
    objects = tuple(dict.fromkeys([one for naming in text.spans for one in naming.objects]))
    return Step(operation, argument, text, objects, answer)


def _flags(
    answer: str, entailed: str | None, graph: SceneGraph, boxes: Sequence[Box]
) -> tuple[str, ...]:
    found = []
    if entailed is None:
        found.append("no entailed answer")
    elif entailed != answer:
        found.append("another answer")
    width, height = graph.width, graph.height
    if any(min(box[:2]) < -1 or box[2] > width + 1 or box[3] > height + 1 for box in boxes):
        found.append("box outside")
    if any(
        min(box[2], width) <= max(box[0], 0) or min(box[3], height) <= max(box[1], 0)
        for box in boxes
    ):
        found.append("box without area")
    return tuple(found)
