"""`rex explain show`: a question's program as a tree, what each step returned, the renderings."""

from __future__ import annotations

from os import PathLike

from rex.errors import InputError
from rex.explanations.drawing import draw_program
from rex.gqa.questions import Question, iter_questions
from rex.gqa.scene_graph_index import SceneGraphIndex
from rex.gqa.scene_graphs import SceneGraph
from rex.programs import operations as ops
from rex.programs.errors import ProgramError, Skip
from rex.programs.executor import execute
from rex.programs.parsing import Program, parse_program
from rex.programs.plain import render_plain
from rex.programs.rendering import render_raw, render_sentence, render_tokens
from rex.programs.values import Execution, Finding, Selection, Value, Verdict
from rex.programs.wording import word_statement

File = str | PathLike[str]


def find_question(path: File, question_id: str) -> Question:
    """Return one question of a file. Raises InputError when it is not there."""
    for question in iter_questions(path):
        if question.question_id == question_id:
            return question
    raise InputError(
        f"no question {question_id!r}", file=path, cure="give an id that the file holds"
    )


class Report:
    """What is known of one question: its program, executed, and its explanation."""

    def __init__(self, question: Question, scene_graphs: File) -> None:
        self.question = question
        try:
            self.program = parse_program(question.semantic)
        except ProgramError as error:
            raise InputError(
                error.problem, place=f"question {question.question_id}: semantic step {error.step}"
            ) from None
        graph = SceneGraphIndex(scene_graphs).get(question.image_id)
        if graph is None:
            raise InputError(
                f"no scene graph of image {question.image_id}, which question "
                f"{question.question_id} is about",
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
        verdict = {"yes": True, "no": False}.get(entailed or "")
        named = {object_id: thing.name for object_id, thing in graph.objects.items()}
        without_regions = dict.fromkeys(named, -1)
        return [
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

    def draw(self, image: File, out: File) -> None:
        """Draw the objects of each step. Raises InputError when there is nothing to draw."""
        if self.execution is None:
            raise InputError(
                f"not explained: {self.status}", place=f"question {self.question.question_id}"
            )
        draw_program(image, out, self.program, self.graph, self.execution, self.captions())


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
    return _describe_selection(value, graph)


def _describe_selection(value: Selection, graph: SceneGraph) -> str:
    if value.is_scene:
        return "the scene"
    if not value.objects:
        return "nothing"
    return ", ".join(
        f"{graph.objects[object_id].name} ({object_id})" for object_id in value.objects
    )
