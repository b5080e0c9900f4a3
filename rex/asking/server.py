"""A small web page on this machine's loopback: pick or upload an image, ask, see why.

Nothing is kept: an uploaded image lives as long as its answer takes.
"""

from __future__ import annotations

import io
import json
import logging
import tempfile
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from rex.asking.answerer import Answers
from rex.errors import InputError

LARGEST_UPLOAD = 10 * 1024 * 1024
"""Bytes of an image file."""
LARGEST_IMAGE = 25_000_000
"""Pixels of an image."""
LONGEST_QUESTION = 200
"""Characters."""
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
"""Accepted kinds of images, as their content says, not their name."""

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
_POLICY = (
    "default-src 'none'; img-src 'self' blob:; connect-src 'self'; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)

_logger = logging.getLogger("rex.asking")


class RefusedError(Exception):
    """A request that is not answered: the HTTP status, and why."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class AskServer(ThreadingHTTPServer):
    """Serves the page; `server_address[1]` is the port."""

    daemon_threads = True

    def __init__(self, answers: Answers, images: Path | None, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.answers = answers
        self.offered = _offered(images)
        self.lock = threading.Lock()
        """One question at a time: the model is not made for more."""

    def reply(self, path: Path, question: str) -> dict[str, Any]:
        """Answer a question about an image file."""
        if not 0 < len(question.strip()) <= LONGEST_QUESTION:
            raise RefusedError(
                HTTPStatus.BAD_REQUEST, f"ask a question of 1 to {LONGEST_QUESTION} characters"
            )
        with self.lock:
            return self.answers.ask([path], question)[0].to_json()


def make_server(answers: Answers, *, images: Path | None = None, port: int = 0) -> AskServer:
    """Return a server bound to a port of the loopback (0: any free one).

    `images` is a folder whose images the page offers. Raises InputError when the port is taken.
    """
    try:
        return AskServer(answers, images, port)
    except (OSError, OverflowError) as error:
        raise InputError(
            f"port {port} can't be used ({error})", cure="name another --port"
        ) from None


def _offered(folder: Path | None) -> dict[str, Path]:
    if folder is None:
        return {}
    if not folder.is_dir():
        raise InputError("no such folder", file=folder, cure="check --images")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    return {path.name: path for path in files}


def image_format(content: bytes) -> str:
    """Return the kind of an image (a key of `FORMATS`); raises RefusedError for anything else."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=list(FORMATS)) as image:
            if image.width * image.height > LARGEST_IMAGE:
                raise RefusedError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"the image has more than {LARGEST_IMAGE // 1_000_000} million pixels",
                )
            image.load()
            return str(image.format)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        raise RefusedError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "this is no JPEG, PNG or WebP image"
        ) from None


class _Handler(BaseHTTPRequestHandler):
    server: AskServer
    server_version = "rex"
    sys_version = ""
    timeout = 60

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        _logger.debug(format, *args)

    def _answer(self, handle: Any) -> None:
        try:
            # another site must not reach us under its own name (DNS rebinding)
            host = self.headers.get("Host", "").rsplit(":", 1)[0]
            if host not in ("127.0.0.1", "localhost"):
                raise RefusedError(HTTPStatus.FORBIDDEN, "ask for 127.0.0.1")
            handle()
        except RefusedError as error:
            self._send_json({"error": str(error)}, error.status)
        except InputError as error:
            self._send_json({"error": error.problem}, HTTPStatus.BAD_REQUEST)
        except (BrokenPipeError, ConnectionResetError):
            _logger.debug("the browser went away")
        except Exception:
            _logger.exception("a request failed")
            self._send_json({"error": "failed"}, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _get(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/":
            self._send(_page(list(self.server.offered)).encode(), "text/html; charset=utf-8")
        elif address.path == "/ask":
            query = parse_qs(address.query)
            path = self._offered_file(query.get("image", [""])[0])
            self._send_json(self.server.reply(path, query.get("question", [""])[0]))
        elif address.path.startswith("/images/"):
            content = self._offered_file(
                unquote(address.path.removeprefix("/images/"))
            ).read_bytes()
            self._send(content, FORMATS[image_format(content)])
        else:
            raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such page")

    def _post(self) -> None:
        address = urlsplit(self.path)
        if address.path != "/ask":
            raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such page")
        content = self._body()
        kind = image_format(content)
        question = parse_qs(address.query).get("question", [""])[0]
        with tempfile.TemporaryDirectory(prefix="rex-serve-") as folder:
            path = Path(folder) / f"upload.{kind.lower()}"
            path.write_bytes(content)
            reply = self.server.reply(path, question)
        self._send_json(reply)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "say how long the image file is")
        if int(length) > LARGEST_UPLOAD:
            self.close_connection = True  # the rest of the body is not read
            raise RefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the image file is larger than {LARGEST_UPLOAD // 1024**2} MiB",
            )
        return self.rfile.read(int(length))

    def _offered_file(self, name: str) -> Path:
        try:
            return self.server.offered[name]
        except KeyError:
            raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such image") from None

    def _send_json(self, value: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(value).encode(), "application/json", status)

    def _send(self, content: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)


def _page(offered: list[str]) -> str:
    import jinja2

    folder = resources.files("rex.asking")
    shared = resources.files("rex.reporting")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(folder.joinpath("ask.html").read_text("utf-8")).render(
        offered=offered,
        style=shared.joinpath("gallery.css").read_text("utf-8"),
        script=folder.joinpath("ask.js").read_text("utf-8"),
        longest=LONGEST_QUESTION,
    )
