"""A question before the choice, and the chosen ones in GQA's format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rex.gqa.questions import SemanticStep
from rex.world.questions.phrase import Phrase, say


@dataclass(frozen=True)
class Candidate:
    """A question that could be asked about an image, with its program and answer."""

    steps: tuple[SemanticStep, ...]
    question: Phrase
    answer: str
    full_answer: Phrase
    family: str
    """Structural and semantic type (`query/attr`): the quota that the question counts to."""
    detailed: str
    global_group: str | None
    local_group: str
    fact: tuple[str, str]
    """What it is about: object id (or `scene`) and category.

    Open questions entail the closed ones about the same fact.
    """
    answer_object: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether the question is open (of the structural type `query`)."""
        return self.family.startswith("query/")


def semantic_string(steps: Sequence[SemanticStep]) -> str:
    """Return a program in GQA's text form (`select: car (12)->query: color [0]`)."""
    return "->".join(
        f"{step.operation}: {step.argument}"
        + (f" {list(step.dependencies)}" if step.dependencies else "")
        for step in steps
    )


def question_records(image_id: str, chosen: Sequence[Candidate]) -> dict[str, dict[str, Any]]:
    """Return the records of one image's questions by id, in the given order."""
    numbered = {f"{image_id}{number:03d}": candidate for number, candidate in enumerate(chosen)}
    records = {}
    for question_id, candidate in numbered.items():
        question, spans = say(candidate.question, "?")
        full, full_spans = say(candidate.full_answer, ".")
        answer_spans = {}
        if candidate.answer_object is not None:
            words = len(candidate.answer.split())
            answer_spans = {"0" if words == 1 else f"0:{words}": candidate.answer_object}
        structural, semantic = candidate.family.split("/")
        others = {key: other for key, other in numbered.items() if key != question_id}
        records[question_id] = {
            "semantic": [
                {
                    "operation": step.operation,
                    "dependencies": list(step.dependencies),
                    "argument": step.argument,
                }
                for step in candidate.steps
            ],
            "entailed": [key for key, other in others.items() if _entails(candidate, other)],
            "equivalent": [
                *(key for key, other in others.items() if _equivalent(candidate, other)),
                question_id,
            ],
            "question": question,
            "imageId": image_id,
            "isBalanced": True,
            "groups": {"global": candidate.global_group, "local": candidate.local_group},
            "answer": candidate.answer,
            "semanticStr": semantic_string(candidate.steps),
            "annotations": {"answer": answer_spans, "question": spans, "fullAnswer": full_spans},
            "types": {
                "detailed": candidate.detailed,
                "semantic": semantic,
                "structural": structural,
            },
            "fullAnswer": full,
        }
    return records


def _entails(known: Candidate, other: Candidate) -> bool:
    """Return whether the answer of `other` follows from that of `known`."""
    if known.answer == "no":
        return False
    thing, category = other.fact
    if category == "exist" and known.fact[0] == thing:
        return True
    return known.fact == other.fact and known.fact[0] != "scene"


def _equivalent(first: Candidate, second: Candidate) -> bool:
    return (
        first.fact == second.fact
        and first.is_open
        and second.is_open
        and first.answer == second.answer
    )
