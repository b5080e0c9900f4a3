"""The settings of the paper: explanations alone, and transfer to few questions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from rex.config import Config, TrainingSettings
from rex.config_files import read_config
from rex.errors import InputError
from rex.experiment import METHODS, SETTINGS, RunName, refusal, settings_given
from rex.files import read_parquet
from rex.models.methods import method_settings
from rex.training.checkpoints import Checkpoint, load_checkpoint
from rex.training.observing import Observer
from rex.training.run import RunFiles, predict_run, train_run

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
    # variants share a decoder: training one of them is enough
    for method in [name for name, facts in METHODS.items() if not facts.options]:
        for setting, objective in SETTINGS.items():
            if objective.start is not None or objective.percent not in (1, 100):
                continue
            out = tmp_path / method / setting
            refused = refusal(setting, method, "fixed")
            if refused is not None:
                with pytest.raises(InputError, match=refused[0]):
                    train(toy, out, setting, method)
            else:
                _, records = train(toy, out, setting, method)
                assert all(record["train/loss"] < 30 for record in records)


def test_explanations_alone_leave_the_answers_untaught(toy: RunFiles, explained: Path) -> None:
    log = (explained / "log.jsonl").read_text()
    assert "answer_loss" not in log
    out = explained.parent / "p.parquet"
    predict_run(FEW, explained, questions=toy.questions, regions=toy.regions, out=out)
    table = read_parquet(out)
    assert table["answer"].null_count == len(table)
    assert table["explanation"].null_count == 0
    assert "heldout/token_accuracy" in log


def test_explanations_alone_may_have_a_learning_rate_of_their_own() -> None:
    training = dataclasses.replace(FEW.training, learning_rate=0.1, explanation_learning_rate=0.4)
    config = dataclasses.replace(FEW, training=training)

    def rate(setting: str) -> float:
        objective = SETTINGS[setting]
        settings = config.training_of(transfer=objective.transfer, answers=objective.answers)
        return settings.learning_rate

    assert [rate(name) for name in ("answer-only", "multi-task", "explanation-only")] == [
        *(0.1, 0.1, 0.4)
    ]
    assert rate("transfer-5") == rate("transfer-5-scratch") == FEW.transfer.learning_rate
    without = dataclasses.replace(training, explanation_learning_rate=None)
    config = dataclasses.replace(FEW, training=without)
    assert rate("explanation-only") == 0.1


def test_gqa_has_the_published_hyper_parameters() -> None:
    """Adam at 1e-4, both transfer phases at 4e-4; 8 epochs (15), a quarter from 8 (12) on.

    VisualBERT sees features alone; its dropout is BERT's, the decoder has none.
    """
    config = read_config(Path(__file__).parents[2] / "config" / "gqa.yaml")
    model = config.model
    assert (model.backbone, model.mode, model.boxes) == ("visualbert", "fixed", False)
    assert (model.dropout, model.attention_dropout, model.decoder_dropout) == (0.1, 0.1, 0)

    def published(setting: str) -> tuple[float, int, int]:
        objective = SETTINGS[setting]
        found = config.training_of(transfer=objective.transfer, answers=objective.answers)
        assert (found.batch_size, found.gradient_clip, found.decay_factor) == (128, 0.1, 0.25)
        assert (found.explanation_weight, found.gate_weight, found.warmup) == (1, 1, 0)
        assert (found.explanation_length, found.question_length) == (12, 35)
        return found.learning_rate, found.epochs, found.decay_epoch

    assert published("multi-task") == published("answer-only") == (1e-4, 8, 8)
    assert published("explanation-only") == (4e-4, 8, 8)
    assert published("transfer-1") == published("transfer-10-scratch") == (4e-4, 15, 12)


def test_gqa_vcin_has_the_hyper_parameters_of_its_public_code() -> None:
    """BertAdam at 2e-5, warmed up over a tenth of 12 epochs; six layers read programs."""
    config = read_config(Path(__file__).parents[2] / "config" / "gqa-vcin.yaml")
    model, training = config.model, config.training
    assert (model.backbone, model.pretrained) == ("lxmert", "unc-nlp/lxmert-base-uncased")
    assert (model.dropout, model.attention_dropout, model.decoder_dropout) == (0.1, 0.1, 0.1)
    assert (training.optimizer, training.learning_rate, training.decay) == ("adam", 2e-5, "linear")
    assert (training.warmup, training.weight_decay, training.gradient_clip) == (0.1, 0.01, 1)
    assert (training.batch_size, training.epochs) == (64, 12)
    assert (training.explanation_length, training.question_length) == (18, 35)
    assert (training.explanation_weight, training.gate_weight) == (1, 1)
    vcin = vars(method_settings("vcin", settings_given("vcin", config.methods)))
    assert (vcin["layers"], vcin["heads"], vcin["samples"], vcin["kl"]) == (4, 4, 4, 1)
    pro = vars(method_settings("pro-vcin", settings_given("pro-vcin", config.methods)))
    assert pro == {**vcin, "programs": True, "program_layers": 6}
    assert [run.method for run in config.experiment.runs] == ["rex", "vcin", "pro-vcin"]


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
    with pytest.raises(InputError, match=r"is of the run explanation-only/rex/seed0, .*exp/seed0"):
        train(toy, tmp_path / "b", "transfer-5", method="exp", start=explained)
    with pytest.raises(InputError, match="no decoder"):
        train(toy, tmp_path / "c", "transfer-5", method="backbone", start=explained)


def test_transfer_starts_from_its_own_run_alone(
    toy: RunFiles, explained: Path, tmp_path: Path
) -> None:
    """Weights of another setting or seed fit, and must not be taken for those of its own."""
    train(toy, tmp_path / "multi", "multi-task")
    with pytest.raises(
        InputError, match=r"multi/checkpoint\.pt: is of the run multi-task/rex/seed0"
    ):
        train(toy, tmp_path / "a", "transfer-5", start=tmp_path / "multi")
    files = dataclasses.replace(toy, out=tmp_path / "b", start=explained)
    with pytest.raises(InputError, match="starts from explanation-only/rex/seed1"):
        train_run(FEW, files, RunName(setting="transfer-5", method="rex", seed=1))


def learnt(config: Config, toy: RunFiles, out: Path, setting: str = "multi-task") -> int:
    counts = []

    @contextmanager
    def observe(
        facts: Mapping[str, str], settings: TrainingSettings, resumed: bool
    ) -> Iterator[Observer]:
        counts.append(int(facts["data.learnt"]))
        yield Observer()

    files = dataclasses.replace(toy, out=out)
    method = "rex" if setting == "multi-task" else "backbone"
    train_run(config, files, RunName(setting=setting, method=method, seed=0), observe)
    return counts[0]


def test_the_published_code_loses_questions_with_long_explanations(
    toy: RunFiles, tmp_path: Path
) -> None:
    """Toy explanations have three tokens, and every third question of an image has none."""
    compat = dataclasses.replace(FEW, model=dataclasses.replace(FEW.model, mode="compat"))

    def cut(config: Config, length: int) -> Config:
        return dataclasses.replace(
            config, training=dataclasses.replace(config.training, explanation_length=length)
        )

    everything = learnt(cut(FEW, 2), toy, tmp_path / "a")
    assert learnt(cut(compat, 3), toy, tmp_path / "b") == everything
    unexplained = learnt(cut(compat, 2), toy, tmp_path / "c")
    assert 0 < unexplained < everything / 3
    # answers alone have no explanations to be too long
    assert learnt(cut(compat, 2), toy, tmp_path / "d", "answer-only") == everything


def test_the_published_gate_learns_on_all_steps(toy: RunFiles, tmp_path: Path) -> None:
    compat = dataclasses.replace(FEW, model=dataclasses.replace(FEW.model, mode="compat"))
    files = [dataclasses.replace(toy, out=tmp_path / name) for name in "ab"]
    losses = [
        train_run(
            dataclasses.replace(
                compat, training=dataclasses.replace(compat.training, explanation_length=length)
            ),
            file,
            RunName(setting="multi-task", method="rex", seed=0),
        )[0]["train/gate_loss"]
        for file, length in zip(files, (4, 12), strict=True)
    ]
    # one region token of T steps: the balanced loss of an untrained gate is about 2 ln 2 (T - 1)/T
    assert losses[1] / losses[0] == pytest.approx((11 / 12) / (3 / 4), rel=0.15)
