"""`rex evaluate`, `rex submit` and `rex reference`."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from rex.command_line import Subparsers, add_station, add_verb, store
from rex.config import SPLITS
from rex.exchange.formats import FORMATS
from rex.experiment import TRANSFER_PERCENT

if TYPE_CHECKING:
    from rex.evaluation.metrics import Metrics

_logger = logging.getLogger("rex.evaluation")


def add_commands(stations: Subparsers) -> None:
    """Add `rex evaluate`, `rex submit` and `rex reference answer-prior|random-regions`."""
    _add_evaluate(stations)
    _add_submit(stations)
    verbs = add_station(stations, "reference", "the reference rows of the tables")
    _add_answer_prior(verbs)
    _add_random_regions(verbs)


def _add_evaluate(stations: Subparsers) -> None:
    verb = add_verb(
        stations,
        "evaluate",
        _evaluate,
        help="measure predictions: answers, explanations, grounding",
        example="rex evaluate predictions/val.parquet --questions val_balanced_questions.json "
        "--explanations val.parquet --regions val.h5 --scene-graphs val_sceneGraphs.json "
        "--ood data/gqa/ood --split val --out metrics/val.json",
    )
    verb.add_argument("predictions", type=Path, metavar="PREDICTIONS", help="what was predicted")
    verb.add_argument(
        "--questions", type=Path, required=True, metavar="JSON", help="the questions, GQA's format"
    )
    verb.add_argument(
        "--explanations", type=Path, metavar="PARQUET", help="their true explanations"
    )
    verb.add_argument(
        "--regions", type=Path, metavar="H5", help="the regions that explanations name"
    )
    verb.add_argument("--scene-graphs", type=Path, metavar="JSON", help="the objects' boxes")
    verb.add_argument("--ood", type=Path, metavar="DIR", help="the folder of GQA-OOD's files")
    verb.add_argument(
        "--choices",
        type=Path,
        metavar="JSON",
        help="GQA's choices file, for validity and plausibility (default: derived)",
    )
    verb.add_argument(
        "--compat",
        action="store_true",
        help="also measure explanations as the published code does, defects included",
    )
    verb.add_argument(
        "--upper-bound",
        type=Path,
        metavar="JSON",
        help="the public code's grounding_upper_bound.json, for compat/grounding (default: ours)",
    )
    verb.add_argument(
        "--without-meteor", action="store_true", help="leave METEOR out: it takes the longest"
    )
    verb.add_argument(
        "--corenlp", type=Path, metavar="DIR", help="CoreNLP 3.6.0 with its models, for SPICE"
    )
    verb.add_argument(
        "--format",
        choices=tuple(FORMATS),
        help="what the numbers of boxes mean, in a file of a model's text (docs/vlm.md)",
    )
    verb.add_argument(
        "--partial",
        action="store_true",
        help="leave questions out that are not answered (default: refuse such a file)",
    )
    verb.add_argument(
        "--unread", type=Path, metavar="JSONL", help="list the explanations that cannot be read"
    )
    _add_outputs(verb)


def _add_outputs(verb: argparse.ArgumentParser) -> None:
    """Add what a run is called, and where its scores go."""
    verb.add_argument("--split", choices=SPLITS, default="val", help="(default: val)")
    verb.add_argument("--setting", help="default: what the predictions say made them")
    verb.add_argument("--method", help="the same, else the file's name")
    verb.add_argument("--seed", type=int, help="the same, else 0")
    verb.add_argument(
        "--run", dest="folder", type=Path, metavar="DIR", help="the run's folder, for --tracking"
    )
    verb.add_argument(
        "--tracking",
        type=store,
        metavar="DB",
        help="log the scores of --run to this MLflow database",
    )
    verb.add_argument(
        "--details",
        type=Path,
        metavar="PARQUET",
        help="also write what each question adds to each score; tables compare methods by it "
        "where it lies beside the metrics, under the same name",
    )
    verb.add_argument("--out", type=Path, required=True, metavar="JSON", help="metrics")


def _add_submit(stations: Subparsers) -> None:
    verb = add_verb(
        stations,
        "submit",
        _submit,
        help="write GQA's test submission file",
        example="rex submit "
        "results/world/runs/multi-task/rex/seed0/predictions/testdev.parquet "
        "--questions data/world/questions/testdev_balanced_questions.json --out submission.json",
    )
    verb.add_argument("predictions", type=Path, metavar="PREDICTIONS", help="what was predicted")
    verb.add_argument(
        "--questions", type=Path, required=True, metavar="JSON", help="all that must be answered"
    )
    verb.add_argument("--out", type=Path, required=True, metavar="JSON", help="the submission")


def _add_answer_prior(verbs: Subparsers) -> None:
    verb = add_verb(
        verbs,
        "answer-prior",
        _answer_prior,
        help="answer each question from its words alone",
        example="rex reference answer-prior --train train_balanced_questions.json "
        "--questions val_balanced_questions.json --out predictions/val.parquet",
    )
    verb.add_argument("--train", type=Path, required=True, metavar="JSON", help="to learn from")
    verb.add_argument("--questions", type=Path, required=True, metavar="JSON", help="to answer")
    verb.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help=f"learn from the {min(TRANSFER_PERCENT)} %% of the questions alone that the transfer "
        "run with this seed learns from",
    )
    verb.add_argument("--out", type=Path, required=True, metavar="PARQUET", help="predictions")


def _add_random_regions(verbs: Subparsers) -> None:
    verb = add_verb(
        verbs,
        "random-regions",
        _random_regions,
        help="the true explanations, about random regions",
        example="rex reference random-regions --explanations explanations/val.parquet "
        "--regions regions/val.h5 --out predictions/val.parquet",
    )
    verb.add_argument(
        "--explanations", type=Path, required=True, metavar="PARQUET", help="the true ones"
    )
    verb.add_argument("--regions", type=Path, required=True, metavar="H5", help="to draw from")
    verb.add_argument("--out", type=Path, required=True, metavar="PARQUET", help="predictions")


def _evaluate(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.evaluation.case import Inputs
    from rex.evaluation.details import write_details, write_unread
    from rex.evaluation.measure import evaluate
    from rex.evaluation.measures.answers import read_ood
    from rex.evaluation.measures.spice import check_corenlp
    from rex.evaluation.metrics import run_of, write_metrics

    config = read_config(arguments.config)
    _check_outputs(arguments)
    inputs = Inputs(
        questions=arguments.questions,
        explanations=arguments.explanations,
        regions=arguments.regions,
        scene_graphs=arguments.scene_graphs,
        choices=arguments.choices,
        upper_bound=arguments.upper_bound,
        compat=arguments.compat or config.evaluation.compat,
        meteor=not arguments.without_meteor,
        corenlp=None if arguments.corenlp is None else check_corenlp(arguments.corenlp),
        ood=None if arguments.ood is None else read_ood(arguments.ood, arguments.split),
        convention=arguments.format,
        partial=arguments.partial,
    )
    path, names = arguments.predictions, ("setting", "method", "seed")
    metrics, measured = evaluate(
        path,
        inputs,
        run=run_of(path, **{name: getattr(arguments, name) for name in names}),
        split=arguments.split,
        default_mode=config.explanations.mode,
        draws=config.evaluation.bootstrap,
        seed=config.evaluation.seed,
    )
    write_metrics(arguments.out, metrics)
    if arguments.details is not None:
        asked = measured.questions
        write_details(arguments.details, measured.samples, asked.ids, asked.image_ids)
    if arguments.unread is not None:
        unread = write_unread(
            arguments.unread, measured.samples, measured.questions.ids, measured.explanations
        )
        _logger.info("%d explanations cannot be read: %s", unread, arguments.unread)
    _track(arguments, config.dataset, metrics)
    for name, score in metrics.scores.items():
        if "/" not in name and score.value is not None:
            print(f"{name:<12} {score.value:7.2f}  (n = {score.n})")
        elif "/" not in name:
            print(f"{name:<12}       –  {score.reason}")


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Raise InputError when a file to be written is one of the others that are named."""
    from rex.errors import InputError

    named = {"PREDICTIONS": arguments.predictions}
    given = ("questions", "explanations", "regions", "scene_graphs", "choices", "corenlp")
    for option in (*given, "upper_bound"):
        named[f"--{option.replace('_', '-')}"] = getattr(arguments, option)
    for option in ("out", "details", "unread"):
        path = getattr(arguments, option)
        if path is None:
            continue
        for name, other in named.items():
            if other is not None and path.resolve() == other.resolve():
                raise InputError(
                    f"is --{option} and {name}: it would be lost",
                    file=path,
                    cure="write to another file",
                )
        named[f"--{option}"] = path


