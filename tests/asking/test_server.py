"""The web page, asked by a client and by a real browser; the model is a stand-in."""

from __future__ import annotations

import http.client
import io
import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rex.asking import server as module
from rex.asking.answerer import Reply
from rex.asking.server import AskServer, make_server
from rex.errors import InputError
from rex.reporting.examples import Word
from tests.reporting.browser import CHROMIUM, HEADLESS


class Parrot:
    """Answers every question the same, about the image's size."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, images: Sequence[Path], question: str) -> list[Reply]:
        self.asked.append(question)
        if question == "broken?":
            raise InputError("the image is broken", cure="mend it")
        if question == "boom?":
            raise RuntimeError("secret")
        with Image.open(images[0]) as image:
            width, height = image.size
        return [
            Reply(
                question=question,
                method="rex",
                answer="red",
                probability=0.875,
                words=(Word("#3", 3), Word("is"), Word("<b>red</b>"), Word("@2", cell=2)),
                boxes={3: (1.0, 2.0, 30.0, 20.0)},
                names={3: "car"},
                width=width,
                height=height,
            )
        ]


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 24)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, "white").save(content, kind)
    return content.getvalue()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AskServer]:
    (tmp_path / "a car.png").write_bytes(picture())
    (tmp_path / "notes.txt").write_text("private")
    with make_server(Parrot(), images=tmp_path) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


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


def test_the_page(server: AskServer) -> None:
    status, headers, content = request(server, "GET", "/")
    assert status == 200
    assert "default-src 'none'" in headers["content-security-policy"]
    assert b"<option>a car.png</option>" in content
    assert b"notes.txt" not in content


def test_an_offered_image(server: AskServer) -> None:
    status, headers, content = request(server, "GET", "/images/a%20car.png")
    assert (status, headers["content-type"]) == (200, "image/png")
    assert content == picture()
    status, _, content = request(server, "GET", "/ask?image=a%20car.png&question=What%3F")
    reply = json.loads(content)
    assert status == 200
    assert (reply["answer"], reply["sentence"]) == ("red", "The car is <b>red</b> this place.")
    assert reply["words"][0] == {
        "text": "#3", "region": 3, "name": "car", "color": "#d62728", "cell": None,
        "box": [1.0, 2.0, 30.0, 20.0], "gate": None,
    }  # fmt: skip
    assert reply["words"][3]["box"] == [10, 0, 20, 6]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_uploaded_image(server: AskServer, kind: str) -> None:
    status, reply = ask(server, picture(kind, (50, 20)))
    assert status == 200
    assert (reply["width"], reply["height"]) == (50, 20)


def test_what_is_refused(server: AskServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(server, b"<svg onload=alert(1)>")[0] == 415
    assert ask(server, picture("GIF"))[0] == 415
    assert ask(server, picture()[:60])[0] == 415
    assert ask(server, picture(), question="")[0] == 400
    assert ask(server, picture(), question="x" * 201)[0] == 400
    status, reply = ask(server, picture(), question="broken%3F")
    assert (status, reply) == (400, {"error": "the image is broken"})
    status, reply = ask(server, picture(), question="boom%3F")
    assert (status, reply) == (500, {"error": "failed"})  # and no word of why
    monkeypatch.setattr(module, "LARGEST_IMAGE", 100)
    assert ask(server, picture())[0] == 413
    monkeypatch.setattr(module, "LARGEST_UPLOAD", 10)
    assert ask(server, picture())[0] == 413


@pytest.mark.parametrize(
    "path", ["/images/notes.txt", "/images/../notes.txt", "/images/%2e%2e%2fnotes.txt", "/other"]
)
def test_nothing_else_is_served(server: AskServer, path: str) -> None:
    status, _, content = request(server, "GET", path)
    assert status == 404
    assert b"private" not in content


def test_other_sites_do_not_reach_us_under_their_name(server: AskServer) -> None:
    assert request(server, "GET", "/", headers={"Host": "evil.example"})[0] == 403


def test_bad_places(tmp_path: Path, server: AskServer) -> None:
    with pytest.raises(InputError, match="no such folder"):
        make_server(Parrot(), images=tmp_path / "nowhere")
    with pytest.raises(InputError, match="can't be used"):
        make_server(Parrot(), port=server.server_address[1])


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_in_a_browser(server: AskServer, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{server.server_address[1]}/?image=a+car.png&question=What%3F"
    ended = subprocess.run(
        [
            str(CHROMIUM),
            *HEADLESS,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            address,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    page = ended.stdout
    assert '<span id="answer">red</span>' in page
    assert '<small id="sure">88 % sure</small>' in page
    assert 'data-key="r3"' in page
    assert page.count('class="box"') == 1
    assert page.count('class="cell"') == 1
    assert "&lt;b&gt;red&lt;/b&gt;" in page  # text, not markup
