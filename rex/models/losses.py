"""The losses of the paper: answer + α · explanation + β · gate."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from rex.models.batch import IGNORED
from rex.models.decoder import widened


def answer_loss(logits: Tensor, answers: Tensor) -> Tensor:
    """Cross-entropy of the answers [B] under `logits` [B, A]; IGNORED ones don't count."""
    total = functional.cross_entropy(
        widened(logits), answers, ignore_index=IGNORED, reduction="sum"
    )
    return total / (answers != IGNORED).sum().clamp(min=1)


def explanation_loss(log_probabilities: Tensor, explanations: Tensor) -> Tensor:
    """Cross-entropy of explanations [B, T] under `log_probabilities` [B, T, V].

    Averaged over the tokens of each explanation, then over the explanations: a long one weighs no
    more than a short one.
    """
    learnt = explanations != IGNORED
    targets = explanations.clamp(min=0)[..., None]
    losses = -log_probabilities.gather(-1, targets).squeeze(-1) * learnt
    lengths = learnt.sum(dim=1)
    return (losses.sum(dim=1) / lengths.clamp(min=1)).sum() / (lengths > 0).sum().clamp(min=1)


def gate_loss(gate: Tensor, explanations: Tensor, first_region: int) -> Tensor:
    """Class-balanced binary cross-entropy of the gate's logits [B, T], masked on padding.

    The target is 0 on region tokens and 1 elsewhere. Within an explanation each class is weighted
    by the share of the other; summed over tokens, averaged over explanations.
    """
    learnt = (explanations != IGNORED).to(gate.dtype)
    word = (explanations < first_region).to(gate.dtype) * learnt
    region = learnt - word
    count = learnt.sum(dim=1, keepdim=True).clamp(min=1)
    word_share, region_share = (
        word.sum(1, keepdim=True) / count,
        region.sum(1, keepdim=True) / count,
    )
    losses = -(
        region_share * word * functional.logsigmoid(gate)
        + word_share * region * functional.logsigmoid(-gate)
    )
    explained = (learnt.sum(dim=1) > 0).sum().clamp(min=1)
    return losses.sum() / explained
