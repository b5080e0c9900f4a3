"""Text, at the edge: one explanation as raw text, as tokens, and as a readable sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rex.programs.leaves import Absent, Leaf, Mention, Place, SentenceOnly, SymbolsOnly


def render_raw(leaves: Sequence[Leaf]) -> str:
    """Return `(obj:ID)` for objects, `(obj*:name)` for absent ones, `(x,y)` for positions."""
    parts = []
    for leaf in leaves:
        kind = type(leaf)
        if kind is str:
            parts.append(leaf)
        elif kind is Mention:
            parts.append(f"(obj:{leaf.object_id})")  # type: ignore[union-attr]
        elif kind is Absent:
            parts.append(f"(obj*:{leaf.name})")  # type: ignore[union-attr]
        elif kind is Place:
            parts.append(f"({leaf.x:.2f},{leaf.y:.2f})")  # type: ignore[union-attr]
        elif kind is SymbolsOnly:
            parts.append(leaf.words)  # type: ignore[union-attr]
    return " ".join(parts)  # type: ignore[arg-type]


def render_tokens(
    leaves: Sequence[Leaf], regions: Mapping[str, int], names: Mapping[str, str]
) -> str:
    """Return blank-separated tokens: `#i` for an object in region i, `@k` for a position.

    `regions` gives each mentioned object's region (from 0; -1: not detected); an object without a
    region is written by its name, from `names`.
    """
    parts = []
    for leaf in leaves:
        kind = type(leaf)
        if kind is str:
            parts.append(leaf)
        elif kind is Mention:
            object_id: str = leaf.object_id  # type: ignore[union-attr]
            region = regions[object_id]
            parts.append(f"#{region}" if region >= 0 else names[object_id])
        elif kind is Absent:
            parts.append(leaf.name)  # type: ignore[union-attr]
        elif kind is Place:
            parts.append(f"@{grid_cell(leaf.x, leaf.y)}")  # type: ignore[union-attr]
        elif kind is SymbolsOnly:
            parts.append(leaf.words)  # type: ignore[union-attr]
    return " ".join(parts)  # type: ignore[arg-type]


def render_sentence(leaves: Sequence[Leaf], verdict: bool | None = None) -> str:
    """Return a sentence with names; `verdict` answers a yes/no question first."""
    parts = [] if verdict is None else ["yes," if verdict else "no,"]
    for leaf in leaves:
        kind = type(leaf)
        if kind is str:
            parts.append(leaf)  # type: ignore[arg-type]
        elif kind is Mention or kind is Absent:
            if leaf.name:  # type: ignore[union-attr]
                parts.append(leaf.name)  # type: ignore[union-attr]
        elif kind is Place or kind is SentenceOnly:
            parts.append(leaf.words)  # type: ignore[union-attr]
    text = " ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def grid_cell(x: float, y: float) -> int:
    """Return the cell, 1 to 16 row by row, of the 4x4 grid that a point (0 to 1) lies in."""
    return min(int(y * 4), 3) * 4 + min(int(x * 4), 3) + 1


def mentioned(leaves: Sequence[Leaf]) -> tuple[str, ...]:
    """Return the ids of the objects in the order of mention, each once for each mention."""
    return tuple(leaf.object_id for leaf in leaves if type(leaf) is Mention)
