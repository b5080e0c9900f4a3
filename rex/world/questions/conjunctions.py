"""Are there such things? Two of them, joined by and, or."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rex.world.annotate import Facts
from rex.world.questions.candidate import Candidate, Step
from rex.world.questions.phrase import Mention, Part, at_times, many
from rex.world.questions.statements import object_ids

_OPENINGS = {
    "and": ("are there both", "do you see both"),
    "or": ("are there any", "do you see any", "are there either"),
}
_BOTH = {"and": 0.5, "or": 0.15}
"""How often both are there, so that the answers come out even."""
_NEITHER = {"and": 0.2, "or": 0.55}
"""How often neither is, of the other times."""


def joined_questions(
    facts: Facts, present: list[str], missing: list[str], random: np.random.Generator
) -> Iterator[Candidate]:
    """Yield questions about pairs of names, some present and some missing."""
    for verb in ("and", "or"):
        for _ in range(2):
            both = random.random() < _BOTH[verb]
            neither = not both and random.random() < _NEITHER[verb]
            here = [present[k] for k in random.permutation(len(present))]
            pair = here[:2] if both else missing[:2] if neither else [*here[:1], *missing[2:3]]
            if len(pair) < 2:
                continue
            yield _pair(facts, verb, pair[::-1] if random.random() < 0.5 else pair, random)


def _pair(facts: Facts, verb: str, pair: list[str], random: np.random.Generator) -> Candidate:
    found = [[entity for entity in facts.entities if entity.name == name] for name in pair]
    there = [bool(entities) for entities in found]
    yes = all(there) if verb == "and" else any(there)
    nouns: list[Part] = [
        Mention(many(name), entities[0].object_id) if entities else many(name)
        for name, entities in zip(pair, found, strict=True)
    ]
    openings = _OPENINGS[verb]
    opening = openings[int(random.integers(len(openings)))]
    steps: tuple[Step, ...] = (
        ("select", f"{pair[0]} ({object_ids(found[0])})", ()),
        ("exist", "?", (0,)),
        # GQA writes a blank after the argument of a second operand
        ("select", f"{pair[1]} ({object_ids(found[1])}) ", ()),
        ("exist", "?", (2,)),
        (verb, "", (1, 3)),
    )
    kind = verb.capitalize()
    return Candidate(
        steps=steps,
        question=(opening, nouns[0], verb, nouns[1], at_times("in the image", random)),
        answer="yes" if yes else "no",
        full_answer=_told(verb, nouns, there),
        structural="logical",
        semantic="obj",
        detailed=f"exist{kind}" if yes else f"exist{kind}C",
        global_group=None,
        local_group=f"09exist{kind}-{'_'.join(sorted(pair))}",
        fact=("scene", f"exist{kind}"),
    )


def _told(verb: str, nouns: list[Part], there: list[bool]) -> tuple[Part, ...]:
    one, other = nouns
    if not any(there):
        return ("no, there are no", one, "and no" if verb == "and" else "or", other)
    first = nouns[there.index(True)]
    if verb == "or":
        return ("yes, there are", first)
    if all(there):
        return ("yes, there are both", one, "and", other)
    return ("no, there are", first, "but no", nouns[there.index(False)])
