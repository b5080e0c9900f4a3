"""`rex train` and `rex predict`."""

from __future__ import annotations

import argparse
from pathlib import Path

from rex.command_line import Subparsers, add_verb

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
        "--tracking", type=Path, metavar="DB", help="MLflow's SQLite file (default: no tracking)"
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
    predict.add_argument("--run", dest="run_folder", type=Path, required=True, metavar="RUN")
    predict.add_argument("--questions", type=Path, required=True, metavar="JSON")
    predict.add_argument("--regions", type=Path, required=True, metavar="H5")
    predict.add_argument("--out", type=Path, required=True, metavar="PARQUET")


def _train(arguments: argparse.Namespace) -> None:
    from rex.config import read_config
    from rex.tracking import tracked_run
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
    with tracked_run(
        arguments.tracking,
        arguments.out,
        experiment=config.dataset,
        name=str(name),
        parameters={**vars(name), **vars(config.model), **vars(config.training)},
    ) as tracked:

        def note(record: dict[str, float]) -> None:
            tracked.metrics(record, step=int(record["epoch"]))
            tracked.flush()

        train_run(config, files, name, note)
        for file in ("config.yaml", "log.jsonl"):
            tracked.artifact(arguments.out / file)


def _predict(arguments: argparse.Namespace) -> None:
    from rex.config import read_config
    from rex.training.run import predict_run

    predict_run(
        read_config(arguments.config),
        arguments.run_folder,
        questions=arguments.questions,
        regions=arguments.regions,
        out=arguments.out,
    )
