"""Processes that work together: averages, order, and errors."""

from __future__ import annotations

import os

import pytest
import torch

from rex.errors import InputError
from rex.regions.distributed import Member, run_together


def test_a_team_of_one_is_this_process() -> None:
    assert run_together(lambda member: (os.getpid(), member.size), 1) == (os.getpid(), 1)


def work(member: Member) -> tuple[int, list[float], list[list[float]]]:
    model = torch.nn.Linear(2, 1, bias=False)
    model.weight.grad = torch.tensor([[1.0, 2.0]]) * (member.rank + 1)
    member.average_gradients(model)
    assert model.weight.grad is not None
    gathered = member.gather(torch.tensor([float(member.rank)]))
    return os.getpid(), model.weight.grad[0].tolist(), [value.tolist() for value in gathered]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_gradients_are_averaged_and_values_gathered_in_order(size: int) -> None:
    pid, gradient, gathered = run_together(work, size)
    assert pid == os.getpid()
    mean = sum(range(1, size + 1)) / size
    assert gradient == pytest.approx([mean, 2 * mean])
    assert gathered == [[float(number)] for number in range(size)]


@pytest.mark.parametrize("failing", [0, 1])
def test_the_error_of_any_member_arrives(failing: int) -> None:
    def fail(member: Member) -> None:
        if member.rank == failing:
            raise InputError("corrupt", file="x.jpg", cure="mend it")
        member.gather(torch.zeros(1))

    with pytest.raises(InputError, match=r"x\.jpg: corrupt; mend it"):
        run_together(fail, 2)
