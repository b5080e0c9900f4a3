"""The JSON shapes of GQA's files, decoded with their types checked."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike

import msgspec

from rex.gqa.json_entries import iter_entries
from rex.gqa.questions import SemanticStep
from rex.gqa.scene_graphs import SceneGraph

QUESTION_CURE = "expected GQA's question format (docs/data.md)"


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


class QuestionRecord(msgspec.Struct, frozen=True, rename="camel"):
    """A question as it stands in the file."""

    image_id: str
    question: str
    answer: str | None = None
    full_answer: str | None = None
    semantic: tuple[SemanticStep, ...] = ()
    semantic_str: str = ""
    types: Types = Types()
    groups: Groups = Groups()
    entailed: tuple[str, ...] = ()
    equivalent: tuple[str, ...] = ()
    is_balanced: bool = True
    annotations: Annotations = Annotations()


def iter_question_records(path: str | PathLike[str]) -> Iterator[tuple[str, QuestionRecord]]:
    """Yield (question id, record) in the order of the file. Raises InputError."""
    yield from iter_entries(path, QuestionRecord, entry="question", cure=QUESTION_CURE)


def iter_scene_graph_records(path: str | PathLike[str]) -> Iterator[tuple[str, SceneGraph]]:
    """Yield (image id, scene graph) in the order of the file. Raises InputError."""
    yield from iter_entries(
        path, SceneGraph, entry="image", cure="expected GQA's scene-graph format (docs/data.md)"
    )


class ProgramRecord(msgspec.Struct, frozen=True, rename="camel"):
    """What of a question an explanation is made from; the other fields are passed over."""

    image_id: str
    semantic: tuple[SemanticStep, ...] = ()
    answer: str | None = None
