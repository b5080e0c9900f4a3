"""The grammar of GQA's programs, by which they are read as typed operations.

An operation's name is a verb, alone or with a qualifier: a category of words (`filter color`),
`rel` (`choose rel`) or a comparative (`choose healthier`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from rex.gqa import operations as ops
from rex.gqa.ontology import CATEGORIES
from rex.gqa.questions import ProgramError, SemanticStep, steps_of_text
from rex.tokens import cell_of, is_region

COMPARATIVES = frozenset(
    {
        "healthier",
        "higher",
        "larger",
        "less healthy",
        "lower",
        "older",
        "shorter",
        "smaller",
        "taller",
        "younger",
    }
)
"""What `choose` compares two objects by."""

Ids = tuple[str, ...] | None
"""Object ids; empty where the argument says that there are none, None where it does not say."""

Program = tuple[ops.Operation, ...]
"""A checked program: each step takes the results of earlier ones; the last gives the answer."""

_OBJECT_ID = re.compile(r"\d\w*\Z")
_BROKEN_IDS = re.compile(r"\((?:[\d,\s_-]*|\s*\d\w*\s*[,;][^()]*)\)?\Z")
_NEGATED = re.compile(r"not\s*\((.*)\)\Z", re.DOTALL)


def is_object_id(text: str) -> bool:
    """Return whether a program can name an object by this id."""
    return _OBJECT_ID.match(text) is not None


def split_objects(argument: str) -> tuple[str, Ids]:
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
        ids = tuple([part.strip() for part in inside.split(",")])
        if all(map(is_object_id, ids)):
            return head.rstrip(), ids
    if _BROKEN_IDS.search(text):
        raise ValueError("has broken object ids, not `(7)`, `(7,8)` or `(-)`")
    return text, None


def read_selection(argument: str, qualifier: str) -> tuple[str, Ids]:
    """Read `noun (ids)`."""
    noun, objects = split_objects(argument)
    if noun != "_" and not _says_something(noun):
        raise ValueError("names nothing to select")
    return noun, objects


def _says_something(text: str) -> bool:
    """Return whether a text has letters or digits, and no token that an explanation points with."""
    if ("#" in text or "@" in text) and any(is_region(one) or cell_of(one) for one in text.split()):
        return False
    return text.isprintable() and any(map(str.isalnum, text))


_RelateFields = tuple[str, tuple[str, ...], bool, Ids, str]
"""Noun, relations, whether the noun is the subject, ids, and what for."""


def read_relation(argument: str, qualifier: str) -> _RelateFields:
    """Read `noun,relation,s (ids)`: a relation to verify after `rel`, otherwise to follow."""
    noun, relation, direction, objects = _parts(argument)
    if "|" in relation:
        raise ValueError(f"has several relations, {relation!r}")
    return noun, (relation,), direction == "s", objects, "verify" if qualifier else "find"


def read_relations(argument: str, qualifier: str) -> _RelateFields:
    """Read `noun,A|B,s (ids)`."""
    noun, relation, direction, objects = _parts(argument)
    return noun, _several(relation), direction == "s", objects, "choose"


def _parts(argument: str) -> tuple[str, str, str, Ids]:
    text, objects = split_objects(argument)
    # a name may hold commas, the relation and the direction do not
    parts = text.rsplit(",", 2)
    if len(parts) == 3:
        noun, relation, direction = parts[0].strip(), parts[1].strip(), parts[2].strip()
        said = (noun == "_" or _says_something(noun)) and _says_something(relation)
        if said and direction in ("s", "o"):
            return noun, relation, direction, objects
    raise ValueError("is not `noun,relation,s` or `noun,relation,o`")


@lru_cache(maxsize=4096)
def read_word(argument: str, qualifier: str) -> tuple[str, str, bool]:
    """Read `word`, or `not(word)`, of a category."""
    text = " ".join(argument.split())
    negated = _NEGATED.match(text)
    word = negated[1].strip() if negated else text
    if not _says_something(word):
        raise ValueError("names no word")
    if "|" in word or word == "not" or _NEGATED.match(word):
        raise ValueError("is not one word, `red` or `not(red)`")
    return qualifier, word, negated is not None


_VerifyFields = tuple[str, tuple[str, ...], bool, bool]
"""Category, words, whether they are negated, and whether to choose."""


def read_claim(argument: str, qualifier: str) -> _VerifyFields:
    """Read `word`, or `not(word)`, of a category, to be verified."""
    category, word, negated = read_word(argument, qualifier)
    return category, (word,), negated, False


@lru_cache(maxsize=4096)
def read_words(argument: str, qualifier: str) -> _VerifyFields:
    """Read `A|B` of a category."""
    return qualifier, _several(argument), False, True


def _several(text: str) -> tuple[str, ...]:
    choices = tuple([" ".join(choice.split()) for choice in text.split("|")])
    if not all(map(_says_something, choices)) or len(set(choices)) < max(len(choices), 2):
        raise ValueError("is not a choice, `A|B`")
    return choices


def read_category(argument: str, qualifier: str) -> tuple[str]:
    """Read a category, which may be one that GQA has not published, where the name has none."""
    category = qualifier or argument.strip()
    if not _says_something(category):
        raise ValueError("names no category")
    return (category,)


def read_comparative(argument: str, qualifier: str) -> tuple[str]:
    """Return the comparative, which is in the name; pass over the argument."""
    return (qualifier,)


def read_nothing(argument: str, qualifier: str) -> tuple[()]:
    """Pass over an argument."""
    return ()


OBJECTS, VERDICT, WORD = "objects", "yes or no", "word"
"""What an operation returns."""


class Usage(NamedTuple):
    """How the operations of a verb, or of a verb with some qualifiers, are used."""

    returns: str
    """`OBJECTS`, `VERDICT` or `WORD`."""
    read: Callable[[str, str], tuple[Any, ...]]
    """Returns what the argument and the qualifier say: the fields of `kind`, in their order.

    Raises ValueError where the argument says nothing.
    """
    kind: Callable[..., ops.Operation]
    """The typed operation."""
    fewest: int = 1
    most: float = 1
    """Operands: selections of objects."""
    judges: bool = False
    """Whether operands may be verdicts, as well as objects."""
    categories: bool = False
    """Whether a category may follow the verb."""


USAGES: dict[str, Usage] = {
    "select": Usage(OBJECTS, read_selection, ops.Select, 0, 0),
    "relate": Usage(OBJECTS, read_relation, ops.Relate),
    "verify rel": Usage(VERDICT, read_relation, ops.Relate),
    "choose rel": Usage(WORD, read_relations, ops.Relate),
    "query": Usage(WORD, read_category, ops.Query),
    "exist": Usage(VERDICT, read_nothing, ops.Exist, judges=True),
    "filter": Usage(OBJECTS, read_word, ops.Filter, categories=True),
    "verify": Usage(VERDICT, read_claim, ops.Verify, categories=True),
    "choose": Usage(WORD, read_words, ops.Verify, categories=True),
    "common": Usage(WORD, read_nothing, ops.Common, 2, 2),
    "same": Usage(VERDICT, read_category, ops.Same, 1, math.inf, categories=True),
    "different": Usage(VERDICT, read_category, ops.Different, 1, math.inf, categories=True),
    "and": Usage(VERDICT, read_nothing, ops.And, 2, math.inf, judges=True),
    "or": Usage(VERDICT, read_nothing, ops.Or, 2, math.inf, judges=True),
}
"""Each verb, and each verb that is used otherwise with a qualifier."""

_COMPARES = Usage(WORD, read_comparative, ops.Compare, 2, 2)


@lru_cache(maxsize=1024)
def known_usage(name: str) -> tuple[str, Usage] | None:
    """Return the qualifier of a GQA operation name ("" for none) and its usage.

    Returns None when GQA knows no such operation.
    """
    verb, _, qualifier = name.partition(" ")
    if verb == "choose" and qualifier in COMPARATIVES:
        return qualifier, _COMPARES
    usage = USAGES.get(name if qualifier else verb)
    if usage is None:
        usage = USAGES.get(verb)
        if usage is None or not usage.categories or qualifier not in CATEGORIES:
            return None
    return qualifier, usage


def parse_program(semantic: Sequence[SemanticStep]) -> Program:
    """Parse and check a question's `semantic` list.

    Raises ProgramError at the first step that is malformed: an unknown operation, too few or too
    many operands, one that is not an earlier step or does not return what is needed, or an argument
    that does not say what it should.
    """
    program: list[ops.Operation] = []
    returned: list[str] = []
    for index, step in enumerate(semantic):
        name, argument, dependencies = step.operation, step.argument, step.dependencies
        known = known_usage(name)
        if known is None:
            raise ProgramError(index, f"unknown operation {name!r}")
        qualifier, (returns, read, kind, fewest, most, judges, _) = known
        if not fewest <= len(dependencies) <= most:
            raise ProgramError(index, f"{name!r} has {len(dependencies)} dependencies")
        for dependency in dependencies:
            if not 0 <= dependency < index:
                problem = f"depends on step {dependency}, not an earlier one"
                raise ProgramError(index, f"{name!r} {problem}")
            given = returned[dependency]
            if given != OBJECTS and not (judges and given == VERDICT):
                wanted = "is not yes or no" if judges else "selects no objects"
                raise ProgramError(index, f"{name!r} depends on step {dependency}, which {wanted}")
        try:
            fields = read(argument, qualifier)
        except ValueError as error:
            problem = f"the argument of {name!r}, {argument!r}, {error}"
            raise ProgramError(index, problem) from None
        returned.append(returns)
        program.append(kind(name, argument, dependencies, *fields))
    return tuple(program)


def read_step(step: SemanticStep) -> ops.Operation | None:
    """Read a step by itself, its dependencies unchecked; None where it is malformed."""
    known = known_usage(step.operation)
    if known is None:
        return None
    qualifier, usage = known
    try:
        fields = usage.read(step.argument, qualifier)
    except ValueError:
        return None
    return usage.kind(step.operation, step.argument, step.dependencies, *fields)


@lru_cache(maxsize=4096)
def program_or_none(semantic: tuple[SemanticStep, ...]) -> Program:
    """Parse a question's `semantic` list; a malformed one gives ()."""
    try:
        return parse_program(semantic)
    except ProgramError:
        return ()


