"""Training and prediction by the command line, and what they refuse."""

from __future__ import annotations

import dataclasses
import itertools
import json
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow.compute as pc
import pytest
import torch
import yaml

from rex.cli import main
from rex.config import Config
from rex.config_files import config_values, read_config
from rex.errors import InputError
from rex.experiment import RunName
from rex.files import parquet_provenance, read_parquet, write_parquet
from rex.gqa.questions import read_questions
from rex.models.backbones import Sizes, build_backbone
from rex.training.checkpoints import load_checkpoint, save_checkpoint
from rex.training.loop import Trainer
from rex.training.observing import Observer, Record
from rex.training.prediction import check_features
from rex.training.run import RunFiles, predict_run, train_run

from .toy import CONFIG, WIDTH, make_toy

LEARNING = dataclasses.replace(
    CONFIG,
    model=dataclasses.replace(
        CONFIG.model,
        hidden_size=32,
        layers=2,
        heads=4,
        dropout=0.0,
        decoder_dropout=0.0,
        initializer_range=0.15,
    ),
    training=dataclasses.replace(
        CONFIG.training, epochs=20, decay_epoch=16, batch_size=16, learning_rate=8e-3, warmup=0.1
    ),
)


def command_line(toy: RunFiles, out: Path, config: Path, setting: str, method: str) -> list[str]:
    return [
        "train",
        *("--config", str(config), "--setting", setting, "--method", method, "--seed", "3"),
        *("--questions", str(toy.questions), "--explanations", str(toy.explanations)),
        *("--regions", str(toy.regions), "--vocabulary", str(toy.vocabulary), "--out", str(out)),
    ]


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config_values(CONFIG)))
    return path


