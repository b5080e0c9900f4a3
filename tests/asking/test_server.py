"""The server, asked by a client; the model is a stand-in."""

from __future__ import annotations

import http.client
import io
import json
import os
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rex.asking import image_files
from rex.asking import server as module
from rex.asking.server import AskServer, make_server
from rex.errors import InputError

from .parrot import Parrot, picture, served


def no(why: str) -> dict[str, str]:
    return {"error": why}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AskServer]:
    with served(tmp_path) as made:
        yield made


def request(
    server: AskServer,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=30)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    found = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    connection.close()
    return found


def ask(server: AskServer, body: bytes, question: str = "What%3F") -> tuple[int, Any]:
    status, _, content = request(server, "POST", f"/ask?question={question}", body)
    return status, json.loads(content)


def test_it_listens_on_the_loopback_alone(server: AskServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert server.local
    with make_server(Parrot(), host="0.0.0.0") as open_to_all:
        assert not open_to_all.local
        assert not open_to_all.known_as("evil.example")
        assert open_to_all.known_as("192.0.2.7")


def test_the_page(server: AskServer) -> None:
    status, headers, content = request(server, "GET", "/")
    assert status == 200
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "'unsafe" not in headers["content-security-policy"]
    assert b"one of the 1 below" in content
    for part, kind in (("/ask.js", "text/javascript"), ("/ask.css", "text/css")):
        status, headers, _ = request(server, "GET", part)
        assert (status, headers["content-type"].partition(";")[0]) == (200, kind)


def test_the_offered_images_can_be_searched(server: AskServer) -> None:
    def found(text: str) -> Any:
        return json.loads(request(server, "GET", f"/images?find={text}")[2])

    assert found("") == {"images": ["a car.png"], "found": 1}  # and no notes.txt
    assert found("CAR") == {"images": ["a car.png"], "found": 1}
    assert found("dog") == {"images": [], "found": 0}
    status, headers, content = request(server, "GET", "/thumbnails/a%20car.png")
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    with Image.open(io.BytesIO(content)) as small:
        assert small.size == (40, 24)


def test_an_offered_image(server: AskServer) -> None:
    status, headers, content = request(server, "GET", "/images/a%20car.png")
    assert (status, headers["content-type"]) == (200, "image/png")
    assert content == picture()
    status, _, content = request(server, "POST", "/ask?image=a%20car.png&question=What%3F")
    reply = json.loads(content)
    assert status == 200
    assert reply["answer"] == "red"
    assert reply["sentence"] == "The car is <b>red</b> the top middle-left of the image."
    assert reply["words"][0] == {
        "text": "#3", "region": 3, "name": "car", "color": "#d62728", "cell": None,
        "box": [1.0, 2.0, 30.0, 20.0], "gate": None,
    }  # fmt: skip
    assert reply["words"][3]["box"] == [10, 0, 20, 6]


def test_a_name_that_is_not_utf_8_is_not_offered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes(picture())
    except OSError:
        pytest.skip("this file system has UTF-8 names alone")
    (tmp_path / "café.png").write_bytes(picture())
    assert list(image_files.offered_images(tmp_path)) == ["café.png"]
    assert "1 file names are not UTF-8" in caplog.text


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_uploaded_image(server: AskServer, kind: str) -> None:
    status, reply = ask(server, picture(kind, (50, 20)))
    assert status == 200
    assert (reply["width"], reply["height"]) == (50, 20)


@pytest.fixture
def phone_photo() -> bytes:
    """Return a JPEG with a second picture behind the first (MPO)."""
    content, second = io.BytesIO(), Image.new("RGB", (40, 24), "black")
    Image.new("RGB", (40, 24)).save(content, "MPO", save_all=True, append_images=[second])
    return content.getvalue()


def test_a_photo_of_two_pictures_is_a_jpeg(tmp_path: Path, phone_photo: bytes) -> None:
    (tmp_path / "phone.jpg").write_bytes(phone_photo)
    with served(tmp_path) as server:
        status, headers, content = request(server, "GET", "/images/phone.jpg")
        assert (status, headers["content-type"], content) == (200, "image/jpeg", phone_photo)
        assert request(server, "GET", "/thumbnails/phone.jpg")[0] == 200
        assert ask(server, phone_photo)[0] == 200


def test_only_files_are_offered(tmp_path: Path) -> None:
    (tmp_path / "folder.jpg").mkdir()
    with served(tmp_path) as server:
        assert list(server.offered) == ["a car.png"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/images/gone.png"),
        ("GET", "/thumbnails/gone.png"),
        ("POST", "/ask?image=gone.png&question=What%3F"),
    ],
)
def test_an_image_that_has_gone(tmp_path: Path, method: str, path: str) -> None:
    gone = tmp_path / "gone.png"
    gone.write_bytes(picture())
    with served(tmp_path) as server:
        gone.unlink()
        status, _, content = request(server, method, path)
    assert (status, json.loads(content)) == (404, no("there is no such image"))


