"""Files that appear whole or not at all, and say what made them."""

from __future__ import annotations

import errno
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rex import __version__
from rex.errors import InputError, first_line, readable

if TYPE_CHECKING:
    import pyarrow as pa

Settings = Mapping[str, Any]
"""What made a file: setting name to a JSON value."""

FULL_DISK = (errno.ENOSPC, errno.EDQUOT)
"""The numbers of an OSError that freeing disk space would fix."""


@contextmanager
def full_disk_told(file: str | os.PathLike[str], *, place: str | None = None) -> Iterator[None]:
    """Turn a full disk's OSError into an InputError: what is written to `file` can be resumed."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        raise InputError(
            "the disk is full",
            file=file,
            place=place,
            cure="free some space and start it again: it resumes",
        ) from None


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success rename it to `path`, on failure remove it.

    The temporary name is unique, so two jobs that write the same file do not hurt each other: the
    last one to finish wins, whole. Raises InputError where no file can be made, OSError that names
    `path` when the disk is full.
    """
    target = Path(path)
    if target.is_dir():
        raise InputError("is a folder", file=path, cure="name a file")
    if target.exists() and not target.is_file():
        # renamed to /dev/null, a file would take its place
        raise InputError("is a device or a pipe", file=path, cure="name a file")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name}.", suffix=target.suffix
        )
    except OSError as error:
        if error.errno in FULL_DISK:
            # another name would not help
            raise
        raise InputError(
            f"can't be written ({error.strerror})", file=path, cure="name another file"
        ) from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes a private file; what we publish follows the user's umask
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        put_in_place(temporary, target)
    except OSError as error:
        if error.filename is None and error.errno is not None:  # say what could not be written
            # HDF5 and Arrow say much more than the system
            raise OSError(error.errno, os.strerror(error.errno), str(target)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Yield a folder that takes the place of `target` on success, and is removed on failure."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(
            dir=target.parent, prefix=f".{target.name}.", ignore_cleanup_errors=True
        ) as name:
            made = Path(name, "made")
            made.mkdir()
            yield made
            old = Path(name, "old")
            if target.exists():
                target.rename(old)
            try:
                made.rename(target)
            except BaseException:  # what was there is not to go with the temporary folder
                if old.exists():
                    old.rename(target)
                raise
    except OSError as error:
        if error.errno in FULL_DISK:  # images name no file, and others one that is hidden
            raise OSError(error.errno, error.strerror, str(target)) from error
        raise


def put_in_place(temporary: Path, target: Path) -> None:
    """Rename a finished file, on the disk before it has its name.

    After a power cut, no file is there but empty.
    """
    _synced(temporary)
    temporary.replace(target)
    _synced(target.parent)


def _synced(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk; some file systems cannot."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def yaml_beside(module: str, name: str) -> Any:
    """Return what the package's YAML file `name` says, which lies beside the module's file."""
    import msgspec.yaml  # a tenth of the time of PyYAML's own loader

    return msgspec.yaml.decode(Path(module).with_name(name).read_bytes())


def check_outputs(inputs: Mapping[Path, str], outputs: Mapping[str, Path | None]) -> None:
    """Raise InputError when a file to be written is one that is read, or another one.

    `inputs` are the files that are read and what names them, `outputs` the other way round.
    """
    taken = {path.resolve(): name for path, name in inputs.items()}
    for name, path in outputs.items():
        if path is None:
            continue
        other = taken.setdefault(path.resolve(), name)
        if other != name:
            problem = f"is {name} and {other}: it would be lost"
            raise InputError(problem, file=path, cure="write to another file")


def made_by(command: str, settings: Settings | None = None) -> dict[str, Any]:
    """Return the provenance record of a file: the command, its settings, and REX's version."""
    return {"command": command, "rex": __version__, "settings": dict(settings or {})}


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8, whole."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(
    path: str | os.PathLike[str], value: Any, *, provenance: Mapping[str, Any] | None = None
) -> None:
    """Write `value` as JSON, whole; `provenance`, if given, becomes its field `made_by`."""
    if provenance is not None:
        value = {**value, "made_by": dict(provenance)}
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | os.PathLike[str], *, cure: str | None = None) -> Any:
    """Read a JSON file.

    Raises InputError, with the line and column, when it is missing, truncated or not JSON.
    """
    try:
        with readable(path, missing=cure or "check the path", folder="name a JSON file"):
            return json.loads(Path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(
            "not UTF-8 text", file=path, place=f"byte {error.start}", cure="is it a JSON file?"
        ) from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"not valid JSON ({error.msg})",
            file=path,
            place=f"line {error.lineno} column {error.colno}",
            cure=cure or "the file may be truncated: make or fetch it again",
        ) from None
    except RecursionError:
        raise InputError(
            "nested too deeply", file=path, cure=cure or "is it the file that you meant?"
        ) from None


def checkpoint_problem(error: Exception) -> str:
    """Return what an error says of a checkpoint, but not PyTorch's advice to run what it holds."""
    if isinstance(error, EOFError):
        return "it is empty or cut short"
    if "weights_only" in str(error):
        return "it is not a checkpoint, or contains more than tensors and plain values"
    return first_line(error)


