"""Muon: a matrix follows its momentum made orthogonal (Jordan et al. 2024).

All directions of a matrix are learnt at one pace, those that few examples ask for, too. From
https://kellerjordan.github.io/posts/muon/; `torch.optim.Muon` computes the same, but always in
bfloat16, which a processor without instructions for it takes twenty times as long for, and one
matrix after another (`python -m benchmarks.optimisers`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

_STEPS = 5
_LINEAR, _CUBIC, _QUINTIC = 3.4445, -4.7750, 2.0315
"""Of the iteration, chosen by its author to raise small singular values fast; they end between 0.7
and 1.2, not at 1."""


class Muon(torch.optim.Optimizer):
    """Learns matrices [n, m], without weight decay; `precision` is that of its products."""

    def __init__(
        self,
        matrices: Iterable[Parameter] | Iterable[dict[str, Any]],
        *,
        lr: float,
        precision: torch.dtype,
        momentum: float = 0.95,
    ) -> None:
        super().__init__(matrices, {"lr": lr, "momentum": momentum})
        self._precision = precision

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move each matrix that has a gradient by the learning rate (by more, if it is tall)."""
        for group in self.param_groups:
            alike: dict[tuple[int, int], list[tuple[Parameter, Tensor]]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    momentum = self._momentum(weight, group["momentum"])
                    wide = momentum.T if len(weight) > weight.shape[1] else momentum
                    alike.setdefault((len(wide), wide.shape[1]), []).append((weight, wide))
            for (rows, columns), found in alike.items():
                moves = orthogonal(torch.stack([wide for _, wide in found]), self._precision)
                for (weight, _), move in zip(found, moves, strict=True):
                    tall = len(weight) > weight.shape[1]
                    stretched = math.sqrt(columns / rows) if tall else 1.0
                    weight.add_(move.T if tall else move, alpha=-group["lr"] * stretched)

    def _momentum(self, weight: Parameter, kept: float) -> Tensor:
        """Return the running mean of a matrix's gradients, one step ahead (Nesterov)."""
        assert weight.grad is not None
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        mean: Tensor = state["momentum"].lerp_(weight.grad, 1 - kept)
        return weight.grad.lerp(mean, kept)


def orthogonal(matrices: Tensor, precision: torch.dtype) -> Tensor:
    """Return matrices [N, n, m], n ≤ m, with singular values near 1 and the same singular vectors.

    By Newton and Schulz's iteration, in products of `precision`. A matrix of zeros stays one.
    """
    x = matrices.to(precision)
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(_STEPS):
        gram = x @ x.mT
        x = torch.baddbmm(
            x, torch.baddbmm(gram, gram, gram, beta=_CUBIC, alpha=_QUINTIC), x, beta=_LINEAR
        )
    return x
