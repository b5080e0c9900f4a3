"""The table of a predictions file: its columns and what each holds (docs/data.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("question_id", "answer", "probability", "explanation", "regions", "gates")
"""Of every table; one of a run that writes programs has `program`, too."""


def prediction_table(**columns: Any) -> pa.Table:
    """Return values, by the names of their columns [n each], as a table of predictions."""
    import pyarrow as pa

    types = {
        **dict.fromkeys(("question_id", "answer", "explanation", "program"), pa.string()),
        "probability": pa.float32(),
        "regions": pa.list_(pa.int32()),
        "gates": pa.list_(pa.float32()),
    }
    return pa.table({name: pa.array(column, types[name]) for name, column in columns.items()})
