"""A small web page on this machine's loopback: pick or upload an image, ask, see why.

Nothing is kept: an uploaded image lives as long as its answer takes.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from rex.asking.answerer import Answers
from rex.asking.image_files import (
    FORMATS,
    UnusableImageError,
    image_format,
    offered_images,
    thumbnail,
)
from rex.errors import InputError

LARGEST_UPLOAD = 10 * 1024 * 1024
"""Bytes of an image file."""
MOST_SKIPPED = 8 * LARGEST_UPLOAD
"""Bytes of a refused file that are taken before the connection is cut."""
LONGEST_QUESTION = 200
"""Characters."""
LONGEST_UPLOAD = 60.0
"""Seconds that a browser may take to send a file."""
MOST_WAITING = 8
"""Questions that wait for an answer; who comes later is told to come again."""
SHOWN_IMAGES = 24
"""Offered images that the page shows at once."""

_LENGTH_DIGITS = 20
_POLICY = (
    "default-src 'none'; img-src 'self' blob: data:; connect-src 'self'; style-src 'self'; "
    "script-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
_PARTS = {
    "/ask.css": "text/css; charset=utf-8",
    "/ask.js": "text/javascript; charset=utf-8",
}

_logger = logging.getLogger("rex.asking")


class RefusedError(Exception):
    """A request that is not answered: the HTTP status, and why."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class AskServer(ThreadingHTTPServer):
    """Serves the page; `server_address[1]` is the port."""

    daemon_threads = True

    def __init__(self, answers: Answers, images: Path | None, host: str, port: int) -> None:
        self.offered = offered_images(images)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)
        self.host = host
        self.answers = answers
        self.lock = threading.Lock()
        """One question at a time: the model is not made for more."""
        self.waiting = threading.BoundedSemaphore(MOST_WAITING)

    @property
    def local(self) -> bool:
        """Whether this machine alone reaches the server."""
        return ipaddress.ip_address(str(self.server_address[0])).is_loopback

    @property
    def url(self) -> str:
        """Where to open the page."""
        host, port = str(self.server_address[0]), self.server_address[1]
        if ipaddress.ip_address(host).is_unspecified:
            host = socket.gethostname()
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def known_as(self, host: str) -> bool:
        """Whether a request may be for `host` (the header, without its port).

        Another site could point its own name here (DNS rebinding), but not an address.
        """
        try:
            ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            return host.lower() in ("localhost", self.host.lower(), socket.gethostname().lower())
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note what went wrong with a connection; nobody is left to be told."""
        _logger.debug("a connection broke", exc_info=True)

    def reply(self, path: Path, question: str) -> dict[str, Any]:
        """Answer a question about an image file."""
        with self.lock:
            return self.answers.ask([path], question)[0].to_json()


def make_server(
    answers: Answers, *, images: Path | None = None, host: str = "127.0.0.1", port: int = 0
) -> AskServer:
    """Return a server bound to a port (0: any free one) of `host`.

    `images` is a folder whose images the page offers. Raises InputError when the port is taken or
    `host` is empty.
    """
    if not host.strip():
        # sockets take an empty address for every interface
        raise InputError("no address", file="--host", cure="name one, as 127.0.0.1")
    try:
        return AskServer(answers, images, host, port)
    except (OSError, OverflowError, UnicodeError, TypeError) as error:
        # a port that is too large, a name that cannot be one
        why = error.strerror if isinstance(error, OSError) else error
        raise InputError(
            f"can't listen on {host}, port {port} ({why})", cure="name another --port or --host"
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

    def _answer(self, handle: Callable[[str, dict[str, list[str]]], None]) -> None:
        self._unread = 0
        try:
            self._unread = self._length()
            address = _split(self.path, HTTPStatus.BAD_REQUEST)
            self._check_sender(address.path)
            handle(address.path, parse_qs(address.query))
        except RefusedError as error:
            self._send_json({"error": str(error)}, error.status)
        except UnusableImageError as error:
            status = (
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                if error.too_large
                else HTTPStatus.UNSUPPORTED_MEDIA_TYPE
            )
            self._send_json({"error": str(error)}, status)
        except InputError as error:
            # without the file: an uploaded one has a name that says nothing
            said = f"{error.problem}; {error.cure}" if error.cure else error.problem
            self._send_json({"error": said}, HTTPStatus.BAD_REQUEST)
        except (ConnectionError, TimeoutError):
            _logger.debug("the browser went away")
        except Exception:
            _logger.exception("a request failed")
            self._send_json({"error": "failed"}, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _check_sender(self, path: str) -> None:
        """Refuse what another site's page asks for in the user's browser."""
        host = self.headers.get("Host", "")
        name = _split(f"//{host}", HTTPStatus.FORBIDDEN).hostname or ""
        if not self.server.known_as(name):
            raise RefusedError(HTTPStatus.FORBIDDEN, f"ask for {self.server.url}")
        origin = self.headers.get("Origin")
        foreign = origin is not None and _split(origin, HTTPStatus.FORBIDDEN).netloc != host
        site = self.headers.get("Sec-Fetch-Site", "none")
        # a link on another site may lead to the page; no more
        if foreign or (site not in ("none", "same-origin") and path != "/"):
            raise RefusedError(HTTPStatus.FORBIDDEN, "another site's page asked")

    def _get(self, path: str, query: dict[str, list[str]]) -> None:
        folder, _, name = unquote(path).removeprefix("/").partition("/")
        if path == "/":
            self._send(_page(len(self.server.offered)), "text/html; charset=utf-8")
        elif path in _PARTS:
            self._send(_part(path.removeprefix("/")), _PARTS[path])
        elif path == "/images":
            self._send_json(self._found(query.get("find", [""])[0]))
        elif folder == "images":
            content = _read(self._offered(name))
            self._send(content, FORMATS[image_format(content)])
        elif folder == "thumbnails":
            self._send(_read(self._offered(name), thumbnail), FORMATS["JPEG"])
        else:
            raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such page")

    def _post(self, path: str, query: dict[str, list[str]]) -> None:
        if path != "/ask":
            raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such page")
        question = query.get("question", [""])[0].strip()
        if not 0 < len(question) <= LONGEST_QUESTION:
            raise RefusedError(
                HTTPStatus.BAD_REQUEST, f"ask a question of 1 to {LONGEST_QUESTION} characters"
            )
        # all that is sent is read first: a slow sender keeps no one from asking
        offered = self._offered(query["image"][0]) if "image" in query else None
        content = self._body() if offered is None else _read(offered)
        if not self.server.waiting.acquire(blocking=False):
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "too many questions: ask again")
        try:
            kind = image_format(content)
            if offered is not None:
                reply = self.server.reply(offered, question)
            else:
                with tempfile.TemporaryDirectory(prefix="rex-serve-") as folder:
                    uploaded = Path(folder) / f"upload.{kind.lower()}"
                    uploaded.write_bytes(content)
                    reply = self.server.reply(uploaded, question)
        finally:
            self.server.waiting.release()
        self._send_json(reply)

    def _found(self, text: str) -> dict[str, Any]:
        """Return the first offered images whose names hold `text`, and how many there are."""
        names = [name for name in self.server.offered if text.lower() in name.lower()]
        return {"images": names[:SHOWN_IMAGES], "found": len(names)}

    def _length(self) -> int:
        """Return how many bytes follow the head, as the request says (0: it does not say)."""
        length = self.headers.get("Content-Length", "0")
        # Python reads no number of thousands of digits
        if not length.isdecimal() or len(length) > _LENGTH_DIGITS:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "Content-Length is no number of bytes")
        return int(length)

    def _body(self) -> bytes:
        if "Content-Length" not in self.headers:
            raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "say how long the image file is")
        length = self._unread
        if length > LARGEST_UPLOAD:
            raise RefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the image file is larger than {LARGEST_UPLOAD // 1024**2} MiB",
            )
        if length == 0:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "choose an image first")
        return b"".join(self._sent(length))

    def _sent(self, length: int) -> Iterator[bytes]:
        """Yield what the browser sends, up to `length` bytes; raises TimeoutError if it is slow."""
        self._unread = 0
        deadline = time.monotonic() + LONGEST_UPLOAD
        while length > 0 and (taken := self.rfile.read1(min(length, 1 << 16))):
            yield taken
            length -= len(taken)
            if time.monotonic() > deadline:
                raise TimeoutError

    def _skip_body(self) -> None:
        """Take what the browser still sends: it reads no answer before it has sent all."""
        for _ in self._sent(min(self._unread, MOST_SKIPPED)):
            pass

    def _offered(self, name: str) -> Path:
        try:
            return self.server.offered[name]
        except KeyError:
            raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such image") from None

    def _send_json(self, value: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(value).encode(), "application/json", status)

    def _send(self, content: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._skip_body()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)


def _split(address: str, status: HTTPStatus) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        raise RefusedError(status, "no proper address") from None


def _read(path: Path, read: Callable[[Path], bytes] = Path.read_bytes) -> bytes:
    """Return what `read` makes of an offered image, which may have gone since the start."""
    try:
        return read(path)
    except OSError:
        raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such image") from None


def _page(offered: int) -> bytes:
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    page = environment.from_string(_part("ask.html").decode("utf-8")).render(
        offered=offered,
        longest=LONGEST_QUESTION,
        largest=LARGEST_UPLOAD,
        kinds=",".join(FORMATS.values()),
    )
    return page.encode()


@cache
def _part(name: str) -> bytes:
    return resources.files("rex.asking").joinpath(name).read_bytes()
