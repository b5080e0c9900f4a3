"""Text, at the edge: one explanation as raw text, as tokens, and as a readable sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rex.boxes import grid_cell
from rex.programs.leaves import Absent, Leaf, Mention, Place, SentenceOnly, SymbolsOnly
from rex.tokens import cell_token, region_token


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


def render_sentence(leaves: Sequence[Leaf], verdict: bool | None = None) -> str:
    """Return a sentence with names; `verdict` answers a yes/no question first."""
    parts = [] if verdict is None else ["yes," if verdict else "no,"]
    for leaf in leaves:
        if type(leaf) is str:
            parts.append(leaf)
        elif type(leaf) is Mention:
            if leaf.name:
                parts.append(leaf.name)
        elif type(leaf) is SentenceOnly or type(leaf) is Place:
            parts.append(leaf.words)
        elif type(leaf) is Absent:
            parts.append(leaf.name)
    text = " ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def mentioned(leaves: Sequence[Leaf]) -> tuple[str, ...]:
    """Return the ids of the objects in the order of mention, each once for each mention."""
    return tuple([leaf.object_id for leaf in leaves if type(leaf) is Mention])
