"""Choosing an answer that follows from its explanation, by the program that the model predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from rex.models.batch import IGNORED
from rex.models.decoder import MASKED, Alternatives, Decision
from rex.models.vocabulary import Vocabulary

if TYPE_CHECKING:
    from rex.regions.store import RegionStore


def choose_supported(
    decision: Decision,
    alternatives: Alternatives,
    programs: Sequence[str],
    vocabulary: Vocabulary,
    store: RegionStore,
    images: Sequence[int],
) -> Decision:
    """Return a decision for the likeliest answer that follows from its own explanation.

    Likelier ones are ruled out. Where none follows, or the program is malformed, nothing changes.
    `images` are the questions' rows of the store, which says what the detector calls regions.
    """
    from rex.evaluation.entailment import entails
    from rex.evaluation.measures.agreement import detected_names
    from rex.gqa.operations import written_steps

    objects, attributes = store.class_names
    scores = alternatives.scores.clone()
    ranking = scores.argsort(dim=1, descending=True, stable=True).tolist()
    candidates = alternatives.candidates.tolist()
    texts = alternatives.explanations.tokens.tolist()
    count = scores.shape[1]
    for row, ranked in enumerate(ranking):
        steps = written_steps(programs[row])
        if not steps:
            continue
        names = detected_names(store, images[row])
        for better, place in enumerate(ranked):
            tokens = [token for token in texts[row * count + place] if token != IGNORED]
            answer = vocabulary.answers[candidates[row][place]]
            text = vocabulary.spell(tokens)
            if entails(answer, text, names, semantic=steps, objects=objects, attributes=attributes):
                scores[row, torch.tensor(ranked[:better], dtype=torch.int64)] = MASKED
                break
    chosen = alternatives._replace(scores=scores).decision(decision.answers.shape[1])
    return decision._replace(answers=chosen.answers, explanations=chosen.explanations)
