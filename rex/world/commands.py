"""The verbs of `rex world`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from rex.command_line import Subparsers, add_station, add_verb, positive
from rex.config import Config
from rex.errors import InputError


def add_commands(stations: Subparsers) -> None:
    """Add `rex world make`, `show` and `card`."""
    verbs = add_station(stations, "world", "the embedded rendered world, in GQA's formats")
    make = add_verb(verbs, _make, "rex world make --out data/world --images 200 --seed 1")
    option = make.add_argument
    make.path("--out", "DIR", "output folder")
    images = "number of train images; val and testdev scale with it"
    option("--images", type=positive, metavar="N", help=images)
    option("--seed", type=int, metavar="S", help="the same seed gives the same world")
    processes = "render processes (default: one per core)"
    option("--processes", type=positive, metavar="P", help=processes)
    show = add_verb(verbs, _show, "rex world show data/world --out sheet.jpg --boxes")
    option = show.add_argument
    show.path("world", "DIR", "folder of the world")
    show.path("--out", "FILE", "output image")
    option("--split", choices=("train", "val"), default="train", help="default: train")
    number: dict[str, Any] = {"type": positive, "metavar": "N"}
    option("--images", **number, dest="count", default=12, help="how many (default: 12)")
    option("--columns", **number, default=4, help="in a row (default: 4)")
    option("--boxes", action="store_true", help="draw the annotated boxes")
    card = add_verb(verbs, _card, "rex world card data/world --into docs/world.md")
    card.path("world", "DIR", "folder of the world")
    update = "update the generated part of this file (default: print)"
    card.optional_path("--into", "FILE", update)


def _make(
    config: Config, out: Path, images: int | None, seed: int | None, processes: int | None
) -> None:
    """Render the world: images, scene graphs, questions, GQA-OOD."""
    from rex.world.make import make_world

    settings = config.world
    if images is not None:
        share = images / max(settings.train_images, 1)
        settings = dataclasses.replace(
            settings,
            train_images=images,
            val_images=max(1, round(settings.val_images * share)),
            testdev_images=max(1, round(settings.testdev_images * share)),
        )
    if seed is not None:
        if seed < 0:
            raise InputError("--seed must be at least 0", cure="for example --seed 1")
        settings = dataclasses.replace(settings, seed=seed)
    make_world(out, settings, processes)


def _show(**arguments: Any) -> None:
    """Draw a contact sheet of a world's images."""
    from rex.world.show import contact_sheet

    contact_sheet(**arguments)


def _card(world: Path, into: Path | None) -> None:
    """Print a world's statistics as Markdown."""
    from rex.world.card import put_into, world_card

    card = world_card(world)
    if into is None:
        print(card, end="")
    else:
        put_into(into, card)