_PROVENANCE_KEY = b"made_by"
_TEXTS = ("question_id", "image_id", "status", "mode", "raw", "unpolished", "sentence", "text")
_COLUMNS = {
    **dict.fromkeys((*_TEXTS, "answer", "entailed_answer", "explanation"), "text"),
    **dict.fromkeys(("bound", "probability"), "numbers"),
    **dict.fromkeys(("objects", "operations"), "list of text"),
    "regions": "list of integers",
    "gates": "list of numbers",
}
"""What a column of this name holds, in explanation tables and predictions (docs/data.md)."""
_COMPLETE = ("question_id", "image_id", "status", "mode", "objects", "operations")
"""Columns that have a value in every row."""


def write_parquet(
    path: str | os.PathLike[str], table: pa.Table, *, provenance: Mapping[str, Any]
) -> None:
    """Write an Arrow table as Parquet, whole, with `provenance` in the file's metadata."""
    import pyarrow.parquet as pq

    metadata = {
        **(table.schema.metadata or {}),
        _PROVENANCE_KEY: json.dumps(provenance, sort_keys=True).encode(),
    }
    with whole_file(path) as temporary:
        pq.write_table(table.replace_schema_metadata(metadata), temporary, compression="zstd")


def read_parquet(
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    optional: Sequence[str] = (),
    cure: str | None = None,
) -> pa.Table:
    """Read a Parquet file, or those `columns` of it, and the `optional` ones that it has.

    Raises InputError when it is missing, damaged, lacks a column, or has one of another type.
    """
    import pyarrow.parquet as pq

    def wrong(problem: str, place: str) -> InputError:
        again = cure or "make the file again with this version of REX"
        return InputError(problem, file=path, place=place, cure=again)

    with readable_parquet(path, cure), pq.ParquetFile(path) as file:
        missing = sorted(set(columns or ()) - set(file.schema_arrow.names))
        if missing:
            there = f"columns {', '.join(file.schema_arrow.names)}"
            raise wrong(f"no column {missing[0]!r}", there)
        if columns is not None:
            columns = [*columns, *(name for name in optional if name in file.schema_arrow.names)]
        for name in columns or ():
            found, wanted = file.schema_arrow.field(name).type, _COLUMNS.get(name)
            if wanted is not None and not _holds(found, wanted):
                raise wrong(f"holds {found} where {wanted} is expected", f"column {name}")
        table = file.read(columns=None if columns is None else list(columns))
        table.validate(full=True)  # texts that are not UTF-8, lists that end before they start
    for name in columns or ():
        gaps = _gaps(table[name], name in _COMPLETE)
        if gaps:
            raise wrong(f"{gaps} values are missing", f"column {name}")
    return table


def _gaps(column: pa.ChunkedArray, complete: bool) -> int:
    """Return the number of nulls in a column that is to be complete, and in lists."""
    import pyarrow as pa
    import pyarrow.compute as pc

    count: int = column.null_count if complete else 0
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        count += pc.list_flatten(column).null_count
    return count


def _holds(found: pa.DataType, wanted: str) -> bool:
    """Return whether a column of this type holds what is wanted, in whatever width."""
    from pyarrow import types

    if types.is_null(found):
        return True
    if wanted.startswith("list of "):
        lists = types.is_list(found) or types.is_large_list(found)
        return lists and _holds(found.value_type, wanted.removeprefix("list of "))
    if wanted == "text":
        return bool(types.is_string(found) or types.is_large_string(found))
    return bool(types.is_integer(found) if wanted == "integers" else types.is_floating(found))


def parquet_provenance(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what made a Parquet file ({} when the file does not say). Raises InputError."""
    import pyarrow.parquet as pq

    with readable_parquet(path):
        metadata = pq.read_schema(path).metadata or {}
    try:
        found = json.loads(metadata.get(_PROVENANCE_KEY, b"{}"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("settings", {}), dict):
        raise InputError("its provenance (made_by) is damaged", file=path, cure="make it again")
    return found


@contextmanager
def readable_parquet(path: str | os.PathLike[str], cure: str | None = None) -> Iterator[None]:
    """Turn what is raised in the block for a missing or damaged file into InputError."""
    import pyarrow as pa

    if Path(path).is_dir():
        raise InputError("is a folder", file=path, cure="name a Parquet file")
    try:
        with readable(path, missing=cure or "check the path"):
            yield
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise InputError(
            f"not a readable Parquet file ({first_line(error)})",
            file=path,
            cure=cure or "is it the file that you meant? if so, make it again",
        ) from None


_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")


def no_formula(value: str) -> str:
    """Return a text that no spreadsheet takes for a formula: by a quote before it where needed."""
    formula = value.startswith(("=", "+", "-", "@", "\t", "\r")) and not _NUMBER.fullmatch(value)
    return f"'{value}" if formula else value


def no_markup(value: str) -> str:
    """Return a text that Markdown shows as it is, in one line."""
    for sign in ("\\", "|", "*", "_", "`", "<", ">", "[", "]", "&"):
        value = value.replace(sign, f"\\{sign}")
    return " ".join(value.split())
