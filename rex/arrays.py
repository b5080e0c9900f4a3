"""Rows of different lengths in one flat array (ragged arrays)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ragged:
    """N rows: row i is `values[starts[i]:starts[i + 1]]`.

    14 million short rows fit in memory where lists of lists would not.
    """

    values: npt.NDArray[Any]
    """[total, ...] all rows, one after another."""
    starts: Integers
    """[N + 1] where each row begins, and where the last one ends."""

    @classmethod
    def of(cls, rows: Iterable[Sequence[Any]], dtype: npt.DTypeLike = np.int32) -> Ragged:
        """Gather rows of numbers."""
        values: list[Any] = []
        starts = [0]
        for row in rows:
            values.extend(row)
            starts.append(len(values))
        return cls(np.array(values, dtype=dtype), np.array(starts, dtype=np.int64))

    @classmethod
    def from_lengths(cls, values: npt.NDArray[Any], lengths: npt.ArrayLike) -> Ragged:
        """Return the flat `values` [total, ...] as rows of these lengths [N]."""
        return cls(values, starts_of(lengths))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def lengths(self) -> Integers:
        """[N] length of each row."""
        return np.diff(self.starts)

    def row(self, number: int) -> list[Any]:
        """Return one row as a list."""
        return self.values[self.starts[number] : self.starts[number + 1]].tolist()

    def take(self, rows: Integers) -> Ragged:
        """Return the rows `rows` [m], in that order."""
        lengths = self.lengths[rows]
        return Ragged.from_lengths(self.values[ranges(self.starts[rows], lengths)], lengths)

    def padded(self, rows: Integers, fill: int, *, least: int = 1) -> Integers:
        """Return these rows as [len(rows), longest, or `least`], short ones filled with `fill`."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        columns = np.arange(lengths.max(initial=least))
        inside = columns < lengths[:, None]
        padded = np.full(inside.shape, fill, dtype=np.int64)
        padded[inside] = self.values[(self.starts[rows][:, None] + columns)[inside]]
        return padded


def starts_of(lengths: npt.ArrayLike) -> Integers:
    """Return where rows of these lengths [N] begin, and where the last one ends: [N + 1]."""
    lengths = np.asarray(lengths, dtype=np.int64)
    starts = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts


def ranges(starts: Integers, lengths: Integers) -> Integers:
    """Return starts[0], starts[0] + 1, …, `lengths[0]` of them, then the same of the others."""
    before = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)
