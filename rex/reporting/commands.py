"""`rex tables`, `rex figures`, `rex gallery`, `rex status`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rex.command_line import Parser, Store, Subparsers, add_verb
from rex.config import Config
from rex.errors import InputError
from rex.grid import Results

if TYPE_CHECKING:
    from rex.reporting.layout import Column

_REPORT = "report"
_IN_PICTURE = 3

_logger = logging.getLogger("rex.reporting")


def add_commands(stations: Subparsers) -> None:
    """Add `rex tables`, `rex figures`, `rex gallery` and `rex status`."""
    tables = add_verb(
        stations,
        _tables,
        "rex tables --metrics results/world/runs/*/*/seed*/metrics/*.json --out tables",
    )
    _add_runs(tables, "--metrics", "JSON", "of every run")
    tables.add_argument(
        "--benchmarks",
        type=Path,
        nargs="*",
        default=[],
        metavar="TSV",
        help="Snakemake's benchmark files, for a table of cost",
    )
    tables.path("--out", "DIR", "for CSV, Markdown, LaTeX and HTML")
    figures = add_verb(
        stations, _figures, "rex figures --runs results/world/runs/*/*/seed* --out figures"
    )
    _add_runs(figures, "--runs", "DIR", "evaluated runs")
    figures.path("--out", "DIR", "for PNG and SVG")
    gallery = _add_gallery(stations)
    for verb in (tables, figures, gallery):
        verb.tracking("also keep what is written as artifacts in this MLflow database")
    status = add_verb(stations, _status, "rex status --config config/smoke.yaml")
    status.optional_path("--results", "DIR", "(default: results/<dataset>, as the workflow)")


def _add_runs(verb: Parser, name: str, metavar: str, help: str) -> None:
    """Add the runs that a report is about: their files, or the folder that they lie in."""
    given = verb.add_mutually_exclusive_group(required=True)
    given.add_argument(name, type=Path, nargs="+", metavar=metavar, help=help)
    given.add_argument(
        "--results",
        type=Path,
        metavar="DIR",
        help="results/<dataset>: take the runs of the configuration's experiment from there",
    )


def _add_gallery(stations: Subparsers) -> Parser:
    verb = add_verb(
        stations,
        _gallery,
        "rex gallery --questions val_balanced_questions.json --images data/gqa/images "
        "--regions regions/val.h5 --explanations explanations/val.parquet "
        "--predictions runs/*/*/seed0/predictions/val.parquet --out gallery/index.html",
    )
    verb.path("--questions", "JSON", "what is asked")
    verb.path("--images", "DIR", "holds <imageId>.jpg, in subfolders too; missing images are blank")
    verb.path("--regions", "H5", "the boxes")
    verb.path("--explanations", "PARQUET", "the true explanations")
    verb.path("--predictions", "PARQUET", "of each run", nargs="+")
    graphs = "also show the annotated objects, and how well each explanation is grounded"
    verb.optional_path("--scene-graphs", "JSON", graphs)
    verb.optional_path("--picture", "PNG", "also draw a few telling examples here")
    verb.path("--out", "HTML", "the page")
    return verb


def _track(
    tracking: Store | None,
    config: Config,
    name: str,
    files: Sequence[Path],
    results: Path,
    note: Path | None = None,
    listed: Sequence[Column] = (),
) -> None:
    """Keep files as artifacts of the MLflow run `name`.

    Which MLflow run it is says nothing about the files: that is kept in the folder `results`. The
    text `note`, in Markdown, becomes the experiment's description; beside it, the runs are listed
    with these columns.
    """
    from rex.tracking import score_name, tracked_run

    if tracking is None:
        return
    folder = results / _REPORT / name
    with tracked_run(tracking, folder, experiment=config.dataset, name=name) as run:
        for file in files:
            run.artifact(file)
        if note is not None:
            scores = [score_name(*column.key.split("/", maxsplit=1)) for column in listed]
            run.present(note.read_text(encoding="utf-8"), scores)


def _figures(
    config: Config,
    runs: Sequence[Path],
    results: Path | None,
    out: Path,
    tracking: Store | None,
) -> None:
    """Training curves, accuracy by type of question, accuracy against grounding."""
    from rex.reporting.figures import draw_figures

    if results is not None:
        found = Results(config, results)
        runs = [*found.runs(), *found.references()]
    _track(tracking, config, "figures", draw_figures(runs, out), out.parent)


def _tables(
    config: Config,
    metrics: Sequence[Path] | None,
    results: Path | None,
    benchmarks: Sequence[Path],
    out: Path,
    tracking: Store | None,
) -> None:
    """The paper's tables: ours over seeds, published numbers beside them."""
    from rex.reporting.tables import ANSWER_COLUMNS, EXPLANATION_COLUMNS, make_tables

    if results is not None:
        metrics = Results(config, results).metrics()
    files = make_tables(metrics or (), out, benchmarks)
    listed = (*ANSWER_COLUMNS[:2], *EXPLANATION_COLUMNS)
    _track(tracking, config, "tables", files, out.parent, out / "explanations.md", listed)


def _status(config_file: str | None, results: Path | None) -> None:
    """What of a configuration's results is done, running, failed or missing."""
    from rex.config_files import read_workflow_config
    from rex.reporting.status import status

    config = read_workflow_config(config_file)
    if results is not None and not results.is_dir():
        cure = "name the folder results/<dataset>, or leave --results out"
        raise InputError("no such folder", file=results, cure=cure)
    found = Results.of(config) if results is None else Results(config, results)
    print("\n".join(status(found)))


def _gallery(
    config: Config,
    images: Path,
    picture: Path | None,
    out: Path,
    tracking: Store | None,
    **files: Any,
) -> None:
    """A page of examples: images with boxes, words colored to match, methods side by side."""
    from rex.images import ImageFolder
    from rex.reporting.examples import read_examples
    from rex.reporting.gallery import write_gallery
    from rex.reporting.picture import telling_examples, write_picture

    settings = config.evaluation
    examples = read_examples(**files, count=settings.examples, seed=settings.seed)
    folder = ImageFolder(images)
    found = [folder.path(name).exists() for name in {example.image_id for example in examples}]
    if not all(found):
        message = "%s: %d of %d images are missing: their boxes are drawn on blank paper"
        _logger.warning(message, images, found.count(False), len(found))
    write_gallery(out, examples, folder)
    _track(tracking, config, "gallery", [out], out.parent.parent)
    if picture is not None:
        write_picture(picture, telling_examples(examples, _IN_PICTURE), folder)
