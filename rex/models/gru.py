"""The gated recurrent unit of the explanation decoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class GatedRecurrentUnit(nn.Module):
    """A GRU as first published (Cho et al. 2014): the reset gate acts before the state's matrix.

        z = σ(W_z x + U_z s)    r = σ(W_r x + U_r s)    m = tanh(W_m x + U_m (r ∘ s))
        s' = (1 − z) ∘ s + z ∘ m

    The input's share W x is a method of its own, so that what is known of an input beforehand (all
    words of a teacher-forced explanation, say) is projected in one product for all steps.
    PyTorch's GRUCell resets after the matrix: another function, that published weights do not fit.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.input = nn.Linear(input_size, 3 * hidden_size)
        self.gates = nn.Linear(hidden_size, 2 * hidden_size, bias=False)
        self.memory = nn.Linear(hidden_size, hidden_size, bias=False)

    def project(self, part: Tensor, start: int) -> Tensor:
        """Return W x, [..., 3H], of the part of x that begins at `start`, without the bias."""
        return functional.linear(part, self.input.weight[:, start : start + part.shape[-1]])

    def forward(self, projected: Tensor, state: Tensor) -> Tensor:
        """Return the next state [B, H], from W x without bias [B, 3H] and the state [B, H]."""
        size = self.hidden_size
        projected = projected + self.input.bias
        gates = torch.sigmoid(projected[..., : 2 * size] + self.gates(state))
        update, reset = gates.chunk(2, dim=-1)
        memory = torch.tanh(projected[..., 2 * size :] + self.memory(reset * state))
        return state + update * (memory - state)
