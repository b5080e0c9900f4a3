"""Relations that a rendered scene really shows."""

from __future__ import annotations

from rex.world.render import Picture, Visible

Relation = tuple[int, str, int]
"""Subject, name and object; things are numbered as in `Picture.visible`."""


def relations(picture: Picture) -> list[Relation]:
    """Return all relations of a picture, sorted.

    `on`, `under`, `holding` and `wearing` come from the composition; `to the left of`, `to the
    right of`, `in front of`, `behind` and `near` from what can be seen.
    """
    visible = picture.visible
    index = {(id(entry.thing), entry.part): k for k, entry in enumerate(visible)}
    found: set[Relation] = set()
    joined: set[tuple[int, int]] = set()
    for k, entry in enumerate(visible):
        if entry.part:
            wearer = index[(id(entry.thing), "")]
            found.add((wearer, "wearing", k))
            joined |= {(k, wearer), (wearer, k)}
            continue
        for name, partner in entry.thing.links:
            target = index.get((id(partner), ""))
            if target is None:
                continue
            joined |= {(k, target), (target, k)}
            found.add((target, name, k) if name == "holding" else (k, name, target))
            if name == "holding":
                # a wearer's clothes do not stand beside what the wearer holds
                joined |= {
                    pair
                    for c, clothes in enumerate(visible)
                    if clothes.thing is partner
                    for pair in ((c, k), (k, c))
                }
    for a, one in enumerate(visible):
        for b, other in enumerate(visible):
            if a == b or (a, b) in joined or one.thing is other.thing:
                continue
            if _left_of(one, other):
                found |= {(a, "to the left of", b), (b, "to the right of", a)}
            if _in_front_of(one, other):
                found |= {(a, "in front of", b), (b, "behind", a)}
            if a < b and _near(one, other):
                found |= {(a, "near", b), (b, "near", a)}
    return sorted(found)


def _left_of(one: Visible, other: Visible) -> bool:
    (x1, y1, w1, h1), (x2, y2, w2, h2) = one.box, other.box
    if one.part or other.part:
        # clothes are where their wearer is
        return False
    apart = x1 + w1 <= x2 + 0.12 * min(w1, w2)
    level = min(y1 + h1, y2 + h2) - max(y1, y2)
    return apart and level > 0.25 * min(h1, h2)


def _in_front_of(one: Visible, other: Visible) -> bool:
    if one.part or other.part or not (one.thing.stands and other.thing.stands):
        return False
    if one.thing.depth <= other.thing.depth + 8:
        return False
    (x1, y1, w1, h1), (x2, y2, w2, h2) = one.box, other.box
    wide = min(x1 + w1, x2 + w2) - max(x1, x2)
    high = min(y1 + h1, y2 + h2) - max(y1, y2)
    return wide > 0.35 * min(w1, w2) and high > 3


def _near(one: Visible, other: Visible) -> bool:
    if one.part or other.part or not (one.thing.stands and other.thing.stands):
        return False
    (x1, y1, w1, h1), (x2, y2, w2, h2) = one.box, other.box
    gap = max(x1, x2) - min(x1 + w1, x2 + w2)
    return -0.3 * min(w1, w2) <= gap <= 10 and abs(y1 + h1 - y2 - h2) < 26
