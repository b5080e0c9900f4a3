"""The operation names in the programs of GQA 1.2."""

from __future__ import annotations

_FILTER = """
    activity age brightness cleanliness color company depth event|face expression|fatness flavor
    gender hardness height hposition length liquid material opaqness orientation pattern pose race
    realism room shape size sport sportActivity state texture thickness tone vposition weather
    weight width"""
_VERIFY = """
    activity age brightness cleanliness color company depth|face expression|fatness flavor
    gender hardness height hposition length location material opaqness pattern place pose race
    realism room shape size sportActivity state texture thickness tone type vposition weather weight
    width"""
_CHOOSE = """
    activity age brightness cleanliness color company depth|face expression|fatness flavor
    gender hardness height hposition length location material name opaqness pattern place pose race
    realism shape size sportActivity state thickness tone vposition weather
    weight width"""
_COMPARE = "healthier|less healthy|older|younger|larger|smaller|taller|shorter|higher|lower"


def _qualifiers(text: str) -> list[str]:
    words = []
    for place, part in enumerate(text.split("|")):
        words += [part.strip()] if place % 2 else part.split()
    return words


GQA_OPERATIONS: list[str] = sorted(
    {
        *("select", "relate", "query", "exist", "common", "and", "or", "verify rel", "choose rel"),
        *("filter", "verify", "choose", "same", "different"),
        *(f"filter {word}" for word in _qualifiers(_FILTER)),
        *(f"verify {word}" for word in _qualifiers(_VERIFY)),
        *(f"choose {word}" for word in _qualifiers(_CHOOSE)),
        *(f"choose {word}" for word in _COMPARE.split("|")),
        *(f"same {word}" for word in ("color", "material", "shape")),
        *(f"different {word}" for word in ("color", "shape")),
    }
)
