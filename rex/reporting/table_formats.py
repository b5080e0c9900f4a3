"""A table as CSV (one line a number), Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rex.reporting.results import Cell, Row
    from rex.reporting.tables import Table

NOTHING = "–"
UNVERIFIED = "†"
_NOT_GIVEN = "not published"
_NOT_MEASURED = "not measured on this split"

CSV_FIELDS = (
    "method", "setting", "mode", "source", "verified", "split", "measure", "value", "std",
    "seeds", "n", "unit", "reason", "signature",
)  # fmt: skip


@dataclass
class _Footnotes:
    """Reasons in the order in which they are first needed, marked a, b, c, …"""

    reasons: list[str]

    def mark(self, reason: str) -> str:
        if reason not in self.reasons:
            self.reasons.append(reason)
        place = self.reasons.index(reason)
        return chr(ord("a") + place % 26) * (place // 26 + 1)


@dataclass(frozen=True)
class _Layout:
    """What Markdown and LaTeX share: cells as (text, mark), rows in groups, notes."""

    headers: list[str]
    groups: list[tuple[str, list[list[tuple[str, str]]]]]
    notes: list[tuple[str, str]]


def to_csv(table: Table) -> str:
    """Return the table with one line for each number, to be read by programs."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_FIELDS, lineterminator="\n")
    writer.writeheader()
    for row in table.rows:
        for column in table.columns:
            cell = row.cells.get(column.key)
            split, _, measure = column.key.partition("/")
            writer.writerow(
                {
                    "method": row.method,
                    "setting": row.setting,
                    "mode": row.mode,
                    "source": row.source,
                    "verified": "yes" if row.verified else "no",
                    "split": split,
                    "measure": measure,
                    **_csv_values(row, cell),
                }
            )
    return text.getvalue()


def to_markdown(table: Table) -> str:
    """Return the table as GitHub's Markdown, with footnotes."""
    layout = _lay_out(table)
    lines = [f"### {table.title}", "", _line(layout.headers)]
    lines.append(_line([":--"] * _TEXT_COLUMNS + ["--:"] * len(table.columns)))
    for title, rows in layout.groups:
        lines.append(_line([f"*{_markdown(title)}*"] + [""] * (len(layout.headers) - 1)))
        for row in rows:
            lines.append(
                _line(
                    [_markdown(text) + (f"<sup>{mark}</sup>" if mark else "") for text, mark in row]
                )
            )
    lines.append("")
    for mark, note in layout.notes:
        lines.append(f"- {f'<sup>{mark}</sup> ' if mark else ''}{_markdown(note)}")
    return "\n".join(lines) + "\n"


def to_latex(table: Table) -> str:
    """Return the table as a LaTeX `table` (needs the package booktabs)."""
    layout = _lay_out(table)
    width = len(layout.headers)
    lines = [
        "% needs \\usepackage{booktabs}; made by rex tables",
        "\\begin{table}",
        "  \\centering\\small\\setlength{\\tabcolsep}{3pt}",
        f"  \\caption{{{_latex(table.title)}}}",
        f"  \\label{{tab:{table.name}}}",
        f"  \\begin{{tabular}}{{{'l' * _TEXT_COLUMNS}{'r' * len(table.columns)}}}",
        "    \\toprule",
        "    " + " & ".join(_latex(header) for header in layout.headers) + " \\\\",
    ]
    for title, rows in layout.groups:
        lines += [
            "    \\midrule",
            f"    \\multicolumn{{{width}}}{{l}}{{\\emph{{{_latex(title)}}}}} \\\\",
        ]
        for row in rows:
            cells = [
                _latex(text) + (f"\\textsuperscript{{{_latex(mark)}}}" if mark else "")
                for text, mark in row
            ]
            lines.append("    " + " & ".join(cells) + " \\\\")
    lines += ["    \\bottomrule", "  \\end{tabular}", ""]
    for mark, note in layout.notes:
        sign = f"\\textsuperscript{{{_latex(mark)}}} " if mark else ""
        lines.append(f"  \\par\\footnotesize {sign}{_latex(note)}")
    lines.append("\\end{table}")
    return "\n".join(lines) + "\n"


FORMATS: dict[str, Callable[[Table], str]] = {
    ".csv": to_csv,
    ".md": to_markdown,
    ".tex": to_latex,
}
"""File suffix → how a table is written."""

_TEXT_COLUMNS = 3


def _lay_out(table: Table) -> _Layout:
    footnotes = _Footnotes([])
    ours = [_texts(row, table, footnotes) for row in table.rows if not row.published]
    theirs = [_texts(row, table, footnotes) for row in table.rows if row.published]
    modes = sorted({row.mode for row in table.rows if not row.published})
    groups = [
        (f"measured here (mode: {', '.join(modes)})", ours),
        ("published", theirs),
    ]
    notes = [("", note) for note in table.notes]
    if any(row.published and not row.verified for row in table.rows):
        notes.append((UNVERIFIED, "not verified: not read in a primary source"))
    notes += [(footnotes.mark(reason), reason) for reason in footnotes.reasons]
    return _Layout(
        headers=["Method", "Setting", "Source", *(column.header for column in table.columns)],
        groups=[group for group in groups if group[1]],
        notes=notes,
    )


def _texts(row: Row, table: Table, footnotes: _Footnotes) -> list[tuple[str, str]]:
    source = row.source if row.published else _runs(row)
    found = [(row.method, ""), (row.setting, ""), (source, "" if row.verified else UNVERIFIED)]
    for column in table.columns:
        cell = row.cells.get(column.key)
        if cell is not None and cell.value is not None:
            found.append((_number(cell.value, cell.std), ""))
        else:
            # what a paper does not give needs no footnote
            reason = "" if row.published else footnotes.mark(_reason(row, cell))
            found.append((NOTHING, reason))
    return found


def _runs(row: Row) -> str:
    seeds = max((cell.seeds for cell in row.cells.values()), default=0)
    return f"here, {seeds} seed{'s' if seeds != 1 else ''}"


def _reason(row: Row, cell: Cell | None) -> str:
    if cell is None:
        return _NOT_GIVEN if row.published else _NOT_MEASURED
    return cell.reason or _NOT_MEASURED


def _number(value: float, std: float | None) -> str:
    return f"{value:.2f}" if std is None else f"{value:.2f} ± {std:.2f}"


def _csv_values(row: Row, cell: Cell | None) -> dict[str, str]:
    if cell is None:
        return {"reason": _reason(row, cell)}
    return {
        "value": "" if cell.value is None else f"{cell.value:.4f}",
        "std": "" if cell.std is None else f"{cell.std:.4f}",
        "seeds": str(cell.seeds) if cell.seeds else "",
        "n": "" if cell.n is None else str(cell.n),
        "unit": cell.unit,
        "reason": cell.reason or "",
        "signature": cell.signature,
    }


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown(text: str) -> str:
    for sign in ("\\", "|", "*", "_", "`", "<", ">"):
        text = text.replace(sign, f"\\{sign}")
    return text


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "–": "--", "±": r"$\pm$", "†": r"\textdagger{}", "“": "``", "”": "''",
}  # fmt: skip


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)
