"""Which method is best, where a paired test says so."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rex.evaluation.details import SUMMARIES, Details, check_details, read_details
from rex.evaluation.resampling import paired_test
from rex.reporting.layout import Table
from rex.reporting.results import Row

P_VALUE = 0.05
"""A method is best when it beats each other one with a smaller p."""


def mark_best(table: Table, *, draws: int, seed: int) -> Table:
    """Return the table with the best cell of each column marked.

    Only our own methods compete, and only within one mode: reference rows don't, nor do those about
    a part of the questions. A cell is best
    when a paired test over images and seeds says of every competitor that it is worse; where a
    competitor has a single seed, or what each question adds is not at hand (`rex evaluate
    --details`), nothing is marked. Raises InputError for details of another evaluation.
    """
    marked = list(table.rows)
    competing = [
        place
        for place, row in enumerate(table.rows)
        if not row.published and not row.covered and row.setting != "reference"
    ]
    for column in table.columns:
        key = column.key
        for mode in sorted({marked[place].mode for place in competing}):
            places = [
                place
                for place in competing
                if marked[place].mode == mode and marked[place].value(key) is not None
            ]
            best = _best([marked[place] for place in places], key, draws, seed)
            if best is not None:
                row = marked[places[best]]
                cell = replace(row.cells[key], best=True)
                marked[places[best]] = replace(row, cells={**row.cells, key: cell})
    return replace(table, rows=tuple(marked))


def _best(rows: Sequence[Row], key: str, draws: int, seed: int) -> int | None:
    """Return the position of the row that beats all others, if there is one."""
    split, _, measure = key.partition("/")
    if len(rows) < 2 or measure not in SUMMARIES or draws == 0:
        return None
    if not all(row.details.get(split) for row in rows):
        return None
    if any(row.cells[key].seeds < 2 for row in rows):
        return None
    runs = [_statistics(row, key) for row in rows]
    questions = {tuple(run.question_ids) for some in runs for run in some}
    if not all(runs) or len(questions) != 1:
        return None
    values = [row.value(key) or 0.0 for row in rows]
    first = int(np.argmax(values))
    ours = [run.by_image() for run in runs[first]]
    for place, some in enumerate(runs):
        if place == first:
            continue
        theirs = [run.by_image() for run in some]
        p = paired_test(ours, theirs, SUMMARIES[measure], draws=draws, seed=seed)
        if p >= P_VALUE:
            return None
    return first


def _statistics(row: Row, key: str) -> list[Details]:
    """Return what each question adds to a cell, a seed each; nothing where a seed does not say."""
    split, _, measure = key.partition("/")
    paths = row.details[split]
    read = [read_details(path, measure) for path in paths]
    known = [one for one in read if one is not None and one.question_ids]
    if len(known) < len(paths):
        return []
    sums = [float(SUMMARIES[measure](one.statistics.sum(axis=0))) for one in known]
    check_details(statistics.fmean(sums), row.cells[key].value, paths[0])
    return known
