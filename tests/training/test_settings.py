"""The settings of the paper: explanations alone, and transfer to few questions."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from rex.errors import InputError
from rex.files import read_parquet
from rex.models.methods import METHODS
from rex.training.checkpoints import Checkpoint, load_checkpoint
from rex.training.objectives import SETTINGS
from rex.training.run import RunFiles, RunName, predict_run, train_run

from .toy import CONFIG

FEW = dataclasses.replace(
    CONFIG, transfer=dataclasses.replace(CONFIG.transfer, epochs=3, decay_epoch=3)
)


def train(
    toy: RunFiles, out: Path, setting: str, method: str = "rex", start: Path | None = None
) -> tuple[Checkpoint, list[dict[str, float]]]:
    files = dataclasses.replace(toy, out=out, start=start)
    records = train_run(FEW, files, RunName(setting=setting, method=method, seed=0))
    return load_checkpoint(out / "checkpoint.pt"), records


@pytest.fixture(scope="module")
def explained(toy: RunFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explained") / "run"
    train(toy, folder, "explanation-only")
    return folder


def test_every_method_trains_in_every_setting_it_can(
    toy: RunFiles, explained: Path, tmp_path: Path
) -> None:
    for method, decoder in METHODS.items():
        for setting, objective in SETTINGS.items():
            if objective.start is not None or objective.percent not in (1, 100):
                continue
            out = tmp_path / method / setting
            if decoder is None and objective.explanations and objective.percent == 100:
                with pytest.raises(InputError, match="no decoder"):
                    train(toy, out, setting, method)
            else:
                _, records = train(toy, out, setting, method)
                assert all(record["train/loss"] < 20 for record in records)


def test_explanations_alone_leave_the_answers_untaught(toy: RunFiles, explained: Path) -> None:
    log = (explained / "log.jsonl").read_text()
    assert "answer_loss" not in log
    out = explained.parent / "p.parquet"
    predict_run(FEW, explained, questions=toy.questions, regions=toy.regions, out=out)
    table = read_parquet(out)
    assert table["answer"].null_count == len(table)
    assert table["explanation"].null_count == 0
    assert "heldout/token_accuracy" in log


def test_transfer_starts_from_the_explained_run(
    toy: RunFiles, explained: Path, tmp_path: Path
) -> None:
    scratch, few = train(toy, tmp_path / "scratch", "transfer-5-scratch")
    started, also = train(toy, tmp_path / "started", "transfer-5", start=explained)
    assert len(few) == len(also) == 3  # epochs of its own
    assert also[0]["train/explanation_loss"] < few[0]["train/explanation_loss"]
    assert not torch.equal(
        scratch.weights["decoder.output.weight"], started.weights["decoder.output.weight"]
    )


def test_transfer_says_what_it_starts_from(toy: RunFiles, explained: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--start.*explanation-only"):
        train(toy, tmp_path / "a", "transfer-5")
    with pytest.raises(InputError, match="same method"):
        train(toy, tmp_path / "b", "transfer-5", method="exp", start=explained)
    with pytest.raises(InputError, match="no decoder"):
        train(toy, tmp_path / "c", "transfer-5", method="backbone", start=explained)
