"""What comes over a network: requests to `rex serve`, and what servers send to `rex gqa fetch`."""

from __future__ import annotations

import io
import logging
import re
import shutil
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote_from_bytes
from urllib.request import Request, urlopen

import pytest
from hypothesis import strategies as st

from rex.errors import InputError
from rex.gqa import fetching
from rex.gqa.fetching import PARTS, fetch_parts
from tests.asking.parrot import Parrot, picture, served

from .fuzzing import damaged

Fuzz = Callable[..., None]

TOKENS = st.sampled_from(
    ["", "\x00", "\xff", "\r", "\n", " ", "é", "%", "%zz", "%00", "%ff", "../"]
)
SIZES = st.sampled_from(
    ["0", "1", "-1", "+1", "1e3", "0x10", "1, 2", "9" * 20, "9" * 5000, "٣", ""]
)
PATHS = st.one_of(
    st.sampled_from(
        [
            *("/", "*", "", "//", "/ask", "/ask/", "/images", "/images/a%20car.png", "/ask.js"),
            *("/images/..%2fnotes.txt", "/images/%00", "/thumbnails/a%20car.png", "/thumbnails/."),
            *("http://evil.example/", "http://[/", "/images?find=%ff", "/images?find=a&find=b"),
            "/" + "a" * 70_000,
        ]
    ),
    st.builds(
        lambda question, image: f"/ask?question={quote_from_bytes(question)}{image}",
        st.binary(max_size=300) | st.sampled_from([b"What?", b"broken?", b"why?", b"mute?", b"\0"]),
        st.sampled_from(
            ["", "&image=a%20car.png", "&image=..%2fnotes.txt", "&image=%ff", "&image"]
        ),
    ),
    TOKENS.map(lambda token: f"/images/{token}"),
)
BODIES = st.one_of(
    st.just(b""),
    damaged(picture()),
    damaged(picture("JPEG")),
    damaged(picture("WEBP")),
    st.binary(max_size=200),
    st.just(b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\nx\r\n--x--\r\n'),
    st.sampled_from(
        [b"5\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffff\r\nx", b"-1\r\n", b"x" * 70_000]
    ),
)
HEADERS = st.lists(
    st.one_of(
        SIZES.map(lambda size: f"Content-Length: {size}"),
        st.sampled_from(
            [
                *("Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Expect: 100"),
                *("Expect: 100-continue", "Connection: close", "Connection: upgrade", "Range: x"),
                *(
                    "Content-Type: multipart/form-data; boundary=x",
                    "Upgrade: websocket",
                    "Cookie: a",
                ),
                *(
                    "Content-Type: multipart/form-data",
                    "Origin: null",
                    "Origin: http://[",
                    "Host: [",
                ),
                *(
                    "Host: evil.example",
                    "Host:",
                    "Sec-Fetch-Site: cross-site",
                    ": x",
                    "x",
                    "X: \x00",
                ),
                *(
                    "X: " + "y" * 70_000,
                    "X-Forwarded-For: 127.0.0.1",
                    " folded",
                    "Content-Length: 5",
                ),
            ]
        ),
        TOKENS.map(lambda token: f"X{token}: {token}"),
    ),
    max_size=4,
)
METHODS = st.sampled_from(
    ["GET", "POST", "HEAD", "PUT", "OPTIONS", "CONNECT", "PRI", "get", "", "\0"]
)
VERSIONS = st.sampled_from(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "", "\xff"])


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Return what a client sends: nearly a request, or anything."""
    if draw(st.integers(0, 19)) == 0:
        return draw(st.binary(max_size=300))
    body, headers = draw(BODIES), draw(HEADERS)
    if draw(st.booleans()):
        headers = [*headers, f"Content-Length: {len(body)}"]
    if draw(st.integers(0, 9)):
        headers = ["Host: 127.0.0.1", *headers]
    first = f"{draw(METHODS)} {draw(PATHS)} {draw(VERSIONS)}"
    head = "\r\n".join([first, *headers]) + "\r\n\r\n"
    whole: bytes = head.encode("utf-8") + body
    return draw(st.sampled_from([whole, whole, whole, whole + whole, whole[: len(whole) // 2]]))


def _answer(port: int, sent: bytes) -> bytes:
    """Return all that a server answers to what is sent, which may be no whole request."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=0.1) as client:
        with suppress(OSError):
            client.sendall(sent)
            received += client.recv(1 << 16)
        with suppress(OSError):
            client.settimeout(30)
            client.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while block := client.recv(1 << 16):
                received += block
    return received


