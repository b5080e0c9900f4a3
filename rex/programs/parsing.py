"""From GQA's programs to typed operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rex.gqa.operations import COMPARATIVES, Fields, checked_steps
from rex.gqa.questions import SemanticStep, steps_of_text
from rex.programs import operations as ops

Program = tuple[ops.Operation, ...]
"""A checked program: each step takes the results of earlier ones; the last gives the answer."""


def parse_program(semantic: Sequence[SemanticStep]) -> Program:
    """Parse and check a question's `semantic` list.

    Raises ProgramError where it breaks the grammar of `rex.gqa.operations`.
    """
    program = []
    for step, (verb, qualifier, fields) in zip(semantic, checked_steps(semantic), strict=True):
        start = (step.operation, step.argument, step.dependencies)
        program.append(_BUILDERS[verb](start, qualifier, fields))
    return tuple(program)


def parse_program_text(text: str) -> Program:
    """Parse and check a question's `semanticStr`, e.g. `select: dog (12)->exist: ? [0]`.

    Raises ProgramError as `parse_program` does, and for a step that is not `operation: argument`.
    """
    return parse_program(steps_of_text(text))


_Start = tuple[str, str, tuple[int, ...]]
"""Name, argument and dependencies, as written."""
_Builder = Callable[[_Start, str, Fields], ops.Operation]


def _plain(kind: type[ops.Operation]) -> _Builder:
    """Build an operation whose fields are what its argument says."""

    def build(start: _Start, qualifier: str, fields: Fields) -> ops.Operation:
        return kind(*start, *fields)

    return build


def _relate(start: _Start, qualifier: str, fields: Fields) -> ops.Operation:
    noun, relations, target_is_subject, objects = fields
    purpose = "find" if start[0] == "relate" else start[0].partition(" ")[0]
    return ops.Relate(*start, noun, relations, target_is_subject, objects, purpose)


def _filter(start: _Start, qualifier: str, fields: Fields) -> ops.Operation:
    word, negated = fields
    return ops.Filter(*start, qualifier, word, negated)


def _verify(start: _Start, qualifier: str, fields: Fields) -> ops.Operation:
    if qualifier == "rel":
        return _relate(start, qualifier, fields)
    word, negated = fields
    return ops.Verify(*start, qualifier, (word,), negated, False)


def _choose(start: _Start, qualifier: str, fields: Fields) -> ops.Operation:
    if qualifier == "rel":
        return _relate(start, qualifier, fields)
    if qualifier in COMPARATIVES:
        return ops.Compare(*start, qualifier)
    (words,) = fields
    return ops.Verify(*start, qualifier, words, False, True)


def _of_category(kind: type[ops.Same] | type[ops.Different]) -> _Builder:
    def build(start: _Start, qualifier: str, fields: Fields) -> ops.Operation:
        (category,) = fields or (qualifier,)
        return kind(*start, category)

    return build


_BUILDERS: dict[str, _Builder] = {
    "select": _plain(ops.Select),
    "relate": _relate,
    "query": _plain(ops.Query),
    "exist": _plain(ops.Exist),
    "filter": _filter,
    "verify": _verify,
    "choose": _choose,
    "common": _plain(ops.Common),
    "same": _of_category(ops.Same),
    "different": _of_category(ops.Different),
    "and": _plain(ops.And),
    "or": _plain(ops.Or),
}
