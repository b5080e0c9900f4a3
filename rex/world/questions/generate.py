"""All questions that can be asked about an image."""

from __future__ import annotations

import numpy as np

from rex.world.annotate import Facts
from rex.world.questions.attributes import attribute_questions
from rex.world.questions.candidate import Candidate
from rex.world.questions.categories import category_questions
from rex.world.questions.comparisons import comparison_questions
from rex.world.questions.connections import relation_questions
from rex.world.questions.existence import existence_questions
from rex.world.questions.overall import overall_questions, place_questions
from rex.world.questions.positions import position_questions

_SOURCES = (
    attribute_questions,
    position_questions,
    existence_questions,
    relation_questions,
    category_questions,
    comparison_questions,
)


def candidates(facts: Facts, random: np.random.Generator) -> list[Candidate]:
    """Return the image's candidate questions, each program once, in a fixed order."""
    found: dict[tuple[object, ...], Candidate] = {}
    for source in _SOURCES:
        for candidate in source(facts, random):
            found.setdefault(candidate.steps, candidate)
    overall = (
        place_questions(facts.place, random)
        if facts.names_place
        else (overall_questions(facts, random))
    )
    for candidate in overall:
        found.setdefault(candidate.steps, candidate)
    return list(found.values())
