"""The twelve atomic operations, typed (paper, section 3.1)."""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Operation(msgspec.Struct, frozen=True, gc=False):
    """One step of a program."""

    atomic: ClassVar[str]
    """The name of the atomic operation."""

    name: str
    """GQA's operation name."""
    argument: str
    """GQA's argument, as written."""
    dependencies: tuple[int, ...]
    """The earlier steps whose results it takes."""


class Select(Operation, frozen=True, gc=False):
    """Point at objects, or at the whole scene."""

    atomic: ClassVar[str] = "select"
    noun: str
    objects: tuple[str, ...] | None
    """Their ids; empty where the program says that there are none, None where it does not say."""


class Relate(Operation, frozen=True, gc=False):
    """Go from objects to the ones related to them, or check or choose the relation."""

    atomic: ClassVar[str] = "relate"
    noun: str
    """What the related objects are; `_` for anything."""
    relations: tuple[str, ...]
    """One relation, or the ones to choose from."""
    target_is_subject: bool
    """`s`: target RELATION dependency; `o`: dependency RELATION target."""
    objects: tuple[str, ...] | None
    """The targets' ids, as for `Select`."""
    purpose: str
    """`find` the objects, `verify` the relation, or `choose` it."""


class Query(Operation, frozen=True, gc=False):
    """Ask for the name of an object or its value of a category."""

    atomic: ClassVar[str] = "query"
    category: str


class Exist(Operation, frozen=True, gc=False):
    """Ask whether anything was selected."""

    atomic: ClassVar[str] = "exist"


class Filter(Operation, frozen=True, gc=False):
    """Keep the objects that a word is true of (or not true of)."""

    atomic: ClassVar[str] = "filter"
    category: str
    word: str
    negated: bool


class Verify(Operation, frozen=True, gc=False):
    """Check a word against objects, or choose between words."""

    atomic: ClassVar[str] = "verify"
    category: str
    words: tuple[str, ...]
    negated: bool
    choose: bool


class Common(Operation, frozen=True, gc=False):
    """Ask what two objects have in common."""

    atomic: ClassVar[str] = "common"


class Same(Operation, frozen=True, gc=False):
    """Ask whether objects have the same value of a category."""

    atomic: ClassVar[str] = "same"
    category: str


class Different(Operation, frozen=True, gc=False):
    """Ask whether objects have different values of a category."""

    atomic: ClassVar[str] = "different"
    category: str


class Compare(Operation, frozen=True, gc=False):
    """Ask which of two objects is more so (`older`, `higher`)."""

    atomic: ClassVar[str] = "compare"
    comparative: str


class And(Operation, frozen=True, gc=False):
    """Both."""

    atomic: ClassVar[str] = "and"


class Or(Operation, frozen=True, gc=False):
    """Either."""

    atomic: ClassVar[str] = "or"


def offered(step: Operation) -> tuple[str, ...]:
    """Return the words or relations that a step chooses from, if it does."""
    if isinstance(step, Verify):
        return step.words if step.choose else ()
    return step.relations if isinstance(step, Relate) and step.purpose == "choose" else ()


ATOMIC_OPERATIONS: tuple[str, ...] = tuple(kind.atomic for kind in Operation.__subclasses__())
