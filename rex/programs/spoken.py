"""Relations and words of GQA's that English says otherwise."""

from __future__ import annotations

from rex.programs.facts import SAME_RELATIONS
from rex.programs.rendering import Leaf, SentenceOnly, SymbolsOnly

SAID_SAME = {relation: f"the {relation} as" for relation in SAME_RELATIONS}
"""How explanations say that values are shared ("the same color as"), by the relation."""
SAME_SAID = {said: relation for relation, said in SAID_SAME.items()}
"""The relation by how explanations say it."""

_SPOKEN = {
    "contain": "containing",
    "performing trick": "performing a trick",
    "taking bath": "taking a bath",
}


def spoken(word: str) -> list[Leaf]:
    """Return a relation or a word of GQA's as the leaves that say it in English."""
    if word in SAID_SAME:
        return [SAID_SAME[word]]
    said = _SPOKEN.get(word)
    return [word] if said is None else [SymbolsOnly(word), SentenceOnly(said)]
