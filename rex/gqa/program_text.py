"""A question's program as text of few words, for models that write programs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rex.gqa.operations import checked_steps, split_objects
from rex.gqa.questions import ProgramError, SemanticStep, steps_of_text

_PARTS = re.compile(r"[,|]|[^\s,|]+")
_JOINTS = re.compile(r" ?([,|]) ?")


def program_text(semantic: Sequence[SemanticStep]) -> str:
    """Return a program as in GQA's `semanticStr`, without object ids, a blank between all tokens.

    E.g. `select : dog -> relate : boy , holding , s [0] -> query : name [1]`: which objects a step
    selects is what the image says, not the question. What `choose` offers is sorted: in which order
    GQA has it, the question does not say either.
    """
    return " -> ".join(" ".join(_step_tokens(step)) for step in semantic)


def _step_tokens(step: SemanticStep) -> list[str]:
    said, _ = split_objects(step.argument)
    said = ",".join("|".join(sorted(part.split("|"))) for part in said.split(","))
    taken = [f"[{number}]" for number in step.dependencies]
    return [*step.operation.split(), ":", *_PARTS.findall(said), *taken]


def written_steps(text: str) -> tuple[SemanticStep, ...]:
    """Return the steps of a program that a model wrote so; none where it is malformed."""
    try:
        steps = steps_of_text(_JOINTS.sub(r"\1", text).replace("] [", ","))
        checked_steps(steps)
    except ProgramError:
        return ()
    return steps
