from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pyarrow as pa
import pytest

from rex.errors import InputError
from rex.files import (
    made_by,
    parquet_provenance,
    read_json,
    read_parquet,
    whole_file,
    whole_folder,
    write_json,
    write_parquet,
    write_text,
)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "sub" / "file.txt"
    with pytest.raises(RuntimeError), whole_file(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert list(target.parent.iterdir()) == []

    with whole_file(target) as temporary:
        temporary.write_text("whole")
        assert not target.exists()
    assert [path.name for path in target.parent.iterdir()] == ["file.txt"]
    assert target.read_text() == "whole"


def test_a_failed_rewrite_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), whole_file(target) as temporary:
        temporary.write_text("new")
        raise RuntimeError
    assert target.read_text() == "old"


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    with whole_file(target) as first, whole_file(target) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert target.read_text() == "first"  # the outer one finishes last


def test_json_says_what_made_it(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    write_json(path, {"a": 1}, provenance=made_by("rex test", {"seed": 3}))
    value = read_json(path)
    assert value["a"] == 1
    assert value["made_by"]["settings"] == {"seed": 3}


def test_truncated_json_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    path.write_text(json.dumps({"a": list(range(10))})[:-5])
    with pytest.raises(InputError) as caught:
        read_json(path)
    assert str(path) in str(caught.value)
    assert "line 1" in str(caught.value)


def test_not_a_number_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "value.json", {"a": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_parquet_round_trip_with_provenance(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    write_parquet(path, pa.table({"a": [1, 2]}), provenance=made_by("rex test"))
    assert read_parquet(path, columns=["a"]).to_pydict() == {"a": [1, 2]}
    assert parquet_provenance(path)["command"] == "rex test"


@pytest.mark.parametrize("content", [b"", b"PAR1 but no more", b"{}"])
def test_a_damaged_parquet_file_is_bad_input(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.parquet"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"table\.parquet"):
        read_parquet(path)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    write_parquet(path, pa.table({"a": [1]}), provenance={})
    with pytest.raises(InputError, match="no column 'b'"):
        read_parquet(path, columns=["a", "b"])


def test_where_no_file_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a folder; name a file"):
        write_text(tmp_path, "x")
    with pytest.raises(InputError, match=r"file/x\.json: can't be written"):
        write_text(tmp_path / "file" / "x.json", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_provenance_of_what_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        parquet_provenance(tmp_path / "absent.parquet")
    (tmp_path / "table.parquet").write_text("PAR1")
    with pytest.raises(InputError, match=r"not a readable Parquet file .*; is it the file that"):
        parquet_provenance(tmp_path / "table.parquet")
    with pytest.raises(InputError, match="is a folder; name a Parquet file"):
        read_parquet(tmp_path)


def test_a_full_disk_names_the_file_that_was_to_be(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left on device") as raised:  # noqa: SIM117
        with whole_file(tmp_path / "out.txt"):
            raise OSError(errno.ENOSPC, "Can't write data (total write size = 96)")
    assert raised.value.filename == str(tmp_path / "out.txt")
    assert list(tmp_path.iterdir()) == []


def test_a_device_or_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match=r"pipe: is a device or a pipe; name a file"):
        write_text(pipe, "text")
    assert pipe.is_fifo()


def test_json_that_is_nested_too_deep(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 100_000)
    with pytest.raises(InputError, match=r"deep\.json: nested too deeply"):
        read_json(path)


def test_a_folder_that_cannot_take_its_place_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "world"
    target.mkdir()
    (target / "old").write_text("kept")
    rename = Path.rename

    def fails(self: Path, to: Path) -> Path:
        if self.name == "made":
            raise PermissionError(errno.EACCES, "no")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(PermissionError), whole_folder(target) as folder:
        (folder / "new").write_text("lost")
    assert [path.name for path in tmp_path.rglob("*")] == ["world", "old"]
