"""`rex gqa`: check the annotations, fetch GQA's."""

from __future__ import annotations

import argparse
from pathlib import Path

from rex.command_line import Subparsers, add_station, add_verb


def add_commands(stations: Subparsers) -> None:
    """Add the station's verbs."""
    verbs = add_station(stations, "gqa", "data in GQA's formats: check it, fetch it")
    check = add_verb(
        verbs,
        "check",
        _check,
        help="say what data folders or files hold, what is missing, and what is malformed",
        example="rex gqa check data/gqa",
    )
    check.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="folders or JSON files")

    fetch = add_verb(
        verbs,
        "fetch",
        _fetch,
        help="download GQA's parts and lay them out; a broken download goes on where it was",
        example="rex gqa fetch data/gqa --parts scene-graphs questions ood",
    )
    fetch.add_argument("folder", type=Path, metavar="FOLDER")
    fetch.add_argument(
        "--parts",
        nargs="+",
        choices=(
            *("scene-graphs", "questions", "ood", "images"),
            *("features", "class-names", "detector"),
        ),
        default=["scene-graphs", "questions", "ood"],
        help="43 MB, 1.4 GB, 6 small files, 20.3 GB; the 36 regions that LXMERT's authors "
        "published (30 GB), their class names, and the detector "
        "(default: scene-graphs questions ood)",
    )
    fetch.add_argument(
        "--address",
        action="append",
        type=_pair,
        default=[],
        metavar="PART=URL",
        help="folder on the web to get a part's files from, instead of the published one",
    )
    fetch.add_argument(
        "--sha256",
        action="append",
        type=_pair,
        default=[],
        metavar="FILE=HEX",
        help="what a downloaded file must be",
    )


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError(f"{text!r}: NAME=VALUE is expected")
    return name, value


def _fetch(arguments: argparse.Namespace) -> None:
    from rex.gqa.fetching import fetch_parts

    fetch_parts(
        arguments.folder,
        arguments.parts,
        addresses=dict(arguments.address),
        checksums=dict(arguments.sha256),
    )


def _check(arguments: argparse.Namespace) -> None:
    from rex.gqa.checking import check_path

    for path in arguments.paths:
        for line in check_path(path):
            print(line)
