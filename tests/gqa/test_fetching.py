from __future__ import annotations

import builtins
import errno
import hashlib
import http.client
import io
import json
import os
import shutil
import tempfile
import threading
import urllib.request
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rex.cli import main
from rex.gqa.layout import Layout
from rex.locks import locked


def archive(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as written:
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
        if start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("ETag", tag)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
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


def part_of(folder: Path) -> Path:
    return folder / ".fetched" / "sceneGraphs.zip.part"


def mark_of(folder: Path) -> Path:
    return folder / ".fetched" / "sceneGraphs.zip.part.json"


def full_disk(*arguments: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError(errno.ENOSPC, "No space left")])
def test_stopped_while_unpacking_it_fetches_nothing_again(
    server: Server, tmp_path: Path, stop: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def copy(*arguments: object) -> None:
        raise stop

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", copy)
        assert fetch(server, tmp_path) == (1 if stop is KeyboardInterrupt else 2)
    if stop is not KeyboardInterrupt:
        error = capsys.readouterr().err
        assert (
            "sceneGraphs.zip: the disk is full; free some space and start it again: it resumes"
            in error
        )
    assert part_of(tmp_path).read_bytes() == SCENE_GRAPHS
    assert not list((tmp_path / "sceneGraphs").iterdir())
    assert fetch(server, tmp_path) == 0
    assert server.ranges == [None]
    assert not part_of(tmp_path).exists()
    assert not mark_of(tmp_path).exists()


def test_stopped_before_the_move_a_single_file_is_not_fetched_again(
    server: Server, tmp_path: Path
) -> None:
    server.files = {name: name.encode() for name in ("objects_vocab.txt", "attributes_vocab.txt")}

    def replace(self: Path, target: Path) -> Path:
        if self.suffix == ".part":
            raise KeyboardInterrupt
        return real(self, target)

    real = Path.replace
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        assert fetch(server, tmp_path, "class-names") == 1
    assert fetch(server, tmp_path, "class-names") == 0
    assert len(server.ranges) == 2
    assert (tmp_path / "detector/objects_vocab.txt").read_text() == "objects_vocab.txt"
    assert not list(tmp_path.rglob("*.part*"))


def test_no_room_while_downloading(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full(io.FileIO):
        def write(self, block: Any) -> int:
            super().write(block[:500])
            full_disk()
            return 0

    def open_full(path: Any, mode: str = "r", *more: Any, **named: Any) -> Any:
        if str(path).endswith(".part") and mode == "wb":
            return Full(path, mode)
        return builtins.open(path, mode, *more, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rex.gqa.fetching.open", open_full, raising=False)
        assert fetch(server, tmp_path) == 2
    assert "the disk is full; free some space" in capsys.readouterr().err
    assert fetch(server, tmp_path) == 0
    assert server.ranges == [None, "bytes=500-"]


@pytest.mark.parametrize("more", [b"", b"of another file"])
def test_nothing_comes_after_what_is_here(server: Server, tmp_path: Path, more: bytes) -> None:
    part_of(tmp_path).parent.mkdir()
    part_of(tmp_path).write_bytes(SCENE_GRAPHS + more)
    tag = f'"{hashlib.md5(SCENE_GRAPHS).hexdigest()}"'
    # a mark that does not know the whole size
    mark = {"address": f"{server.address}/sceneGraphs.zip", "version": tag}
    mark_of(tmp_path).write_text(json.dumps(mark))
    assert fetch(server, tmp_path) == 0
    ranges = [f"bytes={len(SCENE_GRAPHS + more)}-", None]
    assert server.ranges == (ranges if more else ranges[:1])
    assert Layout(tmp_path).scene_graphs("train").read_bytes() == b"{}" * 900


@pytest.mark.parametrize("mark", [b"", b'{"address": "http:', b"[]", b"\xff", b"{}"])
def test_a_damaged_mark_begins_anew(server: Server, tmp_path: Path, mark: bytes) -> None:
    part_of(tmp_path).parent.mkdir()
    part_of(tmp_path).write_bytes(b"of unknown origin")
    mark_of(tmp_path).write_bytes(mark)
    assert fetch(server, tmp_path) == 0
    assert server.ranges == [None]


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_damaged_member_is_told_and_fetched_again(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], compression: int
) -> None:
    whole = archive({"val_sceneGraphs.json": bytes(range(256)) * 9}, compression)
    damaged = bytearray(whole)
    damaged[60:80] = b"\xff" * 20
    server.files["sceneGraphs.zip"] = bytes(damaged)
    assert fetch(server, tmp_path) == 2
    assert "not a whole ZIP file" in capsys.readouterr().err
    assert not list((tmp_path / "sceneGraphs").iterdir())
    assert not part_of(tmp_path).exists()
    assert not mark_of(tmp_path).exists()
    server.files["sceneGraphs.zip"] = whole
    assert fetch(server, tmp_path) == 0


@pytest.mark.parametrize(
    "error",
    [
        http.client.IncompleteRead(b"x", 9),
        http.client.BadStatusLine("\x1b[31m"),
        TimeoutError("no"),
    ],
)
def test_an_answer_that_breaks_off(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
) -> None:
    def open_address(*arguments: object, **named: object) -> None:
        raise error

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", open_address)
    assert main(["gqa", "fetch", str(tmp_path), "--parts", "images"]) == 2
    told = capsys.readouterr().err
    assert "the download broke off" in told
    assert "\x1b[31m" not in told


@pytest.mark.parametrize("base", ["", "example.org/gqa", "localhost:80/gqa", "http://h:port/gqa"])
def test_what_is_no_address(tmp_path: Path, capsys: pytest.CaptureFixture[str], base: str) -> None:
    arguments = ["gqa", "fetch", str(tmp_path), "--parts", "images", "--address", f"images={base}"]
    assert main(arguments) == 2
    assert "/images.zip: images.zip: not an address; give a whole one" in capsys.readouterr().err


def test_unknown_names_are_refused(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(server, tmp_path, "scene-graphs", "--address", "scene-graph=http://x") == 2
    error = capsys.readouterr().err
    assert "--address: 'scene-graph' is no part; one of scene-graphs, questions, ood" in error
    assert fetch(server, tmp_path, "scene-graphs", "--sha256", "images.zip=00ff") == 2
    error = capsys.readouterr().err
    assert "--sha256: 'images.zip' is no file to be fetched; one of sceneGraphs.zip" in error
    assert not list(tmp_path.iterdir())
    with pytest.raises(SystemExit):
        fetch(server, tmp_path, "scene-graphs", "--address", "foo")
    assert "'foo': NAME=VALUE is expected" in capsys.readouterr().err


def test_no_room_for_another_file(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "mkstemp", lambda **named: full_disk())
        assert fetch(server, tmp_path) == 2
    assert "the disk is full; free some space" in capsys.readouterr().err
    assert fetch(server, tmp_path) == 0


def test_what_a_run_stopped_at_its_very_end_left_is_removed(server: Server, tmp_path: Path) -> None:
    assert fetch(server, tmp_path) == 0
    part_of(tmp_path).write_bytes(SCENE_GRAPHS)
    mark_of(tmp_path).write_bytes(b"{}")
    assert fetch(server, tmp_path) == 0
    assert not list(tmp_path.rglob("*.part*"))
    assert server.ranges == [None]


def test_two_at_once_do_not_meet(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".fetched").mkdir()
    with locked(tmp_path / ".fetched"):
        assert fetch(server, tmp_path) == 2
    assert f"in use by process {os.getpid()} on " in capsys.readouterr().err
    assert server.ranges == []
    assert fetch(server, tmp_path) == 0
