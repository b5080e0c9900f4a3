"""The explanation table: its columns, writing it whole, and putting its shards together."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rex.errors import InputError
from rex.explanations.modes import OK
from rex.files import no_formula, parquet_provenance, read_parquet, whole_file
from rex.programs.errors import Reason

if TYPE_CHECKING:
    import pyarrow as pa

COMMAND = "rex explain build"
"""What the file says made it."""

ROWS_A_GROUP = 16384
"""Rows of a row group; the same whatever pieces the rows come in, so that the bytes are too."""

ADDED = frozenset({"left_out"})
"""Columns that tables of version 0.1 lack."""

File = str | PathLike[str]
_MADE_FROM = {"questions", "scene_graphs", "regions"}

_CURE = "build all shards with the same version, inputs and settings: rex explain build --shard"


def schema() -> pa.Schema:
    """Return the columns of an explanation table (docs/architecture.md)."""
    import pyarrow as pa

    return pa.schema(
        [
            ("question_id", pa.string()),
            ("image_id", pa.string()),
            ("status", pa.string()),
            ("mode", pa.string()),
            ("raw", pa.string()),
            ("unpolished", pa.string()),
            ("sentence", pa.string()),
            ("text", pa.string()),
            ("objects", pa.list_(pa.string())),
            ("regions", pa.list_(pa.int32())),
            ("bound", pa.float32()),
            ("operations", pa.list_(pa.string())),
            ("answer", pa.string()),
            ("entailed_answer", pa.string()),
            ("left_out", pa.list_(pa.string())),
        ]
    )


class ExplanationTable:
    """An explanation table being written; it counts its rows."""

    def __init__(self, write: _Write) -> None:
        self._write = write
        self._pending: list[pa.Table] = []
        self._rows = 0
        self.statuses: Counter[str] = Counter()
        """Rows by status."""
        self.grounded = 0
        """Rows whose image has regions."""

    def add(self, piece: pa.Table) -> None:
        """Add the next rows."""
        import pyarrow as pa

        self.statuses.update(piece.column("status").to_pylist())
        self.grounded += len(piece) - piece.column("text").null_count
        self._pending.append(piece)
        self._rows += len(piece)
        if self._rows >= ROWS_A_GROUP:
            rows = pa.concat_tables(self._pending)
            while len(rows) >= ROWS_A_GROUP:
                self._write(rows.slice(0, ROWS_A_GROUP).combine_chunks())
                rows = rows.slice(ROWS_A_GROUP)
            self._pending, self._rows = [rows], len(rows)

    def close(self) -> None:
        """Write what is left."""
        import pyarrow as pa

        if self._rows:
            self._write(pa.concat_tables(self._pending).combine_chunks())

    def check(self, questions: File, *, scene_graphs: File, regions: File | None) -> None:
        """Raise InputError when no question has a scene graph, or a region: files of other splits.

        `regions` is None where there were none to be had.
        """
        total = self.statuses.total()
        if not total:
            raise InputError("holds no questions", file=questions, cure="name a questions file")
        if self.statuses[Reason.NO_SCENE_GRAPH.value] == total:
            raise InputError(
                "has no scene graph of any question's image",
                file=scene_graphs,
                cure=f"give the scene graphs of the same split as {questions}",
            )
        if regions is not None and self.statuses[OK] and not self.grounded:
            raise InputError(
                "has no regions of any question's image",
                file=regions,
                cure=f"give the regions of the same split as {questions}",
            )


_Write = Callable[["pa.Table"], object]
"""Writes the next rows."""


def _json_lines(file: TextIO) -> _Write:
    return lambda rows: file.writelines(
        json.dumps(row, ensure_ascii=False) + "\n" for row in rows.to_pylist()
    )


def _csv(file: TextIO) -> _Write:
    """Lists become blank-separated texts; no cell is a formula to a spreadsheet."""

    def cell(value: object) -> str:
        if isinstance(value, list):
            value = " ".join(map(str, value))
        return "" if value is None else no_formula(str(value))

    lines = csv.writer(file)
    lines.writerow(schema().names)
    return lambda rows: lines.writerows(map(cell, row.values()) for row in rows.to_pylist())


_TEXT_FORMATS = {".jsonl": _json_lines, ".csv": _csv}


@contextmanager
def explanation_table(path: File, provenance: Mapping[str, Any]) -> Iterator[ExplanationTable]:
    """Open an explanation table for writing; it appears at `path`, whole, when the block ends.

    It is Parquet, which the other commands read; if `path` ends in `.jsonl` or `.csv`, that.
    """
    import pyarrow.parquet as pq

    if Path(path).suffix in _TEXT_FORMATS:
        with whole_file(path) as temporary, temporary.open("w", newline="") as file:
            rows = ExplanationTable(_TEXT_FORMATS[Path(path).suffix](file))
            yield rows
            rows.close()
        return

    metadata = {b"made_by": json.dumps(provenance, sort_keys=True).encode()}
    described = schema().with_metadata(metadata)
    with (
        whole_file(path) as temporary,
        pq.ParquetWriter(temporary, described, compression="zstd", compression_level=1) as writer,
    ):
        table = ExplanationTable(partial(writer.write_table, row_group_size=ROWS_A_GROUP))
        yield table
        table.close()


def gather_explanations(parts: Sequence[File], out: File) -> None:
    """Write one table from its shards, given in order; it equals the one built at once.

    Raises InputError when a part is missing, given twice, not a shard, or made with other settings.
    """
    files = [Path(part).resolve() for part in parts]
    for part, file in zip(parts, files, strict=True):
        if files.count(file) > 1:
            raise InputError("is given twice", file=part, cure="give each shard once")
    provenance = _provenance(parts[0])
    with explanation_table(out, provenance) as table:
        for part in parts:
            if _provenance(part) != provenance:
                raise InputError(f"was made otherwise than {parts[0]}", file=part, cure=_CURE)
            rows = read_parquet(part, columns=schema().names, cure=_CURE)
            if not rows.schema.equals(schema()):
                raise InputError("not a shard of an explanation table", file=part, cure=_CURE)
            table.add(rows.replace_schema_metadata(None))
        made_from = provenance["settings"]
        table.check(
            made_from["questions"][0],
            scene_graphs=made_from["scene_graphs"],
            regions=made_from["regions"],
        )


def _provenance(part: File) -> dict[str, Any]:
    if not Path(part).exists():
        raise InputError("no such file", file=part, cure=_CURE)
    provenance = parquet_provenance(part)
    settings = provenance.get("settings", {})
    if provenance.get("command") != COMMAND or not settings.keys() >= _MADE_FROM:
        raise InputError("not a shard of an explanation table", file=part, cure=_CURE)
    return provenance
