"""Parts of a step, and processes, add up to the whole step."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from rex.config import Config
from rex.config_files import config_values
from rex.errors import InputError
from rex.experiment import RunName
from rex.models.batch import Batch
from rex.models.model import ExplainedAnswering
from rex.training.checkpoints import load_checkpoint
from rex.training.processes import Processes, processes
from rex.training.run import RunFiles, train_run
from tests.mlflow_server import free_ports

from .toy import CONFIG

pytestmark = pytest.mark.xdist_group("by-two")  # which torchrun starts

PLAIN = dataclasses.replace(
    CONFIG, model=dataclasses.replace(CONFIG.model, dropout=0.0, decoder_dropout=0.0)
)


MULTI_TASK = RunName(setting="multi-task", method="rex", seed=0)
# which explanations are told their answer is drawn: other ones by each process
READER = RunName(setting="multi-task", method="reader-not-told", seed=0)
ANSWER_ONLY = RunName(setting="answer-only", method="backbone", seed=0)


def train(
    config: Config, toy: RunFiles, out: Path, name: RunName = MULTI_TASK
) -> list[dict[str, float]]:
    return train_run(config, dataclasses.replace(toy, out=out), name)


def losses(records: list[dict[str, float]]) -> list[float]:
    return [value for r in records for name, value in sorted(r.items()) if "/" in name]


def assert_same_weights(one: Path, other: Path) -> None:
    ours, theirs = (load_checkpoint(path / "checkpoint.pt").weights for path in (one, other))
    for name, value in ours.items():
        assert torch.allclose(value, theirs[name], atol=1e-4), name


@pytest.fixture(scope="module")
def alone(toy: RunFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone") / "run"
    train(PLAIN, toy, folder)
    return folder


def records_of(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("parts", [3, 8])
def test_parts_of_a_step_add_up(toy: RunFiles, alone: Path, tmp_path: Path, parts: int) -> None:
    config = dataclasses.replace(
        PLAIN, training=dataclasses.replace(PLAIN.training, accumulation=parts)
    )
    records = train(config, toy, tmp_path / "run")
    assert losses(records) == pytest.approx(losses(records_of(alone)), rel=1e-4)
    assert_same_weights(tmp_path / "run", alone)


def test_held_out_questions_are_measured_in_parts_too(
    toy: RunFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where memory allows only parts of a step, it does not allow twice the whole of it."""
    measured, forward = [], ExplainedAnswering.forward

    def noted(model: ExplainedAnswering, batch: Batch, **options: Any) -> Any:
        if not model.training:
            measured.append(len(batch))
        return forward(model, batch, **options)

    monkeypatch.setattr(ExplainedAnswering, "forward", noted)
    settings = dataclasses.replace(PLAIN.training, epochs=1, decay_epoch=1, accumulation=8)
    train(dataclasses.replace(PLAIN, training=settings), toy, tmp_path / "run")
    assert max(measured) == 2 * settings.batch_size // 8


LXMERT = dataclasses.replace(PLAIN, model=dataclasses.replace(PLAIN.model, backbone="lxmert"))
SINGLE = dataclasses.replace(
    PLAIN,
    training=dataclasses.replace(
        PLAIN.training, batch_size=1, epochs=1, decay_epoch=1, learning_rate=1e-3, accumulation=2
    ),
)
"""Steps of one question, learnt and held out: a second process has none at all."""
TRAINED = {
    "plain": (PLAIN, MULTI_TASK),
    "reader": (PLAIN, READER),
    "lxmert/answer-only": (LXMERT, ANSWER_ONLY),
    "lxmert/multi-task": (LXMERT, MULTI_TASK),
    "single": (SINGLE, MULTI_TASK),
}
# torchrun's store still has the addresses of those who met before: the first process makes others
ONE_AFTER_ANOTHER = """
import json, os, sys
from rex.cli import main
os.environ["TORCHELASTIC_USE_AGENT_STORE"] = "False"
for port, arguments in json.loads(sys.argv[1]).items():
    os.environ["MASTER_PORT"] = port
    assert main(arguments) == 0
"""


@pytest.fixture(scope="module")
def by_two(toy: RunFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that two processes of torchrun trained; they start slowly: once for all."""
    folder = tmp_path_factory.mktemp("by-two")
    commands = {}
    for port, (place, (config, name)) in zip(
        free_ports(len(TRAINED)), TRAINED.items(), strict=True
    ):
        out = folder / place
        out.mkdir(parents=True)
        (out / "given.yaml").write_text(yaml.safe_dump(config_values(config)))
        commands[str(port)] = [
            *("train", "--config", str(out / "given.yaml"), "--out", str(out / "run")),
            *("--setting", name.setting, "--method", name.method, "--seed", str(name.seed)),
            *("--questions", str(toy.questions), "--explanations", str(toy.explanations)),
            *("--regions", str(toy.regions), "--vocabulary", str(toy.vocabulary)),
        ]
    (folder / "all.py").write_text(ONE_AFTER_ANOTHER)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launch, str(folder / "all.py"), json.dumps(commands)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        timeout=300,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_two_processes_are_one_with_twice_the_batch(by_two: Path, alone: Path) -> None:
    run = by_two / "plain/run"
    assert losses(records_of(run)) == pytest.approx(losses(records_of(alone)), rel=1e-4)
    assert_same_weights(run, alone)


def test_two_processes_train_the_reader(toy: RunFiles, by_two: Path, tmp_path: Path) -> None:
    """It also learns programs, and the answers that explanations say: losses of their own."""
    run = by_two / "reader/run"
    records = train(PLAIN, toy, tmp_path / "alone", READER)
    assert losses(records_of(run)) == pytest.approx(losses(records), rel=1e-4)
    assert_same_weights(run, tmp_path / "alone")


@pytest.mark.parametrize("setting", ["answer-only", "multi-task"])
def test_two_processes_train_lxmert(
    toy: RunFiles, by_two: Path, tmp_path: Path, setting: str
) -> None:
    """It has weights that no loss depends on: its pooler, and those of regions not read."""
    run = by_two / "lxmert" / setting / "run"
    records = train(LXMERT, toy, tmp_path / "alone", TRAINED[f"lxmert/{setting}"][1])
    assert losses(records_of(run)) == pytest.approx(losses(records), rel=1e-4)
    assert_same_weights(run, tmp_path / "alone")


def test_a_process_may_be_left_without_questions(
    toy: RunFiles, by_two: Path, tmp_path: Path
) -> None:
    records = train(SINGLE, toy, tmp_path / "alone")
    run = by_two / "single/run"
    assert losses(records_of(run)) == pytest.approx(losses(records), rel=1e-3)


def test_more_gpus_than_there_are_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("LOCAL_RANK", "3")
    with (
        pytest.raises(InputError, match=r"compute\.gpus: asks for GPU 4, this machine has 2; set"),
        processes(torch.device("cuda")),
    ):
        raise AssertionError


def test_a_folder_that_machines_do_not_share_is_told(
    toy: RunFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process has found a state that is five steps on, another none."""
    monkeypatch.setattr(Processes, "gather", lambda processes, value: [value, (0, 5)])
    with pytest.raises(
        InputError, match=r"resume\.pt: not all processes see the same file; .*disk"
    ):
        train(PLAIN, toy, tmp_path / "run")
