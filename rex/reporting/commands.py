"""`rex tables`, `rex figures`, `rex gallery`."""

from __future__ import annotations

import argparse
from pathlib import Path

from rex.command_line import Subparsers, add_verb


def add_commands(stations: Subparsers) -> None:
    """Add `rex tables`, `rex figures` and `rex gallery`."""
    _add_tables(stations)
    _add_figures(stations)


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
        "--out", type=Path, required=True, metavar="DIR", help="for CSV, Markdown and LaTeX"
    )


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


def _figures(arguments: argparse.Namespace) -> None:
    from rex.reporting.figures import draw_figures

    draw_figures(arguments.runs, arguments.out)


def _tables(arguments: argparse.Namespace) -> None:
    from rex.reporting.results import published_rows, read_rows
    from rex.reporting.tables import answer_table, explanation_table, write_tables

    rows = [*read_rows(arguments.metrics), *published_rows()]
    write_tables([explanation_table(rows), answer_table(rows)], arguments.out)
