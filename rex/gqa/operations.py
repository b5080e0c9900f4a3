"""GQA's operation names, by rule: a verb, alone or with a category or comparative."""

from __future__ import annotations

from collections.abc import Mapping

from rex.gqa.ontology import CATEGORIES

COMPARATIVES = frozenset(
    {
        "healthier",
        "higher",
        "larger",
        "less healthy",
        "lower",
        "older",
        "shorter",
        "smaller",
        "taller",
        "younger",
    }
)
"""What `choose` compares two objects by."""

_ALONE = frozenset({"and", "common", "exist", "or", "query", "relate", "select"})
_WITH_CATEGORY = frozenset({"choose", "different", "filter", "same", "verify"})
_RELATION = frozenset({"choose", "verify"})

OPERANDS: Mapping[str, tuple[int, int | None]] = {
    "select": (0, 0),
    "relate": (1, 1),
    "query": (1, 1),
    "exist": (1, 1),
    "filter": (1, 1),
    "verify": (1, 1),
    "choose": (1, 2),
    "common": (2, 2),
    "same": (1, None),
    "different": (1, None),
    "and": (2, None),
    "or": (2, None),
}
"""Fewest and most operands of each verb (None: no limit)."""


def split_operation(name: str) -> tuple[str, str] | None:
    """Return the verb of a GQA operation name and its qualifier ("" for none).

    The qualifier is a category of words (`filter color`), `rel` (`choose rel`) or a comparative
    (`choose healthier`). Returns None when GQA knows no such operation.
    """
    verb, _, qualifier = name.partition(" ")
    if verb in _ALONE:
        return (verb, "") if not qualifier else None
    if verb not in _WITH_CATEGORY:
        return None
    known = (
        not qualifier
        or qualifier in CATEGORIES
        or (qualifier == "rel" and verb in _RELATION)
        or (qualifier in COMPARATIVES and verb == "choose")
    )
    return (verb, qualifier) if known else None
