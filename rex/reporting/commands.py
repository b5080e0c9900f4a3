"""`rex tables`, `rex figures`, `rex gallery`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rex.command_line import Subparsers, add_verb


def add_commands(stations: Subparsers) -> None:
    """Add `rex tables`, `rex figures` and `rex gallery`."""
    _add_tables(stations)
    _add_figures(stations)
    _add_gallery(stations)


def _add_tables(stations: Subparsers) -> None:
    verb = add_verb(
        stations,
        "tables",
        _tables,
        help="the paper's tables: ours over seeds, published numbers beside them",
        example="rex tables --metrics results/world/runs/*/*/seed*/metrics/*.json --out tables",
    )
    verb.add_argument(
        "--metrics", type=Path, nargs="+", required=True, metavar="JSON", help="of every run"
    )
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
    verb.add_argument(
        "--runs", type=Path, nargs="+", required=True, metavar="DIR", help="evaluated runs"
    )
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


def _add_tracking(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--tracking",
        type=Path,
        metavar="DB",
        help="also keep what is written as artifacts in this MLflow database",
    )


def _track(arguments: argparse.Namespace, name: str, files: Sequence[Path]) -> None:
    """Keep files as artifacts of the MLflow run `name`, one of the group `report`."""
    from rex.config_files import read_config
    from rex.tracking import tracked_run

    if arguments.tracking is None:
        return
    with tracked_run(
        arguments.tracking,
        # beside the database: which MLflow run it is says nothing about the files themselves
        arguments.tracking.parent / _REPORT / name,
        experiment=read_config(arguments.config).dataset,
        name=name,
        group=_REPORT,
    ) as run:
        for file in files:
            run.artifact(file)


_REPORT = "report"


def _figures(arguments: argparse.Namespace) -> None:
    from rex.reporting.figures import draw_figures

    _track(arguments, "figures", draw_figures(arguments.runs, arguments.out))


def _tables(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.reporting.claim_table import claim_table
    from rex.reporting.comparison import mark_best_of
    from rex.reporting.cost_table import cost_table
    from rex.reporting.layout import lay_out
    from rex.reporting.results import published_rows, read_runs, rows_of
    from rex.reporting.tables import result_tables, write_tables

    settings = read_config(arguments.config).evaluation
    draws, seed = settings.bootstrap, settings.seed
    runs, published = read_runs(arguments.metrics), published_rows()
    layouts = [
        lay_out(mark_best_of(table, draws=draws, seed=seed))
        for table in result_tables([*rows_of(runs), *published])
    ]
    layouts.append(claim_table(runs, published, draws=draws, seed=seed))
    if arguments.benchmarks:
        layouts.append(cost_table(arguments.benchmarks))
    _track(arguments, "tables", write_tables(layouts, arguments.out))


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
    _track(arguments, "gallery", [arguments.out])
    if arguments.picture is not None:
        write_picture(arguments.picture, telling_examples(examples, _IN_PICTURE), arguments.images)
