"""From GQA's programs to typed operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from rex.gqa.operations import COMPARATIVES, Fields, checked_steps
from rex.gqa.questions import ProgramError, SemanticStep, steps_of_text
from rex.programs import operations as ops

Program = tuple[ops.Operation, ...]
"""A checked program: each step takes the results of earlier ones; the last gives the answer."""


def parse_program(semantic: Sequence[SemanticStep]) -> Program:
    """Parse and check a question's `semantic` list.

    Raises ProgramError where it breaks the grammar of `rex.gqa.operations`.
    """
    return tuple(
        [
            BUILDERS[verb]((step.operation, step.argument, step.dependencies), qualifier, fields)
            for step, (verb, qualifier, fields) in zip(
                semantic, checked_steps(semantic), strict=True
            )
        ]
    )


@lru_cache(maxsize=4096)
def program_or_none(semantic: tuple[SemanticStep, ...]) -> Program:
    """Parse a question's `semantic` list; a malformed one is no program: ()."""
    try:
        return parse_program(semantic)
    except ProgramError:
        return ()


def parse_program_text(text: str) -> Program:
    """Parse and check a question's `semanticStr`, e.g. `select: dog (12)->exist: ? [0]`.

    Raises ProgramError as `parse_program` does, and for a step that is not `operation: argument`.
    """
    return parse_program(steps_of_text(text))


_Written = tuple[str, str, tuple[int, ...]]
"""Name, argument and dependencies, as written."""
_Builder = Callable[[_Written, str, Fields], ops.Operation]
"""From a step as written, the qualifier of its verb, and what its argument says."""


def _relate(step: _Written, fields: Fields, purpose: str = "find") -> ops.Operation:
    noun, relations, target_is_subject, objects = fields
    return ops.Relate(*step, noun, relations, target_is_subject, objects, purpose)


def _verify(step: _Written, qualifier: str, fields: Fields) -> ops.Operation:
    if qualifier == "rel":
        return _relate(step, fields, "verify")
    word, negated = fields
    return ops.Verify(*step, qualifier, (word,), negated, False)


def _choose(step: _Written, qualifier: str, fields: Fields) -> ops.Operation:
    if qualifier == "rel":
        return _relate(step, fields, "choose")
    if qualifier in COMPARATIVES:
        return ops.Compare(*step, qualifier)
    (words,) = fields
    return ops.Verify(*step, qualifier, words, False, True)


BUILDERS: dict[str, _Builder] = {
    "select": lambda step, _, fields: ops.Select(*step, *fields),
    "relate": lambda step, _, fields: _relate(step, fields),
    "query": lambda step, _, fields: ops.Query(*step, *fields),
    "exist": lambda step, *_: ops.Exist(*step),
    "filter": lambda step, qualifier, fields: ops.Filter(*step, qualifier, *fields),
    "verify": _verify,
    "choose": _choose,
    "common": lambda step, *_: ops.Common(*step),
    "same": lambda step, qualifier, fields: ops.Same(*step, *(fields or (qualifier,))),
    "different": lambda step, qualifier, fields: ops.Different(*step, *(fields or (qualifier,))),
    "and": lambda step, *_: ops.And(*step),
    "or": lambda step, *_: ops.Or(*step),
}
