"""Putting the shards of an explanation table together again."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from rex.errors import InputError
from rex.explanations.building import COMMAND
from rex.explanations.table import explanation_table, schema
from rex.explanations.tally import Tally
from rex.files import parquet_provenance, read_parquet

File = str | PathLike[str]

_CURE = "build all shards with the same version, inputs and settings: rex explain build --shard"


def gather_explanations(parts: Sequence[File], out: File) -> None:
    """Write one table from its shards, given in order; it equals the one built at once.

    Raises InputError when a shard is missing, no explanation table, or made with other settings.
    """
    tally = Tally()
    provenance = _provenance(parts[0])
    with explanation_table(out, provenance) as table:
        for part in parts:
            if _provenance(part) != provenance:
                raise InputError(f"was made otherwise than {parts[0]}", file=part, cure=_CURE)
            rows = read_parquet(part, columns=schema().names, cure=_CURE)
            tally.add(rows)
            table.add(rows.replace_schema_metadata(None))
        made_from = provenance["settings"]
        tally.check(
            made_from["questions"][0],
            scene_graphs=made_from["scene_graphs"],
            regions=made_from["regions"],
        )


def _provenance(part: File) -> dict[str, Any]:
    if not Path(part).exists():
        raise InputError("no such file", file=part, cure=_CURE)
    found = parquet_provenance(part)
    if found.get("command") != COMMAND:
        raise InputError("is no shard of an explanation table", file=part, cure=_CURE)
    return found
