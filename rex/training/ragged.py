"""Rows of different lengths in one flat array."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ragged:
    """Rows of small integers: 14 million questions fit where lists of lists would not."""

    values: npt.NDArray[np.int32]
    """All rows, one after another."""
    starts: Integers
    """[N + 1] where each row begins, and where the last one ends."""

    @classmethod
    def of(cls, rows: Iterable[Sequence[int]]) -> Ragged:
        """Gather rows."""
        values: list[int] = []
        starts = [0]
        for row in rows:
            values.extend(row)
            starts.append(len(values))
        return cls(np.array(values, dtype=np.int32), np.array(starts, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Integers:
        """[N] length of each row."""
        return np.diff(self.starts)

    def row(self, number: int) -> list[int]:
        """Return one row."""
        row: list[int] = self.values[self.starts[number] : self.starts[number + 1]].tolist()
        return row

    def padded(self, rows: Integers, fill: int, *, least: int = 1) -> Integers:
        """Return these rows as [len(rows), longest, or `least`], short ones filled with `fill`."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        columns = np.arange(lengths.max(initial=least))
        inside = columns < lengths[:, None]
        padded = np.full(inside.shape, fill, dtype=np.int64)
        padded[inside] = self.values[(self.starts[rows][:, None] + columns)[inside]]
        return padded
