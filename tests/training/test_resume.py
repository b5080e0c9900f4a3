"""A killed run, started again, ends in the same weights, bit for bit."""

from __future__ import annotations

import dataclasses
import errno
import io
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from rex import locks
from rex.errors import InputError
from rex.experiment import RunName
from rex.training.checkpoints import Checkpoint, load_checkpoint, load_tensors
from rex.training.loop import Trainer
from rex.training.run import RunFiles, predict_run, train_run

from .toy import CONFIG

ROOT = Path(__file__).parents[2]


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

        def counted(trainer: Trainer, loaded: Any) -> None:
            if self.made + 1 == self.kill_at:
                raise KilledError
            self.made += 1
            step(trainer, loaded)

        monkeypatch.setattr(Trainer, "_step", counted)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return Steps(monkeypatch)


EPOCH = 4
"""Steps of an epoch; there are two."""


@pytest.mark.parametrize("save_every", [1, 2, 3, 6, 100])
@pytest.mark.parametrize("kill_at", range(1, 2 * EPOCH + 1))
def test_killed_at_any_step(
    kill_at: int,
    save_every: int,
    toy: RunFiles,
    run_folder: Path,
    undisturbed: Checkpoint,
    steps: Steps,
) -> None:
    steps.kill_at = kill_at
    with pytest.raises(KilledError):
        train(toy, run_folder, save_every=save_every)
    assert not (run_folder / "checkpoint.pt").exists()

    steps.kill_at, steps.made = 0, 0
    assert same(train(toy, run_folder, save_every=save_every), undisturbed)
    # what was saved is not done again; what was not, is: whole epochs, too
    assert steps.made == 2 * EPOCH - (kill_at - 1) // save_every * save_every


def test_a_run_goes_on_where_it_is_saved_less_often_from_now_on(
    toy: RunFiles, run_folder: Path, undisturbed: Checkpoint, steps: Steps
) -> None:
    steps.kill_at = EPOCH + 2
    with pytest.raises(KilledError):
        train(toy, run_folder, save_every=1)
    steps.kill_at, steps.made = 0, 0
    assert same(train(toy, run_folder, save_every=100), undisturbed)
    assert steps.made == EPOCH - 1


@pytest.mark.parametrize("kill_at", [2, 5, 6])
def test_killed_where_steps_are_limited(
    kill_at: int, toy: RunFiles, run_folder: Path, undisturbed: Checkpoint, steps: Steps
) -> None:
    """Six steps are an epoch and a half; the second ends there, and is measured like others."""
    whole = train(toy, run_folder / "whole", max_steps=6)
    assert steps.made == 6
    records = (run_folder / "whole" / "log.jsonl").read_text().splitlines()
    assert [json.loads(record)["epoch"] for record in records] == [1, 2]
    steps.kill_at, steps.made = kill_at, 0
    with pytest.raises(KilledError):
        train(toy, run_folder, max_steps=6, save_every=2)
    steps.kill_at, steps.made = 0, 0
    assert same(train(toy, run_folder, max_steps=6, save_every=2), whole)
    assert steps.made == 6 - (kill_at - 1) // 2 * 2
    # more steps are another run; more than there are change nothing in it
    steps.made = 0
    assert same(train(toy, run_folder, max_steps=100), undisturbed)
    assert steps.made == 2 * EPOCH


def test_what_is_trained_is_not_trained_again(
    toy: RunFiles, run_folder: Path, undisturbed: Checkpoint, steps: Steps
) -> None:
    """A workflow that was killed, or whose job failed at its end, throws the outputs away."""
    train(toy, run_folder)
    made = {name: (run_folder / name).read_bytes() for name in ("log.jsonl", "config.yaml")}
    for name in ("checkpoint.pt", *made):
        (run_folder / name).unlink()
    steps.made = 0
    assert same(train(toy, run_folder), undisturbed)
    assert steps.made == 0
    assert {name: (run_folder / name).read_bytes() for name in made} == made


