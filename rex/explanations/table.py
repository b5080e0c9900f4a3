"""The explanation table: one Parquet row a question, written in pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from typing import TYPE_CHECKING, Any

from rex.explanations.explanation import Explanation
from rex.files import whole_file

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_A_PIECE = 16384


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


class ExplanationRows:
    """Collects rows and writes them in pieces of fixed size, so that memory stays flat."""

    def __init__(self, writer: Any, mode: str) -> None:
        self._writer = writer
        self._mode = mode
        self._rows: list[tuple[str, str, str | None, Explanation]] = []

    def add(
        self, question_id: str, image_id: str, answer: str | None, explanation: Explanation
    ) -> None:
        """Add the next question's row."""
        self._rows.append((question_id, image_id, answer, explanation))
        if len(self._rows) == ROWS_A_PIECE:
            self.flush()

    def flush(self) -> None:
        """Write what has been collected."""
        import pyarrow as pa

        if not self._rows:
            return
        rows = self._rows
        explanations = [row[3] for row in rows]
        columns = {
            "question_id": [row[0] for row in rows],
            "image_id": [row[1] for row in rows],
            "mode": [self._mode] * len(rows),
            "answer": [row[2] for row in rows],
        }
        self._writer.write_table(
            pa.table(
                [
                    columns.get(field.name)
                    or [getattr(explanation, field.name) for explanation in explanations]
                    for field in schema()
                ],
                schema=schema(),
            )
        )
        self._rows = []


@contextmanager
def explanation_table(
    path: str | PathLike[str], mode: str, provenance: Mapping[str, Any]
) -> Iterator[ExplanationRows]:
    """Open an explanation table for writing; it appears at `path`, whole, when the block ends."""
    import pyarrow.parquet as pq

    metadata = {b"made_by": json.dumps(provenance, sort_keys=True).encode()}
    with (
        whole_file(path) as temporary,
        pq.ParquetWriter(temporary, schema().with_metadata(metadata), compression="zstd") as writer,
    ):
        rows = ExplanationRows(writer, mode)
        yield rows
        rows.flush()
