"""The verbs of `rex world`."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from rex.command_line import Subparsers, add_station, add_verb, positive


def add_commands(stations: Subparsers) -> None:
    """Add `rex world make`, `show` and `card`."""
    verbs = add_station(stations, "world", "the embedded rendered world, in GQA's formats")
    make = add_verb(
        verbs,
        "make",
        _make,
        help="render the world: images, scene graphs, questions, GQA-OOD",
        example="rex world make --out data/world --images 200 --seed 1",
    )
    option = make.add_argument
    option("--out", type=Path, required=True, metavar="DIR", help="output folder")
    option(
        "--images",
        type=positive,
        metavar="N",
        help="number of train images; val and testdev scale with it",
    )
    option("--seed", type=int, metavar="S", help="the same seed gives the same world")
    option(
        "--processes", type=positive, metavar="P", help="render processes (default: one per core)"
    )
    show = add_verb(
        verbs,
        "show",
        _show,
        help="draw a contact sheet of a world's images",
        example="rex world show data/world --out sheet.jpg --boxes",
    )
    option = show.add_argument
    option("world", type=Path, metavar="DIR", help="folder of the world")
    option("--out", type=Path, required=True, metavar="FILE", help="output image")
    option("--split", choices=("train", "val"), default="train", help="default: train")
    option("--images", type=positive, default=12, metavar="N", help="how many (default: 12)")
    option("--columns", type=positive, default=4, metavar="N", help="in a row (default: 4)")
    option("--boxes", action="store_true", help="draw the annotated boxes")
    card = add_verb(
        verbs,
        "card",
        _card,
        help="print a world's statistics as Markdown",
        example="rex world card data/world --into docs/world.md",
    )
    card.add_argument("world", type=Path, metavar="DIR", help="folder of the world")
    card.add_argument(
        "--into",
        type=Path,
        metavar="FILE",
        help="update the generated part of this file (default: print)",
    )


def _make(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.errors import InputError
    from rex.world.make import make_world

    settings = read_config(arguments.config).world
    if arguments.images is not None:
        share = arguments.images / max(settings.train_images, 1)
        settings = dataclasses.replace(
            settings,
            train_images=arguments.images,
            val_images=max(1, round(settings.val_images * share)),
            testdev_images=max(1, round(settings.testdev_images * share)),
        )
    if arguments.seed is not None:
        if arguments.seed < 0:
            raise InputError("--seed must be at least 0", cure="for example --seed 1")
        settings = dataclasses.replace(settings, seed=arguments.seed)
    make_world(arguments.out, settings, arguments.processes)


def _show(arguments: argparse.Namespace) -> None:
    from rex.world.show import contact_sheet

    contact_sheet(
        arguments.world,
        arguments.out,
        split=arguments.split,
        count=arguments.images,
        columns=arguments.columns,
        boxes=arguments.boxes,
    )


def _card(arguments: argparse.Namespace) -> None:
    from rex.world.card import put_into, world_card

    card = world_card(arguments.world)
    if arguments.into is None:
        print(card, end="")
    else:
        put_into(arguments.into, card)
