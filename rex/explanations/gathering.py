"""Putting the shards of an explanation table together again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from rex.errors import InputError
from rex.explanations.building import check_statuses
from rex.explanations.table import explanation_table, schema
from rex.files import parquet_provenance, read_parquet

File = str | PathLike[str]

_CURE = "build all shards with the same version, inputs and settings: rex explain build --shard"


def gather_explanations(parts: Sequence[File], out: File) -> None:
    """Write one table from its shards, given in order; it equals the one built at once.

    Raises InputError when a shard is missing, no explanation table, or made with other settings.
    """
    statuses: Counter[str] = Counter()
    provenance = _provenance(parts[0])
    with explanation_table(out, provenance) as table:
        for part in parts:
            if _provenance(part) != provenance:
                raise InputError(f"was made otherwise than {parts[0]}", file=part, cure=_CURE)
            rows = read_parquet(part, columns=schema().names, cure=_CURE)
            statuses.update(rows.column("status").to_pylist())
            table.add(rows.replace_schema_metadata(None))
        check_statuses(statuses, None, [Path(part) for part in parts])


def _provenance(part: File) -> dict[str, object]:
    if not Path(part).exists():
        raise InputError("no such file", file=part, cure=_CURE)
    return parquet_provenance(part)
