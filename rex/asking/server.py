"""A small web page on this machine's loopback: pick or upload an image, ask, see why.

Nothing is kept: an uploaded image lives as long as its answer takes.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import tempfile
import threading
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from importlib import resources
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import uvicorn
from h11 import LocalProtocolError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from rex.asking.answerer import Answers
from rex.asking.image_files import (
    FORMATS,
    UnusableImageError,
    image_format,
    offered_images,
    thumbnail,
)
from rex.errors import InputError
from rex.reporting.pages import html_page

LARGEST_UPLOAD = 10 * 1024 * 1024
"""Bytes of an image file."""
MOST_SKIPPED = 8 * LARGEST_UPLOAD
"""Bytes of a refused file that are taken; of a larger one the connection is cut."""
LONGEST_QUESTION = 200
"""Characters."""
LONGEST_UPLOAD = 60.0
"""Seconds that a browser may take to send a file, or to say what it wants."""
MOST_WAITING = 8
"""Questions that wait for an answer; later ones are asked to try again."""
MOST_CONNECTIONS = 100
SHOWN_IMAGES = 24
"""Offered images that the page shows at once."""

HEADERS = {
    "content-security-policy": "default-src 'none'; img-src 'self' blob: data:; "
    "connect-src 'self'; style-src 'self'; script-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
"""Of every answer."""
_CLOSE = {"Connection": "close"}
_PARTS = {"ask.css": "text/css", "ask.js": "text/javascript"}
_NO_IMAGE = HTTPException(HTTPStatus.NOT_FOUND, "there is no such image")

_logger = logging.getLogger("rex.asking")


class AskServer:
    """Serves the page; `server_address[1]` is the port. Use as a context manager."""

    def __init__(self, answers: Answers, images: Path | None, host: str, port: int) -> None:
        self.offered = offered_images(images)
        self.host = host
        self.answers = answers
        self.lock = threading.Lock()
        """One question at a time: the model is not made for more."""
        self.waiting = threading.BoundedSemaphore(MOST_WAITING)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family)
        self.server_address = self._socket.getsockname()
        app = Starlette(routes=_routes(self), exception_handlers=dict.fromkeys(_HANDLED, _told))
        app.router.redirect_slashes = False
        self._server = uvicorn.Server(
            uvicorn.Config(
                _Guard(app, self),
                http=_Connection,
                ws="none",
                lifespan="off",
                # what is worth telling is told here
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=1,
            )
        )

    def serve_forever(self) -> None:
        """Answer until `shutdown` is called, or an interrupt comes, which is raised."""
        logging.getLogger("uvicorn.error").propagate = False
        logging.getLogger("uvicorn.error").addHandler(logging.NullHandler())
        self._server.run(sockets=[self._socket])

    def shutdown(self) -> None:
        """Let `serve_forever` return soon."""
        self._server.should_exit = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

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

    def image(self, name: str) -> Path:
        """Return the path of an offered image; raises HTTPException where there is none."""
        if name not in self.offered:
            raise _NO_IMAGE
        return self.offered[name]

    def reply(self, content: bytes, path: Path | None, question: str) -> dict[str, Any]:
        """Answer a question about an image: its file's content, and the path of an offered one."""
        kind = image_format(content)
        with tempfile.TemporaryDirectory(prefix="rex-serve-") as folder:
            if path is None:
                path = Path(folder) / f"upload.{kind.lower()}"
                path.write_bytes(content)
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


