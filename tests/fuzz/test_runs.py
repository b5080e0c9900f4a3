"""Readers of what runs leave behind: checkpoints, detectors, MLflow's database and notes."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import strategies as st

from rex.config import Config
from rex.regions.weights import read_checkpoint
from rex.tracking import tracked_run
from rex.training.checkpoints import load_checkpoint
from rex.training.run import predict_run

from .fuzzing import OLD, damaged, replaced, values

Fuzz = Callable[..., None]
CHECKPOINT = OLD / "rex" / "checkpoint.pt"


class _Runs:
    """Something whose unpickling would leave a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def _saved(value: object) -> bytes:
    out = io.BytesIO()
    torch.save(value, out)
    return out.getvalue()


def _plain() -> dict[str, Any]:
    loaded: dict[str, Any] = torch.load(CHECKPOINT, weights_only=True)
    weights = dict(list(loaded["weights"].items()))
    return {**loaded, "weights": weights}


def _inflated(content: bytes, member: int, size: int) -> bytes:
    """Return an archive of which a member says that it is of another size."""
    out = bytearray(content)
    place = content.find(b"PK\x01\x02")
    for _ in range(member):
        place = content.find(b"PK\x01\x02", place + 4)
    if place >= 0:
        out[place + 20 : place + 28] = struct.pack("<II", size, size)
    return bytes(out)


def _files(whole: bytes, document: Any) -> st.SearchStrategy[bytes]:
    sizes = st.sampled_from([0, 1, 1 << 20, 0xFFFF_FFFE])
    return st.one_of(
        damaged(whole),
        replaced(document).map(_saved),
        st.builds(_inflated, st.just(whole), st.integers(0, 5), sizes),
        st.sampled_from([b"", b"PK\x03\x04", pickle.dumps({}), _saved([]), _saved({"model": {}})]),
    )


def test_checkpoints(fuzz: Fuzz, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"

    def write_and_read(content: bytes) -> None:
        path.write_bytes(content)
        load_checkpoint(path).build()

    fuzz(_files(CHECKPOINT.read_bytes(), _plain()), write_and_read)


def test_runs_that_predict(fuzz: Fuzz, tmp_path: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "predictions.parquet"
    run.mkdir()

    def write_and_read(content: bytes) -> None:
        (run / "checkpoint.pt").write_bytes(content)
        predict_run(Config(), run, questions=OLD / "train.json", regions=OLD / "train.h5", out=out)

    fuzz(_files(CHECKPOINT.read_bytes(), _plain()), write_and_read)


@pytest.mark.parametrize("suffix", [".pth", ".pkl"])
def test_detectors(suffix: str, fuzz: Fuzz, tmp_path: Path) -> None:
    path, left = tmp_path / f"detector{suffix}", tmp_path / "was-run"
    document = {
        "model": {"a": torch.ones(2, 2), "b": torch.zeros(1)},
        "settings": "{}",
        "object_names": ["cup"],
        "attribute_names": ["red"],
    }
    if suffix == ".pkl":
        arrays = {name: value.numpy() for name, value in document["model"].items()}  # type: ignore[attr-defined]
        whole = pickle.dumps({"model": arrays}, protocol=2)
        files = damaged(whole) | st.sampled_from([pickle.dumps(_Runs(left)), b"\x80\x02."])
    else:
        files = _files(_saved(document), document) | st.just(pickle.dumps(_Runs(left)))

    def write_and_read(content: bytes) -> None:
        path.write_bytes(content)
        try:
            read_checkpoint(path)
        finally:
            assert not left.exists()

    fuzz(files, write_and_read)


def test_mlflow(fuzz: Fuzz, tmp_path: Path) -> None:
    folder, database, whole = tmp_path / "run", tmp_path / "mlflow.db", tmp_path / "whole.db"
    folder.mkdir()
    with tracked_run(whole, folder, experiment="e", name="n"):
        pass
    noted = json.loads((folder / "mlflow.json").read_text())

    def write_and_read(given: tuple[bytes | None, bytes]) -> None:
        if given[0] is None:
            shutil.copy(whole, database)
        else:
            database.write_bytes(given[0])
        (folder / "mlflow.json").write_bytes(given[1])
        with tracked_run(database, folder, experiment="e", name="n") as tracked:
            tracked.metrics({"accuracy": 0.5})

    notes = replaced(noted) | values
    texts = notes.map(lambda value: json.dumps(value).encode()) | damaged(
        json.dumps(noted).encode()
    )
    databases = st.sampled_from([None, b"", b"SQLite format 3\0", b"x" * 9000])
    fuzz(st.tuples(databases, texts), write_and_read)


def test_archives_of_weights_do_not_leave_their_folder(tmp_path: Path) -> None:
    """Names of members are never paths to write to."""
    path = tmp_path / "checkpoint.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../evil/data.pkl", pickle.dumps({}))
    with pytest.raises(Exception, match="not a readable checkpoint"):
        load_checkpoint(path)
    assert list(tmp_path.iterdir()) == [path]
