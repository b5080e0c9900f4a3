"""Measures of held-out questions, which choose the epoch."""

from __future__ import annotations

import torch
from torch import Tensor

from rex.experiment import Setting
from rex.models.batch import IGNORED, Batch
from rex.models.decoder import Output

COUNTED = ("answers", "answers_right", "tokens", "tokens_right")
"""What `hits` counts."""


def hits(output: Output, batch: Batch) -> dict[str, Tensor]:
    """Count what a batch got right: answers, and tokens of explanations after the true ones.

    Counts stay on the device: reading them would wait for it.

    An answer that the vocabulary lacks can't be given: it counts as wrong.
    """
    right = output.answers.argmax(dim=-1) == batch.answers
    counts = {"answers": torch.tensor(len(batch)), "answers_right": right.sum()}
    if output.explanation is not None:
        chosen = output.explanation.log_probabilities.argmax(dim=-1)
        counts["tokens"] = (batch.explanations != IGNORED).sum()
        counts["tokens_right"] = (chosen == batch.explanations).sum()
    return counts


def accuracies(counts: dict[str, float], objective: Setting) -> dict[str, float]:
    """Return the shares of right answers and tokens (0 to 1), of what is learnt."""
    measures = {}
    if objective.answers:
        measures["accuracy"] = counts["answers_right"] / max(counts["answers"], 1)
    if counts["tokens"]:
        measures["token_accuracy"] = counts["tokens_right"] / max(counts["tokens"], 1)
    return measures


def criterion(objective: Setting) -> str:
    """Return the measure, higher is better, that chooses the epoch."""
    return "accuracy" if objective.answers else "token_accuracy"


def copied(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a copy of a model's weights on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in weights.items()}
