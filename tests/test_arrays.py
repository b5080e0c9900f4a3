from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rex.arrays import Ragged, ranges, starts_of

ROWS = st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=8)


@given(ROWS)
def test_rows_come_back(rows: list[list[int]]) -> None:
    ragged = Ragged.of(rows)
    assert len(ragged) == len(rows)
    assert ragged.lengths.tolist() == list(map(len, rows))
    assert [ragged.row(number) for number in range(len(rows))] == rows
    again = Ragged.from_lengths(ragged.values, ragged.lengths)
    assert np.array_equal(again.starts, ragged.starts)


@given(ROWS, st.data())
def test_padding_any_rows_keeps_their_values(rows: list[list[int]], data: st.DataObject) -> None:
    ragged = Ragged.of(rows)
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=5))
    padded = ragged.padded(np.array(chosen), fill=-1)
    assert padded.shape == (len(chosen), max(1, *(len(rows[row]) for row in chosen)))
    for line, row in zip(padded.tolist(), chosen, strict=True):
        assert line == rows[row] + [-1] * (len(line) - len(rows[row]))


@given(ROWS, st.data())
def test_take_gives_the_rows_in_that_order(rows: list[list[int]], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=5))
    taken = Ragged.of(rows).take(np.array(chosen, dtype=np.int64))
    assert [taken.row(number) for number in range(len(taken))] == [rows[row] for row in chosen]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5)), max_size=6))
def test_ranges(pairs: list[tuple[int, int]]) -> None:
    starts = np.array([start for start, _ in pairs], dtype=np.int64)
    lengths = np.array([length for _, length in pairs], dtype=np.int64)
    naive = [start + step for start, length in pairs for step in range(length)]
    assert ranges(starts, lengths).tolist() == naive
    assert starts_of(lengths).tolist() == [sum(lengths[:n]) for n in range(len(pairs) + 1)]
