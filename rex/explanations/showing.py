"""`rex explain show`: a question's program as a tree, what each step returned, the renderings."""

from __future__ import annotations

from os import PathLike

from rex.errors import InputError
from rex.gqa.questions import Question, iter_questions
from rex.gqa.scene_graph_index import SceneGraphIndex
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.errors import ProgramError, Reason, Skip
from rex.programs.executor import execute
from rex.programs.parsing import Program, parse_program
from rex.programs.plain import render_plain
from rex.programs.rendering import render_raw, render_sentence
from rex.programs.values import Execution, Finding, Selection, Value, Verdict
from rex.programs.wording import word_statement


def find_question(path: str | PathLike[str], question_id: str) -> Question:
    """Return one question of a file. Raises InputError when it is not there."""
    for question in iter_questions(path):
        if question.question_id == question_id:
            return question
    raise InputError(
        f"no question {question_id!r}", file=path, cure="give an id that the file holds"
    )


def show_question(question: Question, scene_graphs: str | PathLike[str]) -> str:
    """Return the report on one question. Raises InputError for a malformed program."""
    lines = [f"question   {question.question}", f"answer     {question.answer or '(not given)'}"]
    lines.append(f"image      {question.image_id}")
    try:
        program = parse_program(question.semantic)
    except ProgramError as error:
        raise InputError(
            error.problem, place=f"question {question.question_id}: semantic step {error.step}"
        ) from None
    graph = SceneGraphIndex(scene_graphs).get(question.image_id)
    if graph is None:
        return "\n".join([*lines, f"status     {Reason.NO_SCENE_GRAPH.value}"])
    try:
        execution = execute(program, graph, question.answer or None)
    except Skip as skip:
        return "\n".join([*lines, *program_tree(program, graph), f"status     {skip}"])
    leaves = word_statement(execution.statement)
    entailed = execution.entailed_answer
    agreement = "agrees" if entailed == question.answer else "CONTRADICTS the answer"
    return "\n".join(
        [
            *lines,
            *program_tree(program, graph, execution),
            "status     ok",
            f"entailed   {entailed or '(no answer follows)'}  ({agreement})",
            f"unpolished {render_plain(execution.statement)}",
            f"raw        {render_raw(leaves)}",
            f"sentence   {render_sentence(leaves, {'yes': True, 'no': False}.get(entailed or ''))}",
        ]
    )


def program_tree(
    program: Program, graph: SceneGraph, execution: Execution | None = None
) -> list[str]:
    """Return the program as a tree, the last step at the root, with what each step returned."""
    lines: list[str] = []

    def draw(index: int, prefix: str, branch: str, continuation: str) -> None:
        operation = program[index]
        call = f"{operation.name}: {operation.argument.strip()}".rstrip(": ")
        returned = "" if execution is None else f"  ->  {describe(execution.values[index], graph)}"
        lines.append(f"{prefix}{branch}[{index}] {call}{returned}")
        children = operation.dependencies
        for place, child in enumerate(children):
            last = place == len(children) - 1
            draw(
                child,
                prefix + continuation,
                "└─ " if last else "├─ ",
                "   " if last else "│  ",
            )

    draw(len(program) - 1, "", "", "")
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
