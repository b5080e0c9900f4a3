from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rex.cli import main
from rex.gqa.layout import Layout


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        for name, content in files.items():
            written.writestr(name, content)
    return buffer.getvalue()


SCENE_GRAPHS = archive(
    {"train_sceneGraphs.json": b"{}" * 900, "val_sceneGraphs.json": b"{}", "readme.txt": b"no"}
)
QUESTIONS = archive(
    {
        "val_balanced_questions.json": b"{1}",
        "questions/../../testdev_balanced_questions.json": b"{2}",
        "train_all_questions/train_all_questions_0.json": b"{3}",
    }
)


class Server(ThreadingHTTPServer):
    """Serves `files`; `breaks_at` breaks the next download off after so many bytes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.breaks_at: int | None = None
        self.ranges: list[str | None] = []
        self.address = f"http://127.0.0.1:{self.server_port}/gqa"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        content = self.server.files.get(self.path.rpartition("/")[2])
        if content is None:
            self.send_error(404)
            return
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = 0
        if asked and self.headers.get("If-Range") == tag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end, self.server.breaks_at = self.server.breaks_at, None
        self.wfile.write(content[start:end])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    server = Server()
    server.files = {"sceneGraphs.zip": SCENE_GRAPHS, "questions1.2.zip": QUESTIONS}
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(server: Server, folder: Path, part: str = "scene-graphs", *more: str) -> int:
    address = f"{part}={server.address}"
    return main(["gqa", "fetch", str(folder), "--parts", part, "--address", address, *more])


def test_parts_are_laid_out(server: Server, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "gqa")
    assert fetch(server, layout.folder) == 0
    assert layout.scene_graphs("train").read_bytes() == b"{}" * 900
    assert layout.scene_graphs("val").read_bytes() == b"{}"
    record = json.loads((layout.folder / ".fetched" / "sceneGraphs.zip.json").read_text())
    assert record["sha256"] == hashlib.sha256(SCENE_GRAPHS).hexdigest()
    assert record["size"] == len(SCENE_GRAPHS)
    assert not list(layout.folder.rglob("*.part"))
    assert not list(layout.folder.rglob("readme.txt"))
    # the second time nothing is downloaded
    server.files = {}
    assert fetch(server, layout.folder) == 0


def test_members_cannot_leave_the_folder(server: Server, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "a" / "gqa")
    assert fetch(server, layout.folder, "questions") == 0
    assert layout.questions("testdev").read_bytes() == b"{2}"
    assert (layout.folder / "questions/train_all_questions/train_all_questions_0.json").exists()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["gqa"]


def test_a_broken_download_goes_on_where_it_was(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.breaks_at = 700
    assert fetch(server, tmp_path) == 2
    assert "the download broke off" in capsys.readouterr().err
    assert (tmp_path / ".fetched" / "sceneGraphs.zip.part").stat().st_size == 700
    assert not (tmp_path / "sceneGraphs").exists()
    assert fetch(server, tmp_path) == 0
    assert server.ranges == [None, "bytes=700-"]
    assert Layout(tmp_path).scene_graphs("train").read_bytes() == b"{}" * 900


def test_a_file_that_changed_meanwhile_is_begun_anew(server: Server, tmp_path: Path) -> None:
    server.breaks_at = 300
    assert fetch(server, tmp_path) == 2
    server.files["sceneGraphs.zip"] = archive({"val_sceneGraphs.json": b"new" * 500})
    assert fetch(server, tmp_path) == 0
    assert Layout(tmp_path).scene_graphs("val").read_bytes() == b"new" * 500


def test_checksums(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch(server, tmp_path, "scene-graphs", "--sha256", "sceneGraphs.zip=00ff") == 2
    assert "expected 00ff" in capsys.readouterr().err
    assert not (tmp_path / "sceneGraphs").exists()
    assert fetch(server, tmp_path) == 0
    # a file lost and fetched again must be what it was the first time
    Layout(tmp_path).scene_graphs("val").unlink()
    server.files["sceneGraphs.zip"] = archive({"val_sceneGraphs.json": b"other"})
    assert fetch(server, tmp_path) == 2
    assert hashlib.sha256(SCENE_GRAPHS).hexdigest() in capsys.readouterr().err
    assert not Layout(tmp_path).scene_graphs("val").exists()


def test_what_is_not_there_and_what_is_no_archive(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(server, tmp_path, "images") == 2
    assert "answers 404" in capsys.readouterr().err
    server.files["sceneGraphs.zip"] = b"<html>moved</html>"
    assert fetch(server, tmp_path) == 2
    assert "not a whole ZIP file" in capsys.readouterr().err
    server.files["sceneGraphs.zip"] = archive({"readme.txt": b""})
    assert fetch(server, tmp_path) == 2
    assert "holds none of GQA's files" in capsys.readouterr().err


def test_single_files(server: Server, tmp_path: Path) -> None:
    for split in ("val", "testdev"):
        for part in ("all", "head", "tail"):
            server.files[f"ood_{split}_{part}.json"] = f"{split} {part}".encode()
    assert fetch(server, tmp_path, "ood") == 0
    assert Layout(tmp_path).ood_questions("testdev", "tail").read_text() == "testdev tail"
