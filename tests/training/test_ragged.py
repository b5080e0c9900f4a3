from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rex.training.ragged import Ragged

ROWS = st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=8)


@given(ROWS, st.data())
def test_padding_any_rows_keeps_their_values(rows: list[list[int]], data: st.DataObject) -> None:
    ragged = Ragged.of(rows)
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=5))
    padded = ragged.padded(np.array(chosen), fill=-1)
    assert len(ragged) == len(rows)
    assert ragged.lengths.tolist() == list(map(len, rows))
    assert padded.shape == (len(chosen), max(1, *(len(rows[row]) for row in chosen)))
    for line, row in zip(padded.tolist(), chosen, strict=True):
        assert [value for value in line if value != -1] == rows[row] == ragged.row(row)
        assert line == rows[row] + [-1] * (len(line) - len(rows[row]))
