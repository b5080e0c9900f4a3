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
    return tuple(
        [
            BUILDERS[verb](step.operation, step.argument, step.dependencies, qualifier, fields)
            for step, (verb, qualifier, fields) in zip(
                semantic, checked_steps(semantic), strict=True
            )
        ]
    )


def parse_program_text(text: str) -> Program:
    """Parse and check a question's `semanticStr`, e.g. `select: dog (12)->exist: ? [0]`.

    Raises ProgramError as `parse_program` does, and for a step that is not `operation: argument`.
    """
    return parse_program(steps_of_text(text))


Steps = tuple[int, ...]
_Builder = Callable[[str, str, Steps, str, Fields], ops.Operation]
"""From name, argument and dependencies, as written, the qualifier, and what the argument says."""


def _select(name: str, argument: str, steps: Steps, _: str, fields: Fields) -> ops.Operation:
    noun, objects = fields
    return ops.Select(name, argument, steps, noun, objects)


def _relate(name: str, argument: str, steps: Steps, _: str, fields: Fields) -> ops.Operation:
    noun, relations, target_is_subject, objects = fields
    purpose = "find" if name == "relate" else name.partition(" ")[0]
    return ops.Relate(name, argument, steps, noun, relations, target_is_subject, objects, purpose)


def _query(name: str, argument: str, steps: Steps, _: str, fields: Fields) -> ops.Operation:
    (category,) = fields
    return ops.Query(name, argument, steps, category)


def _filter(
    name: str, argument: str, steps: Steps, qualifier: str, fields: Fields
) -> ops.Operation:
    word, negated = fields
    return ops.Filter(name, argument, steps, qualifier, word, negated)


def _verify(
    name: str, argument: str, steps: Steps, qualifier: str, fields: Fields
) -> ops.Operation:
    if qualifier == "rel":
        return _relate(name, argument, steps, qualifier, fields)
    word, negated = fields
    return ops.Verify(name, argument, steps, qualifier, (word,), negated, False)


def _choose(
    name: str, argument: str, steps: Steps, qualifier: str, fields: Fields
) -> ops.Operation:
    if qualifier == "rel":
        return _relate(name, argument, steps, qualifier, fields)
    if qualifier in COMPARATIVES:
        return ops.Compare(name, argument, steps, qualifier)
    (words,) = fields
    return ops.Verify(name, argument, steps, qualifier, words, False, True)


def _of_category(kind: type[ops.Same] | type[ops.Different]) -> _Builder:
    def build(
        name: str, argument: str, steps: Steps, qualifier: str, fields: Fields
    ) -> ops.Operation:
        (category,) = fields or (qualifier,)
        return kind(name, argument, steps, category)

    return build


def _bare(kind: type[ops.Operation]) -> _Builder:
    def build(name: str, argument: str, steps: Steps, _: str, fields: Fields) -> ops.Operation:
        return kind(name, argument, steps)

    return build


BUILDERS: dict[str, _Builder] = {
    "select": _select,
    "relate": _relate,
    "query": _query,
    "exist": _bare(ops.Exist),
    "filter": _filter,
    "verify": _verify,
    "choose": _choose,
    "common": _bare(ops.Common),
    "same": _of_category(ops.Same),
    "different": _of_category(ops.Different),
    "and": _bare(ops.And),
    "or": _bare(ops.Or),
}
