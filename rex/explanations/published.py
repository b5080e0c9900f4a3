"""Explanations in `compat` mode: the published pipeline from program to tokens, step by step."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from rex.explanations.explanation import OK, Explanation
from rex.explanations.matching import Boxes, ImageMatch, areas
from rex.gqa.questions import SemanticStep
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.errors import Reason, Skip
from rex.programs.parsing import parse_program
from rex.programs.published.executor import execute_published
from rex.programs.published.polishing import PluralMap, polish_published

_PARENTHESES = re.compile(r"\(([^)]+)\)")
_OBJECT = re.compile(r"\(obj:([^)]+)\)")


def explain_published(
    semantic: Sequence[SemanticStep],
    graph: SceneGraph | None,
    answer: str | None,
    match: ImageMatch | None,
    plurals: PluralMap,
) -> Explanation:
    """Explain a question as the published code does. Raises ProgramError for a malformed program.

    Where the published code makes a text and drops it later, `unpolished` still holds it.
    """
    operations = tuple([operation.atomic for operation in parse_program(semantic)])
    if graph is None:
        return Explanation(Reason.NO_SCENE_GRAPH.value, operations=operations)
    try:
        unpolished = execute_published(semantic, graph)
    except Skip as skip:
        return Explanation(str(skip), operations=operations)
    dropped = drop_reason(semantic, unpolished)
    if dropped is not None:
        return Explanation(dropped, unpolished=unpolished, operations=operations)
    raw = polish_published(unpolished, answer or "", plurals)
    objects = tuple(_OBJECT.findall(raw))
    text: str | None = None
    regions: tuple[int, ...] = ()
    bound: float | None = None
    if match is not None:
        found = {
            object_id: best_region_unclamped(match.object_boxes[object_id], match.region_boxes)
            for object_id in objects
        }
        regions = tuple([found[object_id] for object_id in objects])
        text = published_tokens(raw, found, plurals)
        bound = match.bound(objects) if objects else None
    return Explanation(
        OK,
        raw,
        unpolished,
        published_sentence(raw, graph),
        text,
        objects,
        regions,
        bound,
        operations,
    )


def drop_reason(semantic: Sequence[SemanticStep], unpolished: str) -> str | None:
    """Return why the published pipeline drops a raw explanation, None if it keeps it."""
    if "(obj*:scene)" in unpolished:
        return Reason.GLOBAL_SCENE.value
    if "ERROR" in unpolished:
        return Reason.NO_VALUE.value
    if not unpolished or "(obj*:direction)" in unpolished:
        return Reason.PUBLISHED_DROP.value
    last = semantic[-1]
    if last.operation in ("same", "different") and last.argument.strip() == "gender":
        # the published code appends genders to the scene graph that later questions read
        return f"{Reason.ORDER_DEPENDENT.value}: gender"
    return None


def best_region_unclamped(box: tuple[float, float, float, float], regions: Boxes) -> int:
    """Return the region with the highest published "IoU" above 0, -1 if there is none.

    The published formula does not clamp the intersection: two sides that are both negative give a
    positive product, so a region that is apart on both axes can win.
    """
    if not len(regions):
        return -1
    target = np.array([box])
    width = np.minimum(target[:, 2], regions[:, 2]) - np.maximum(target[:, 0], regions[:, 0])
    height = np.minimum(target[:, 3], regions[:, 3]) - np.maximum(target[:, 1], regions[:, 1])
    intersection = width * height
    union = areas(target) + areas(regions) - intersection
    ratio = np.divide(intersection, union, out=np.zeros_like(union), where=union != 0)
    best = int(ratio.argmax())
    return best if ratio[best] > 0 else -1


def published_tokens(raw: str, regions: dict[str, int], plurals: PluralMap) -> str:
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
    for mark in "?,.":
        text = text.replace(mark, " " if mark != "?" else "")
    return " ".join(plurals.apply(text.split()))


def published_cell(x: float, y: float) -> int:
    """Return the cell of the 4x4 grid; a point on a line belongs to the cell before it."""

    def part(share: float) -> int:
        return next((place for place in range(4) if share <= (place + 1) / 4), 3)

    return part(y) * 4 + part(x) + 1


def published_sentence(raw: str, graph: SceneGraph) -> str:
    """Return the text with the objects' names, as it stands: nothing is mended."""
    text = _OBJECT.sub(lambda found: graph.objects[found.group(1)].name, raw)
    text = re.sub(r"\(obj\*:([^)]*)\)", lambda found: found.group(1).strip(), text)
    return f"{text[:1].upper()}{text[1:]}."


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
