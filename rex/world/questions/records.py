"""Chosen questions in GQA's format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rex.world.questions.candidate import Candidate, semantic_string
from rex.world.questions.phrase import say


def question_records(image_id: str, chosen: Sequence[Candidate]) -> dict[str, dict[str, Any]]:
    """Return the records of one image's questions by id, in the given order."""
    ids = [f"{image_id}{number:03d}" for number in range(len(chosen))]
    records = {}
    for question_id, candidate in zip(ids, chosen, strict=True):
        question, spans = say(candidate.question, "?")
        full, full_spans = say(candidate.full_answer, ".")
        answer_spans = {}
        if candidate.answer_object is not None:
            words = len(candidate.answer.split())
            answer_spans = {"0" if words == 1 else f"0:{words}": candidate.answer_object}
        others = [(i, c) for i, c in zip(ids, chosen, strict=True) if i != question_id]
        records[question_id] = {
            "semantic": [
                {"operation": operation, "dependencies": list(dependencies), "argument": argument}
                for operation, argument, dependencies in candidate.steps
            ],
            "entailed": [i for i, other in others if _entails(candidate, other)],
            "equivalent": [
                *(i for i, other in others if _equivalent(candidate, other)),
                question_id,
            ],
            "question": question,
            "imageId": image_id,
            "isBalanced": True,
            "groups": {"global": candidate.global_group, "local": candidate.local_group},
            "answer": candidate.answer,
            "semanticStr": semantic_string(candidate.steps),
            "annotations": {
                "answer": answer_spans,
                "question": spans,
                "fullAnswer": full_spans,
            },
            "types": {
                "detailed": candidate.detailed,
                "semantic": candidate.semantic,
                "structural": candidate.structural,
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


def _equivalent(one: Candidate, other: Candidate) -> bool:
    return (
        one.fact == other.fact
        and one.structural == other.structural == "query"
        and one.answer == other.answer
    )
