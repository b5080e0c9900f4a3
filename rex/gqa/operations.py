"""GQA's operation names, by rule: a verb, alone or with a category or comparative."""

from __future__ import annotations

from collections.abc import Sequence

from rex.gqa.ontology import CATEGORIES
from rex.gqa.questions import SemanticStep

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

_OPERANDS: dict[str, tuple[int, int | None]] = {
    "select": (0, 0),
    "common": (2, 2),
    "same": (1, None),
    "different": (1, None),
    "and": (2, None),
    "or": (2, None),
}
"""Fewest and most operands of the verbs that do not take exactly one (None: no limit)."""


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


def operand_counts(verb: str, qualifier: str) -> tuple[int, int | None]:
    """Return the fewest and the most operands of an operation (None: no limit)."""
    if qualifier in COMPARATIVES:
        return 2, 2
    return _OPERANDS.get(verb, (1, 1))


def semantic_problem(semantic: Sequence[SemanticStep]) -> tuple[int, str] | None:
    """Return the first step of a program that is malformed, and what is wrong; None: nothing is."""
    for index, step in enumerate(semantic):
        parts = split_operation(step.operation)
        if parts is None:
            return index, f"unknown operation {step.operation!r}"
        for dependency in step.dependencies:
            if not 0 <= dependency < index:
                return index, f"depends on step {dependency}, which is not an earlier one"
        fewest, most = operand_counts(*parts)
        count = len(step.dependencies)
        if count < fewest or (most is not None and count > most):
            return index, f"{step.operation!r} with {count} dependencies"
    return None