def parse_program_text(text: str) -> Program:
    """Parse and check a question's `semanticStr`, e.g. `select: dog (12)->exist: ? [0]`.

    Raises ProgramError as `parse_program` does, and for a step that is not `operation: argument`.
    """
    return parse_program(steps_of_text(text))


_PARTS = re.compile(r"[,|]|[^\s,|]+")
_JOINTS = re.compile(r" ?([,|]) ?")


def program_text(semantic: Sequence[SemanticStep]) -> str:
    """Return a program as in GQA's `semanticStr`, without object ids, a blank between all tokens.

    E.g. `select : dog -> relate : boy , holding , s [0] -> query : name [1]`: which objects a step
    selects is what the image says, not the question. What `choose` offers is sorted: in which order
    GQA has it, the question does not say either.
    """
    return " -> ".join(" ".join(_step_tokens(step)) for step in semantic)


def _step_tokens(step: SemanticStep) -> list[str]:
    said, _ = split_objects(step.argument)
    said = ",".join("|".join(sorted(part.split("|"))) for part in said.split(","))
    taken = [f"[{number}]" for number in step.dependencies]
    return [*step.operation.split(), ":", *_PARTS.findall(said), *taken]


@lru_cache(maxsize=4096)
def written_steps(text: str) -> tuple[SemanticStep, ...]:
    """Return the steps of a program that a model wrote so; none where it is malformed."""
    try:
        steps = steps_of_text(_JOINTS.sub(r"\1", text).replace("] [", ","))
        parse_program(steps)
    except ProgramError:
        return ()
    return steps
