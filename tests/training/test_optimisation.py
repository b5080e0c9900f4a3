"""Number formats, and what they may change."""

from __future__ import annotations

import copy
import dataclasses
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from rex.config import TrainingSettings
from rex.experiment import RunName
from rex.muon import Muon
from rex.training.checkpoints import load_checkpoint
from rex.training.loop import Trainer
from rex.training.optimisation import (
    build_optimizers,
    generator_state,
    learning_rate,
    restore_generator,
)
from rex.training.run import RunFiles, train_run

from .toy import CONFIG

CPU = torch.device("cpu")


def train(toy: RunFiles, out: Path, **settings: object) -> list[dict[str, float]]:
    config = dataclasses.replace(
        CONFIG,
        model=dataclasses.replace(CONFIG.model, dropout=0.0, decoder_dropout=0.0),
        training=dataclasses.replace(CONFIG.training, learning_rate=2e-3, **settings),  # type: ignore[arg-type]
    )
    files = dataclasses.replace(toy, out=out)
    return train_run(config, files, RunName(setting="multi-task", method="rex", seed=0))


@pytest.mark.parametrize("accumulation", [1, 3])
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_learns_nearly_the_same(
    toy: RunFiles, tmp_path: Path, precision: str, accumulation: int
) -> None:
    exact = train(toy, tmp_path / "fp32", precision="fp32")
    rounded = train(toy, tmp_path / "half", precision=precision, accumulation=accumulation)
    for one, other in zip(exact, rounded, strict=True):
        for name in ("train/loss", "train/answer_loss", "train/explanation_loss"):
            assert other[name] == pytest.approx(one[name], rel=0.03)
            assert other[name] != one[name]
    weights = load_checkpoint(tmp_path / "half" / "checkpoint.pt").weights
    assert {value.dtype for value in weights.values() if value.is_floating_point()} == {
        torch.float32
    }
    assert all(bool(torch.isfinite(value).all()) for value in weights.values())


@pytest.mark.parametrize("layer", [nn.Linear, nn.Embedding])
def test_a_step_that_overflows_in_half_precision_is_left_out_whole(
    toy: RunFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: type[nn.Module]
) -> None:
    """A matrix of Muon's or a weight of Adam's overflows: the other optimiser waits, too."""
    learn, weights = Trainer._learn, list[dict[str, torch.Tensor]]()

    def overflowing(trainer: Trainer, *given: Any, **more: Any) -> Any:
        found = learn(trainer, *given, **more)
        weights.append({k: v.clone() for k, v in trainer.model.state_dict().items()})
        if len(weights) == 2:
            grown = next(part for part in trainer.model.modules() if isinstance(part, layer))
            next(grown.parameters()).grad[0, 0] = math.nan  # type: ignore[index]
        return found

    monkeypatch.setattr(Trainer, "_learn", overflowing)
    train(toy, tmp_path / "half", precision="fp16")
    steps = [
        any(not torch.equal(before[name], after[name]) for name in before)
        for before, after in pairwise(weights[:4])
    ]
    assert steps == [True, False, True]


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(9, 4)
        self.hidden = nn.Linear(4, 6)
        self.norm = nn.LayerNorm(6)
        self.output = nn.Linear(6, 9)
        self.still = nn.Linear(6, 2).requires_grad_(requires_grad=False)


def test_matrices_are_muons_and_the_rest_adams() -> None:
    model = Small()
    adam, muon = build_optimizers(model, TrainingSettings(muon_rate=3.0), torch.bfloat16)
    assert isinstance(adam, torch.optim.Adam)
    assert isinstance(muon, Muon)
    (group,), (rest,) = muon.param_groups, adam.param_groups
    assert group["params"] == [model.hidden.weight, model.output.weight]
    assert (group["rate"], rest["rate"]) == (3.0, 1.0)
    others = [model.words.weight, model.hidden.bias, *model.norm.parameters(), model.output.bias]
    assert rest["params"] == others


def test_adam_alone_as_in_the_paper() -> None:
    model = Small()
    (adam,) = build_optimizers(model, TrainingSettings(optimizer="adam"), torch.float32)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    assert adam.param_groups[0]["params"] == trained


def test_weight_decay_is_adamw_s_and_spares_vectors() -> None:
    torch.manual_seed(0)
    ours = Small()
    theirs = copy.deepcopy(ours)
    settings = TrainingSettings(optimizer="adam", learning_rate=0.01, weight_decay=0.5)
    mine = build_optimizers(ours, settings, torch.float32)
    trained = [weight for weight in theirs.parameters() if weight.requires_grad]
    others = [
        torch.optim.AdamW([w for w in trained if w.ndim > 1], lr=0.01, weight_decay=0.5),
        torch.optim.Adam([w for w in trained if w.ndim == 1], lr=0.01),
    ]
    for _ in range(3):
        for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            one.grad = torch.randn_like(one)
            other.grad = one.grad.clone()
        for each in (*mine, *others):
            each.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_muon_s_matrices_decay_too() -> None:
    model = Small()
    before = copy.deepcopy(model)
    settings = TrainingSettings(learning_rate=0.01, weight_decay=0.5)
    for each in build_optimizers(model, settings, torch.float32):
        for group in each.param_groups:
            for weight in group["params"]:
                weight.grad = torch.zeros_like(weight)
        each.step()
    for after, weight in zip(model.parameters(), before.parameters(), strict=True):
        decayed = weight.requires_grad and weight.ndim > 1
        torch.testing.assert_close(after, weight * (0.995 if decayed else 1.0))


def test_the_learning_rate_rises_stays_and_falls() -> None:
    """The public code's schedule: of 8 epochs the last has a quarter; the warm-up is ours."""
    settings = TrainingSettings(
        epochs=8, learning_rate=1e-4, warmup=0.05, decay_epoch=8, decay_factor=0.25
    )
    rates = [learning_rate(step, steps_per_epoch=10, settings=settings) for step in range(80)]
    assert rates[:4] == pytest.approx([0.25e-4, 0.5e-4, 0.75e-4, 1e-4])
    assert rates[4:70] == pytest.approx([1e-4] * 66)
    assert rates[70:] == pytest.approx([0.25e-4] * 10)
    assert all(math.isfinite(rate) for rate in rates)


def test_a_linear_decay_ends_at_zero() -> None:
    """As BertAdam's and transformers': after two steps of warm-up, eighths from one down."""
    settings = TrainingSettings(epochs=2, learning_rate=8e-4, warmup=0.2, decay="linear")
    rates = [learning_rate(step, steps_per_epoch=5, settings=settings) for step in range(11)]
    expected = [4e-4, 8e-4, 8e-4, 7e-4, 6e-4, 5e-4, 4e-4, 3e-4, 2e-4, 1e-4, 0.0]
    assert rates == pytest.approx(expected)
    # without warm-up it falls from the first step on; with nothing else it never does
    for warmup, begin, end in ((0.0, 8e-4, 0.8e-4), (1.0, 0.8e-4, 8e-4)):
        settings = dataclasses.replace(settings, warmup=warmup)
        assert learning_rate(0, steps_per_epoch=5, settings=settings) == pytest.approx(begin)
        assert learning_rate(9, steps_per_epoch=5, settings=settings) == pytest.approx(end)


def test_a_gpu_goes_on_from_the_state_of_a_cpu() -> None:
    state = generator_state(CPU)
    drawn = torch.rand(3)
    restore_generator(state, torch.device("cuda"))
    assert torch.equal(torch.rand(3), drawn)
