"""GQA's questions, with the programs that answer them, and their JSON shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from os import PathLike

import msgspec
from msgspec.structs import force_setattr

from rex.errors import InputError
from rex.gqa.json_entries import iter_entries

QUESTION_CURE = "expected GQA's question format (docs/data.md)"
_PROGRAM_CURE = "correct the program; docs/programs.md lists the operations"

_TEXT_STEP = re.compile(r"([^:]+):(.*?)(?:\[([\d\s,]*)\])?\Z", re.DOTALL)


class SemanticStep(msgspec.Struct, frozen=True, gc=False):
    """One step of a question's program, as GQA writes it."""

    operation: str
    """GQA's operation name, e.g. `filter color`."""
    argument: str
    """Its argument, e.g. `person,wearing,s (1984147)`."""
    dependencies: tuple[int, ...]
    """The earlier steps (from 0) whose results it takes."""


class ProgramError(ValueError):
    """A program that is malformed at a step (from 0)."""

    def __init__(self, step: int, problem: str) -> None:
        self.step = step
        self.problem = problem
        super().__init__(f"semantic step {step}: {problem}")

    def in_file(self, file: str | PathLike[str] | None, question_id: str) -> InputError:
        """Return the error that names the file, if there is one, and the question, too."""
        place = f"question {question_id}: semantic step {self.step}"
        return InputError(self.problem, file=file, place=place, cure=_PROGRAM_CURE)


def steps_of_text(text: str) -> tuple[SemanticStep, ...]:
    """Return the steps of a program as text, e.g. `select: dog (12)->exist: ? [0]`.

    Raises ProgramError for a step that is not `operation: argument`.
    """
    steps = []
    for index, part in enumerate(text.split("->")):
        matched = _TEXT_STEP.match(part.strip())
        if matched is None:
            raise ProgramError(index, f"{part.strip()!r} is not `operation: argument [steps]`")
        operation, argument, numbers = matched[1].rstrip(), matched[2], matched[3] or ""
        if operation == "select":
            # nothing comes before a selection: brackets hold its object ids
            argument, numbers = (f"{argument.rstrip()} ({numbers})" if numbers else argument), ""
        try:
            dependencies = tuple([int(number) for number in numbers.split(",") if number.strip()])
        except ValueError:
            raise ProgramError(index, f"[{numbers}] are not the numbers of steps") from None
        steps.append(SemanticStep(operation, argument.strip(), dependencies))
    return tuple(steps)


class Types(msgspec.Struct, frozen=True, gc=False):
    """A question's field `types`."""

    structural: str | None = None
    """`query`, `verify`, `choose`, `logical` or `compare`."""
    semantic: str | None = None
    """`obj`, `attr`, `cat`, `rel` or `global`."""
    detailed: str | None = None
    """The question's template."""


class Groups(msgspec.Struct, frozen=True, rename={"global_": "global"}):
    """A question's field `groups`."""

    global_: str | None = None
    """The class of answers it belongs to."""
    local: str | None = None
    """The context that answers are balanced in, and rare in, for GQA-OOD."""


class ProgramRecord(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """What of a question an explanation is made from; the other fields are passed over."""

    image_id: str
    semantic: tuple[SemanticStep, ...] = ()
    """Read from `semantic_str` where the file has the text alone."""
    semantic_str: str | None = None
    answer: str | None = None
    """None where GQA publishes no answer (test and challenge)."""

    def __post_init__(self) -> None:
        if self.semantic_str and not self.semantic:
            force_setattr(self, "semantic", steps_of_text(self.semantic_str))


class Question(ProgramRecord, frozen=True, rename="camel", kw_only=True):
    """What is read of a question about an image."""

    question: str
    types: Types = Types()
    groups: Groups = Groups()
    entailed: tuple[str, ...] = ()
    """Questions whose answers follow from this one's."""


def iter_questions(path: str | PathLike[str]) -> Iterator[tuple[str, Question]]:
    """Yield (question id, question) of a GQA file in its order, a part of it in memory at a time.

    Raises InputError, naming the question and the field, when the file is missing, truncated or
    not in GQA's format.
    """
    yield from iter_entries(path, Question, entry="question", cure=QUESTION_CURE)


def read_questions(path: str | PathLike[str]) -> dict[str, Question]:
    """Read all questions of a GQA file: question id to question. Raises InputError."""
    return dict(iter_questions(path))
