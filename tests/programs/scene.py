"""A small scene, worked by hand, and short ways to write programs on it."""

from __future__ import annotations

from rex.gqa.parsing import Program, parse_program, parse_program_text
from rex.gqa.questions import SemanticStep
from rex.gqa.scene_graphs import Relation, SceneGraph, SceneObject
from rex.programs.executor import execute
from rex.programs.rendering import render_raw, render_sentence
from rex.programs.values import Execution
from rex.programs.wording import word_statement

SCENE = SceneGraph(
    width=100,
    height=100,
    location="street",
    weather="cloudy",
    objects={
        "1": SceneObject(
            "man",
            *(10, 40, 20, 50),
            attributes=("old", "standing"),
            relations=(Relation("wearing", "2"), Relation("to the left of", "3")),
        ),
        "2": SceneObject("shirt", *(12, 50, 10, 20), attributes=("white", "striped")),
        "3": SceneObject(
            "dog",
            *(60, 60, 20, 20),
            attributes=("brown", "small", "running"),
            relations=(Relation("to the right of", "1"), Relation("near", "4")),
        ),
        "4": SceneObject("ball", *(85, 80, 5, 5), attributes=("red", "round", "small")),
        "5": SceneObject("cat", *(50, 70, 10, 10), attributes=("white", "small", "sitting")),
        "6": SceneObject("girl", *(70, 10, 10, 40), attributes=("young",)),
        "7": SceneObject("clouds", *(0, 0, 100, 20), attributes=("gray",)),
        "8": SceneObject("door", *(40, 30, 10, 50), attributes=("wood", "red", "white")),
    },
)


def program(text: str) -> Program:
    """Parse GQA's text form."""
    return parse_program_text(text)


def steps(*semantic: tuple[str, str, tuple[int, ...]]) -> Program:
    """Parse a list of (operation, argument, dependencies)."""
    return parse_program([SemanticStep(*step) for step in semantic])


def run(text: str, answer: str | None = None, scene: SceneGraph = SCENE) -> Execution:
    """Execute a program in GQA's text form."""
    return execute(program(text), scene, answer)


def raw(text: str, answer: str | None = None, scene: SceneGraph = SCENE) -> str:
    """Return the raw explanation of a program."""
    return render_raw(word_statement(run(text, answer, scene).statement))


def sentence(text: str, answer: str | None = None, scene: SceneGraph = SCENE) -> str:
    """Return the readable explanation of a program."""
    execution = run(text, answer, scene)
    verdict = {"yes": True, "no": False}.get(execution.entailed_answer or "")
    return render_sentence(word_statement(execution.statement), verdict)
