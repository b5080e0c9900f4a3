"""`rex train` and `rex predict`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rex.command_line import Store, Subparsers, add_verb

if TYPE_CHECKING:
    from rex.config import Config

_RUN = "results/world/runs/multi-task/rex/seed0"


def add_commands(stations: Subparsers) -> None:
    """Add `rex train` and `rex predict`."""
    train = add_verb(
        stations,
        "train",
        _train,
        "train a model to answer, to explain, or both; a killed run goes on where it was",
        "rex train --setting multi-task --method rex --seed 0 "
        "--questions data/world/questions/train_balanced_questions.json "
        "--explanations results/world/explanations/train.parquet "
        "--regions results/world/regions/train.h5 --vocabulary results/world/vocabulary.json "
        f"--out {_RUN} --tracking results/world/mlflow.db",
    )
    train.add_argument("--setting", required=True, help="what is learnt, e.g. multi-task")
    train.add_argument("--method", required=True, help="how it is explained, e.g. rex")
    train.add_argument("--seed", type=int, default=0, help="of weights, batches and dropout")
    train.path("--questions", "JSON")
    train.path("--explanations", "PARQUET")
    train.path("--regions", "H5")
    train.path("--vocabulary", "JSON")
    train.path("--out", "RUN", "the run's folder")
    train.optional_path("--start", "RUN", "the run whose weights a transfer run starts from")
    train.tracking("MLflow's SQLite file, or a server's http://… (default: no tracking)")
    predict = add_verb(
        stations,
        "predict",
        _predict,
        "answer and explain questions with a trained run",
        f"rex predict --run {_RUN} "
        "--questions data/world/questions/val_balanced_questions.json "
        f"--regions results/world/regions/val.h5 --out {_RUN}/predictions/val.parquet",
    )
    predict.path("--run", "RUN")
    predict.path("--questions", "JSON")
    predict.path("--regions", "H5")
    predict.path("--out", "PARQUET")
    predict.tracking("keep the predictions in MLflow, too")


def _train(
    config: Config, setting: str, method: str, seed: int, tracking: Store | None, **paths: Any
) -> None:
    from rex.tracking import tracked_run
    from rex.training.objectives import objective_of
    from rex.training.observing import Observer, Record
    from rex.training.run import RunFiles, RunName, train_run

    files, name = RunFiles(**paths), RunName(setting=setting, method=method, seed=seed)
    objective = objective_of(setting, method, config.model.mode)
    settings = config.training_of(transfer=objective.transfer, answers=objective.answers)

    @contextmanager
    def observe(facts: Mapping[str, str], resumed: bool) -> Iterator[Observer]:
        with tracked_run(
            tracking if int(os.environ.get("RANK", "0")) == 0 else None,
            files.out,
            experiment=config.dataset,
            name=str(name),
            parameters={**vars(name), **vars(config.model), **vars(settings)},
            tags=facts,
            group=f"{setting}/{method}",
            anew=not resumed,
        ) as tracked:

            class Tracker(Observer):
                def step(self, number: int, record: Record) -> None:
                    values = {f"step/{name}": value for name, value in record.items()}
                    tracked.metrics(values, step=number, once=True)

                def epoch(self, record: Record) -> None:
                    tracked.metrics(record, step=int(record["epoch"]), once=True)
                    tracked.flush()

                def saving(self) -> None:
                    tracked.flush()

            tracked.learns_from(config.dataset, facts["data.digest"], files.questions)
            yield Tracker()
            for file in ("config.yaml", "log.jsonl"):
                tracked.artifact(files.out / file)
            tracked.model(files.out, ("checkpoint.pt", "config.yaml"))

    train_run(config, files, name, observe)


def _predict(
    config: Config, run: Path, questions: Path, regions: Path, out: Path, tracking: Store | None
) -> None:
    from rex.tracking import tracked_run
    from rex.training.run import predict_run

    predict_run(config, run, questions=questions, regions=regions, out=out)
    with tracked_run(tracking, run, experiment=config.dataset, name=run.name) as tracked:
        tracked.artifact(out, "predictions")
