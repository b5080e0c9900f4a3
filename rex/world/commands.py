"""The verbs of `rex world`."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from rex.command_line import Subparsers, add_station, add_verb


def add_commands(stations: Subparsers) -> None:
    """Add `rex world make`."""
    verbs = add_station(stations, "world", "The embedded rendered world, in GQA's formats.")
    make = add_verb(
        verbs,
        "make",
        _make,
        help="Render the world: images, scene graphs, questions, GQA-OOD.",
        example="rex world make --out data/world --images 200 --seed 1",
    )
    make.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to make")
    make.add_argument(
        "--images",
        type=int,
        metavar="N",
        help="train images; val and testdev keep their proportion to them",
    )
    make.add_argument("--seed", type=int, metavar="S", help="one seed gives one world")
    make.add_argument(
        "--processes", type=int, metavar="P", help="processes that draw (default: one a core)"
    )


def _make(arguments: argparse.Namespace) -> None:
    from rex.config import read_config
    from rex.errors import InputError
    from rex.world.make import make_world

    settings = read_config(arguments.config).world
    if arguments.images is not None:
        if arguments.images < 1:
            raise InputError("--images must be at least 1", cure="for example --images 200")
        share = arguments.images / max(settings.train_images, 1)
        settings = dataclasses.replace(
            settings,
            train_images=arguments.images,
            val_images=max(1, round(settings.val_images * share)),
            testdev_images=max(1, round(settings.testdev_images * share)),
        )
    if arguments.seed is not None:
        settings = dataclasses.replace(settings, seed=arguments.seed)
    make_world(arguments.out, settings, arguments.processes)
