"""A question before the choice: what GQA's question records are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rex.world.questions.phrase import Part

Step = tuple[str, str, tuple[int, ...]]
"""Operation, argument and dependencies of one step of a program."""

Fact = tuple[str, str]
"""What a question is about: object id (or `scene`) and category."""


@dataclass(frozen=True)
class Candidate:
    """A question that could be asked about an image, with its program and answer."""

    steps: tuple[Step, ...]
    question: tuple[Part, ...]
    answer: str
    full_answer: tuple[Part, ...]
    structural: str
    semantic: str
    detailed: str
    global_group: str | None
    local_group: str
    fact: Fact
    """Open questions entail the closed ones about the same fact."""
    answer_object: str | None = None

    @property
    def family(self) -> str:
        """The quota that the question counts to."""
        return f"{self.structural}/{self.semantic}"


def semantic_string(steps: Sequence[Step]) -> str:
    """Return a program in GQA's text form (`select: car (12)->query: color [0]`)."""
    shown = []
    for operation, argument, dependencies in steps:
        tail = f" {list(dependencies)}" if dependencies else ""
        scene = operation == "select" and argument == "scene"
        shown.append(f"{operation}: {argument}{tail}" if not scene else "select: scene")
    return "->".join(shown)


def operation_name(verb: str, category: str) -> str:
    """Return GQA's operation name (`filter`, `color`: `filter color`)."""
    return f"{verb} {category}" if category else verb