def test_requests(
    fuzz: Fuzz, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is answered by what was asked for, or with 4xx; the server lives, and keeps nothing."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "images").mkdir()
    with served(tmp_path / "images") as server:
        port = server.server_address[1]

        def send(sent: bytes) -> None:
            received = _answer(port, sent)
            codes = re.findall(rb"^HTTP/1\.[01] (\d)\d\d ", received, re.MULTILINE)
            assert {code[:1] for code in codes} <= {b"1", b"2", b"4"}, (sent, received)
            assert not received or codes, (sent, received)
            assert b"Traceback" not in received
            assert b"private" not in received

        fuzz(requests(), send)
        with urlopen(f"http://127.0.0.1:{port}/", timeout=30) as alive:
            assert alive.status == 200
        assert isinstance(server.answers, Parrot)
    assert not list((tmp_path / "temporary").iterdir())
    # uvicorn warns of requests that are none
    assert not [record for record in caplog.records if record.levelno > logging.WARNING]
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == [
        "a car.png",
        "notes.txt",
    ]


def archive(names: list[str], content: bytes = b"{}") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
        for name in dict.fromkeys(names):
            written.writestr(name, content)
    return out.getvalue()


WHOLE = archive(["train_sceneGraphs.json", "val_sceneGraphs.json"])
MEMBERS = st.lists(
    st.sampled_from(
        [
            *("val_sceneGraphs.json", "../val_sceneGraphs.json", "/etc/val_sceneGraphs.json"),
            *("../../evil_questions.json", "..", "../x.jpg", "a/../../x.jpg", "C:\\x.jpg", ".jpg"),
            *(
                "\x1b[31m.jpg",
                "a\nb.jpg",
                "é.jpg",
                "x" * 300 + ".jpg",
                "train_all_questions/x.json",
            ),
            *("../train_all_questions/x.json", "..\\..\\x.jpg", "_questions.json", "a/"),
        ]
    ),
    min_size=1,
    max_size=4,
)
CONTENTS = st.one_of(
    st.sampled_from(
        [WHOLE, WHOLE[:-10], b"", b"<html>", archive(["val_sceneGraphs.json"], b"0" * (8 << 20))]
    ),
    damaged(WHOLE),
    MEMBERS.map(archive),
)
STATUS = st.sampled_from(
    [
        *("200 OK", "200 OK", "200 OK", "206 Partial Content", "204 No Content", "100 Continue"),
        *("301 Moved", "302 Found", "304 Not Modified", "401 No", "404 \x1b[31m", "416 Range"),
        *("500 " + "x" * 2000, "503 Busy", "999 What", "0 x", "x y", "200"),
    ]
)
PLACES = st.sampled_from(
    [
        *(
            "file:///etc/passwd",
            "ftp://127.0.0.1/x",
            "data:,x",
            "//",
            "http://[",
            "/other",
            "?",
            "",
        ),
        *("http://127.0.0.1:1/x", "gopher://x", "http://127.0.0.1:99999/x", "\x00", "http://\xe9/"),
    ]
)


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    """Return what a server sends: nearly an answer, true or not, or anything."""
    if draw(st.integers(0, 19)) == 0:
        return draw(st.binary(max_size=300))
    content = draw(CONTENTS)
    lengths = st.sampled_from([str(len(content)), str(len(content) + 9), str(len(content) // 2)])
    possible = [
        lengths.map(lambda size: f"Content-Length: {size}"),
        SIZES.map(lambda size: f"Content-Length: {size}"),
        PLACES.map(lambda place: f"Location: {place}"),
        st.sampled_from(["bytes 0-9/10", "bytes 5-9/10", "bytes */10", "bytes */5", "x"]).map(
            lambda text: f"Content-Range: {text}"
        ),
        st.sampled_from(['"a"', 'W/"a"', "\x00", "a\r\n b", "\xff", "a" * 3000]).map(
            lambda text: f"ETag: {text}"
        ),
        st.sampled_from(
            ["Transfer-Encoding: chunked", "Content-Encoding: gzip", "x", ": x", "\x00"]
        ),
    ]
    headers = [draw(form) for form in possible if draw(st.booleans())]
    head = "\r\n".join([f"HTTP/1.1 {draw(STATUS)}", *headers]) + "\r\n\r\n"
    whole = head.encode("latin-1", "replace") + content
    return draw(st.sampled_from([whole, whole, whole, whole[: len(whole) // 2]]))


class Liar:
    """A server that sends what it is told to, whatever is asked."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.endless = False
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                with client, suppress(OSError):
                    self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(5)
        head = b""
        while b"\r\n\r\n" not in head and (block := client.recv(1 << 16)):
            head += block
        client.sendall(self.answers.pop(0) if self.answers else b"")
        while self.endless:
            client.sendall(b"\0" * (1 << 20))

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@contextmanager
def lying() -> Iterator[Liar]:
    liar = Liar()
    thread = threading.Thread(target=liar.serve)
    thread.start()
    try:
        yield liar
    finally:
        liar.stop()
        thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(fetching, "_TIMEOUT", 2.0)


@pytest.mark.parametrize("part", ["scene-graphs", "class-names"])
def test_servers(part: str, fuzz: Fuzz, tmp_path: Path) -> None:
    """Nothing leaves the folder, and what is there has the size and checksum that are noted."""
    folder = tmp_path / "inside" / "gqa"

    def fetch(answers: list[bytes]) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        liar.answers = answers
        try:
            for _ in range(2):  # the second goes on where the first was left
                with suppress(InputError):
                    fetch_parts(folder, [part], addresses={part: liar.address})
            fetch_parts(folder, [part], addresses={part: liar.address})
        finally:
            assert [path.name for path in tmp_path.iterdir()] == ["inside"]
            assert [path.name for path in (tmp_path / "inside").iterdir()] == ["gqa"]
            for path in folder.rglob("*"):
                assert path.is_dir() or path.stat().st_size <= 8 << 20, path
            names = {path.name for path in folder.iterdir()}
            assert names <= {".fetched", "sceneGraphs", "questions", "images", "detector"}

    with lying() as liar:
        fuzz(st.lists(responses(), min_size=1, max_size=4), fetch)


@pytest.mark.parametrize("head", ["", "Content-Length: 99999999999\r\n"])
def test_an_endless_download_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    part = fetching.Part("", PARTS["detector"].files, 3_000_000, "detector")
    monkeypatch.setitem(fetching.PARTS, "detector", part)
    with lying() as liar:
        liar.endless, liar.answers = True, [f"HTTP/1.1 200 OK\r\n{head}\r\n".encode()]
        with pytest.raises(InputError, match="larger than 3 MB; check the address"):
            fetch_parts(tmp_path, ["detector"], addresses={"detector": liar.address})
        liar.endless = False
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] in ([], [".lock"])


def test_bytes_that_were_not_asked_for_are_not_taken(tmp_path: Path) -> None:
    """A server that sends the beginning again, and calls it the rest, does not damage a file."""
    name, content = "objects_vocab.txt", b"a\nb\nc\n"
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nETag: x\r\n\r\n"
    false = b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-2/6\r\nContent-Length: 3\r\n\r\na\nb"
    part = fetching.Part("", [name], 1000, "detector")
    with lying() as liar, pytest.MonkeyPatch.context() as patch:
        patch.setitem(fetching.PARTS, "class-names", part)
        liar.answers = [whole + content[:3], false, whole + content]
        for said in (r"broke off \(3 of 6", r"broke off \(other bytes came"):
            with pytest.raises(InputError, match=said):
                fetch_parts(tmp_path, ["class-names"], addresses={"class-names": liar.address})
        fetch_parts(tmp_path, ["class-names"], addresses={"class-names": liar.address})
    assert (tmp_path / "detector" / name).read_bytes() == content


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("file:///etc/passwd", r"302 .*file:///etc/passwd' is not allowed"),
        ("ftp://127.0.0.1/x", r"302 and leads to ftp://127\.0\.0\.1/x;"),
        ("/again", r"302 The HTTP server returned a redirect error that would lead to"),
    ],
)
def test_redirects_that_are_not_followed(tmp_path: Path, location: str, said: str) -> None:
    answer = f"HTTP/1.1 302 \x1b[31m\r\nLocation: {location}\r\n\r\n".encode()
    with lying() as liar:
        liar.answers = [answer] * 20
        with pytest.raises(InputError, match=f"the server answers {said}") as caught:
            fetch_parts(tmp_path, ["detector"], addresses={"detector": liar.address})
    assert str(caught.value).isprintable()
    assert not (tmp_path / "detector").exists()


def test_a_secure_address_leads_to_none_that_is_not() -> None:
    redirects, secure = fetching._Redirects(), Request("https://example.org/a")
    for address, followed in (("https://other.org/a", True), ("http://example.org/a", False)):
        with nullcontext() if followed else pytest.raises(HTTPError, match="leads to http:"):
            assert redirects.redirect_request(secure, io.BytesIO(), 302, "", {}, address)


def test_an_archive_that_would_fill_the_disk_is_not_unpacked(tmp_path: Path) -> None:
    swollen = archive([f"{n}_sceneGraphs.json" for n in range(40)], b"0" * (4 << 20))
    with lying() as liar:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(swollen)}\r\n\r\n"
        liar.answers = [head.encode() + swollen]
        with pytest.raises(InputError, match="it would swell to 167,772,160 bytes"):
            fetch_parts(tmp_path, ["scene-graphs"], addresses={"scene-graphs": liar.address})
    assert not (tmp_path / "sceneGraphs").exists()
