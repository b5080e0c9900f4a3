"""Where the labels of boxes stand, so that none covers another where there is room."""

from __future__ import annotations

from collections.abc import Sequence

from rex.boxes import Box, area, intersection

Point = tuple[float, float]


def label_places(boxes: Sequence[Box], sizes: Sequence[Point], extent: Point) -> list[Point]:
    """Return the top left corner of each box's label.

    `sizes` are the labels' widths and heights, `extent` those of the image, all in pixels. A label
    stands at a corner of its box, in the image, and on no other label; where no corner is free,
    inside its box, at the top left. The smallest box chooses first: its label is the hardest to
    find elsewhere.
    """
    places: dict[int, Point] = {}
    taken: list[Box] = []
    for number in sorted(range(len(boxes)), key=lambda number: area(boxes[number])):
        size = sizes[number]
        corners = _corners(boxes[number], size, extent)
        free = (
            place for place in corners if not any(intersection(_at(place, size), t) for t in taken)
        )
        places[number] = next(free, _moved_in(boxes[number][:2], size, extent))
        taken.append(_at(places[number], size))
    return [places[number] for number in range(len(boxes))]


def _corners(box: Box, size: Point, extent: Point) -> list[Point]:
    """Return where a label may stand, the best first: where it need not be moved into the image."""
    left, top, right, bottom = box
    above, right_aligned = top - size[1], right - size[0]
    corners = [
        (left, above),
        (right_aligned, above),
        (left, bottom),
        (right_aligned, bottom),
        (left, top),
        (left, bottom - size[1]),
    ]
    moved = [_moved_in(corner, size, extent) for corner in corners]
    inside = [corner for corner, at in zip(corners, moved, strict=True) if corner == at]
    return inside + moved


def _moved_in(place: Point, size: Point, extent: Point) -> Point:
    x, y = (
        max(0.0, min(start, whole - length))
        for start, length, whole in zip(place, size, extent, strict=True)
    )
    return x, y


def _at(place: Point, size: Point) -> Box:
    return (*place, place[0] + size[0], place[1] + size[1])
