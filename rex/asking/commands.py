"""`rex ask`, `rex serve` and `rex package`."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rex.asking.image_files import SUFFIXES
from rex.command_line import Parser, Subparsers, add_verb
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
        _ask,
        f'rex ask data/world/images/2000000.jpg "What color is the shirt?" --run {_RUN}',
    )
    ask.path("images", "IMAGE", "one image or more", nargs="+")
    ask.add_argument("question", help="one question, in quotes")
    _add_run(ask)
    picture = "draw images, boxes and explanations here"
    ask.optional_path("--picture", "PNG", f"{picture} (default: {PICTURE}; with --json: nowhere)")
    ask.add_argument(
        "--json", dest="as_json", action="store_true", help="print a line of JSON for each image"
    )
    serve = add_verb(stations, _serve, f"rex serve --run {_RUN} --images data/world/images")
    _add_run(serve)
    serve.optional_path("--images", "DIR", "offer the images of this folder")
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="listen here (default: 127.0.0.1, this machine alone)",
    )
    serve.add_argument("--port", type=int, default=8000, help="(default: 8000; 0: any free one)")
    package = add_verb(stations, _package, f"rex package --run {_RUN} --out model")
    _add_run(package)
    package.path("--out", "DIR", "a new folder")


def _add_run(verb: Parser) -> None:
    verb.path("--run", "RUN", "a trained run", dest="folder")
    weights = "the detector's weights (default: regions/detector.pth beside the folder of runs)"
    verb.optional_path("--weights", "PTH", weights)


def _changes(config_file: str | None) -> dict[str, Any]:
    from rex.config_files import read_settings

    return {} if config_file is None else read_settings(config_file)


def _answerer(config_file: str | None, folder: Path, weights: Path | None) -> Answerer:
    from rex.asking.answerer import Answerer

    return Answerer.load(folder, weights, _changes(config_file))


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


def _ask(
    config_file: str | None,
    images: Sequence[Path],
    question: str,
    picture: Path | None,
    as_json: bool,
    **run: Any,
) -> None:
    """Answer a question about your own images, and explain the answer."""
    from rex.evaluation.entailment import NOT_ENTAILED
    from rex.reporting.picture import Shown, draw

    picture = picture or (None if as_json else PICTURE)
    if picture is not None and picture.suffix.lower() != ".png":
        raise InputError("not the name of a PNG", file=picture, cure="end it in .png")
    _check_order(images, question)
    replies = _answerer(config_file, **run).ask(images, question)
    for path, reply in zip(images, replies, strict=True):
        if as_json:
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
            Shown(reply.example(), reply.example().outputs, path)
            for path, reply in zip(images, replies, strict=True)
        ]
        draw(picture, shown)
        _logger.info("boxes drawn in %s", picture)


def _serve(config_file: str | None, images: Path | None, host: str, port: int, **run: Any) -> None:
    """The same as a page in the browser, for this machine alone."""
    from rex.asking.server import make_server

    server = make_server(_answerer(config_file, **run), images=images, host=host, port=port)
    if not server.local:
        _logger.warning("anyone who reaches %s can ask: there is no password", host)
    with server:
        _logger.info("open %s (stop with Ctrl+C)", server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            _logger.info("stopped")


def _package(folder: Path, weights: Path | None, out: Path, config_file: str | None) -> None:
    """Write a trained run, with its detector, as an MLflow model."""
    from rex.asking.packaging import package_run

    package_run(out, folder, weights, _changes(config_file))
    _logger.info("mlflow.pyfunc.load_model(%r) answers like rex ask", str(out))