def test_a_full_disk_at_the_very_end_costs_no_training(
    toy: RunFiles,
    run_folder: Path,
    undisturbed: Checkpoint,
    steps: Steps,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk, pytest.raises(InputError, match="the disk is full"):
        disk.setattr("rex.training.run.save_checkpoint", full)
        train(toy, run_folder)
    assert steps.made == 2 * EPOCH
    steps.made = 0
    assert same(train(toy, run_folder), undisturbed)
    assert steps.made == 0


def test_the_state_goes_when_the_checkpoint_has_been_read(
    toy: RunFiles, run_folder: Path, undisturbed: Checkpoint, steps: Steps
) -> None:
    def predict() -> None:
        out = run_folder / "predictions.parquet"
        predict_run(CONFIG, run_folder, questions=toy.questions, regions=toy.regions, out=out)

    train(toy, run_folder)
    predict()
    assert not (run_folder / "resume.pt").exists()
    # a later training, not finished, whose state the old checkpoint's reader leaves alone
    steps.kill_at, steps.made = 6, 0
    with pytest.raises(KilledError):
        train(toy, run_folder, learning_rate=0.5, save_every=2)
    predict()
    assert (run_folder / "resume.pt").exists()


def test_one_process_trains_a_run_at_a_time(
    toy: RunFiles,
    run_folder: Path,
    undisturbed: Checkpoint,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Another, such as one that outlived its workflow, is waited for, and its work taken up."""
    monkeypatch.setattr(locks, "_PATIENCE", 0.1)
    run_folder.mkdir()
    with ThreadPoolExecutor() as beside:
        with locks.locked(run_folder):
            later = beside.submit(train, toy, run_folder)
            with pytest.raises(TimeoutError):
                later.result(timeout=3)
            assert list(run_folder.iterdir()) == [run_folder / ".lock"]
        assert same(later.result(), undisturbed)
    assert f"{run_folder}: waiting for process {os.getpid()} on " in caplog.text


def test_killed_with_questions_of_an_image_together(
    toy: RunFiles, run_folder: Path, undisturbed: Checkpoint, steps: Steps
) -> None:
    whole = train(toy, run_folder / "whole", questions_together=3)
    assert not same(whole, undisturbed)
    steps.kill_at, steps.made = 6, 0
    with pytest.raises(KilledError):
        train(toy, run_folder, questions_together=3, save_every=1)
    steps.kill_at = 0
    assert same(train(toy, run_folder, questions_together=3, save_every=1), whole)


def test_killed_again_and_again(
    toy: RunFiles, run_folder: Path, undisturbed: Checkpoint, steps: Steps
) -> None:
    for kill_at in (3, 2, 4, 2):
        steps.kill_at, steps.made = kill_at, 0
        with pytest.raises(KilledError):
            train(toy, run_folder, save_every=1)
    steps.kill_at = 0
    assert same(train(toy, run_folder, save_every=1), undisturbed)


@pytest.mark.parametrize("save", range(1, 6))
def test_killed_while_it_writes_a_checkpoint(
    save: int,
    toy: RunFiles,
    run_folder: Path,
    undisturbed: Checkpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    saves, written = 0, torch.save

    def half(values: Any, file: Any) -> None:
        nonlocal saves
        saves += 1
        if saves == save:
            content = io.BytesIO()
            written(values, content)
            file.write(content.getvalue()[: len(content.getvalue()) // 2])
            file.flush()
            raise KilledError
        written(values, file)

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(KilledError):  # four states (one a half epoch), and the checkpoint
        train(toy, run_folder, save_every=2)
    monkeypatch.undo()
    assert same(train(toy, run_folder, save_every=2), undisturbed)


def test_a_killed_process_leaves_what_it_needs(
    toy: RunFiles, run_folder: Path, undisturbed: Checkpoint
) -> None:
    """No exception, no clean-up: the process is gone in the middle of a write."""
    program = f"""
import os, torch
from pathlib import Path
from rex.training.run import RunFiles
from tests.training.test_resume import train
written, saves = torch.save, []
def half(values, file):
    saves.append(1)
    if len(saves) == 3:
        file.write(b"PK half")
        file.flush()
        os._exit(9)
    written(values, file)
torch.save = half
files = RunFiles(**{{name: Path(path) for name, path in {_paths(toy)!r}.items()}})
train(files, Path({str(run_folder)!r}), save_every=2)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True)
    assert done.returncode == 9, done.stderr.decode()
    assert same(train(toy, run_folder, save_every=2), undisturbed)


def _paths(files: RunFiles) -> dict[str, str]:
    return {name: str(path) for name, path in vars(files).items() if path is not None}


def test_losses_that_are_read_late_change_nothing(
    toy: RunFiles,
    run_folder: Path,
    undisturbed: Checkpoint,
    steps: Steps,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on a GPU, whose losses are fetched every few steps."""
    promptly = train_records(toy, run_folder / "promptly")
    read_late(monkeypatch)
    steps.kill_at, steps.made = 6, 0
    with pytest.raises(KilledError):
        train(toy, run_folder, save_every=3)
    steps.kill_at = 0
    assert same(train(toy, run_folder, save_every=3), undisturbed)
    assert train_records(toy, run_folder / "late") == promptly


def train_records(files: RunFiles, out: Path) -> list[dict[str, float]]:
    train(files, out)
    records = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    for record in records:
        del record["questions_per_second"]
    return records


def read_late(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Trainer.__init__

    def late(trainer: Trainer, *arguments: Any) -> None:
        made(trainer, *arguments)
        trainer._settles_at_once = False

    monkeypatch.setattr(Trainer, "__init__", late)


def test_a_bad_loss_that_is_read_late_is_told_and_not_saved(
    toy: RunFiles, run_folder: Path, undisturbed: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_late(monkeypatch)
    learn, learnt = Trainer._learn, 0

    def breaks(trainer: Trainer, *arguments: Any, **options: Any) -> Any:
        nonlocal learnt
        learnt += 1
        found = dict(learn(trainer, *arguments, **options))
        if learnt == 3:  # between the saves after steps 2 and 4; a later loss looks well again
            found["loss"] = torch.tensor(float("nan"))
            next(trainer.model.parameters()).data.fill_(float("nan"))
        return found

    monkeypatch.setattr(Trainer, "_learn", breaks)
    with pytest.raises(InputError, match="epoch 1, step 3: the loss is not a number"):
        train(toy, run_folder, save_every=2)
    monkeypatch.undo()
    state = load_tensors(run_folder / "resume.pt")
    assert state["state"]["step"] == 2
    assert all(bool(torch.isfinite(value).all()) for value in state["model"].values())
    assert same(train(toy, run_folder, save_every=2), undisturbed)


def test_weights_that_are_not_finite_are_not_saved(
    toy: RunFiles, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_late(monkeypatch)
    clip = torch.nn.utils.clip_grad_norm_
    clipped = 0

    def breaks(weights: list[torch.nn.Parameter], *arguments: Any, **options: Any) -> torch.Tensor:
        nonlocal clipped
        clipped += 1
        if clipped == 4:  # of the step before the second save
            weights[0].grad = torch.full_like(weights[0], float("nan"))
        return clip(weights, *arguments, **options)

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", breaks)
    with pytest.raises(InputError, match="the loss is not a number"):
        train(toy, run_folder, save_every=2)
    state = load_tensors(run_folder / "resume.pt")
    assert state["state"]["step"] == 2


def test_a_run_goes_on_in_smaller_parts_and_is_saved_otherwise(
    toy: RunFiles, run_folder: Path, steps: Steps
) -> None:
    """The cure for full memory does not throw the training away."""
    steps.kill_at = 6
    with pytest.raises(KilledError):
        train(toy, run_folder, save_every=2)
    steps.kill_at, steps.made = 0, 0
    train(toy, run_folder, save_every=3, accumulation=2)
    assert steps.made == 2 * EPOCH - 4


def test_a_run_goes_on_with_another_number_of_processes(
    toy: RunFiles, run_folder: Path, steps: Steps, caplog: pytest.LogCaptureFixture
) -> None:
    steps.kill_at = 6
    with pytest.raises(KilledError):
        train(toy, run_folder, save_every=2)
    state = load_tensors(run_folder / "resume.pt")
    state["generators"] *= 2
    torch.save(state, run_folder / "resume.pt")
    steps.kill_at, steps.made = 0, 0
    train(toy, run_folder, save_every=2)
    assert steps.made == 2 * EPOCH - 4
    assert "saved by 2 processes: dropout is drawn differently" in caplog.text


def test_a_state_of_another_run_is_not_continued(
    toy: RunFiles,
    run_folder: Path,
    undisturbed: Checkpoint,
    steps: Steps,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A warning says what differs, before the state is overwritten."""
    steps.kill_at = 6
    with pytest.raises(KilledError):
        train(toy, run_folder, learning_rate=0.5, save_every=2)
    steps.kill_at, steps.made = 0, 0
    assert same(train(toy, run_folder, save_every=2), undisturbed)
    assert steps.made == 2 * EPOCH
    [warning] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert warning.getMessage() == (
        f"{run_folder / 'resume.pt'}: of another run, which will be lost: starting over "
        "(what differs: training.learning_rate)"
    )


def test_a_state_from_before_a_setting_is_that_of_its_default(
    toy: RunFiles,
    run_folder: Path,
    undisturbed: Checkpoint,
    steps: Steps,
    caplog: pytest.LogCaptureFixture,
) -> None:
    steps.kill_at = 6
    with pytest.raises(KilledError):
        train(toy, run_folder, save_every=2)
    saved = load_tensors(run_folder / "resume.pt")["identity"]["training"]
    assert not {"decay", "weight_decay"} & saved.keys()
    steps.kill_at, steps.made = 0, 0
    assert same(train(toy, run_folder, save_every=2, weight_decay=0, decay="step"), undisturbed)
    assert steps.made == 2 * EPOCH - 4
    train(toy, run_folder, weight_decay=0.5, decay="linear")
    assert "(what differs: training.decay, training.weight_decay)" in caplog.text


def test_a_state_of_another_version_s_model_is_not_continued(
    toy: RunFiles, run_folder: Path, undisturbed: Checkpoint, steps: Steps
) -> None:
    steps.kill_at = 6
    with pytest.raises(KilledError):
        train(toy, run_folder, save_every=1)
    state = load_tensors(run_folder / "resume.pt")
    state["model"]["former.weight"] = state["model"].pop("answer_head.weight")
    torch.save(state, run_folder / "resume.pt")
    steps.kill_at, steps.made = 0, 0
    assert same(train(toy, run_folder, save_every=1), undisturbed)
    assert steps.made == 2 * EPOCH


def test_the_seed_decides(toy: RunFiles, run_folder: Path, undisturbed: Checkpoint) -> None:
    assert same(train(toy, run_folder), undisturbed)
    train_run(
        CONFIG,
        dataclasses.replace(toy, out=run_folder),
        RunName(setting="multi-task", method="rex", seed=2),
    )
    assert not same(load_checkpoint(run_folder / "checkpoint.pt"), undisturbed)
