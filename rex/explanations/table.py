"""The explanation table: its columns, and writing it whole in pieces of one size."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from typing import TYPE_CHECKING, Any

from rex.files import whole_file

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

ROWS_A_GROUP = 16384
"""Rows of a row group; the same whatever pieces the rows come in, so that the bytes are too."""


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
        ]
    )


class ExplanationTable:
    """An explanation table being written."""

    def __init__(self, writer: pq.ParquetWriter) -> None:
        self._writer = writer
        self._pending: list[pa.Table] = []
        self._rows = 0

    def add(self, piece: pa.Table) -> None:
        """Add the next rows."""
        import pyarrow as pa

        self._pending.append(piece)
        self._rows += len(piece)
        if self._rows >= ROWS_A_GROUP:
            rows = pa.concat_tables(self._pending)
            while len(rows) >= ROWS_A_GROUP:
                self._write(rows.slice(0, ROWS_A_GROUP))
                rows = rows.slice(ROWS_A_GROUP)
            self._pending, self._rows = [rows], len(rows)

    def close(self) -> None:
        """Write what is left."""
        import pyarrow as pa

        if self._rows:
            self._write(pa.concat_tables(self._pending))

    def _write(self, rows: pa.Table) -> None:
        self._writer.write_table(rows.combine_chunks(), row_group_size=ROWS_A_GROUP)


@contextmanager
def explanation_table(
    path: str | PathLike[str], provenance: Mapping[str, Any]
) -> Iterator[ExplanationTable]:
    """Open an explanation table for writing; it appears at `path`, whole, when the block ends."""
    import pyarrow.parquet as pq

    metadata = {b"made_by": json.dumps(provenance, sort_keys=True).encode()}
    described = schema().with_metadata(metadata)
    with (
        whole_file(path) as temporary,
        pq.ParquetWriter(temporary, described, compression="zstd", compression_level=1) as writer,
    ):
        table = ExplanationTable(writer)
        yield table
        table.close()
