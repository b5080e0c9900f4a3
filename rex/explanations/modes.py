"""A question's explanation up to its tokens, which need the image's regions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from rex.gqa.parsing import parse_program
from rex.gqa.questions import SemanticStep
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.errors import Reason, Skip
from rex.programs.executor import execute
from rex.programs.plain import render_plain
from rex.programs.published.executor import execute_published
from rex.programs.published.polishing import (
    PluralMap,
    polish_published,
    published_sentence,
    published_tokens,
)
from rex.programs.rendering import Leaf, mentioned, render_raw, render_sentence, render_tokens
from rex.programs.values import VERDICTS
from rex.programs.wording import word_statement

OK = "ok"

_OBJECT = re.compile(r"\(obj:([^)]+)\)")


class Draft(msgspec.Struct, frozen=True, gc=False):
    """What program and scene graph say; the columns of docs/architecture.md of the same names."""

    status: str
    operations: tuple[str, ...]
    raw: str | None = None
    unpolished: str | None = None
    sentence: str | None = None
    objects: tuple[str, ...] = ()
    entailed_answer: str | None = None
    left_out: tuple[str, ...] = ()
    leaves: Sequence[Leaf] = ()
    """In `fixed` mode: what the tokens are made of."""


class FixedMode:
    """What the method says (docs/programs.md)."""

    name = "fixed"

    def draft(
        self, semantic: Sequence[SemanticStep], graph: SceneGraph | None, answer: str | None
    ) -> Draft:
        """Explain a question. Raises ProgramError for a malformed program."""
        program = parse_program(semantic)
        operations = tuple([operation.atomic for operation in program])
        if graph is None:
            return Draft(Reason.NO_SCENE_GRAPH.value, operations)
        try:
            execution = execute(program, graph, answer)
        except Skip as skip:
            return Draft(str(skip), operations)
        leaves = word_statement(execution.statement)
        entailed = execution.entailed_answer
        return Draft(
            OK,
            operations,
            render_raw(leaves),
            render_plain(execution.statement),
            render_sentence(leaves, VERDICTS.get(entailed)),
            mentioned(leaves),
            entailed,
            execution.left_out,
            leaves,
        )

    def tokens(self, draft: Draft, regions: Mapping[str, int], names: Mapping[str, str]) -> str:
        """Return the tokens of a draft; `regions` and `names` are those of its objects."""
        return render_tokens(draft.leaves, regions, names)


class CompatMode:
    """What the published code did, with the plural map of the corpus at hand."""

    name = "compat"

    def __init__(self, plurals: PluralMap) -> None:
        self._plurals = plurals

    def draft(
        self, semantic: Sequence[SemanticStep], graph: SceneGraph | None, answer: str | None
    ) -> Draft:
        """Explain a question. Raises ProgramError for a malformed program.

        Where the published code makes a text and drops it later, `unpolished` still holds it.
        """
        operations = tuple([operation.atomic for operation in parse_program(semantic)])
        if graph is None:
            return Draft(Reason.NO_SCENE_GRAPH.value, operations)
        try:
            unpolished = execute_published(semantic, graph)
        except Skip as skip:
            return Draft(str(skip), operations)
        status = _published_status(semantic, graph, unpolished)
        if status != OK:
            return Draft(status, operations, unpolished=unpolished)
        raw = polish_published(unpolished, answer or "", self._plurals)
        return Draft(
            OK,
            operations,
            raw,
            unpolished,
            published_sentence(raw, graph),
            tuple(_OBJECT.findall(raw)),
        )

    def tokens(self, draft: Draft, regions: Mapping[str, int], names: Mapping[str, str]) -> str:
        """Return the published tokens of a draft."""
        return published_tokens(draft.raw or "", regions, self._plurals)


Mode = FixedMode | CompatMode


def _published_status(semantic: Sequence[SemanticStep], graph: SceneGraph, text: str) -> str:
    """Return `ok`, or why the published pipeline drops a raw explanation later."""
    if "(obj*:scene)" in text:
        return Reason.GLOBAL_SCENE.value
    if "ERROR" in text:
        return Reason.NO_VALUE.value
    if not text or "(obj*:direction)" in text:
        return Reason.PUBLISHED_DROP.value
    for object_id in _OBJECT.findall(text):
        if object_id not in graph.objects:
            return f"{Reason.OBJECT_MISSING.value}: {object_id}"
    last = semantic[-1]
    if last.operation in ("same", "different") and last.argument.strip() == "gender":
        # the published code appends genders to the scene graph that later questions read
        return f"{Reason.ORDER_DEPENDENT.value}: gender"
    return OK
