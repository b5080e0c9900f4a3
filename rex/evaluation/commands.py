"""`rex evaluate`, `rex submit` and `rex reference`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rex.command_line import (
    Parser,
    Store,
    Subparsers,
    add_station,
    add_verb,
    seed_argument,
)
from rex.config import SPLITS, Config
from rex.errors import InputError
from rex.exchange.formats import FORMATS
from rex.experiment import FEWEST

if TYPE_CHECKING:
    from rex.evaluation.metrics import Metrics

_logger = logging.getLogger("rex.evaluation")


def add_commands(stations: Subparsers) -> None:
    """Add `rex evaluate`, `rex submit` and `rex reference answer-prior|random-regions`."""
    _add_evaluate(stations)
    submit = add_verb(
        stations,
        _submit,
        "rex submit results/world/runs/multi-task/rex/seed0/predictions/testdev.parquet "
        "--questions data/world/questions/testdev_balanced_questions.json --out submission.json",
    )
    submit.path("predictions", "PREDICTIONS", "what was predicted")
    submit.path("--questions", "JSON", "all that must be answered")
    submit.path("--out", "JSON", "the submission")
    verbs = add_station(stations, "reference", "the reference rows of the tables")
    prior = add_verb(
        verbs,
        _answer_prior,
        "rex reference answer-prior --train train_balanced_questions.json "
        "--questions val_balanced_questions.json --out predictions/val.parquet",
    )
    prior.path("--train", "JSON", "to learn from")
    prior.path("--questions", "JSON", "to answer")
    prior.add_argument(
        "--seed",
        type=seed_argument,
        metavar="N",
        help=f"learn from the {FEWEST} %% of the questions alone that the transfer run with this "
        "seed learns from",
    )
    prior.path("--out", "PARQUET", "predictions")
    random = add_verb(
        verbs,
        _random_regions,
        "rex reference random-regions --explanations explanations/val.parquet "
        "--regions regions/val.h5 --out predictions/val.parquet",
    )
    random.path("--explanations", "PARQUET", "the true ones")
    random.path("--regions", "H5", "to draw from")
    random.path("--out", "PARQUET", "predictions")


def _add_evaluate(stations: Subparsers) -> None:
    verb = add_verb(
        stations,
        _evaluate,
        "rex evaluate predictions/val.parquet --questions val_balanced_questions.json "
        "--explanations val.parquet --regions val.h5 --scene-graphs val_sceneGraphs.json "
        "--ood data/gqa/ood --split val --out metrics/val.json",
    )
    option, optional = verb.add_argument, verb.optional_path
    verb.path("predictions", "PREDICTIONS", "what was predicted")
    verb.path("--questions", "JSON", "the questions, GQA's format")
    optional("--explanations", "PARQUET", "their true explanations")
    optional("--regions", "H5", "the regions that explanations name")
    optional("--scene-graphs", "JSON", "the objects' boxes")
    optional("--ood", "DIR", "the folder of GQA-OOD's files")
    choices = "GQA's choices file, for validity and plausibility (default: derived)"
    optional("--choices", "JSON", choices)
    compat = "also measure explanations as the published code does, defects included"
    option("--compat", action="store_true", help=compat)
    optional(
        "--upper-bound",
        "JSON",
        "the public code's grounding_upper_bound.json, for compat/grounding (default: "
        "evaluation.upper_bound, or our bounds)",
    )
    meteor = "leave METEOR out: it takes the longest"
    option("--without-meteor", dest="meteor", action="store_false", help=meteor)
    optional("--corenlp", "DIR", "CoreNLP 3.6.0 with its models, for SPICE")
    option(
        "--format",
        dest="convention",
        choices=tuple(FORMATS),
        help="what the numbers of boxes mean, in a file of a model's text (docs/vlm.md)",
    )
    partial = "leave questions out that are not answered (default: refuse such a file)"
    option("--partial", action="store_true", help=partial)
    optional("--unread", "JSONL", "list the explanations that cannot be read")
    _add_outputs(verb)


def _add_outputs(verb: Parser) -> None:
    """Add what a run is called, and where its scores go."""
    verb.add_argument("--split", choices=SPLITS, default="val", help="(default: val)")
    verb.add_argument("--setting", help="default: what the predictions say made them")
    verb.add_argument("--method", help="the same, else the file's name")
    verb.add_argument("--seed", type=int, help="the same, else 0")
    verb.optional_path("--run", "DIR", "the run's folder, for --tracking")
    verb.tracking("log the scores of --run to this MLflow database, and keep the files")
    verb.optional_path(
        "--details",
        "PARQUET",
        "also write what each question adds to each score; tables compare methods by it "
        "where it lies beside the metrics, under the same name",
    )
    verb.path("--out", "JSON", "metrics")


def _evaluate(
    config: Config,
    predictions: Path,
    split: str,
    setting: str | None,
    method: str | None,
    seed: int | None,
    ood: Path | None,
    run: Path | None,
    tracking: Store | None,
    out: Path,
    details: Path | None,
    unread: Path | None,
    **given: Any,
) -> None:
    """Measure predictions: answers, explanations, grounding."""
    from rex.evaluation.case import Inputs
    from rex.evaluation.measure import evaluate_predictions
    from rex.evaluation.metrics import run_of
    from rex.files import check_outputs

    if tracking is not None and run is None:
        raise InputError("--tracking needs the run's folder", cure="give --run as well")
    options = {p: f"--{name.replace('_', '-')}" for name, p in given.items() if isinstance(p, Path)}
    if config.evaluation.upper_bound is not None:
        options.setdefault(Path(config.evaluation.upper_bound), "evaluation.upper_bound")
    check_outputs(
        {**options, predictions: "PREDICTIONS"},
        {"--out": out, "--details": details, "--unread": unread},
    )
    metrics = evaluate_predictions(
        config,
        predictions,
        Inputs(**given),
        split=split,
        out=out,
        run=run_of(predictions, setting=setting, method=method, seed=seed),
        ood=ood,
        details=details,
        unread=unread,
    )
    if tracking is not None and run is not None:
        _track(tracking, run, config.dataset, metrics, {"metrics": out, "predictions": predictions})
    _print_scores(metrics)


def _print_scores(metrics: Metrics) -> None:
    for name, score in metrics.scores.items():
        if "/" not in name and score.value is not None:
            print(f"{name:<12} {score.value:7.2f}  (n = {score.n})")
        elif "/" not in name:
            print(f"{name:<12}       –  {score.reason}")


def _track(
    tracking: Store, run: Path, experiment: str, metrics: Metrics, files: Mapping[str, Path]
) -> None:
    """Log the scores, and keep the files in the folders that are named."""
    from rex.tracking import score_name, tracked_run

    with tracked_run(tracking, run, experiment=experiment, name=str(metrics.run)) as tracked:
        tracked.metrics(
            {
                score_name(metrics.split, measure): score.value
                for measure, score in metrics.scores.items()
                if score.value is not None
            }
        )
        for folder, file in files.items():
            tracked.artifact(file, folder)


def _submit(predictions: Path, questions: Path, out: Path) -> None:
    """Write GQA's test submission file."""
    from rex.evaluation.submission import write_submission

    _logger.info("%d answers in %s", write_submission(out, predictions, questions), out)


def _answer_prior(
    config: Config, train: Path, questions: Path, seed: int | None, out: Path
) -> None:
    """Answer each question from its words alone."""
    from rex.evaluation.references import write_answer_prior

    write_answer_prior(out, train, questions, config=config, seed=seed)


def _random_regions(config: Config, explanations: Path, regions: Path, out: Path) -> None:
    """The true explanations, about random regions."""
    from rex.evaluation.references import write_random_regions

    write_random_regions(out, explanations, regions, config.evaluation.seed)
