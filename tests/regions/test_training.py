"""The order in which a detector's training images are drawn, and what moves its weights."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import pytest
import torch
from detectron2.config import get_cfg
from torch import nn

from rex.regions.distributed import Member, run_together
from rex.regions.training import (
    MUON_RATE,
    MuonAndAdam,
    _Checkpoint,
    _JoinGradients,
    drawn,
    train,
)

COUNT, BATCH = 12, 4


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_parts_of_a_team_go_through_all_images_before_any_comes_again(size: int) -> None:
    def draw(member: Member) -> list[list[int]]:
        parts = drawn(COUNT, BATCH, seed=5, start=0, member=member)
        mine = [number for part in itertools.islice(parts, 2 * COUNT // BATCH) for number in part]
        # members may have parts of different sizes: -1 fills them up
        filled = torch.tensor(mine + [-1] * (2 * COUNT - len(mine)))
        return [[n for n in theirs.tolist() if n >= 0] for theirs in member.gather(filled)]

    together = run_together(draw, size)
    assert sorted(itertools.chain(*together)) == sorted(2 * list(range(COUNT)))
    alone = itertools.islice(
        drawn(COUNT, BATCH, seed=5, start=0, member=Member(0, 1)), COUNT // BATCH
    )
    first_pass = [batch[number::size] for batch in alone for number in range(size)]
    assert sorted(itertools.chain(*first_pass)) == list(range(COUNT))
    assert first_pass[:size] == [
        mine[: len(first_pass[number])] for number, mine in enumerate(together)
    ]


def test_no_more_processes_than_images_in_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cfg = get_cfg()
    cfg.SOLVER.IMS_PER_BATCH = 4
    monkeypatch.setattr("rex.regions.training.run_together", lambda _, size: size)
    for processes in (1, 4, 9):
        size: Any = train(cfg, [], seed=0, resume=tmp_path / "r.pth", processes=processes)
        assert size == min(processes, 4)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_each_image_of_a_batch_counts_alike(size: int) -> None:
    images = torch.tensor([1.0, 20.0, 300.0, 4000.0])

    def mean(member: Member) -> float:
        weight = nn.Parameter(torch.zeros(()))
        model = nn.Module()
        model.register_parameter("weight", weight)
        weight.grad = images[member.rank :: member.size].mean()
        hook = _JoinGradients(member, len(images))
        hook.trainer = Mock(model=model)
        # before it is clipped
        before: list[float] = []
        with patch("torch.nn.utils.clip_grad_norm_", lambda *_: before.append(gradient(weight))):
            hook.after_backward()
        return before[0]

    assert run_together(mean, size) == pytest.approx(float(images.mean()))


def gradient(weight: nn.Parameter) -> float:
    assert weight.grad is not None
    return float(weight.grad)


def test_a_later_start_leaves_out_what_was_drawn_before() -> None:
    member = Member(1, 2)
    whole = itertools.islice(drawn(7, BATCH, seed=3, start=0, member=member), 9)
    later = itertools.islice(drawn(7, BATCH, seed=3, start=5, member=member), 4)
    assert list(whole)[5:] == list(later)


def test_another_seed_draws_another_order() -> None:
    first, second = (
        next(drawn(50, 50, seed=seed, start=0, member=Member(0, 1))) for seed in (1, 2)
    )
    assert first != second


def network() -> nn.Sequential:
    torch.manual_seed(0)
    convolution = nn.Conv2d(3, 4, 3)
    frozen = nn.Conv2d(4, 4, 1).requires_grad_(False)
    return nn.Sequential(convolution, nn.BatchNorm2d(4), frozen, nn.Flatten(), nn.Linear(16, 2))


def optimizer(model: nn.Module) -> MuonAndAdam:
    cfg = get_cfg()
    cfg.SOLVER.BASE_LR, cfg.SOLVER.WEIGHT_DECAY = 0.001, 0.1
    return MuonAndAdam(model, cfg)


def learn(model: nn.Module, optimizer: MuonAndAdam, seed: int) -> None:
    torch.manual_seed(seed)
    optimizer.zero_grad()
    model(torch.randn(5, 3, 4, 4)).square().mean().backward()
    optimizer.step()


def test_each_weight_that_is_learnt_has_one_optimiser() -> None:
    model = network()
    groups = optimizer(model).param_groups
    rates = {id(w): group["lr"] for group in groups for w in group["params"]}
    assert sum(len(group["params"]) for group in groups) == len(rates)
    for name, weight in model.named_parameters():
        rate = 0.001 * (MUON_RATE if weight.dim() > 1 else 1)
        assert rates.pop(id(weight), None) == (rate if weight.requires_grad else None), name
    assert not rates


def test_optimisers_go_on_from_their_state_and_follow_the_schedule() -> None:
    models = [network() for _ in range(2)]
    one, other = (optimizer(model) for model in models)
    learn(models[0], one, 1)
    models[1].load_state_dict(models[0].state_dict())
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    for model, its in zip(models, (one, other), strict=True):
        for group in its.param_groups:
            group["lr"] *= 0.5
        learn(model, its, 2)
    ours, theirs = (model.state_dict() for model in models)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    stopped = optimizer(models[0])
    for group in stopped.param_groups:
        group["lr"] = 0.0
    before = [weight.clone() for weight in models[0].parameters()]
    learn(models[0], stopped, 3)
    assert all(map(torch.equal, before, models[0].parameters()))


def test_a_state_from_a_gpu_is_read_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = {"fingerprint": "of another training", "model": torch.zeros(3)}
    with monkeypatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda _: "cuda:0")
        torch.save(state, tmp_path / "state.pth")
    checkpoint = _Checkpoint(tmp_path / "state.pth", "of this one", Member(0, 1))
    assert checkpoint.load(Mock()) == 0  # it begins anew
