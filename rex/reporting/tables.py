"""The paper's tables: explanations by method, answers by method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from rex.evaluation.measure import NO_ANSWERS, NO_EXPLANATIONS
from rex.files import write_text
from rex.reporting.results import Row
from rex.reporting.table_formats import FORMATS

_CIDER = "CIDEr: the caption library's value (0 to 10) times 100. All other numbers: percent."
_PUBLISHED = "Published numbers are of GQA, whatever data the rows above them are of."


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


EXPLANATION_COLUMNS = (
    Column("val/bleu4", "BLEU-4"),
    Column("val/meteor", "METEOR"),
    Column("val/rouge-l", "ROUGE-L"),
    Column("val/cider", "CIDEr"),
    Column("val/spice", "SPICE"),
    Column("val/grounding", "Grounding (IoU)"),
    Column("val/grounding/bounded", "Grounding (of best)"),
    Column("val/grounding/coverage", "Coverage"),
)

ANSWER_COLUMNS = (
    Column("val/accuracy", "val"),
    Column("testdev/accuracy", "testdev"),
    Column("val/accuracy/ood-all", "OOD val: all"),
    Column("val/accuracy/ood-head", "head"),
    Column("val/accuracy/ood-tail", "tail"),
    Column("testdev/accuracy/ood-all", "OOD testdev: all"),
    Column("testdev/accuracy/ood-head", "head"),
    Column("testdev/accuracy/ood-tail", "tail"),
)


def explanation_table(rows: Sequence[Row]) -> Table:
    """Return explanation quality and grounding on val, by method (the paper's table 2)."""
    return Table(
        name="explanations",
        title="Explanations and their grounding, on val",
        columns=EXPLANATION_COLUMNS,
        rows=_with_some(rows, EXPLANATION_COLUMNS, NO_EXPLANATIONS),
        notes=(
            _CIDER,
            "Grounding: IoU of the union of the explanation's regions with the union of the "
            "annotated objects; “of best”: divided by the best that the regions allow, clipped "
            "at 100, over the share of questions (coverage) where that is not 0.",
            f"{_PUBLISHED} Published grounding is the published code's own measure, which is not "
            "bounded and looks at one object alone.",
        ),
    )


def answer_table(rows: Sequence[Row]) -> Table:
    """Return the accuracy of answers on val, testdev and GQA-OOD, by method."""
    return Table(
        name="answers",
        title="Accuracy of answers",
        columns=ANSWER_COLUMNS,
        rows=_with_some(rows, ANSWER_COLUMNS, NO_ANSWERS),
        notes=(
            "All numbers: percent.",
            f"{_PUBLISHED} Their test numbers stand under testdev.",
        ),
    )


def write_tables(tables: Sequence[Table], folder: str | PathLike[str]) -> None:
    """Write each table as `<name>.csv`, `.md` and `.tex`."""
    for table in tables:
        for suffix, render in FORMATS.items():
            write_text(Path(folder) / f"{table.name}{suffix}", render(table))


def _with_some(rows: Sequence[Row], columns: Sequence[Column], mute: str) -> tuple[Row, ...]:
    """Return the rows that the table is about: not those that say nothing by nature (`mute`)."""

    def speaks(row: Row) -> bool:
        cells = [row.cells[column.key] for column in columns if column.key in row.cells]
        return any(cell.reason != mute for cell in cells)

    return tuple(row for row in rows if speaks(row))
