"""What the steps of a program return."""

from __future__ import annotations

import msgspec

from rex.programs.phrases import Statement, Thing


class Selection(msgspec.Struct, frozen=True, gc=False):
    """Objects that a step points at, and the phrase for them."""

    objects: tuple[str, ...]
    thing: Thing
    refutation: Statement | None = None
    """For an empty selection: the fact that leaves it empty ("the door is white")."""
    is_scene: bool = False
    """The whole image, rather than objects in it."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """Yes or no, and the statement that says why."""

    holds: bool
    statement: Statement


class Finding(msgspec.Struct, frozen=True, gc=False):
    """An answer other than yes or no, and the statement that gives it."""

    answer: str
    statement: Statement


Value = Selection | Verdict | Finding


class Execution(msgspec.Struct, frozen=True, gc=False):
    """A program, executed."""

    values: tuple[Value, ...]
    """What each step returned."""
    statement: Statement
    """What the explanation says."""
    entailed_answer: str | None
    """The answer that follows from the explanation; None: no answer does."""
    left_out: tuple[str, ...] = ()
    """Descriptions of the question that the boxes contradict, which the explanation leaves out."""