class _Connection(H11Protocol):
    """A connection that is closed where nothing is asked on it for long: uvicorn itself waits."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(LONGEST_UPLOAD, self._close_idle)

    def _close_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        elif not self.transport.is_closing():
            self.loop.call_later(LONGEST_UPLOAD, self._close_idle)


class _Guard:
    """Adds `HEADERS`, and refuses what another site's page asks for in the user's browser."""

    def __init__(self, app: ASGIApp, server: AskServer) -> None:
        self.app, self.server = app, server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        why = self._refusal(Request(scope))
        app = self.app if why is None else _problem(HTTPStatus.FORBIDDEN, why)
        await app(scope, receive, answer)

    def _refusal(self, request: Request) -> str | None:
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        try:
            known = self.server.known_as(urlsplit(f"//{host}").hostname or "")
            foreign = origin is not None and urlsplit(origin).netloc != host
        except ValueError:
            return "no proper address"
        if not known:
            return f"ask for {self.server.url}"
        site = request.headers.get("Sec-Fetch-Site", "none")
        # a link on another site may lead to the page; no more
        if foreign or (site not in ("none", "same-origin") and request.scope["path"] != "/"):
            return "another site's page asked"
        return None


def _routes(server: AskServer) -> list[Route]:
    def page(request: Request) -> Response:
        return Response(_page(len(server.offered)), media_type="text/html")

    def part(request: Request) -> Response:
        name = request.scope["path"].removeprefix("/")
        return Response(_part(name), media_type=_PARTS[name])

    def found(request: Request) -> Response:
        text = _query(request).get("find", "").lower()
        names = [name for name in server.offered if text in name.lower()]
        return JSONResponse({"images": names[:SHOWN_IMAGES], "found": len(names)})

    def image(request: Request) -> Response:
        content = _read(server.image(request.path_params["name"]))
        return Response(content, media_type=FORMATS[image_format(content)])

    def small(request: Request) -> Response:
        content = _read(server.image(request.path_params["name"]), thumbnail)
        return Response(content, media_type=FORMATS["JPEG"])

    async def ask(request: Request) -> Response:
        query = _query(request)
        question = _question(query)
        # all that is sent is read first: a slow sender keeps no one from asking
        path = server.image(query["image"]) if "image" in query else None
        content = await _body(request) if path is None else await run_in_threadpool(_read, path)
        if not server.waiting.acquire(blocking=False):
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "too many questions: ask again")
        try:
            return JSONResponse(await run_in_threadpool(server.reply, content, path, question))
        finally:
            server.waiting.release()

    return [
        Route("/", page),
        *(Route(f"/{name}", part) for name in _PARTS),
        Route("/images", found),
        Route("/images/{name}", image),
        Route("/thumbnails/{name}", small),
        Route("/ask", ask, methods=["POST"]),
    ]


def _query(request: Request) -> dict[str, str]:
    try:
        # Starlette replaces bytes that are not text with a character
        found = parse_qs(request.scope["query_string"].decode("ascii"), errors="strict")
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the address is not UTF-8 text") from None
    return {name: values[0] for name, values in found.items()}


def _question(query: dict[str, str]) -> str:
    question = query.get("question", "").strip()
    if not 0 < len(question) <= LONGEST_QUESTION:
        raise HTTPException(
            HTTPStatus.BAD_REQUEST, f"ask a question of 1 to {LONGEST_QUESTION} characters"
        )
    if any(character < " " or character == "\x7f" for character in question):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the question holds control characters")
    return question


async def _body(request: Request) -> bytes:
    """Return the uploaded file; how long it is must be said first, and is held to."""
    if "Content-Length" not in request.headers:
        raise HTTPException(
            HTTPStatus.LENGTH_REQUIRED, "say how long the image file is", headers=_CLOSE
        )
    length = int(request.headers["Content-Length"])
    if length > LARGEST_UPLOAD:
        raise HTTPException(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the image file is larger than {LARGEST_UPLOAD // 1024**2} MiB",
            headers=_CLOSE if length > MOST_SKIPPED else None,
        )
    if length == 0:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "choose an image first")
    try:
        async with asyncio.timeout(LONGEST_UPLOAD):
            return await request.body()
    except TimeoutError:
        raise HTTPException(
            HTTPStatus.REQUEST_TIMEOUT, "the file came too slowly", headers=_CLOSE
        ) from None


def _problem(status: int, why: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": why}, status, headers=headers)


async def _told(request: Request, error: Exception) -> Response:
    """Say what went wrong, if it is the user's to know."""
    match error:
        case HTTPException():
            return _problem(error.status_code, error.detail, error.headers)
        case UnusableImageError(too_large=True):
            return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error))
        case UnusableImageError():
            return _problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(error))
        case InputError():
            # without the file: an uploaded one has a name that says nothing
            said = f"{error.problem}; {error.cure}" if error.cure else error.problem
            return _problem(HTTPStatus.BAD_REQUEST, said)
        case ClientDisconnect() | LocalProtocolError():
            return _problem(HTTPStatus.BAD_REQUEST, "gone")
    _logger.error("a request failed", exc_info=error)
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "failed")


_HANDLED = (HTTPException, UnusableImageError, InputError, ClientDisconnect, Exception)


def _read(path: Path, read: Callable[[Path], bytes] = Path.read_bytes) -> bytes:
    """Return what `read` makes of an offered image, which may have gone since the start."""
    try:
        return read(path)
    except OSError:
        raise _NO_IMAGE from None


def _page(offered: int) -> str:
    return html_page(
        "rex.asking",
        "ask.html",
        offered=offered,
        longest=LONGEST_QUESTION,
        largest=LARGEST_UPLOAD,
        kinds=",".join(FORMATS.values()),
    )


@cache
def _part(name: str) -> bytes:
    return resources.files("rex.asking").joinpath(name).read_bytes()
