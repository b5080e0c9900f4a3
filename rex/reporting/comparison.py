"""Which method is best, where a paired test says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rex.evaluation.details import SUMMARIES, sums_of_same_images
from rex.evaluation.measures import DECLARED
from rex.evaluation.significance import Term, contrast
from rex.reporting.layout import Table
from rex.reporting.results import Row

P_VALUE = 0.05
"""A method is best when it beats each other one with a smaller p."""


def mark_best(table: Table) -> Table:
    """Return the table with the best cell of each column marked.

    Only our own methods compete, and only within one mode: reference rows don't, nor do those about
    a part of the questions. A cell is best
    when a paired test over images and seeds says of every competitor that it is worse; where a
    competitor has a single seed, was measured differently, or what each question adds is not at
    hand (`rex evaluate --details`), nothing is marked. Raises InputError for details of another
    evaluation.
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
            best = _best([marked[place] for place in places], key)
            if best is not None:
                row = marked[places[best]]
                cell = replace(row.cells[key], best=True)
                marked[places[best]] = replace(row, cells={**row.cells, key: cell})
    return replace(table, rows=tuple(marked))


def _best(rows: Sequence[Row], key: str) -> int | None:
    """Return the position of the row that beats all others, if there is one."""
    split, _, measure = key.partition("/")
    if len(rows) < 2 or measure not in SUMMARIES:
        return None
    if any(row.cells[key].seeds < 2 for row in rows):
        return None
    if len({row.cells[key].signature for row in rows}) > 1:
        return None
    read = [[run.read_details(measure) for run in row.runs[split]] for row in rows]
    found = [[one for one in some if one is not None] for some in read]
    questions = {tuple(one.asked) for some in found for one in some}
    if list(map(len, found)) != list(map(len, read)) or len(questions) != 1:
        return None
    order = np.argmin if DECLARED[measure].lower_is_better else np.argmax
    first = int(order([row.value(key) or 0.0 for row in rows]))
    sums = sums_of_same_images(found)
    for place, theirs in enumerate(sums):
        if place != first:
            terms = (Term(1, sums[first]), Term(-1, theirs))
            tested = contrast(terms, SUMMARIES[measure])
            if tested is None or tested.p >= P_VALUE:
                return None
    return first
