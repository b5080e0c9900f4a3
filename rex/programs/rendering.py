"""Leaves, and the texts made of them: raw text, tokens, and a readable sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from rex.boxes import grid_cell
from rex.programs.english import cased
from rex.programs.facts import SAME_RELATIONS
from rex.tokens import cell_token, region_token


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

SAID_SAME = {relation: f"the {relation} as" for relation in SAME_RELATIONS}
"""How explanations say that values are shared ("the same color as"), by the relation."""
SAME_SAID = {said: relation for relation, said in SAID_SAME.items()}
"""The relation by how explanations say it."""

_SPOKEN = {
    "contain": "containing",
    "performing trick": "performing a trick",
    "taking bath": "taking a bath",
}
"""Relations and words of GQA's that English says otherwise."""


def spoken(word: str) -> list[Leaf]:
    """Return a relation or a word of GQA's as the leaves that say it in English."""
    if word in SAID_SAME:
        return [SAID_SAME[word]]
    said = _SPOKEN.get(word)
    return [word] if said is None else [SymbolsOnly(word), SentenceOnly(said)]


def symbols_only(leaves: list[Leaf]) -> list[Leaf]:
    """Return leaves without their share of the sentence."""
    kept: list[Leaf] = []
    for leaf in leaves:
        if isinstance(leaf, str):
            kept.append(SymbolsOnly(leaf))
        elif isinstance(leaf, Mention):
            kept.append(Mention(leaf.object_id, ""))
        elif not isinstance(leaf, SentenceOnly):
            kept.append(leaf)
    return kept


def sentence_only(leaves: list[Leaf]) -> list[Leaf]:
    """Return leaves without their share of raw text and tokens."""
    kept: list[Leaf] = []
    for leaf in leaves:
        if isinstance(leaf, str):
            kept.append(SentenceOnly(leaf))
        elif isinstance(leaf, Mention):
            if leaf.name:
                kept.append(SentenceOnly(leaf.name))
        elif not isinstance(leaf, SymbolsOnly):
            kept.append(leaf)
    return kept


def render_raw(leaves: Sequence[Leaf]) -> str:
    """Return `(obj:ID)` for objects, `(obj*:name)` for absent ones, `(x,y)` for positions."""
    parts = []
    for leaf in leaves:
        if type(leaf) is str:
            parts.append(leaf)
        elif type(leaf) is Mention:
            parts.append(f"(obj:{leaf.object_id})")
        elif type(leaf) is Absent:
            parts.append(f"(obj*:{leaf.name})")
        elif type(leaf) is Place:
            parts.append(f"({leaf.x:.2f},{leaf.y:.2f})")
        elif type(leaf) is SymbolsOnly:
            parts.append(leaf.words)
    return " ".join(parts)


def render_tokens(
    leaves: Sequence[Leaf], regions: Mapping[str, int], names: Mapping[str, str]
) -> str:
    """Return blank-separated tokens: `#i` for an object in region i, `@k` for a position.

    `regions` gives each mentioned object's region (from 0; -1: not detected); an object without a
    region is written by its name, from `names`.
    """
    parts = []
    for leaf in leaves:
        if type(leaf) is str:
            parts.append(leaf)
        elif type(leaf) is Mention:
            region = regions[leaf.object_id]
            parts.append(region_token(region) if region >= 0 else names[leaf.object_id])
        elif type(leaf) is Absent:
            parts.append(leaf.name)
        elif type(leaf) is Place:
            parts.append(cell_token(grid_cell(leaf.x, leaf.y)))
        elif type(leaf) is SymbolsOnly:
            parts.append(leaf.words)
    return " ".join(parts)


Span = tuple[int, int, tuple[str, ...]]
"""Characters `start` to `end` of a sentence name the objects with these ids."""


def render_sentence(leaves: Sequence[Leaf], verdict: bool | None = None) -> str:
    """Return a sentence with names; `verdict` answers a yes/no question first."""
    parts = [] if verdict is None else ["yes," if verdict else "no,"]
    for leaf in leaves:
        if type(leaf) is str:
            parts += leaf.split(" ")
        elif type(leaf) is Mention:
            if leaf.name:
                parts += leaf.name.split(" ")
        elif type(leaf) is SentenceOnly or type(leaf) is Place:
            parts.append(leaf.words)
        elif type(leaf) is Absent:
            parts += leaf.name.split(" ")
    text = cased(parts).replace(" ,", ",")
    return f"{text[:1].upper()}{text[1:]}."


def render_spans(
    leaves: Sequence[Leaf], verdict: bool | None = None
) -> tuple[str, tuple[Span, ...]]:
    """Return the sentence, and which characters of it name which objects, in order.

    A phrase for several objects ("the dogs", "two of the animals") is one span. The sentence is
    that of `render_sentence`, which is faster.
    """
    text = "" if verdict is None else "yes, " if verdict else "no, "
    spans: list[Span] = []
    start = 0
    counted = False
    for leaf in leaves:
        if type(leaf) is str:
            words, counted = leaf, False
        elif type(leaf) is Mention:
            words = leaf.name
            if words:
                spans.append((len(text), len(text) + len(words), (leaf.object_id,)))
            elif counted:
                # "two of the animals", "the others" stand for the objects after it
                spans.append((start, len(text) - 1, (leaf.object_id,)))
            else:
                begin, end, objects = spans[-1]
                spans[-1] = (begin, end, (*objects, leaf.object_id))
            counted = False
        elif type(leaf) is SentenceOnly:
            words, start, counted = leaf.words, len(text), True
            if words == ",":
                text = text[:-1]
        elif type(leaf) is Place:
            words, counted = leaf.words, False
        elif type(leaf) is Absent:
            words, counted = leaf.name, False
        else:
            words, counted = "", False
        if words:
            text += f"{words} "
    text = cased(text[:-1].split(" "))
    return f"{text[:1].upper()}{text[1:]}.", tuple(spans)


def mentioned(leaves: Sequence[Leaf]) -> tuple[str, ...]:
    """Return the ids of the objects in the order of mention, each once for each mention."""
    return tuple([leaf.object_id for leaf in leaves if type(leaf) is Mention])
