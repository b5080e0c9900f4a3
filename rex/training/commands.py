"""`rex train` and `rex predict`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rex.command_line import Subparsers, add_verb, store

_RUN = "results/world/runs/multi-task/rex/seed0"


def add_commands(stations: Subparsers) -> None:
    """Add `rex train` and `rex predict`."""
    train = add_verb(
        stations,
        "train",
        _train,
        help="train a model to answer, to explain, or both; a killed run goes on where it was",
        example="rex train --setting multi-task --method rex --seed 0 "
        "--questions data/world/questions/train_balanced_questions.json "
        "--explanations results/world/explanations/train.parquet "
        "--regions results/world/regions/train.h5 --vocabulary results/world/vocabulary.json "
        f"--out {_RUN} --tracking results/world/mlflow.db",
    )
    train.add_argument("--setting", required=True, help="what is learnt, e.g. multi-task")
    train.add_argument("--method", required=True, help="how it is explained, e.g. rex")
    train.add_argument("--seed", type=int, default=0, help="of weights, batches and dropout")
    train.add_argument("--questions", type=Path, required=True, metavar="JSON")
    train.add_argument("--explanations", type=Path, required=True, metavar="PARQUET")
    train.add_argument("--regions", type=Path, required=True, metavar="H5")
    train.add_argument("--vocabulary", type=Path, required=True, metavar="JSON")
    train.add_argument("--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    train.add_argument(
        "--start", type=Path, metavar="RUN", help="the run whose weights a transfer run starts from"
    )
    train.add_argument(
        "--tracking",
        type=store,
        metavar="DB",
        help="MLflow's SQLite file, or a server's http://… (default: no tracking)",
    )
    predict = add_verb(
        stations,
        "predict",
        _predict,
        help="answer and explain questions with a trained run",
        example=f"rex predict --run {_RUN} "
        "--questions data/world/questions/val_balanced_questions.json "
        f"--regions results/world/regions/val.h5 --out {_RUN}/predictions/val.parquet",
    )
    predict.add_argument("--run", type=Path, required=True, metavar="RUN")
    predict.add_argument("--questions", type=Path, required=True, metavar="JSON")
    predict.add_argument("--regions", type=Path, required=True, metavar="H5")
    predict.add_argument("--out", type=Path, required=True, metavar="PARQUET")
    predict.add_argument(
        "--tracking", type=store, metavar="DB", help="keep the predictions in MLflow, too"
    )


def _train(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.tracking import tracked_run
    from rex.training.objectives import objective_of
    from rex.training.observing import Observer, Record
    from rex.training.run import RunFiles, RunName, train_run

    config = read_config(arguments.config)
    files = RunFiles(
        questions=arguments.questions,
        explanations=arguments.explanations,
        regions=arguments.regions,
        vocabulary=arguments.vocabulary,
        out=arguments.out,
        start=arguments.start,
    )
    name = RunName(setting=arguments.setting, method=arguments.method, seed=arguments.seed)
    objective = objective_of(name.setting, name.method, config.model.mode)
    settings = config.training_of(transfer=objective.transfer, answers=objective.answers)

    @contextmanager
    def observe(facts: Mapping[str, str], resumed: bool) -> Iterator[Observer]:
        with tracked_run(
            arguments.tracking if int(os.environ.get("RANK", "0")) == 0 else None,
            arguments.out,
            experiment=config.dataset,
            name=str(name),
            parameters={**vars(name), **vars(config.model), **vars(settings)},
            tags=facts,
            group=f"{arguments.setting}/{arguments.method}",
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

            tracked.learns_from(config.dataset, facts["data.digest"], arguments.questions)
            yield Tracker()
            for file in ("config.yaml", "log.jsonl"):
                tracked.artifact(arguments.out / file)

    train_run(config, files, name, observe)


def _predict(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.tracking import tracked_run
    from rex.training.run import predict_run

    config = read_config(arguments.config)
    predict_run(
        config,
        arguments.run,
        questions=arguments.questions,
        regions=arguments.regions,
        out=arguments.out,
    )
    with tracked_run(
        arguments.tracking,
        arguments.run,
        experiment=config.dataset,
        name=arguments.run.name,
    ) as tracked:
        tracked.artifact(arguments.out, "predictions")
