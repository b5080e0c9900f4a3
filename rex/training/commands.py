"""`rex train` and `rex predict`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from rex.command_line import Store, Subparsers, add_verb, positive, seed_argument
from rex.config import Config
from rex.experiment import RunName

_RUN = "results/world/runs/multi-task/rex/seed0"


def add_commands(stations: Subparsers) -> None:
    """Add `rex train` and `rex predict`."""
    train = add_verb(
        stations,
        _train,
        "rex train --setting multi-task --method rex --seed 0 "
        "--questions data/world/questions/train_balanced_questions.json "
        "--explanations results/world/explanations/train.parquet "
        "--regions results/world/regions/train.h5 --vocabulary results/world/vocabulary.json "
        f"--out {_RUN} --tracking results/world/mlflow.db",
    )
    train.add_argument("--setting", required=True, help="what is learnt, e.g. multi-task")
    train.add_argument("--method", required=True, help="how it is explained, e.g. rex")
    train.add_argument(
        "--seed", type=seed_argument, default=0, help="of weights, batches and dropout"
    )
    train.path("--questions", "JSON")
    train.path("--explanations", "PARQUET")
    train.path("--regions", "H5")
    train.path("--vocabulary", "JSON")
    train.path("--out", "RUN", "the run's folder")
    train.optional_path("--start", "RUN", "the run whose weights a transfer run starts from")
    train.add_argument(
        "--save-every",
        type=positive,
        metavar="STEPS",
        help="between saves of the unfinished run (default: training.save_every)",
    )
    train.tracking("MLflow's SQLite file, or a server's http://… (default: no tracking)")
    predict = add_verb(
        stations,
        _predict,
        f"rex predict --run {_RUN} "
        "--questions data/world/questions/val_balanced_questions.json "
        f"--regions results/world/regions/val.h5 --out {_RUN}/predictions/val.parquet",
    )
    predict.path("--run", "RUN")
    predict.path("--questions", "JSON")
    predict.path("--regions", "H5")
    predict.path("--out", "PARQUET")


def _train(
    config: Config,
    setting: str,
    method: str,
    seed: int,
    save_every: int | None,
    tracking: Store | None,
    **paths: Any,
) -> None:
    """Train a model to answer, to explain, or both; a killed run goes on where it was."""
    from rex.training.observing import tracked
    from rex.training.run import RunFiles, train_run

    if save_every is not None:
        training = dataclasses.replace(config.training, save_every=save_every)
        config = dataclasses.replace(config, training=training)
    files, name = RunFiles(**paths), RunName(setting=setting, method=method, seed=seed)
    train_run(config, files, name, tracked(tracking, config, name, files.out, files.questions))


def _predict(config: Config, run: Path, questions: Path, regions: Path, out: Path) -> None:
    """Answer and explain questions with a trained run."""
    from rex.training.run import predict_run

    predict_run(config, run, questions=questions, regions=regions, out=out)
