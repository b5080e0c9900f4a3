"""Muon beside PyTorch's own, and beside the singular value decomposition that it approaches."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from rex.muon import Muon, orthogonal


@given(st.integers(1, 12), st.integers(0, 20), st.integers(0, 2**31))
def test_directions_stay_and_lengths_become_alike(rows: int, more: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    matrices = torch.randn(3, rows, rows + more, generator=generator)
    left, lengths, right = torch.linalg.svd(matrices, full_matrices=False)
    # singular values that are next to nothing stay small: five steps raise them 485-fold at most
    lengths = lengths.clamp(min=0.05 * float(lengths.max()))
    matrices = left @ lengths.diag_embed() @ right
    made = left.mT @ orthogonal(matrices, torch.float32) @ right.mT
    found = made.diagonal(dim1=1, dim2=2)
    assert bool(((found > 0.6) & (found < 1.3)).all())
    torch.testing.assert_close(made, found.diag_embed(), atol=1e-3, rtol=0)


def test_nothing_stays_nothing() -> None:
    assert not orthogonal(torch.zeros(2, 3, 4), torch.bfloat16).any()


def weights(seed: int) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(seed)
    shapes = ((8, 8), (24, 8), (8, 24), (24, 8), (1, 8))
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]


@pytest.mark.parametrize("weight_decay", [0.0, 0.5])
@pytest.mark.parametrize(
    ("precision", "tolerance"), [(torch.bfloat16, 0.02), (torch.float32, 0.05)]
)
def test_steps_are_those_of_pytorch(
    precision: torch.dtype, tolerance: float, weight_decay: float
) -> None:
    """PyTorch's computes in bfloat16 whatever it is given."""
    ours, theirs = weights(0), weights(0)
    mine = Muon(ours, lr=0.1, precision=precision, weight_decay=weight_decay)
    other = torch.optim.Muon(theirs, lr=0.1, weight_decay=weight_decay)
    for step in range(4):
        gradients = weights(step + 1)
        for one, another, gradient in zip(ours, theirs, gradients, strict=True):
            one.grad, another.grad = gradient.detach().clone(), gradient.detach().clone()
        mine.step()
        other.step()  # type: ignore[no-untyped-call]
    for one, another, begin in zip(ours, theirs, weights(0), strict=True):
        moved, apart = (another - begin).detach().norm(), (one - another).detach().norm()
        assert float(apart) < tolerance * float(moved)


def test_it_goes_on_from_its_state_and_leaves_what_has_no_gradient() -> None:
    ours, again = weights(0), weights(0)
    one, other = (Muon(some, lr=0.1, precision=torch.float32) for some in (ours, again))

    def step(optimizer: Muon, some: list[nn.Parameter], seed: int) -> None:
        for weight, gradient in zip(some[1:], weights(seed)[1:], strict=True):
            weight.grad = gradient.detach()
        optimizer.step()

    step(one, ours, 1)
    for weight, kept in zip(again, ours, strict=True):
        weight.data = kept.detach().clone()
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    step(one, ours, 2)
    step(other, again, 2)
    assert all(map(torch.equal, ours, again))
    assert torch.equal(ours[0], weights(0)[0])
    assert not torch.equal(ours[1], weights(0)[1])


def test_a_convolution_is_a_matrix_with_a_row_for_each_channel_it_writes() -> None:
    generator = torch.Generator().manual_seed(0)
    for shape in ((4, 2, 3, 3), (32, 3, 1, 1), (32, 2, 3, 3)):
        weight, gradient = (torch.randn(shape, generator=generator) for _ in range(2))
        one, other = nn.Parameter(weight.clone()), nn.Parameter(weight.flatten(1))
        one.grad, other.grad = gradient.clone(), gradient.flatten(1)
        for some in (one, other):
            Muon([some], lr=0.1, precision=torch.float32).step()
        assert torch.equal(one.flatten(1), other)
