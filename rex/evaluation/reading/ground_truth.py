"""What is known about the questions: answers, true explanations, the boxes of their objects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rex.errors import InputError
from rex.evaluation.reading.predictions import refuse, repeated
from rex.evaluation.scores import Floats
from rex.files import read_parquet

if TYPE_CHECKING:
    from rex.gqa.questions import Question, SemanticStep
    from rex.gqa.scene_graphs import SceneGraph


@dataclass(frozen=True)
class Questions:
    """The questions of a split, in the order of their file; all fields [n]."""

    ids: list[str] = field(default_factory=list)
    image_ids: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    structural: list[str] = field(default_factory=list)
    semantic: list[str] = field(default_factory=list)
    detailed: list[str] = field(default_factory=list)
    global_groups: list[str | None] = field(default_factory=list)
    local_groups: list[str | None] = field(default_factory=list)
    entailed: list[tuple[str, ...]] = field(default_factory=list)
    programs: list[tuple[SemanticStep, ...]] = field(default_factory=list)

    @cached_property
    def rows(self) -> dict[str, int]:
        """Question id to position."""
        return {question_id: row for row, question_id in enumerate(self.ids)}

    @cached_property
    def answered(self) -> npt.NDArray[np.bool_]:
        """Which have an annotated answer."""
        return np.array([answer != "" for answer in self.answers], dtype=np.bool_)

    def only(self, question_ids: Iterable[str]) -> Questions:
        """Return those of these ids, in the same order."""
        rows = sorted({self.rows[name] for name in question_ids if name in self.rows})
        columns = {each.name: getattr(self, each.name) for each in fields(self)}
        return Questions(
            **{name: [values[row] for row in rows] for name, values in columns.items()}
        )

    def add(self, question_id: str, question: Question) -> None:
        """Append a question."""
        self.ids.append(question_id)
        self.image_ids.append(question.image_id)
        self.answers.append(question.answer or "")
        self.structural.append(question.types.structural or "")
        self.semantic.append(question.types.semantic or "")
        self.detailed.append(question.types.detailed or "")
        self.global_groups.append(question.groups.global_)
        self.local_groups.append(question.groups.local)
        self.entailed.append(question.entailed)
        self.programs.append(question.semantic)


@dataclass(frozen=True)
class TrueExplanations:
    """The true explanations of the m questions that have one.

    `rows` [m] are the questions' positions; `texts` their tokens, or None as a whole when the
    explanations were built without regions; `objects` the object ids that each mentions; `bound`
    the best IoU that the image's regions reach (NaN: unknown); `mode` the mode they were built in.
    """

    rows: npt.NDArray[np.int64]
    texts: list[str] | None
    objects: list[list[str]]
    bound: Floats
    mode: str


def read_questions(path: str | PathLike[str]) -> Questions:
    """Read the questions' answers and types. Raises InputError."""
    from rex.gqa.questions import iter_questions

    questions = Questions()
    for question_id, question in iter_questions(path):
        questions.add(question_id, question)
    return questions


def read_explanations(path: str | PathLike[str], questions: Questions) -> TrueExplanations:
    """Read the true explanations (those with status `ok`) of `questions`.

    Raises InputError when a question is not in the file, or in it twice.
    """
    import pyarrow.compute as pc

    columns = ("question_id", "status", "mode", "text", "objects", "bound")
    table = read_parquet(path, columns=columns)
    explained = table["question_id"].to_pylist()
    cure = "build it again: rex explain build"
    refuse(repeated(explained), "questions are explained more than once", path, cure=cure)
    known = set(explained)
    missing = [question_id for question_id in questions.ids if question_id not in known]
    cure = "build the explanations of these questions: rex explain build"
    refuse(missing, "questions are not in it", path, cure=cure)
    modes = sorted(set(table["mode"].to_pylist()))
    if len(modes) > 1:
        raise InputError(f"holds several modes: {', '.join(modes)}", file=path, cure="rebuild it")
    row_of = questions.rows
    table = table.filter(pc.equal(table["status"], "ok"))
    rows = [row_of.get(question_id, -1) for question_id in table["question_id"].to_pylist()]
    asked = np.flatnonzero(np.array(rows, dtype=np.int64) >= 0)
    table = table.take(asked)
    texts = table["text"].to_pylist()
    bound = table["bound"].to_numpy().astype(np.float64)
    return TrueExplanations(
        rows=np.array(rows, dtype=np.int64)[asked],
        texts=None if all(text is None for text in texts) else [text or "" for text in texts],
        objects=table["objects"].to_pylist(),
        bound=bound,
        mode=modes[0] if modes else "fixed",
    )


def read_graphs(path: str | PathLike[str], questions: Questions) -> dict[str, SceneGraph]:
    """Read the scene graphs of the questions' images: image id → scene graph. Raises InputError."""
    from rex.gqa.scene_graphs import iter_scene_graphs

    asked = set(questions.image_ids)
    return {image_id: graph for image_id, graph in iter_scene_graphs(path) if image_id in asked}
