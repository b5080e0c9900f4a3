"""The twelve atomic operations, typed (paper, section 3.1)."""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Operation(msgspec.Struct, frozen=True, gc=False):
    """One step of a program."""

    atomic: ClassVar[str]
    """The name of the atomic operation: that of the class."""

    name: str
    """GQA's operation name."""
    argument: str
    """GQA's argument, as written."""
    dependencies: tuple[int, ...]
    """The earlier steps whose results it takes."""

    def __init_subclass__(cls) -> None:
        cls.atomic = cls.__name__.lower()


class Select(Operation, frozen=True, gc=False):
    """Point at objects, or at the whole scene."""

    noun: str
    objects: tuple[str, ...] | None
    """Their ids; empty where the program says that there are none, None where it does not say."""


class Relate(Operation, frozen=True, gc=False):
    """Go from objects to the ones related to them, or check or choose the relation."""

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

    category: str


class Exist(Operation, frozen=True, gc=False):
    """Ask whether anything was selected."""


class Filter(Operation, frozen=True, gc=False):
    """Keep the objects that a word is true of (or not true of)."""

    category: str
    word: str
    negated: bool


class Verify(Operation, frozen=True, gc=False):
    """Check a word against objects, or choose between words."""

    category: str
    words: tuple[str, ...]
    negated: bool
    choose: bool


class Common(Operation, frozen=True, gc=False):
    """Ask what two objects have in common."""


class Same(Operation, frozen=True, gc=False):
    """Ask whether objects have the same value of a category."""

    category: str


class Different(Operation, frozen=True, gc=False):
    """Ask whether objects have different values of a category."""

    category: str


class Compare(Operation, frozen=True, gc=False):
    """Ask which of two objects is more so (`older`, `higher`)."""

    comparative: str


class And(Operation, frozen=True, gc=False):
    """Both."""


class Or(Operation, frozen=True, gc=False):
    """Either."""


def offered(step: Operation) -> tuple[str, ...]:
    """Return the words or relations that a step chooses from, if it does."""
    if isinstance(step, Verify):
        return step.words if step.choose else ()
    return step.relations if isinstance(step, Relate) and step.purpose == "choose" else ()


ATOMIC_OPERATIONS: tuple[str, ...] = tuple(kind.atomic for kind in Operation.__subclasses__())
