"""Structured phrases: what an explanation says, before it is put into words.

A statement is built by the executor; `rex.programs.wording` turns it into leaves (words, object
references, positions), and `rex.programs.rendering` the leaves into text.
"""

from __future__ import annotations

import msgspec


class Adjective(msgspec.Struct, frozen=True, gc=False):
    """A word that describes a thing: `black`, or not (`not brown`), or a position (`left`)."""

    word: str
    negated: bool = False
    category: str = ""
    """GQA's category of the word, where the program names it."""


class Relative(msgspec.Struct, frozen=True, gc=False):
    """A relation that describes a thing: `to the left of OTHER`, or `that OTHER is wearing`."""

    relation: str
    other: Thing
    thing_is_subject: bool


class Thing(msgspec.Struct, frozen=True, gc=False):
    """What a noun phrase refers to: objects of the scene graph, or something that is not there."""

    objects: tuple[str, ...]
    """Object ids; none: there is no such thing."""
    noun: str
    """What the program calls it (`furniture`; `_` for anything)."""
    name: str
    """What the scene graph calls it (`chair`)."""
    modifiers: tuple[Adjective | Relative, ...] = ()
    among: int = 0
    """Of how many the objects are some ("two of the mugs"); 0: they are all that are meant."""

    def described(self, modifier: Adjective | Relative) -> Thing:
        """Return the thing with one more description."""
        return Thing(self.objects, self.noun, self.name, (*self.modifiers, modifier), self.among)

    def part(self, objects: tuple[str, ...]) -> Thing:
        """Return the phrase for some of the objects ("one of the mugs"), or for all."""
        if len(objects) == len(self.objects):
            return self
        whole = self.among or len(self.objects)
        return Thing(objects, self.noun, self.name, self.modifiers, whole)

    def with_modifiers(self, modifiers: tuple[Adjective | Relative, ...]) -> Thing:
        """Return the thing with other descriptions."""
        return Thing(self.objects, self.noun, self.name, modifiers, self.among)

    def absent(self) -> Thing:
        """Return the same words for something that is not there."""
        return Thing((), self.noun, self.noun, self.modifiers)


class Attribution(msgspec.Struct, frozen=True, gc=False):
    """`THING is [not] VALUE [but INSTEAD]`."""

    thing: Thing
    value: str
    category: str
    holds: bool = True
    instead: str = ""
    """For what does not hold: the value of the same category that does."""


class Placement(msgspec.Struct, frozen=True, gc=False):
    """`THING is located at (x, y)`; x and y are shares of the image's width and height."""

    thing: Thing
    x: float
    y: float
    category: str
    """`hposition` or `vposition`: which side the sentence names."""


class Relationship(msgspec.Struct, frozen=True, gc=False):
    """`SUBJECT is [not] RELATION OBJECT`."""

    subject: Thing
    relation: str
    object: Thing
    holds: bool = True


class Existence(msgspec.Struct, frozen=True, gc=False):
    """`there is [no] THING`."""

    thing: Thing
    holds: bool = True


class Shared(msgspec.Struct, frozen=True, gc=False):
    """`THINGS are all (both) VALUE`."""

    things: tuple[Thing, ...]
    value: str
    category: str


class Contrast(msgspec.Struct, frozen=True, gc=False):
    """`THING is VALUE and THING is VALUE`: values that differ, each of one object."""

    parts: tuple[Attribution, ...]
    whole: bool = True
    """Whether these are all the objects that are meant ("the others"), not some of them."""


class Comparison(msgspec.Struct, frozen=True, gc=False):
    """`FIRST is COMPARATIVE than SECOND`."""

    first: Thing
    comparative: str
    second: Thing


class SceneStatement(msgspec.Struct, frozen=True, gc=False):
    """`the scene is [not] VALUE [but INSTEAD]`: of the whole image."""

    value: str
    category: str
    holds: bool = True
    instead: str = ""


class Joint(msgspec.Struct, frozen=True, gc=False):
    """Several statements, none of them joint, that together say why a claim holds or does not."""

    parts: tuple[Statement, ...]
    verdicts: tuple[bool, ...]
    """What each says to its part of the claim: the parts with the same verdict support the same."""


Statement = (
    Attribution
    | Placement
    | Relationship
    | Existence
    | Shared
    | Contrast
    | Comparison
    | SceneStatement
    | Joint
)
