"""`rex explain show`: a question's program, what each step returned, and a drawing of it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from itertools import cycle
from os import PathLike
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from rex.config import SCENE_GRAPH_SPLITS
from rex.drawing import COLORS, draw_boxes, side_by_side
from rex.errors import InputError
from rex.files import whole_file
from rex.gqa import operations as ops
from rex.gqa.layout import Layout
from rex.gqa.parsing import Program, parse_program
from rex.gqa.questions import ProgramError, Question, iter_questions
from rex.gqa.scene_graph_index import SceneGraphIndex
from rex.gqa.scene_graphs import SceneGraph
from rex.images import open_image
from rex.programs.errors import Skip
from rex.programs.executor import execute
from rex.programs.plain import render_plain
from rex.programs.rendering import mentioned, render_raw, render_sentence, render_tokens
from rex.programs.values import VERDICTS, Execution, Finding, Selection, Value, Verdict
from rex.programs.wording import word_statement

File = str | PathLike[str]

_WIDTH = 360
"""Of a panel, in pixels."""
_COLUMNS = 3
_CAPTION = 36
"""Height of a caption, in pixels."""
_MARGIN = 8


def find_question(path: File, question_id: str) -> Question:
    """Return one question of a file. Raises InputError when it is not there."""
    question = _question(path, question_id)
    if question is None:
        raise InputError(
            f"no question {question_id!r}", file=path, cure="give an id that the file holds"
        )
    return question


def find_in_folder(folder: File, question_id: str) -> tuple[Question, Path]:
    """Return a question of a folder in GQA's layout, and its split's file of scene graphs.

    Raises InputError when no split that has scene graphs holds it.
    """
    layout = Layout(folder)
    for split in SCENE_GRAPH_SPLITS:
        path = layout.questions(split)
        if path.is_file() and (question := _question(path, question_id)) is not None:
            return question, layout.scene_graphs(split)
    raise InputError(
        f"has no question {question_id!r} in its {' or '.join(SCENE_GRAPH_SPLITS)} split",
        file=folder,
        cure="give an id that they hold, or --questions and --scene-graphs",
    )


def _question(path: File, question_id: str) -> Question | None:
    return next((one for name, one in iter_questions(path) if name == question_id), None)


class QuestionReport:
    """What is known of one question: its program, executed, and its explanation."""

    def __init__(self, question_id: str, question: Question, scene_graphs: File) -> None:
        self.question_id, self.question = question_id, question
        try:
            self.program = parse_program(question.semantic)
        except ProgramError as error:
            raise error.in_file(None, question_id) from None
        graph = SceneGraphIndex(scene_graphs).get(question.image_id)
        if graph is None:
            raise InputError(
                f"no scene graph of image {question.image_id}, which question "
                f"{question_id} is about",
                file=scene_graphs,
                cure="give the scene graphs of the question's split",
            )
        self.graph = graph
        self.execution: Execution | None = None
        self.status = "ok"
        try:
            self.execution = execute(self.program, self.graph, question.answer or None)
        except Skip as skip:
            self.status = str(skip)

    def text(self) -> str:
        """Return the report as lines of text."""
        question = self.question
        lines = [
            f"question   {question.question}",
            f"answer     {question.answer or '(not given)'}",
            f"image      {question.image_id}",
            *program_tree(self.program, self.captions()),
            f"status     {self.status}",
        ]
        if self.execution is not None:
            lines += self._explanation(self.execution, self.graph)
        return "\n".join(lines)

    def _explanation(self, execution: Execution, graph: SceneGraph) -> list[str]:
        leaves = word_statement(execution.statement)
        entailed, answer = execution.entailed_answer, self.question.answer
        agreement = "agrees" if entailed == answer else "CONTRADICTS the answer"
        verdict = VERDICTS.get(entailed)
        named = {object_id: thing.name for object_id, thing in graph.objects.items()}
        without_regions = dict.fromkeys(named, -1)
        lines = []
        if left_out := ", ".join(execution.left_out):
            lines.append(f"left out   {left_out}  (the scene graph contradicts it)")
        return [
            *lines,
            f"entailed   {entailed or '(no answer follows)'}"
            + (f"  ({agreement})" if entailed and answer else ""),
            f"unpolished {render_plain(execution.statement)}",
            f"raw        {render_raw(leaves)}",
            f"tokens     {render_tokens(leaves, without_regions, named)}  (no regions given)",
            f"sentence   {render_sentence(leaves, verdict)}",
        ]

    def captions(self) -> list[str]:
        """Return each step with what it returned."""
        captions = []
        for index, operation in enumerate(self.program):
            caption = f"[{index}] {operation.name}: {operation.argument.strip()}".rstrip(": ")
            if self.execution is not None:
                caption += f"  ->  {describe(self.execution.values[index], self.graph)}"
            captions.append(caption)
        return captions

    def draw(self, image: Path, out: File) -> None:
        """Draw the objects of each step into copies of the image and write them as one picture.

        Boxes are scaled where the image is not of the size that the scene graph gives. Raises
        InputError when there is nothing to draw, or the image is missing or damaged.
        """
        if self.execution is None:
            raise InputError(f"not explained: {self.status}", place=f"question {self.question_id}")
        picture = open_image(image)
        height = max(round(picture.height * _WIDTH / picture.width), 1)
        picture = picture.resize((_WIDTH, height))
        steps = [_objects_of(value) for value in self.execution.values]
        # in every panel an object has the color in which the program first returned it
        drawn = dict.fromkeys(object_id for objects in steps for object_id in objects)
        colors = dict(zip(drawn, cycle(COLORS), strict=False))
        panels = [
            _panel(picture, self.graph, {one: colors[one] for one in objects}, caption)
            for objects, caption in zip(steps, self.captions(), strict=True)
        ]
        columns = 2 if len(panels) == 4 else _COLUMNS
        sheet = side_by_side(panels, columns, gap=_MARGIN)
        with whole_file(out) as temporary:
            sheet.save(temporary, "PNG")


def program_tree(program: Program, captions: list[str]) -> list[str]:
    """Return the program as a tree, the last step at the root."""
    lines: list[str] = []

    def draw(operation: ops.Operation, index: int, prefix: str, branch: str, rest: str) -> None:
        lines.append(f"{prefix}{branch}{captions[index]}")
        for place, child in enumerate(operation.dependencies):
            last = place == len(operation.dependencies) - 1
            corner, more = ("└─ ", "   ") if last else ("├─ ", "│  ")
            draw(program[child], child, prefix + rest, corner, more)

    if program:
        draw(program[-1], len(program) - 1, "", "", "")
    return lines


def describe(value: Value, graph: SceneGraph) -> str:
    """Return what a step returned, in one line."""
    if isinstance(value, Verdict):
        return "yes" if value.holds else "no"
    if isinstance(value, Finding):
        return value.answer
    if value.is_scene:
        return "the scene"
    return ", ".join(f"{graph.objects[key].name} ({key})" for key in value.objects) or "nothing"


def _objects_of(value: Value) -> tuple[str, ...]:
    """Return the objects that a step selected, or those that its statement mentions."""
    if isinstance(value, Selection):
        return value.objects
    return mentioned(word_statement(value.statement))


def _panel(
    picture: Image.Image, graph: SceneGraph, colors: Mapping[str, str], caption: str
) -> Image.Image:
    """Return a copy of the picture with a caption above, and objects in their colors."""
    across, down = picture.width / graph.width, picture.height / graph.height
    things = [graph.objects[object_id] for object_id in colors]
    boxes = []
    for thing in things:
        left, top, right, bottom = thing.box
        boxes.append((left * across, top * down, right * across, bottom * down))
    drawn = picture.copy()
    draw_boxes(drawn, boxes, [thing.name for thing in things], list(colors.values()))
    panel = Image.new("RGB", (picture.width, picture.height + _CAPTION), "white")
    draw = ImageDraw.Draw(panel)
    text = "\n".join(textwrap.wrap(caption, 52)[:2])
    draw.multiline_text((2, 0), text, fill="black", font=ImageFont.load_default(13), spacing=1)
    panel.paste(drawn, (0, _CAPTION))
    return panel
