"""`rex gqa`: check the annotations, fetch GQA's."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rex.command_line import Subparsers, add_station, add_verb


def add_commands(stations: Subparsers) -> None:
    """Add the station's verbs."""
    verbs = add_station(stations, "gqa", "data in GQA's formats: check it, fetch it")
    check = add_verb(verbs, _check, "rex gqa check data/gqa")
    check.path("paths", "PATH", "folders or JSON files", nargs="+")
    fetch = add_verb(verbs, _fetch, "rex gqa fetch data/gqa --parts scene-graphs questions ood")
    option = fetch.add_argument
    fetch.path("folder", "FOLDER")
    annotations = ["scene-graphs", "questions", "ood"]
    option(
        "--parts",
        nargs="+",
        choices=(*annotations, "images", "features", "class-names", "detector"),
        default=annotations,
        help="43 MB, 1.4 GB, 6 small files, 20.3 GB; the 36 regions that LXMERT's authors "
        "published (30 GB), their class names, and the detector "
        "(default: scene-graphs questions ood)",
    )
    option(
        "--address",
        dest="addresses",
        action="append",
        type=_pair,
        default=[],
        metavar="PART=URL",
        help="folder on the web to get a part's files from, instead of the published one",
    )
    option(
        "--sha256",
        dest="checksums",
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


def _fetch(folder: Path, parts: Sequence[str], **pairs: Sequence[tuple[str, str]]) -> None:
    """Download GQA's parts and lay them out; a broken download goes on where it was."""
    from rex.gqa.fetching import fetch_parts

    fetch_parts(folder, parts, **{name: dict(given) for name, given in pairs.items()})


def _check(paths: Sequence[Path]) -> None:
    """Say what data folders or files hold, what is missing, and what is malformed."""
    from rex.gqa.checking import check_path

    for path in paths:
        for line in check_path(path):
            print(line)
