"""Muon: a matrix follows its momentum made orthogonal (Jordan et al. 2024).

All directions of a matrix are learnt at one pace, those that few examples ask for, too. From
https://kellerjordan.github.io/posts/muon/; `torch.optim.Muon` computes the same, but always in
bfloat16, which a processor without instructions for it takes twenty times as long for, and one
matrix after another (`python -m benchmarks.optimisers`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

_MOMENTUM = 0.95
_STEPS = 5
_LINEAR, _CUBIC, _QUINTIC = 3.4445, -4.7750, 2.0315
"""Of the iteration, chosen by its author to raise small singular values fast; they end between 0.7
and 1.2, not at 1."""


class Muon(torch.optim.Optimizer):
    """Learns matrices [n, m]; `precision` is that of its products.

    A convolution's weights [n, ...] are a matrix with a row for each channel it writes. Of each, a
    step takes off `weight_decay` times the learning rate first (decoupled, as in AdamW).
    """

    def __init__(
        self,
        matrices: Iterable[Parameter] | Iterable[dict[str, Any]],
        *,
        lr: float,
        precision: torch.dtype,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(matrices, {"lr": lr})
        self._precision = precision
        self._weight_decay = weight_decay

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move each matrix that has a gradient by the learning rate (by more, if it is tall)."""
        for group in self.param_groups:
            alike: dict[tuple[int, int], list[Parameter]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    alike[len(weight), weight[0].numel()].append(weight)
            for (rows, columns), weights in alike.items():
                momenta = [self._momentum(weight).flatten(1) for weight in weights]
                moves = orthogonal(torch.stack(momenta), self._precision)
                rate = group["lr"] * math.sqrt(max(1.0, rows / columns))
                for weight, move in zip(weights, moves, strict=True):
                    if self._weight_decay:
                        weight.mul_(1 - group["lr"] * self._weight_decay)
                    weight.add_(move.view_as(weight), alpha=-rate)

    def _momentum(self, weight: Parameter) -> Tensor:
        """Return the running mean of a matrix's gradients, one step ahead (Nesterov)."""
        assert weight.grad is not None
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        mean: Tensor = state["momentum"].lerp_(weight.grad, 1 - _MOMENTUM)
        return weight.grad.lerp(mean, _MOMENTUM)


def orthogonal(matrices: Tensor, precision: torch.dtype) -> Tensor:
    """Return matrices [N, n, m] with singular values near 1 and the same singular vectors.

    By Newton and Schulz's iteration, in products of `precision`. A matrix of zeros stays one.
    """
    if matrices.shape[1] > matrices.shape[2]:  # its products are of the shorter side
        return orthogonal(matrices.mT.contiguous(), precision).mT
    x = matrices.to(precision)
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(_STEPS):
        gram = x @ x.mT
        x = torch.baddbmm(
            x, torch.baddbmm(gram, gram, gram, beta=_CUBIC, alpha=_QUINTIC), x, beta=_LINEAR
        )
    return x