@pytest.mark.parametrize(
    ("setting", "method"), [("answer-only", "backbone"), ("multi-task", "rex")]
)
def test_train_and_predict(
    toy: RunFiles, run_folder: Path, config_file: Path, setting: str, method: str
) -> None:
    assert main(command_line(toy, run_folder, config_file, setting, method)) == 0
    assert sorted(path.name for path in run_folder.iterdir()) == [
        *("checkpoint.pt", "config.yaml", "log.jsonl", "resume.pt")
    ]
    assert read_config(run_folder / "config.yaml") == CONFIG
    records = [json.loads(line) for line in (run_folder / "log.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == [1, 2]
    assert {"train/loss", "heldout/accuracy", "learning_rate"} <= records[0].keys()

    out = run_folder / "predictions" / "train.parquet"
    arguments = ["predict", "--run", str(run_folder), "--questions", str(toy.questions)]
    assert main([*arguments, "--regions", str(toy.regions), "--out", str(out)]) == 0
    table = read_parquet(out)
    questions = read_questions(toy.questions)
    assert table["question_id"].to_pylist() == list(questions)
    assert table.column_names == [
        *("question_id", "answer", "probability", "explanation", "regions", "gates")
    ]
    assert all(0 < p <= 1 for p in table["probability"].to_pylist())
    assert parquet_provenance(out)["settings"]["method"] == method
    for row in table.to_pylist():
        if method == "backbone":
            assert row["explanation"] is row["regions"] is row["gates"] is None
        else:
            tokens = row["explanation"].split()
            assert len(tokens) == len(row["regions"]) == len(row["gates"])
            assert all(
                token == f"#{region}" if region >= 0 else not token.startswith("#")
                for token, region in zip(tokens, row["regions"], strict=True)
            )


def test_the_learning_rate_is_that_which_was_used(
    toy: RunFiles, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Risen over 4 steps, a quarter from epoch 2 on; an epoch has 4 steps."""
    training = dataclasses.replace(CONFIG.training, warmup=0.5, learning_rate=0.01)
    monkeypatch.setattr("rex.training.loop._OBSERVED", 1)
    rates = []

    class Told(Observer):
        def step(self, number: int, record: Record) -> None:
            rates.append(record["learning_rate"])

    records = train_run(
        dataclasses.replace(CONFIG, training=training),
        dataclasses.replace(toy, out=run_folder),
        RunName(setting="answer-only", method="backbone", seed=0),
        lambda *about: nullcontext(Told()),
    )
    used = [0.0025, 0.005, 0.0075, 0.01, *(0.0025,) * 4]
    assert rates == pytest.approx(used)
    assert [record["learning_rate"] for record in records] == pytest.approx([0.01, 0.0025])


def test_a_run_is_tracked(toy: RunFiles, run_folder: Path, config_file: Path) -> None:
    from mlflow.tracking import MlflowClient

    database = run_folder.parent / "mlflow.db"
    command = command_line(toy, run_folder, config_file, "answer-only", "backbone")
    assert main([*command, "--tracking", str(database)]) == 0
    client = MlflowClient(tracking_uri=f"sqlite:///{database}")
    run_id = json.loads((run_folder / "mlflow.json").read_text())["run_id"]
    run = client.get_run(run_id)
    assert run.info.run_name == "answer-only/backbone/seed3"
    assert run.info.status == "FINISHED"
    assert run.data.params["hidden_size"] == "16"
    assert '"detector": "toy"' in run.data.tags["data.regions"]
    steps = [metric.step for metric in client.get_metric_history(run_id, "heldout/accuracy")]
    assert steps == [1, 2]

    (model,) = client.search_logged_models([run.info.experiment_id])
    assert (model.name, model.source_run_id) == ("answer-only-backbone-seed3", run_id)
    assert [output.model_id for output in run.outputs.model_outputs] == [model.model_id]
    files = {file.path for file in client.list_logged_model_artifacts(model.model_id)}
    assert files == {"checkpoint.pt", "config.yaml"}
    kept = {file.path for file in client.list_artifacts(run_id)}
    assert kept == {"config.yaml", "log.jsonl"}


def test_a_killed_run_goes_on_in_its_mlflow_run(
    toy: RunFiles, run_folder: Path, config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.tracking import MlflowClient

    monkeypatch.setattr("rex.training.loop._OBSERVED", 1)
    database = run_folder.parent / "mlflow.db"
    # saved after steps 3 and 6: when it is killed, more is known than is saved, an epoch included
    training = dataclasses.replace(CONFIG.training, save_every=3)
    config = dataclasses.replace(CONFIG, training=training)
    config_file.write_text(yaml.safe_dump(config_values(config)))
    command = command_line(toy, run_folder, config_file, "multi-task", "rex")
    command += ["--tracking", str(database)]
    step, made = Trainer._step, 0

    def killed(trainer: Trainer, loaded: object) -> None:
        nonlocal made
        made += 1
        if made == 6:  # of 2 epochs of 4 steps
            raise KeyboardInterrupt
        step(trainer, loaded)  # type: ignore[arg-type]

    monkeypatch.setattr(Trainer, "_step", killed)
    assert main(command) == 1
    client = MlflowClient(tracking_uri=f"sqlite:///{database}")
    run_id = json.loads((run_folder / "mlflow.json").read_text())["run_id"]
    assert client.get_run(run_id).info.status == "KILLED"
    assert main(command) == 0
    assert json.loads((run_folder / "mlflow.json").read_text())["run_id"] == run_id
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"

    def steps(name: str) -> list[int]:
        return [metric.step for metric in client.get_metric_history(run_id, name)]

    for name in ("loss", "answer_loss", "explanation_loss", "gate_loss", "learning_rate"):
        assert steps(f"step/{name}") == list(range(1, 9))
    for name in ("train/loss", "heldout/accuracy", "learning_rate", "questions_per_second"):
        assert steps(name) == [1, 2]


def test_what_is_trained_anew_is_another_mlflow_run(
    toy: RunFiles, run_folder: Path, config_file: Path, tmp_path: Path
) -> None:
    """The same settings, in the same folder, of other data."""
    from mlflow.tracking import MlflowClient

    database, found = tmp_path / "mlflow.db", {}
    other = make_toy(tmp_path / "other", seed=9)
    for name, files in (("toy", toy), ("other", other)):
        command = command_line(files, run_folder, config_file, "answer-only", "backbone")
        assert main([*command, "--tracking", str(database)]) == 0
        found[name] = json.loads((run_folder / "mlflow.json").read_text())["run_id"]
    client = MlflowClient(tracking_uri=f"sqlite:///{database}")
    assert len({client.get_run(run).data.tags["data.digest"] for run in found.values()}) == 2
    for run_id in found.values():
        assert client.get_run(run_id).info.status == "FINISHED"
        history = client.get_metric_history(run_id, "train/loss")
        assert [metric.step for metric in history] == [1, 2]


def test_a_failed_run_is_marked_failed(toy: RunFiles, run_folder: Path, tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    broken = dataclasses.replace(
        CONFIG, training=dataclasses.replace(CONFIG.training, learning_rate=1e30, warmup=0.0)
    )
    (tmp_path / "broken.yaml").write_text(yaml.safe_dump(config_values(broken)))
    database = tmp_path / "mlflow.db"
    command = command_line(toy, run_folder, tmp_path / "broken.yaml", "multi-task", "rex")
    assert main([*command, "--tracking", str(database)]) == 2
    run_id = json.loads((run_folder / "mlflow.json").read_text())["run_id"]
    run = MlflowClient(tracking_uri=f"sqlite:///{database}").get_run(run_id)
    assert run.info.status == "FAILED"
    assert run.data.params["learning_rate"] == "1e+30"


def test_it_learns_to_answer_and_to_point(tmp_path: Path) -> None:
    train = make_toy(tmp_path, images=120)
    train_run(LEARNING, train, RunName(setting="multi-task", method="rex", seed=0))
    unseen = make_toy(tmp_path, images=20, seed=5, name="val")
    out = tmp_path / "p.parquet"
    predict_run(LEARNING, train.out, questions=unseen.questions, regions=unseen.regions, out=out)
    rows = read_parquet(out).to_pylist()
    truth = read_questions(unseen.questions)
    answers = [row["answer"] == truth[row["question_id"]].answer for row in rows]
    pointed = [row["explanation"].split()[:2] for row in rows]
    regions = [[f"#{row['question_id'].split('-')[1]}", "is"] for row in rows]
    assert np.mean(answers) > 0.9
    assert np.mean([p == r for p, r in zip(pointed, regions, strict=True)]) > 0.9


def test_batch_size_does_not_change_predictions(toy: RunFiles, run_folder: Path) -> None:
    files = dataclasses.replace(toy, out=run_folder)
    train_run(CONFIG, files, RunName(setting="multi-task", method="rex", seed=0))
    tables = []
    for batch_size in (1, 7):
        config = dataclasses.replace(
            CONFIG, evaluation=dataclasses.replace(CONFIG.evaluation, batch_size=batch_size)
        )
        out = run_folder / f"{batch_size}.parquet"
        predict_run(config, run_folder, questions=toy.questions, regions=toy.regions, out=out)
        tables.append(read_parquet(out))
    one, seven = tables
    for name in ("question_id", "answer", "explanation", "regions"):
        assert one[name].to_pylist() == seven[name].to_pylist()
    assert one["probability"].to_numpy() == pytest.approx(seven["probability"].to_numpy(), abs=1e-5)


def test_a_method_without_decoder_cannot_explain(toy: RunFiles, run_folder: Path) -> None:
    with pytest.raises(InputError, match="no decoder"):
        train_run(CONFIG, toy, RunName(setting="multi-task", method="backbone", seed=0))
    with pytest.raises(InputError, match="unknown setting"):
        train_run(CONFIG, toy, RunName(setting="all-at-once", method="rex", seed=0))
    with pytest.raises(InputError, match="unknown method"):
        train_run(CONFIG, toy, RunName(setting="multi-task", method="guess", seed=0))


def test_nothing_to_learn_from_is_told(toy: RunFiles, tmp_path: Path) -> None:
    files = dataclasses.replace(toy, out=tmp_path / "run", questions=tmp_path / "q.json")
    files.questions.write_text("{}")
    with pytest.raises(InputError, match=r"q\.json: holds no questions"):
        train_run(CONFIG, files, RunName(setting="multi-task", method="rex", seed=0))
    other = make_toy(tmp_path, name="other")
    files = dataclasses.replace(toy, out=tmp_path / "run", explanations=other.explanations)
    with pytest.raises(InputError, match=r"other\.parquet: has no explanation to learn from"):
        train_run(CONFIG, files, RunName(setting="explanation-only", method="rex", seed=0))
    assert not files.out.exists()


def test_explanations_of_one_image_are_not_learnt_and_held_out(
    toy: RunFiles, tmp_path: Path
) -> None:
    """A fifth of the ten images is held out, to choose the epoch: there must be both."""
    table = read_parquet(toy.explanations)
    files = dataclasses.replace(toy, out=tmp_path / "run", explanations=tmp_path / "one.parquet")
    said = []
    for image_id in sorted(set(table["image_id"].to_pylist())):
        rows = table.filter(pc.equal(table["image_id"], image_id))
        write_parquet(files.explanations, rows, provenance={})
        with pytest.raises(InputError, match=r"one\.parquet: ") as refused:
            train_run(CONFIG, files, RunName(setting="explanation-only", method="rex", seed=0))
        said.append(refused.value.problem)
    lacks = "has no explanation of a held-out question, by which epochs are chosen"
    assert (said.count(lacks), said.count("has no explanation to learn from")) == (8, 2)


def test_a_refused_run_takes_away_only_what_it_made(toy: RunFiles, tmp_path: Path) -> None:
    files = dataclasses.replace(toy, out=tmp_path / "a" / "run", regions=tmp_path / "none.h5")
    for keep in (False, True):
        with pytest.raises(InputError, match=r"none\.h5: no such file"):
            train_run(CONFIG, files, RunName(setting="multi-task", method="rex", seed=0))
        assert files.out.parent.exists() is keep
        files.out.mkdir(parents=True, exist_ok=True)


@pytest.mark.parametrize("features", [0.0, 2.5])
def test_features_that_never_vary_are_no_reason_to_stop(
    toy: RunFiles, tmp_path: Path, features: float
) -> None:
    files = dataclasses.replace(toy, out=tmp_path / "run", regions=tmp_path / "same.h5")
    shutil.copy(toy.regions, files.regions)
    with h5py.File(files.regions, "r+") as file:
        there = np.arange(file["features"].shape[1]) < file["num_boxes"][:][:, None]
        file["features"][...] = np.where(there[..., None], features, 0)
    losses = [
        epoch["train/loss"]
        for epoch in train_run(CONFIG, files, RunName(setting="multi-task", method="rex", seed=0))
    ]
    assert np.isfinite(losses).all()


def test_a_store_without_any_region_is_refused(toy: RunFiles, tmp_path: Path) -> None:
    files = dataclasses.replace(toy, out=tmp_path / "run", regions=tmp_path / "empty.h5")
    shutil.copy(toy.regions, files.regions)
    with h5py.File(files.regions, "r+") as file:
        file["num_boxes"][...] = 0
    with pytest.raises(InputError):
        train_run(CONFIG, files, RunName(setting="multi-task", method="rex", seed=0))
    assert not files.out.exists()


@pytest.mark.parametrize(
    ("what", "problem"),
    [("features", "image train"), ("learning rate", "training.learning_rate")],
)
def test_a_loss_that_is_no_number_says_why(
    toy: RunFiles, tmp_path: Path, what: str, problem: str
) -> None:
    files, config = dataclasses.replace(toy, out=tmp_path / "run"), CONFIG
    if what == "features":
        files = dataclasses.replace(files, regions=tmp_path / "broken.h5")
        shutil.copy(toy.regions, files.regions)
        with h5py.File(files.regions, "r+") as file:
            file["features"][2:, 0] = np.nan
    else:
        config = dataclasses.replace(
            CONFIG, training=dataclasses.replace(CONFIG.training, learning_rate=1e30, warmup=0.0)
        )
    with pytest.raises(InputError, match=problem):
        train_run(config, files, RunName(setting="multi-task", method="rex", seed=0))
    assert not (files.out / "checkpoint.pt").exists()


@pytest.fixture(scope="module")
def trained(toy: RunFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    config = dataclasses.replace(
        CONFIG, training=dataclasses.replace(CONFIG.training, epochs=1, decay_epoch=1)
    )
    files = dataclasses.replace(toy, out=folder)
    train_run(config, files, RunName(setting="answer-only", method="backbone", seed=0))
    return folder


def refused(run: Path, toy: RunFiles, regions: Path) -> str:
    out = regions.with_name("p.parquet")
    with pytest.raises(InputError) as caught:
        predict_run(Config(), run, questions=toy.questions, regions=regions, out=out)
    assert not out.exists()
    return str(caught.value)


def test_regions_of_another_detector_are_refused(
    toy: RunFiles, trained: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.h5"
    shutil.copy(toy.regions, other)
    with h5py.File(other, "r+") as file:
        file.attrs["signature"] = json.dumps({"detector": "toy", "weights": "def"})
    line = refused(trained, toy, other)
    assert "weights is 'def', was 'abc'" in line
    assert str(other) in line


def test_classes_of_other_names_are_refused_by_a_run_that_reads_them(
    toy: RunFiles, tmp_path: Path
) -> None:
    files = dataclasses.replace(toy, out=tmp_path / "run")
    train_run(CONFIG, files, RunName(setting="answer-only", method="backbone-tags", seed=0))
    other = tmp_path / "other.h5"
    shutil.copy(toy.regions, other)
    with h5py.File(other, "r+") as file:
        names = json.loads(file.attrs["object_names"])
        file.attrs["object_names"] = json.dumps(names[::-1])
    assert "has other names of classes" in refused(files.out, toy, other)


def test_the_number_of_imported_regions_is_none_of_the_signature(trained: Path) -> None:
    now: dict[str, Any] = {"detector": "toy", "imported_from": "lxmert-tsv"}
    checkpoint = load_checkpoint(trained / "checkpoint.pt")
    for before, given in itertools.product((now, {**now, "regions": 36}), repeat=2):
        made = dataclasses.replace(checkpoint, signature=before)
        check_features(made, trained, feature_size=WIDTH, regions=1, signature=given)


def test_a_checkpoint_with_settings_of_another_version_is_named(
    trained: Path, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint.pt"
    made = load_checkpoint(trained / "checkpoint.pt")
    save_checkpoint(path, dataclasses.replace(made, options={"tag": True}))
    with pytest.raises(InputError) as caught:
        load_checkpoint(path)
    place = f"{path}: methods.{made.method}.tag"
    assert str(caught.value) == f"{place}: no such setting; train the run again"


def test_regions_of_another_width_are_refused(toy: RunFiles, trained: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    shutil.copy(toy.regions, other)
    with h5py.File(other, "r+") as file:
        features = file["features"][:, :, :4]
        del file["features"]
        file.create_dataset("features", data=features)
    assert "4 wide" in refused(trained, toy, other)


def test_a_damaged_checkpoint_is_named(toy: RunFiles, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes((trained / "checkpoint.pt").read_bytes()[:2000])
    assert "not a readable checkpoint" in refused(tmp_path, toy, toy.regions)
    assert "no such file" in refused(tmp_path / "nowhere", toy, toy.regions)


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "it is empty or cut short"), (b"(", ""), (b"\x80\x02h\x05.", ""), (b"a.", "")],
)
def test_what_is_no_checkpoint_is_named(
    toy: RunFiles, tmp_path: Path, content: bytes, why: str
) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(content)
    assert f"not a readable checkpoint ({why}" in refused(tmp_path, toy, toy.regions)


def test_a_checkpoint_holds_no_code(toy: RunFiles, trained: Path, tmp_path: Path) -> None:
    values = torch.load(trained / "checkpoint.pt", weights_only=True)
    torch.save({**values, "seed": Path("x")}, tmp_path / "checkpoint.pt")
    assert "not a readable checkpoint" in refused(tmp_path, toy, toy.regions)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"method": "rec"}, "not a checkpoint of this version of REX"),
        ({"vocabulary": {}}, "not a checkpoint of this version of REX"),
        ({"vocabulary": None}, "not a checkpoint of this version of REX"),
        ({"weights": {}}, "its weights are not those of its model"),
    ],
)
def test_a_checkpoint_that_does_not_hold_together(
    toy: RunFiles, trained: Path, tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    values = torch.load(trained / "checkpoint.pt", weights_only=True)
    torch.save({**values, **changed}, tmp_path / "checkpoint.pt")
    assert said in refused(tmp_path, toy, toy.regions)


def test_a_checkpoint_that_is_older_than_a_setting_has_its_default(
    toy: RunFiles, trained: Path, tmp_path: Path
) -> None:
    values = torch.load(trained / "checkpoint.pt", weights_only=True)
    for name in ("boxes", "decoder_dropout"):
        del values["config"]["model"][name]
    torch.save(values, tmp_path / "checkpoint.pt")
    model = load_checkpoint(tmp_path / "checkpoint.pt").settings().model
    assert (model.boxes, model.decoder_dropout) == (True, 0.0)
    tables = []
    for run in (trained, tmp_path):
        out = tmp_path / "p.parquet"
        predict_run(CONFIG, run, questions=toy.questions, regions=toy.regions, out=out)
        tables.append(read_parquet(out))
    assert tables[0].equals(tables[1])


def test_a_pretrained_backbone_keeps_its_words_and_sizes(
    toy: RunFiles, tmp_path: Path, run_folder: Path
) -> None:
    folder, model = tmp_path / "bert", dataclasses.replace(CONFIG.model, hidden_size=8)
    pieces = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "?", "the", "is", "color", "what"]
    pieces += ["cup", "car", "hat", "cat"]
    source = build_backbone(model, Sizes(len(pieces) + 3, WIDTH, 40))
    source.transformer.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(pieces))
    config = dataclasses.replace(
        CONFIG, model=dataclasses.replace(CONFIG.model, pretrained=str(folder))
    )
    name = RunName(setting="multi-task", method="rex", seed=0)
    train_run(config, dataclasses.replace(toy, out=run_folder), name)
    shutil.rmtree(folder)  # a run needs nothing but its folder
    checkpoint = load_checkpoint(run_folder / "checkpoint.pt")
    assert checkpoint.words().pieces == tuple(pieces)
    transformer = checkpoint.build().backbone.transformer
    assert transformer.config.hidden_size == 8
    assert transformer.config.max_position_embeddings == 40
    out = tmp_path / "p.parquet"
    predict_run(config, run_folder, questions=toy.questions, regions=toy.regions, out=out)
    assert len(read_parquet(out)) == len(read_questions(toy.questions))


@pytest.mark.parametrize(("decay_epoch", "trained"), [(1, 3), (3, 4), (6, 6)])
def test_epochs_in_vain_end_training(
    toy: RunFiles, tmp_path: Path, decay_epoch: int, trained: int
) -> None:
    """A learning rate of nearly 0 leaves the first epoch the best; a later start trains no more.

    Epochs before the learning rate decays are not counted.
    """
    training = dataclasses.replace(
        CONFIG.training, epochs=6, decay_epoch=decay_epoch, learning_rate=1e-12, patience=2
    )
    config = dataclasses.replace(CONFIG, training=training)
    files = dataclasses.replace(toy, out=tmp_path / "run")
    name = RunName(setting="multi-task", method="rex", seed=0)
    epochs = list(range(1, trained + 1))
    assert [record["epoch"] for record in train_run(config, files, name)] == epochs
    assert load_checkpoint(files.out / "checkpoint.pt").epoch == 1
    assert len(train_run(config, files, name)) == trained
