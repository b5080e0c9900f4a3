"""`rex tables`, `rex figures`, `rex gallery`, `rex status`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rex.command_line import Subparsers, add_verb, store


def add_commands(stations: Subparsers) -> None:
    """Add `rex tables`, `rex figures`, `rex gallery` and `rex status`."""
    _add_tables(stations)
    _add_figures(stations)
    _add_gallery(stations)
    _add_status(stations)


def _add_tables(stations: Subparsers) -> None:
    verb = add_verb(
        stations,
        "tables",
        _tables,
        help="the paper's tables: ours over seeds, published numbers beside them",
        example="rex tables --metrics results/world/runs/*/*/seed*/metrics/*.json --out tables",
    )
    given = verb.add_mutually_exclusive_group(required=True)
    given.add_argument("--metrics", type=Path, nargs="+", metavar="JSON", help="of every run")
    _add_results(given)
    verb.add_argument(
        "--benchmarks",
        type=Path,
        nargs="*",
        default=[],
        metavar="TSV",
        help="Snakemake's benchmark files, for a table of cost",
    )
    verb.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="for CSV, Markdown, LaTeX and HTML"
    )
    _add_tracking(verb)


def _add_figures(stations: Subparsers) -> None:
    verb = add_verb(
        stations,
        "figures",
        _figures,
        help="training curves, accuracy by type of question, accuracy against grounding",
        example="rex figures --runs results/world/runs/*/*/seed* --out figures",
    )
    given = verb.add_mutually_exclusive_group(required=True)
    given.add_argument("--runs", type=Path, nargs="+", metavar="DIR", help="evaluated runs")
    _add_results(given)
    verb.add_argument("--out", type=Path, required=True, metavar="DIR", help="for PNG and SVG")
    _add_tracking(verb)


def _add_gallery(stations: Subparsers) -> None:
    verb = add_verb(
        stations,
        "gallery",
        _gallery,
        help="a page of examples: images with boxes, words coloured to match, methods side by side",
        example="rex gallery --questions val_balanced_questions.json --images data/gqa/images "
        "--regions regions/val.h5 --explanations explanations/val.parquet "
        "--predictions runs/*/*/seed0/predictions/val.parquet --out gallery/index.html",
    )
    verb.add_argument("--questions", type=Path, required=True, metavar="JSON", help="what is asked")
    verb.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="holds <imageId>.jpg"
    )
    verb.add_argument("--regions", type=Path, required=True, metavar="H5", help="the boxes")
    verb.add_argument(
        "--explanations", type=Path, required=True, metavar="PARQUET", help="the true explanations"
    )
    verb.add_argument(
        "--predictions", type=Path, nargs="+", required=True, metavar="PARQUET", help="of each run"
    )
    verb.add_argument(
        "--scene-graphs",
        type=Path,
        metavar="JSON",
        help="also show the annotated objects, and how well each explanation is grounded",
    )
    verb.add_argument(
        "--picture", type=Path, metavar="PNG", help="also draw a few telling examples here"
    )
    verb.add_argument("--out", type=Path, required=True, metavar="HTML", help="the page")
    _add_tracking(verb)


def _add_status(stations: Subparsers) -> None:
    verb = add_verb(
        stations,
        "status",
        _status,
        help="what of a configuration's results is done, running, failed or missing",
        example="rex status --config config/smoke.yaml",
    )
    verb.add_argument(
        "--results", type=Path, metavar="DIR", help="(default: results/<dataset>, as the workflow)"
    )


def _add_results(given: Any) -> None:
    given.add_argument(
        "--results",
        type=Path,
        metavar="DIR",
        help="results/<dataset>: take the runs of the configuration's experiment from there",
    )


def _add_tracking(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--tracking",
        type=store,
        metavar="DB",
        help="also keep what is written as artifacts in this MLflow database",
    )


def _track(
    arguments: argparse.Namespace,
    name: str,
    files: Sequence[Path],
    results: Path,
    note: Path | None = None,
) -> None:
    """Keep files as artifacts of the MLflow run `name`, one of the group `report`.

    Which MLflow run it is says nothing about the files: that is kept in the folder `results`. The
    text `note`, in Markdown, becomes the experiment's description.
    """
    from rex.config_files import read_config
    from rex.tracking import tracked_run

    if arguments.tracking is None:
        return
    with tracked_run(
        arguments.tracking,
        results / _REPORT / name,
        experiment=read_config(arguments.config).dataset,
        name=name,
        group=_REPORT,
    ) as run:
        for file in files:
            run.artifact(file)
        if note is not None:
            run.describe(note.read_text(encoding="utf-8"))


_REPORT = "report"


def _figures(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.grid import Results
    from rex.reporting.figures import draw_figures

    runs = arguments.runs
    if arguments.results is not None:
        results = Results(read_config(arguments.config), arguments.results)
        runs = [*results.runs(), *results.references()]
    files = draw_figures(runs, arguments.out)
    _track(arguments, "figures", files, arguments.out.parent)


def _tables(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.grid import Results
    from rex.reporting.claim_table import claim_table
    from rex.reporting.comparison import mark_best_of
    from rex.reporting.cost_table import cost_table
    from rex.reporting.layout import lay_out
    from rex.reporting.results import published_rows, read_runs, rows_of
    from rex.reporting.tables import result_tables, write_tables

    config = read_config(arguments.config)
    draws, seed = config.evaluation.bootstrap, config.evaluation.seed
    metrics = arguments.metrics or Results(config, arguments.results).metrics()
    runs, published = read_runs(metrics), published_rows()
    layouts = [
        lay_out(mark_best_of(table, draws=draws, seed=seed))
        for table in result_tables([*rows_of(runs), *published])
    ]
    layouts.append(claim_table(runs, published, draws=draws, seed=seed))
    if arguments.benchmarks:
        layouts.append(cost_table(arguments.benchmarks))
    files = write_tables(layouts, arguments.out)
    _track(arguments, "tables", files, arguments.out.parent, arguments.out / "explanations.md")


def _status(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.grid import Results
    from rex.reporting.status import status

    config = read_config(arguments.config)
    results = Results.of(config)
    if arguments.results is not None:
        results = Results(config, arguments.results)
    print("\n".join(status(results)))


_IN_PICTURE = 4


def _gallery(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.reporting.examples import ExampleFiles, read_examples
    from rex.reporting.gallery import write_gallery
    from rex.reporting.picture import telling_examples, write_picture

    settings = read_config(arguments.config).evaluation
    files = ExampleFiles(
        questions=arguments.questions,
        explanations=arguments.explanations,
        regions=arguments.regions,
        predictions=arguments.predictions,
        scene_graphs=arguments.scene_graphs,
    )
    examples = read_examples(files, count=settings.examples, seed=settings.seed)
    write_gallery(arguments.out, examples, arguments.images)
    _track(arguments, "gallery", [arguments.out], arguments.out.parent.parent)
    if arguments.picture is not None:
        write_picture(arguments.picture, telling_examples(examples, _IN_PICTURE), arguments.images)
