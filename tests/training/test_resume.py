"""A killed run, started again, ends in the same weights, bit for bit."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from rex.training.checkpoints import Checkpoint, load_checkpoint
from rex.training.loop import Trainer
from rex.training.run import RunFiles, RunName, train_run

from .toy import CONFIG


class KilledError(Exception):
    pass


def train(files: RunFiles, out: Path, **settings: Any) -> Checkpoint:
    config = dataclasses.replace(CONFIG, training=dataclasses.replace(CONFIG.training, **settings))
    train_run(
        config,
        dataclasses.replace(files, out=out),
        RunName(setting="multi-task", method="rex", seed=1),
    )
    return load_checkpoint(out / "checkpoint.pt")


def same(one: Checkpoint, other: Checkpoint) -> bool:
    return one.weights.keys() == other.weights.keys() and all(
        torch.equal(one.weights[name], other.weights[name]) for name in one.weights
    )


@pytest.fixture(scope="module")
def undisturbed(toy: RunFiles, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return train(toy, tmp_path_factory.mktemp("undisturbed") / "run")


class Steps:
    """Counts the training steps, and kills the run before one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made = 0
        self.kill_at = 0
        step = Trainer._step

        def counted(trainer: Trainer, rows: Any) -> dict[str, float]:
            if self.made + 1 == self.kill_at:
                raise KilledError
            self.made += 1
            return step(trainer, rows)

        monkeypatch.setattr(Trainer, "_step", counted)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return Steps(monkeypatch)


@pytest.mark.parametrize(("kill_at", "saved"), [(1, 0), (2, 0), (4, 2), (5, 4), (8, 6)])
def test_killed_at_a_step(
    kill_at: int,
    saved: int,
    toy: RunFiles,
    run_folder: Path,
    undisturbed: Checkpoint,
    steps: Steps,
) -> None:
    steps.kill_at = kill_at
    with pytest.raises(KilledError):
        train(toy, run_folder, save_every=2)
    assert not (run_folder / "checkpoint.pt").exists()

    steps.kill_at, steps.made = 0, 0
    assert same(train(toy, run_folder, save_every=2), undisturbed)
    assert steps.made == 8 - saved  # what was saved is not done again
    assert not (run_folder / "resume.pt").exists()


def test_a_state_of_another_run_is_not_continued(
    toy: RunFiles, run_folder: Path, undisturbed: Checkpoint, steps: Steps
) -> None:
    steps.kill_at = 6
    with pytest.raises(KilledError):
        train(toy, run_folder, learning_rate=0.5)
    steps.kill_at, steps.made = 0, 0
    assert same(train(toy, run_folder), undisturbed)
    assert steps.made == 8


def test_the_seed_decides(toy: RunFiles, run_folder: Path, undisturbed: Checkpoint) -> None:
    assert same(train(toy, run_folder), undisturbed)
    train_run(
        CONFIG,
        dataclasses.replace(toy, out=run_folder),
        RunName(setting="multi-task", method="rex", seed=2),
    )
    assert not same(load_checkpoint(run_folder / "checkpoint.pt"), undisturbed)
