"""Which method is best, where a paired test says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rex.evaluation.details import SUMMARIES, read_details
from rex.evaluation.resampling import paired_test
from rex.evaluation.scores import Floats
from rex.reporting.layout import Table
from rex.reporting.results import Row

P_VALUE = 0.05
"""A method is best when it beats each other one with a smaller p."""


def mark_best_of(table: Table, *, draws: int, seed: int) -> Table:
    """Return the table with the best cell of each column marked: its own rows compete."""
    keys = [column.key for column in table.columns]
    return replace(table, rows=tuple(mark_best(table.rows, keys, draws=draws, seed=seed)))


def mark_best(rows: Sequence[Row], keys: Sequence[str], *, draws: int, seed: int) -> list[Row]:
    """Return the rows with their best cells (`<split>/<score name>` in `keys`) marked.

    Only our own methods compete, reference rows don't, and only within one mode. A cell is best
    when a paired test over questions and seeds says of every competitor that it is worse; where
    what each question adds is not at hand (`rex evaluate --details`) nothing is marked.
    """
    marked = list(rows)
    competing = [
        place for place, row in enumerate(rows) if not row.published and row.setting != "reference"
    ]
    for key in keys:
        for mode in sorted({rows[place].mode for place in competing}):
            places = [
                place
                for place in competing
                if rows[place].mode == mode and _value(rows[place], key) is not None
            ]
            best = _best([rows[place] for place in places], key, draws, seed)
            if best is not None:
                row = marked[places[best]]
                cell = replace(row.cells[key], best=True)
                marked[places[best]] = replace(row, cells={**row.cells, key: cell})
    return marked


def _best(rows: Sequence[Row], key: str, draws: int, seed: int) -> int | None:
    """Return the position of the row that beats all others, if there is one."""
    split, _, measure = key.partition("/")
    if len(rows) < 2 or measure not in SUMMARIES or draws == 0:
        return None
    if not all(row.details.get(split) for row in rows):
        return None
    values = [_value(row, key) or 0.0 for row in rows]
    first = int(np.argmax(values))
    for place, row in enumerate(rows):
        if place == first:
            continue
        runs = _aligned(rows[first].details[split], row.details[split], measure)
        if runs is None:
            return None
        p = paired_test(*runs, SUMMARIES[measure], draws=draws, seed=seed)
        if p >= P_VALUE:
            return None
    return first


def _aligned(
    first: Sequence[Path], second: Sequence[Path], measure: str
) -> tuple[list[Floats], list[Floats]] | None:
    """Return the statistics of both methods' runs, if all are of the same questions."""
    runs = [[read_details(path, measure) for path in paths] for paths in (first, second)]
    known = [[run for run in side if run is not None and run.question_ids] for side in runs]
    if [len(side) for side in known] != [len(side) for side in runs]:
        return None
    questions = known[0][0].question_ids
    if any(run.question_ids != questions for side in known for run in side):
        return None
    ours, theirs = ([run.statistics for run in side] for side in known)
    return ours, theirs


def _value(row: Row, key: str) -> float | None:
    cell = row.cells.get(key)
    return None if cell is None else cell.value