def _submit(arguments: argparse.Namespace) -> None:
    from rex.evaluation.submission import write_submission

    count = write_submission(arguments.out, arguments.predictions, arguments.questions)
    _logger.info("%d answers in %s", count, arguments.out)


def _track(arguments: argparse.Namespace, experiment: str, metrics: Metrics) -> None:
    """Log the scores under `<split>/<score name>`, and keep the file."""
    from rex.errors import InputError
    from rex.tracking import tracked_run

    if arguments.tracking is None:
        return
    if arguments.folder is None:
        raise InputError("--tracking needs the run's folder", cure="give --run as well")
    run = metrics.run
    name = f"{run.setting}/{run.method}/seed{run.seed}"
    with tracked_run(
        arguments.tracking, arguments.folder, experiment=experiment, name=name
    ) as tracked:
        tracked.metrics(
            {
                f"{metrics.split}/{measure}": score.value
                for measure, score in metrics.scores.items()
                if score.value is not None
            }
        )
        tracked.artifact(arguments.out, "metrics")


def _answer_prior(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.evaluation.references import write_answer_prior

    write_answer_prior(
        arguments.out,
        arguments.train,
        arguments.questions,
        config=read_config(arguments.config),
        seed=arguments.seed,
    )


def _random_regions(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.evaluation.references import write_random_regions

    seed = read_config(arguments.config).evaluation.seed
    write_random_regions(arguments.out, arguments.explanations, arguments.regions, seed)
