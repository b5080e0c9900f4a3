"""Questions about where in the image an object is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rex.world.annotate import Entity, Facts
from rex.world.questions.attributes import fill
from rex.world.questions.candidate import Candidate
from rex.world.questions.phrase import Part, is_are
from rex.world.questions.references import Pointer, Reference
from rex.world.questions.statements import the, yes_no

_GIVEN_AWAY = {
    "hposition": frozenset({"hposition", "to the left of", "to the right of"}),
    "vposition": frozenset({"on", "under", "sitting on", "lying on"}),
}
_SIDES = {"hposition": ("left", "right"), "vposition": ("top", "bottom")}
_OPEN = (
    "on which side of the {picture} {is} {ref}",
    "which side of the {picture} {is} {ref} on",
    "which side {is} {ref} on",
)
_VERIFY = {
    "hposition": "{is} {ref} on the {asked} side of the {picture}",
    "vposition": "{is} {ref} in the {asked} part of the {picture}",
}
_CHOOSE = {
    "hposition": (
        "{is} {ref} on the {one} or on the {two} of the {picture}",
        "which side {is} {ref} on ,the {one} or the {two}",
    ),
    "vposition": (
        "{is} {ref} in the {one} part or in the {two} of the {picture}",
        "in which part of the {picture} {is} {ref} ,the {one} or the {two}",
    ),
}


def position_questions(facts: Facts, random: np.random.Generator) -> Iterator[Candidate]:
    """Yield questions about objects that lie wholly in one half of the image."""
    pointer = Pointer(facts, random)
    for entity in facts.entities:
        for category, side in (("hposition", facts.side(entity)), ("vposition", facts.row(entity))):
            reference = pointer.any(entity, avoid=_GIVEN_AWAY[category])
            if side is not None and reference is not None:
                yield from _about(reference, category, side, random)


def _about(
    reference: Reference, category: str, side: str, random: np.random.Generator
) -> Iterator[Candidate]:
    picture = ("image", "picture", "photo")[int(random.integers(3))]
    name = reference.entity.name
    kind = int(random.integers(3))
    if kind == 0 and category == "hposition":
        pattern = _OPEN[int(random.integers(len(_OPEN)))]
        yield _made(
            reference, category, side, side, ("query", category),
            fill(pattern, reference, picture=picture), "query", "positionQuery",
            f"10q-{name}_{category}",
        )  # fmt: skip
    elif kind == 1:
        asked = _SIDES[category][int(random.integers(2))]
        yes = asked == side
        yield _made(
            reference, category, side, "yes" if yes else "no", (f"verify {category}", asked),
            fill(_VERIFY[category], reference, asked=asked, picture=picture), "verify",
            "positionVerify" if yes else "positionVerifyC", f"06-{name}_{asked}",
        )  # fmt: skip
    else:
        one, two = _SIDES[category][:: int(random.choice([1, -1]))]
        pattern = _CHOOSE[category][int(random.integers(2))]
        yield _made(
            reference, category, side, side, (f"choose {category}", f"{one}|{two}"),
            fill(pattern, reference, one=one, two=two, picture=picture), "choose",
            "positionChoose", f"10c-{name}_{category}",
        )  # fmt: skip


def _made(
    reference: Reference, category: str, side: str, answer: str, step: tuple[str, str],
    question: tuple[Part, ...], structural: str, detailed: str, local: str,
) -> Candidate:  # fmt: skip
    entity: Entity = reference.entity
    where = f"{'on' if category == 'hposition' else 'in'} the {side} of the image"
    full: tuple[Part, ...] = (*the(entity), is_are(entity.name), where)
    return Candidate(
        steps=(*reference.steps, (*step, reference.tail)),
        question=question,
        answer=answer,
        full_answer=full if structural != "verify" else yes_no(answer == "yes", *full),
        structural=structural,
        semantic="attr",
        detailed=detailed,
        global_group=None,
        local_group=local,
        fact=(entity.object_id, category),
    )
