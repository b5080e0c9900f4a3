"""Counting what an explanation table holds: files of different splits show themselves there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING

from rex.errors import InputError
from rex.explanations.drafts import OK
from rex.programs.errors import Reason

if TYPE_CHECKING:
    import pyarrow as pa

File = str | PathLike[str]


@dataclass
class Tally:
    """Counts the rows of an explanation table."""

    statuses: Counter[str] = field(default_factory=Counter)
    """Rows by status."""
    grounded: int = 0
    """Rows whose image has regions."""

    def add(self, rows: pa.Table) -> None:
        """Count rows of a table."""
        self.statuses.update(rows.column("status").to_pylist())
        text = rows.column("text")
        self.grounded += len(text) - text.null_count

    def check(self, questions: File, *, scene_graphs: File, regions: File | None) -> None:
        """Raise InputError when no question has a scene graph, or a region: files of other splits.

        `regions` is None where there were none to be had.
        """
        total = self.statuses.total()
        if total and self.statuses[Reason.NO_SCENE_GRAPH.value] == total:
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
