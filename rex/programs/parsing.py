"""From GQA's programs (`semantic` lists or `semanticStr` text) to typed operations."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from rex.gqa.operations import COMPARATIVES, operand_counts, split_operation
from rex.gqa.questions import SemanticStep
from rex.programs import operations as ops
from rex.programs.errors import ProgramError

Program = tuple[ops.Operation, ...]
"""A checked program: each step takes the results of earlier ones; the last gives the answer."""

_OBJECT_ID = re.compile(r"\d\w*\Z")
_NEGATED = re.compile(r"not\s*\((.*)\)\Z", re.DOTALL)
_TEXT_STEP = re.compile(r"\s*([^:]+?)\s*:(.*?)(?:\[([\d\s,]*)\])?\s*\Z", re.DOTALL)


def parse_program(semantic: Sequence[SemanticStep]) -> Program:
    """Parse and check a question's `semantic` list.

    Raises ProgramError when an operation is unknown, takes too few or too many operands, or
    depends on a step that is not an earlier one or does not return what it needs.
    """
    program: list[ops.Operation] = []
    returned: list[str] = []
    for index, step in enumerate(semantic):
        reading = _reading(step.operation)
        if reading is None:
            raise ProgramError(index, f"unknown operation {step.operation!r}")
        builder, qualifier, returns, judges, fewest, most = reading
        dependencies = step.dependencies
        if not fewest <= len(dependencies) <= most:
            raise ProgramError(index, f"{step.operation!r} has {len(dependencies)} dependencies")
        for dependency in dependencies:
            if not 0 <= dependency < index:
                raise ProgramError(
                    index, f"{step.operation!r} depends on step {dependency}, not an earlier one"
                )
            given = returned[dependency]
            if given != _OBJECTS and not (judges and given == _VERDICT):
                wanted = "is not yes or no" if judges else "selects no objects"
                raise ProgramError(
                    index, f"{step.operation!r} depends on step {dependency}, which {wanted}"
                )
        program.append(builder(step.operation, step.argument, dependencies, qualifier))
        returned.append(returns)
    return tuple(program)


def parse_program_text(text: str) -> Program:
    """Parse and check a question's `semanticStr`, e.g. `select: dog (12)->exist: ? [0]`.

    Raises ProgramError as `parse_program` does, and for a step that is not `operation: argument`.
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
    return parse_program(steps)


def split_objects(argument: str) -> tuple[str, tuple[str, ...] | None]:
    """Split `name (ids)` into the name and the ids: () for `(-)`, None where none are given.

    Parentheses that hold no ids belong to the name.
    """
    text = argument.strip()
    if text[-1:] == ")":
        head, _, inside = text[:-1].rpartition("(")
        if inside.isdigit():
            return head.rstrip(), (inside,)
        inside = inside.strip()
        if inside == "-":
            return head.rstrip(), ()
        ids = tuple(part.strip() for part in inside.split(","))
        if all(_OBJECT_ID.match(part) for part in ids):
            return head.rstrip(), ids
    return text, None


_Builder = Callable[[str, str, tuple[int, ...], str], ops.Operation]


def _select(
    name: str, argument: str, dependencies: tuple[int, ...], qualifier: str
) -> ops.Operation:
    noun, objects = split_objects(argument)
    return ops.Select(name, argument, dependencies, noun, objects)


def _relate(
    name: str, argument: str, dependencies: tuple[int, ...], qualifier: str
) -> ops.Operation:
    text, objects = split_objects(argument)
    # a name may hold commas, the relation and the direction do not
    noun, relations, direction = (part.strip() for part in ["", "", *text.rsplit(",", 2)][-3:])
    purpose = "find" if name == "relate" else name.partition(" ")[0]
    choices = tuple(part.strip() for part in relations.split("|"))
    return ops.Relate(
        name, argument, dependencies, noun, choices, direction != "o", objects, purpose
    )


def _query(
    name: str, argument: str, dependencies: tuple[int, ...], qualifier: str
) -> ops.Operation:
    return ops.Query(name, argument, dependencies, argument.strip())


def _word(argument: str) -> tuple[str, bool]:
    text = " ".join(argument.split())
    negated = _NEGATED.match(text)
    return (negated.group(1).strip(), True) if negated else (text, False)


def _filter(
    name: str, argument: str, dependencies: tuple[int, ...], qualifier: str
) -> ops.Operation:
    word, negated = _word(argument)
    return ops.Filter(name, argument, dependencies, qualifier, word, negated)


def _verify(
    name: str, argument: str, dependencies: tuple[int, ...], qualifier: str
) -> ops.Operation:
    word, negated = _word(argument)
    return ops.Verify(name, argument, dependencies, qualifier, (word,), negated, False)


def _choose(
    name: str, argument: str, dependencies: tuple[int, ...], qualifier: str
) -> ops.Operation:
    words = tuple(" ".join(word.split()) for word in argument.split("|"))
    return ops.Verify(name, argument, dependencies, qualifier, words, False, True)


def _compare(
    name: str, argument: str, dependencies: tuple[int, ...], qualifier: str
) -> ops.Operation:
    return ops.Compare(name, argument, dependencies, qualifier)


def _same(name: str, argument: str, dependencies: tuple[int, ...], qualifier: str) -> ops.Operation:
    return ops.Same(name, argument, dependencies, qualifier or argument.strip())


def _different(
    name: str, argument: str, dependencies: tuple[int, ...], qualifier: str
) -> ops.Operation:
    return ops.Different(name, argument, dependencies, qualifier or argument.strip())


def _bare(kind: type[ops.Operation]) -> _Builder:
    def build(
        name: str, argument: str, dependencies: tuple[int, ...], qualifier: str
    ) -> ops.Operation:
        return kind(name, argument, dependencies)

    return build


_BUILDERS: dict[str, _Builder] = {
    "select": _select,
    "relate": _relate,
    "query": _query,
    "exist": _bare(ops.Exist),
    "filter": _filter,
    "verify": _verify,
    "choose": _choose,
    "common": _bare(ops.Common),
    "same": _same,
    "different": _different,
    "and": _bare(ops.And),
    "or": _bare(ops.Or),
}


_OBJECTS, _VERDICT, _WORD = "objects", "yes or no", "word"
"""What an operation returns."""

_RETURNS = {
    **dict.fromkeys(("select", "relate", "filter"), _OBJECTS),
    **dict.fromkeys(("exist", "verify", "same", "different", "and", "or"), _VERDICT),
    **dict.fromkeys(("query", "choose", "common"), _WORD),
}
_JUDGES = frozenset({"exist", "and", "or"})
"""The verbs that take yes or no, as well as objects."""


class _Reading(NamedTuple):
    """How an operation of some name is read."""

    builder: _Builder
    qualifier: str
    returns: str
    judges: bool
    fewest: int
    most: float
    """Operands."""


@lru_cache(maxsize=1024)
def _reading(name: str) -> _Reading | None:
    parts = split_operation(name)
    if parts is None:
        return None
    verb, qualifier = parts
    builder: _Builder
    if qualifier == "rel":
        builder = _relate
    elif qualifier in COMPARATIVES:
        builder = _compare
    else:
        builder = _BUILDERS[verb]
    fewest, most = operand_counts(verb, qualifier)
    limit = math.inf if most is None else most
    return _Reading(builder, qualifier, _RETURNS[verb], verb in _JUDGES, fewest, limit)
