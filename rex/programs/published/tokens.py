"""The published conversion of final explanations to tokens and to text with names."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rex.gqa.scene_graphs import SceneGraph
from rex.programs.published.polishing import PluralMap

_PARENTHESES = re.compile(r"\(([^)]+)\)")
_OBJECT = re.compile(r"\(obj:([^)]+)\)")
_ABSENT = re.compile(r"\(obj\*:([^)]*)\)")


def published_tokens(raw: str, regions: Mapping[str, int], plurals: PluralMap) -> str:
    """Return the published tokens; an object id is replaced wherever its digits stand."""
    text = raw
    for inside in _PARENTHESES.findall(raw):
        if ("obj*:" in inside or "obj" not in inside) and "," in inside:
            x, y = inside.split(",")[:2]
            if _is_number(x) and _is_number(y):
                text = text.replace(inside, f"@{published_cell(float(x), float(y))}")
    for mark, replacement in (("obj*:", ""), ("obj:", ""), ("(", " "), (")", " ")):
        text = text.replace(mark, replacement)
    for object_id, region in regions.items():
        if region >= 0:
            text = text.replace(object_id, f"#{region}")
    for mark, replacement in (("?", ""), (",", " "), (".", " ")):
        text = text.replace(mark, replacement)
    return " ".join(plurals.apply(text.split()))


def published_cell(x: float, y: float) -> int:
    """Return the cell of the 4x4 grid; a point on a line belongs to the cell before it."""

    def part(share: float) -> int:
        return next((place for place in range(4) if share <= (place + 1) / 4), 3)

    return part(y) * 4 + part(x) + 1


def published_sentence(raw: str, graph: SceneGraph) -> str:
    """Return the text with the objects' names, as it stands: nothing is mended."""
    text = _OBJECT.sub(lambda found: graph.objects[found.group(1)].name, raw)
    text = _ABSENT.sub(lambda found: found.group(1).strip(), text)
    return f"{text[:1].upper()}{text[1:]}."


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
