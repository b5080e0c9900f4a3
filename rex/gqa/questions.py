"""GQA's questions, with the programs that answer them, and their JSON shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike

import msgspec
from msgspec.structs import force_setattr

from rex.errors import InputError
from rex.gqa.json_entries import iter_entries

QUESTION_CURE = "expected GQA's question format (docs/data.md)"
PROGRAM_CURE = "correct the program; docs/programs.md lists the operations"

_TEXT_STEP = re.compile(r"\s*([^:]+?)\s*:(.*?)(?:\[([\d\s,]*)\])?\s*\Z", re.DOTALL)


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

    def in_file(self, file: str | PathLike[str], question_id: str) -> InputError:
        """Return the error that names the file and the question, too."""
        place = f"question {question_id}: semantic step {self.step}"
        return InputError(self.problem, file=file, place=place, cure=PROGRAM_CURE)


def steps_of_text(text: str) -> tuple[SemanticStep, ...]:
    """Return the steps of a program as text, e.g. `select: dog (12)->exist: ? [0]`.

    Raises ProgramError for a step that is not `operation: argument`.
    """
    steps = []
    for index, part in enumerate(text.split("->")):
        matched = _TEXT_STEP.match(part)
        if matched is None:
            raise ProgramError(index, f"{part.strip()!r} is not `operation: argument [steps]`")
        operation, argument, numbers = matched.groups()
        numbers = numbers or ""
        if operation == "select":
            # nothing comes before a selection: brackets hold its object ids
            argument, numbers = (f"{argument.rstrip()} ({numbers})" if numbers else argument), ""
        dependencies = tuple(int(number) for number in numbers.split(",") if number.strip())
        steps.append(SemanticStep(operation, argument.strip(), dependencies))
    return tuple(steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about an image (GQA 1.2 names in parentheses where they differ)."""

    question_id: str
    image_id: str
    """(imageId)"""
    question: str
    answer: str = ""
    """Empty where GQA publishes no answer (test and challenge)."""
    full_answer: str = ""
    """A sentence (fullAnswer)."""
    semantic: tuple[SemanticStep, ...] = ()
    semantic_str: str = ""
    """The program as text (semanticStr); read where there is no list."""
    structural: str = ""
    """`query`, `verify`, `choose`, `logical` or `compare` (types.structural)."""
    semantic_type: str = ""
    """`obj`, `attr`, `cat`, `rel` or `global` (types.semantic)."""
    detailed: str = ""
    """The question's template (types.detailed)."""
    group_global: str | None = None
    """The class of answers it belongs to (groups.global)."""
    group_local: str | None = None
    """The context that answers are balanced in, and rare in, for GQA-OOD (groups.local)."""
    entailed: tuple[str, ...] = ()
    """Questions whose answers follow from this one's."""
    equivalent: tuple[str, ...] = ()
    is_balanced: bool = True
    """(isBalanced)"""
    question_objects: Mapping[str, str] = field(default_factory=dict)
    """Word span (`4` or `2:4`) of the question to object id (annotations.question)."""
    answer_objects: Mapping[str, str] = field(default_factory=dict)
    """The same for the answer (annotations.answer)."""
    full_answer_objects: Mapping[str, str] = field(default_factory=dict)
    """The same for the full answer (annotations.fullAnswer)."""


class Types(msgspec.Struct, frozen=True):
    """A question's field `types`."""

    structural: str | None = None
    semantic: str | None = None
    detailed: str | None = None


class Groups(msgspec.Struct, frozen=True, rename={"global_": "global"}):
    """A question's field `groups`."""

    global_: str | None = None
    local: str | None = None


class Annotations(msgspec.Struct, frozen=True, rename="camel"):
    """A question's field `annotations`: word span to object id."""

    question: dict[str, str] = {}
    answer: dict[str, str] = {}
    full_answer: dict[str, str] = {}


class ProgramRecord(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """What of a question an explanation is made from; the other fields are passed over."""

    image_id: str
    semantic: tuple[SemanticStep, ...] = ()
    """Read from `semantic_str` where the file has the text alone."""
    semantic_str: str | None = None
    answer: str | None = None

    def __post_init__(self) -> None:
        if self.semantic_str and not self.semantic:
            force_setattr(self, "semantic", steps_of_text(self.semantic_str))


class QuestionRecord(ProgramRecord, frozen=True, rename="camel", kw_only=True):
    """A question as it stands in the file."""

    question: str
    full_answer: str | None = None
    types: Types = Types()
    groups: Groups = Groups()
    entailed: tuple[str, ...] = ()
    equivalent: tuple[str, ...] = ()
    is_balanced: bool = True
    annotations: Annotations = Annotations()


def iter_question_records(path: str | PathLike[str]) -> Iterator[tuple[str, QuestionRecord]]:
    """Yield (question id, record) in the order of the file. Raises InputError."""
    yield from iter_entries(path, QuestionRecord, entry="question", cure=QUESTION_CURE)


def iter_questions(path: str | PathLike[str]) -> Iterator[Question]:
    """Yield the questions of a GQA file in its order, holding only a part of it in memory.

    Raises InputError, naming the question and the field, when the file is missing, truncated or
    not in GQA's format.
    """
    for question_id, record in iter_question_records(path):
        yield _question(question_id, record)


def read_questions(path: str | PathLike[str]) -> dict[str, Question]:
    """Read all questions of a GQA file: question id to question. Raises InputError."""
    return {question.question_id: question for question in iter_questions(path)}


def _question(question_id: str, record: QuestionRecord) -> Question:
    return Question(
        question_id=question_id,
        image_id=record.image_id,
        question=record.question,
        answer=record.answer or "",
        full_answer=record.full_answer or "",
        semantic=record.semantic,
        semantic_str=record.semantic_str or "",
        structural=record.types.structural or "",
        semantic_type=record.types.semantic or "",
        detailed=record.types.detailed or "",
        group_global=record.groups.global_,
        group_local=record.groups.local,
        entailed=record.entailed,
        equivalent=record.equivalent,
        is_balanced=record.is_balanced,
        question_objects=record.annotations.question,
        answer_objects=record.annotations.answer,
        full_answer_objects=record.annotations.full_answer,
    )
