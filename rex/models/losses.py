"""The losses of the paper, one value an example: answer, explanation, gate."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from rex.models.batch import IGNORED
from rex.models.decoder import widened


def answer_losses(logits: Tensor, answers: Tensor) -> Tensor:
    """Return the cross-entropy [B] of answers [B] under `logits` [B, A]; 0 where IGNORED."""
    return functional.cross_entropy(
        widened(logits), answers, ignore_index=IGNORED, reduction="none"
    )


def explanation_losses(log_probabilities: Tensor, explanations: Tensor) -> Tensor:
    """Return the cross-entropy [B] of explanations [B, T] under `log_probabilities` [B, T, V].

    Averaged over the tokens of each explanation, so that a long one weighs no more than a short
    one; 0 where there is no explanation.
    """
    learnt = explanations != IGNORED
    targets = explanations.clamp(min=0)[..., None]
    losses = -log_probabilities.gather(-1, targets).squeeze(-1) * learnt
    return losses.sum(dim=1) / learnt.sum(dim=1).clamp(min=1)


def gate_losses(
    gate: Tensor, explanations: Tensor, first_region: int, *, padding: bool = False
) -> Tensor:
    """Return the class-balanced binary cross-entropy [B] of the gate's logits [B, T].

    The target is 0 on region tokens and 1 elsewhere. Within an explanation each class is weighted
    by the share of the other; summed over its tokens, padding left out (the published code counts
    `padding` as words).
    """
    learnt = ((explanations != IGNORED) | padding).to(gate.dtype)
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
    return losses.sum(dim=1)
