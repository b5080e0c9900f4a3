"""How a table is laid out, whatever format it is written in: headers, cells, footnotes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rex.reporting.results import Row

NOTHING = "–"
UNVERIFIED = "†"
_BOLD = (
    "Bold: better than each other method measured here, reference rows aside (paired test over "
    "images and seeds, p < 0.05)."
)
_PARTLY = "Rows about a part of the questions are compared with others by no test."
_ONE_SEED = "A number of one seed is never bold: another seed might give another order."
NOT_VERIFIED = "not verified: not read in a primary source"
_NOT_GIVEN = "not published"
_NOT_MEASURED = "not measured on this split"

CSV_FIELDS = (
    "method", "setting", "mode", "source", "verified", "split", "measure", "value", "std",
    "low", "high", "seeds", "n", "best", "unit", "reason", "signature",
)  # fmt: skip


class CellText(NamedTuple):
    """A cell as it is read: with the mark of a footnote, or in bold."""

    text: str
    mark: str = ""
    bold: bool = False


@dataclass(frozen=True, kw_only=True)
class TableLayout:
    """What the formats are made of: cells, rows in groups, notes with their marks.

    The first `text_columns` columns hold words, the others numbers. `records` are the lines of the
    CSV file: the same, one number a line, for programs.
    """

    name: str
    title: str
    text_columns: int
    headers: Sequence[str]
    groups: Sequence[tuple[str, Sequence[Sequence[CellText]]]]
    notes: Sequence[tuple[str, str]]
    fields: Sequence[str]
    """Of the records."""
    records: Sequence[Mapping[str, str]]

    @property
    def numbers(self) -> int:
        """How many columns hold numbers."""
        return len(self.headers) - self.text_columns


class Footnotes:
    """Reasons in the order in which they are first needed, marked a, b, c, …"""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def mark(self, reason: str) -> str:
        """Return the mark of a reason."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        place = self.reasons.index(reason)
        return chr(ord("a") + place % 26) * (place // 26 + 1)

    def notes(self) -> list[tuple[str, str]]:
        """Return the reasons with their marks."""
        return [(self.mark(reason), reason) for reason in self.reasons]


@dataclass(frozen=True)
class Column:
    """A column: the cell `<split>/<score name>` of each row, under a header."""

    key: str
    header: str


@dataclass(frozen=True)
class Table:
    """A table, ready to be written in any format."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def lay_out(table: Table) -> TableLayout:
    """Return the table's layout."""
    footnotes = Footnotes()
    modes = sorted({row.mode for row in table.rows if not row.published})
    named = len(modes) > 1
    ours = [_texts(row, table, footnotes, named) for row in table.rows if not row.published]
    theirs = [_texts(row, table, footnotes, False) for row in table.rows if row.published]
    groups = [
        (f"measured here (mode: {', '.join(modes)})", ours),
        ("published", theirs),
    ]
    notes = [("", note) for note in table.notes]
    keys = [column.key for column in table.columns]
    competing = [row for row in table.rows if row.setting != "reference"]
    shown = [row.cell(key) for row in competing for key in keys]
    if any(cell.best for cell in shown):
        notes.append(("", _BOLD))
    if any(row.covered for row in table.rows):
        notes.append(("", _PARTLY))
    if any(cell.seeds == 1 for cell in shown):
        notes.append(("", _ONE_SEED))
    if any(row.published and not row.verified for row in table.rows):
        notes.append((UNVERIFIED, NOT_VERIFIED))
    return TableLayout(
        name=table.name,
        title=table.title,
        text_columns=3,
        headers=["Method", "Setting", "Source", *(column.header for column in table.columns)],
        groups=[group for group in groups if group[1]],
        notes=notes + footnotes.notes(),
        fields=CSV_FIELDS,
        records=[_record(row, column) for row in table.rows for column in table.columns],
    )


def _texts(row: Row, table: Table, footnotes: Footnotes, named: bool) -> list[CellText]:
    """Return the row as it is read; its mode is `named` where rows have different ones."""
    seeds = max((cell.seeds for cell in row.cells.values()), default=0)
    source = row.source if row.published else f"here, {row.covered or _seeds(seeds)}"
    mark = "" if row.verified else UNVERIFIED
    setting = f"{row.setting} ({row.mode})" if named else row.setting
    found = [CellText(row.method), CellText(setting), CellText(source, mark)]
    for column in table.columns:
        cell = row.cell(column.key)
        if cell.value is not None:
            few = "" if cell.seeds == seeds else footnotes.mark(f"{_seeds(cell.seeds)} only")
            found.append(CellText(number(cell.value, cell.std), few, bold=cell.best))
        else:
            # what a paper does not give needs no footnote
            reason = "" if row.published else footnotes.mark(_reason(row, column.key))
            found.append(CellText(NOTHING, reason))
    return found


def _seeds(number: int) -> str:
    return f"{number} seed{'s' if number != 1 else ''}"


def _reason(row: Row, key: str) -> str:
    """Return why a row lacks a score: a part of a score is lacking for the reason of the whole."""
    known = (row.cell(name).reason for name in wholes(key))
    return next(filter(None, known), _NOT_GIVEN if row.published else _NOT_MEASURED)


def wholes(key: str) -> Iterator[str]:
    """Yield the key of a score, and of those that it is a part of, the largest last."""
    parts = key.split("/")
    for length in range(len(parts), 1, -1):
        yield "/".join(parts[:length])


def number(value: float, std: float | None, *, sign: str = "-") -> str:
    """Return a mean over seeds as it is read, with its deviation where there is one.

    `sign`: whether a plus is written (`+`) or not (`-`).
    """
    text = f"{value:{sign}.2f}"
    return text if std is None else f"{text} ± {std:.2f}"


def _record(row: Row, column: Column) -> dict[str, str]:
    cell = row.cell(column.key)
    split, _, measure = column.key.partition("/")
    low, high = cell.interval or (None, None)
    return {
        "method": row.method,
        "setting": row.setting,
        "mode": row.mode,
        "source": row.source,
        "verified": "yes" if row.verified else "no",
        "split": split,
        "measure": measure,
        "value": decimals(cell.value),
        "std": decimals(cell.std),
        "low": decimals(low),
        "high": decimals(high),
        "seeds": str(cell.seeds) if cell.seeds else "",
        "n": "" if cell.n is None else str(cell.n),
        "best": "yes" if cell.best else "",
        "unit": cell.unit,
        "reason": _reason(row, column.key) if cell.value is None else "",
        "signature": cell.signature,
    }


def decimals(value: float | None) -> str:
    """Return a number for programs; nothing where there is none."""
    return "" if value is None else f"{value:.4f}"