@pytest.mark.parametrize(
    ("first", "header", "status"),
    [
        ("POST /ask?question=a%3F", f"Content-Length: {5000 * '9'}", 400),
        ("POST /ask?question=a%3F", "Content-Length: -1", 400),
        ("POST /ask?question=a%3F", "X: y", 411),
        ("GET http://[/", "X: y", 404),
        ("nonsense", "X: y", 400),
        ("GET /images?find=%ff", "X: y", 400),
    ],
)
def test_what_is_no_proper_request(server: AskServer, first: str, header: str, status: int) -> None:
    port = server.server_address[1]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sender:
        sender.sendall(f"{first} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}\r\n\r\n".encode())
        assert sender.makefile("rb").readline().split()[1:2] == [str(status).encode()]


def test_slow_senders_keep_no_one_from_asking(server: AskServer) -> None:
    port = server.server_address[1]
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(module.MOST_WAITING + 2)]
    try:
        for one in slow:  # a head, a byte, and no more
            head = f"POST /ask?question=a%3F HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            one.sendall(head.encode() + b"Content-Length: 100\r\n\r\nx")
        assert ask(server, picture())[0] == 200
    finally:
        for one in slow:
            one.close()


def test_what_is_refused(server: AskServer, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = (415, no("this is not a JPEG, PNG or WebP image"))
    assert ask(server, b"<svg onload=alert(1)>") == refused
    assert ask(server, picture("GIF"))[0] == 415
    assert ask(server, picture()[:60]) == (415, no("the image file is damaged"))
    assert ask(server, b"") == (400, no("choose an image first"))
    assert ask(server, picture(), question="")[0] == 400
    assert ask(server, picture(), question="x" * 201)[0] == 400
    assert ask(server, picture(), question="a%00b") == (
        *(400, no("the question holds control characters")),
    )
    assert ask(server, picture(), question="a%ffb") == (400, no("the address is not UTF-8 text"))
    assert ask(server, picture(), question="broken%3F") == (400, no("the image is broken; mend it"))
    assert ask(server, picture(), question="boom%3F") == (500, no("failed"))  # and no word of why
    monkeypatch.setattr(image_files, "LARGEST_IMAGE", 100)
    assert ask(server, picture())[0] == 413
    assert request(server, "POST", "/ask?image=a%20car.png&question=What%3F")[0] == 413
    assert request(server, "POST", "/ask?image=notes.txt&question=What%3F")[0] == 404


def test_a_file_that_is_too_large_is_refused_in_words(server: AskServer) -> None:
    status, reply = ask(server, b"x" * (module.LARGEST_UPLOAD + 1))
    assert (status, reply) == (413, no("the image file is larger than 10 MiB"))


def bomb(side: int) -> bytes:
    """Return a small PNG that says it has `side` by `side` pixels."""
    content = bytearray(picture())
    # a PNG says its size in its first chunk, and a checksum of that
    content[16:24] = struct.pack(">II", side, side)
    content[29:33] = struct.pack(">I", zlib.crc32(bytes(content[12:29])))
    return bytes(content)


def test_an_image_that_swells_is_not_decoded(server: AskServer) -> None:
    assert ask(server, bomb(60_000))[0] == 413


@pytest.mark.parametrize("side", [5_001, 13_000, 60_000])
@pytest.mark.filterwarnings("error")  # from 9,460 on Pillow warns, from 13,378 on it refuses
def test_a_file_of_too_many_pixels_is_refused_before_it_is_decoded(
    tmp_path: Path, side: int
) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(bomb(side))
    with pytest.raises(InputError, match=r"large\.png: .* more than 25 million pixels; make it"):
        image_files.check_size(path)
    path.write_bytes(bomb(5_000))
    image_files.check_size(path)


def test_questions_at_the_same_time(server: AskServer) -> None:
    parrot = server.answers
    assert isinstance(parrot, Parrot)
    with ThreadPoolExecutor(8) as pool:
        sizes = [(20 + i, 10 + i) for i in range(8)]
        found = list(pool.map(lambda size: ask(server, picture(size=size))[1], sizes))
    assert [(reply["width"], reply["height"]) for reply in found] == sizes
    assert parrot.most_at_once == 1


def test_who_comes_when_too_many_wait(server: AskServer) -> None:
    taken = [server.waiting.acquire() for _ in range(module.MOST_WAITING)]
    assert ask(server, picture()) == (503, no("too many questions: ask again"))
    for _ in taken:
        server.waiting.release()
    assert ask(server, picture())[0] == 200


@pytest.mark.parametrize(
    "path", ["/images/notes.txt", "/images/../notes.txt", "/images/%2e%2e%2fnotes.txt", "/other"]
)
def test_nothing_else_is_served(server: AskServer, path: str) -> None:
    status, _, content = request(server, "GET", path)
    assert status == 404
    assert b"private" not in content


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "localhost.evil.example:80"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "["}, 403),
        ({"Host": "localhost", "Origin": "http://["}, 403),
        ({"Host": "localhost:8000"}, 200),
        ({"Host": "127.0.0.1"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Host": "localhost", "Origin": "http://evil.example"}, 403),
        ({"Host": "localhost", "Origin": "null"}, 403),
        ({"Host": "localhost:8", "Origin": "http://localhost:9"}, 403),
        ({"Host": "localhost:8", "Origin": "http://localhost:8"}, 200),
        ({"Host": "localhost", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "localhost", "Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_other_sites_do_not_reach_us(
    server: AskServer, headers: dict[str, str], status: int
) -> None:
    assert request(server, "POST", "/ask?question=What%3F", picture(), headers)[0] == status
    parrot = server.answers
    assert isinstance(parrot, Parrot)
    assert len(parrot.asked) == (status == 200)


def test_a_link_may_lead_to_the_page(server: AskServer) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert request(server, "GET", "/", headers=headers)[0] == 200
    assert request(server, "GET", "/images/a%20car.png", headers=headers)[0] == 403


def test_bad_places(tmp_path: Path, server: AskServer) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no such folder"):
        make_server(Parrot(), images=tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no JPEG"):
        make_server(Parrot(), images=tmp_path / "empty")
    port = server.server_address[1]
    with pytest.raises(InputError, match=f"can't listen on 127.0.0.1, port {port} .*; name anoth"):
        make_server(Parrot(), port=port)
    with pytest.raises(InputError, match="port 99999"):
        make_server(Parrot(), port=99999)
    with pytest.raises(InputError, match="--host: no address; name one"):
        make_server(Parrot(), host="")
    with pytest.raises(InputError, match=r"nowhere\.invalid"):
        make_server(Parrot(), host="nowhere.invalid")


def test_who_never_ends_sending_is_cut_off(
    server: AskServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_UPLOAD", 0.2)
    port = server.server_address[1]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as slow:
        head = f"POST /ask?question=a%3F HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        slow.sendall(head.encode() + b"Content-Length: 1000\r\n\r\n")
        with pytest.raises(OSError, match=r"timed out|reset|Broken"):
            for _ in range(100):
                slow.sendall(b"x")
                time.sleep(0.05)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nX: "])
def test_who_never_says_what_they_want_is_cut_off(
    server: AskServer, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(module, "LONGEST_UPLOAD", 0.2)
    port = server.server_address[1]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as slow:
        slow.sendall(sent)
        assert slow.recv(1) == b""


def test_every_answer_has_the_headers_that_protect(server: AskServer) -> None:
    for path in ("/", "/images", "/images/a%20car.png", "/nowhere", "/ask"):
        _, headers, _ = request(server, "GET", path)
        assert module.HEADERS.items() <= headers.items()
        assert "server" not in headers
    _, headers, _ = request(server, "POST", "/ask?question=boom%3F", picture())
    assert module.HEADERS.items() <= headers.items()


def test_connections_are_limited(server: AskServer) -> None:
    assert server._server.config.limit_concurrency == module.MOST_CONNECTIONS
    server._server.config.limit_concurrency = 3
    port = server.server_address[1]
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    try:
        assert request(server, "GET", "/")[0] == 503
    finally:
        for connection in idle:
            connection.close()


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_ipv6() -> None:
    try:
        with make_server(Parrot(), host="::1") as server:
            assert server.local
            assert server.url == f"http://[::1]:{server.server_address[1]}"
    except InputError:
        pytest.skip("this machine has no address ::1")


def test_a_host_that_cannot_be_one() -> None:
    with pytest.raises(InputError, match="can't listen on"):
        make_server(Parrot(), host="x" * 300)
