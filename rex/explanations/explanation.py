"""One question's explanation, in all its renderings."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rex.explanations.matching import ImageMatch
from rex.gqa.questions import SemanticStep
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.errors import Reason, Skip
from rex.programs.executor import execute
from rex.programs.parsing import Program, parse_program
from rex.programs.plain import render_plain
from rex.programs.rendering import mentioned, render_raw, render_sentence, render_tokens
from rex.programs.wording import word_statement

OK = "ok"


class Explanation(msgspec.Struct, frozen=True, gc=False):
    """The columns of the explanation table that depend on program and image."""

    status: str
    """`ok`, or the reason why there is no explanation."""
    raw: str | None = None
    unpolished: str | None = None
    sentence: str | None = None
    text: str | None = None
    """Tokens; None without regions."""
    objects: tuple[str, ...] = ()
    """Object ids in the order of mention."""
    regions: tuple[int, ...] = ()
    """The region of each, -1: not detected."""
    bound: float | None = None
    operations: tuple[str, ...] = ()
    entailed_answer: str | None = None


def explain(
    semantic: Sequence[SemanticStep],
    graph: SceneGraph | None,
    answer: str | None,
    match: ImageMatch | None = None,
) -> Explanation:
    """Explain a question in `fixed` mode. Raises ProgramError for a malformed program."""
    program = parse_program(semantic)
    operations = tuple([operation.atomic for operation in program])
    if graph is None:
        return Explanation(Reason.NO_SCENE_GRAPH.value, operations=operations)
    try:
        return _explained(program, operations, graph, answer, match)
    except Skip as skip:
        return Explanation(str(skip), operations=operations)


def _explained(
    program: Program,
    operations: tuple[str, ...],
    graph: SceneGraph,
    answer: str | None,
    match: ImageMatch | None,
) -> Explanation:
    execution = execute(program, graph, answer)
    leaves = word_statement(execution.statement)
    objects = mentioned(leaves)
    text: str | None = None
    regions: tuple[int, ...] = ()
    bound: float | None = None
    if match is not None:
        regions = tuple([match.regions[object_id] for object_id in objects])
        names = {object_id: graph.objects[object_id].name for object_id in objects}
        text = render_tokens(leaves, match.regions, names)
        bound = match.bound(objects) if objects else None
    entailed = execution.entailed_answer
    return Explanation(
        OK,
        render_raw(leaves),
        render_plain(execution.statement),
        render_sentence(leaves, _VERDICTS.get(entailed)),
        text,
        objects,
        regions,
        bound,
        operations,
        entailed,
    )


_VERDICTS: dict[str | None, bool] = {"yes": True, "no": False}
