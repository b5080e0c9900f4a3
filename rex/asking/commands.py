"""`rex ask`, `rex serve` and `rex package`."""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rex.asking.image_files import SUFFIXES
from rex.command_line import Subparsers, add_verb
from rex.errors import InputError

if TYPE_CHECKING:
    from rex.asking.answerer import Answerer

PICTURE = Path("rex-answer.png")
"""Where `rex ask` draws unless told otherwise."""

_RUN = "results/world/runs/multi-task/rex/seed0"

_logger = logging.getLogger("rex.asking")


def add_commands(stations: Subparsers) -> None:
    """Add `rex ask`, `rex serve` and `rex package`."""
    ask = add_verb(
        stations,
        "ask",
        _ask,
        help="answer a question about your own images, and explain the answer",
        example=f'rex ask data/world/images/2000000.jpg "What color is the shirt?" --run {_RUN}',
    )
    ask.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="one image or more")
    ask.add_argument("question", help="one question, in quotes")
    _add_run(ask)
    ask.add_argument(
        "--picture",
        type=Path,
        metavar="PNG",
        help=f"draw images, boxes and explanations here (default: {PICTURE}; with --json: nowhere)",
    )
    ask.add_argument("--json", action="store_true", help="print a line of JSON for each image")
    serve = add_verb(
        stations,
        "serve",
        _serve,
        help="the same as a page in the browser, for this machine alone",
        example=f"rex serve --run {_RUN} --images data/world/images",
    )
    _add_run(serve)
    serve.add_argument("--images", type=Path, metavar="DIR", help="offer the images of this folder")
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="listen here (default: 127.0.0.1, this machine alone)",
    )
    serve.add_argument("--port", type=int, default=8000, help="(default: 8000; 0: any free one)")

    package = add_verb(
        stations,
        "package",
        _package,
        help="write a trained run, with its detector, as an MLflow model",
        example=f"rex package --run {_RUN} --out model",
    )
    _add_run(package)
    package.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")


def _add_run(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--run", dest="folder", type=Path, required=True, metavar="RUN", help="a trained run"
    )
    verb.add_argument(
        "--weights",
        type=Path,
        metavar="PTH",
        help="the detector's weights (default: regions/detector.pth beside the folder of runs)",
    )


def _changes(arguments: argparse.Namespace) -> dict[str, Any]:
    from rex.config_files import read_settings

    return {} if arguments.config is None else read_settings(arguments.config)


def _answerer(arguments: argparse.Namespace) -> Answerer:
    from rex.asking.answerer import Answerer

    return Answerer.load(arguments.folder, arguments.weights, _changes(arguments))


def _check_order(images: Sequence[Path], question: str) -> None:
    """Raise InputError, before a run is loaded, where images and question are mixed up."""
    for path in images:
        if not path.exists():
            raise InputError(
                "no such image",
                file=path,
                cure="check the path; the question comes last, in quotes",
            )
    if Path(question).suffix.lower() in SUFFIXES:
        raise InputError(
            "an image where the question should be",
            file=question,
            cure="ask after the last image, in quotes",
        )


def _ask(arguments: argparse.Namespace) -> None:
    from rex.evaluation.entailment import NOT_ENTAILED
    from rex.reporting.picture import Shown, draw

    picture = arguments.picture or (None if arguments.json else PICTURE)
    if picture is not None and picture.suffix.lower() != ".png":
        raise InputError("not the name of a PNG", file=picture, cure="end it in .png")
    _check_order(arguments.images, arguments.question)
    replies = _answerer(arguments).ask(arguments.images, arguments.question)
    for path, reply in zip(arguments.images, replies, strict=True):
        if arguments.json:
            print(json.dumps({"image": str(path), **reply.to_json()}, ensure_ascii=False))
        else:
            print(f"{path}: {reply.verdict}")
            print(f"  {reply.sentence or 'this run gives no explanation'}")
            if reply.entails_answer is False:
                print(f"  {NOT_ENTAILED}")
    for note in replies[0].notes:
        _logger.warning("note: %s", note)
    if picture is not None:
        shown = [
            Shown(reply.example(), reply.example().outputs[0], path)
            for path, reply in zip(arguments.images, replies, strict=True)
        ]
        draw(picture, shown)
        _logger.info("boxes drawn in %s", picture)


def _serve(arguments: argparse.Namespace) -> None:
    from rex.asking.server import make_server

    server = make_server(
        _answerer(arguments), images=arguments.images, host=arguments.host, port=arguments.port
    )
    if not server.local:
        _logger.warning("anyone who reaches %s can ask: there is no password", arguments.host)
    with server:
        _logger.info("open %s (stop with Ctrl+C)", server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            _logger.info("stopped")


def _package(arguments: argparse.Namespace) -> None:
    from rex.asking.packaging import package_run

    package_run(arguments.out, arguments.folder, arguments.weights, _changes(arguments))
    _logger.info("mlflow.pyfunc.load_model(%r) answers like rex ask", str(arguments.out))
