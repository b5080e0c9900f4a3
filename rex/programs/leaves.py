"""The leaves of a phrase: what text is made of, before it is text."""

from __future__ import annotations

import msgspec


class Mention(msgspec.Struct, frozen=True, gc=False):
    """A reference to an object: `(obj:ID)`, a region token, or its name."""

    object_id: str
    name: str
    """What a sentence calls it."""


class Absent(msgspec.Struct, frozen=True, gc=False):
    """A reference to something that is not in the image: `(obj*:NAME)`, or its name."""

    name: str


class Place(msgspec.Struct, frozen=True, gc=False):
    """A position: `(x,y)`, a cell of the 4x4 grid, or words."""

    x: float
    """Share of the image's width, 0 to 1."""
    y: float
    """Share of the image's height, 0 to 1."""
    words: str


class SentenceOnly(msgspec.Struct, frozen=True, gc=False):
    """Words that only the readable sentence has: articles, `yes`, punctuation."""

    words: str


class SymbolsOnly(msgspec.Struct, frozen=True, gc=False):
    """Words that only raw text and tokens have."""

    words: str


Leaf = str | Mention | Absent | Place | SentenceOnly | SymbolsOnly
"""A plain str is a word that all renderings share."""
