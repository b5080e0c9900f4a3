"""`rex gqa`: check the annotations."""

from __future__ import annotations

import argparse
from pathlib import Path

from rex.command_line import Subparsers, add_station, add_verb


def add_commands(stations: Subparsers) -> None:
    """Add the station's verbs."""
    verbs = add_station(stations, "gqa", "Data in GQA's formats.")
    check = add_verb(
        verbs,
        "check",
        _check,
        help="Say what data folders or files hold, what is missing, and what is malformed.",
        example="rex gqa check data/gqa",
    )
    check.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="folders or JSON files")


def _check(arguments: argparse.Namespace) -> None:
    from rex.gqa.checking import check_path

    for path in arguments.paths:
        for line in check_path(path):
            print(line)
