"""Choosing an answer that follows from its explanation, by the program that the model predicts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import torch

from rex.models.batch import IGNORED
from rex.models.decoder import MASKED, Alternatives, Decision
from rex.models.vocabulary import Vocabulary

if TYPE_CHECKING:
    from rex.evaluation.measures.agreement import Names
    from rex.gqa.questions import SemanticStep
    from rex.regions.store import RegionStore


class Judge:
    """Says whether answers follow from explanations; the detector says what regions are called."""

    def __init__(self, store: RegionStore) -> None:
        self._store = store

    def names(self, image_id: str) -> Names:
        """Return what the things of an image are called."""
        from rex.evaluation.measures.agreement import DetectedNames

        (row,) = self._store.rows([image_id]).tolist()
        return DetectedNames(self._store, row)

    def supports(
        self, answer: str, explanation: str, steps: tuple[SemanticStep, ...], names: Names
    ) -> bool:
        """Return whether the answer follows from the explanation, by a program's `steps`."""
        from rex.evaluation.entailment import entails

        objects, attributes = self._known
        return bool(
            entails(
                answer,
                explanation,
                names,
                semantic=steps,
                objects=objects,
                attributes=attributes,
            )
        )

    @cached_property
    def _known(self) -> tuple[frozenset[str], frozenset[str]]:
        return frozenset(self._store.object_names), frozenset(self._store.attribute_names)


def choose_supported(
    decision: Decision,
    alternatives: Alternatives,
    programs: Sequence[str],
    image_ids: Sequence[str],
    vocabulary: Vocabulary,
    judge: Judge,
) -> Decision:
    """Return a decision for the likeliest answer that follows from its own explanation.

    Likelier ones are ruled out. Where none follows, or the program is malformed, nothing changes.
    """
    from rex.gqa.operations import written_steps

    scores = alternatives.scores.clone()
    ranking = scores.argsort(dim=1, descending=True, stable=True).tolist()
    candidates = alternatives.candidates.tolist()
    texts = alternatives.explanations.tokens.tolist()
    count = scores.shape[1]
    for row, ranked in enumerate(ranking):
        steps = written_steps(programs[row])
        if not steps:
            continue
        names = judge.names(image_ids[row])
        for better, place in enumerate(ranked):
            tokens = [token for token in texts[row * count + place] if token != IGNORED]
            answer = vocabulary.answers[candidates[row][place]]
            text = vocabulary.spell(tokens)
            if judge.supports(answer, text, steps, names):
                scores[row, torch.tensor(ranked[:better], dtype=torch.int64)] = MASKED
                break
    chosen = alternatives._replace(scores=scores).decision(decision.answers.shape[1])
    return decision._replace(answers=chosen.answers, explanations=chosen.explanations)
