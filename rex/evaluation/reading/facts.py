"""What an explanation states: facts about regions, and about things that are only named."""

from __future__ import annotations

from dataclasses import dataclass, replace

Kind = str
"""`is` (attribute, name or side), `at` (cell of the grid), `related`, `exists`, `shared`,
`compared`, `scene`."""


@dataclass(frozen=True)
class Ref:
    """What a noun phrase is about: a region, or whatever is called `noun` and fits `conditions`."""

    region: int | None
    noun: str = ""
    described: tuple[Fact, ...] = ()
    """What the adjectives say of `IT`."""
    after: tuple[Fact, ...] = ()
    """What follows the noun, as facts about `IT`."""
    whole: Ref | None = None
    """The same where adjectives belong to the name: a "wine glass" beside a glass that is wine.

    Without what follows: nested phrases would have it twice at each depth.
    """

    @property
    def conditions(self) -> tuple[Fact, ...]:
        """All facts about `IT`."""
        return (*self.described, *self.after)

    @property
    def readings(self) -> tuple[Ref, ...]:
        """The ways to read it: adjectives that describe, or that belong to the name."""
        return (self,) if self.whole is None else (self, replace(self.whole, after=self.after))


IT = Ref(None)
"""The thing that a condition is about."""


@dataclass(frozen=True)
class Fact:
    """One thing that an explanation states, or denies (`holds` is false).

    `main` facts are the predicate of a main clause, others describe what it is about ("the *white*
    shirt is dotted").
    """

    kind: Kind
    refs: tuple[Ref, ...] = ()
    value: str = ""
    other: tuple[Ref, ...] = ()
    holds: bool = True
    main: bool = True
