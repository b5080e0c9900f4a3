"""A table as CSV (one line a number), Markdown, LaTeX and HTML."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rex.reporting.results import Cell, Row
    from rex.reporting.tables import Table

NOTHING = "–"
UNVERIFIED = "†"
JOB = "job"
"""The setting of rows that are jobs of the workflow, not methods."""
_BOLD = (
    "Bold: better than each other method measured here, reference rows aside (paired bootstrap "
    "over questions and seeds, p < 0.05)."
)
_NOT_GIVEN = "not published"
_NOT_MEASURED = "not measured on this split"

CSV_FIELDS = (
    "method", "setting", "mode", "source", "verified", "split", "measure", "value", "std",
    "low", "high", "seeds", "n", "best", "unit", "reason", "signature",
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


class _Text(NamedTuple):
    """A cell as it is read: with the mark of a footnote, or in bold."""

    text: str
    mark: str = ""
    bold: bool = False


@dataclass(frozen=True)
class _Layout:
    """What the readable formats share: cells, rows in groups, notes with their marks."""

    headers: list[str]
    groups: list[tuple[str, list[list[_Text]]]]
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
            lines.append(_line([_markdown_cell(cell) for cell in row]))
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
            lines.append("    " + " & ".join(map(_latex_cell, row)) + " \\\\")
    lines += ["    \\bottomrule", "  \\end{tabular}", ""]
    for mark, note in layout.notes:
        sign = f"\\textsuperscript{{{_latex(mark)}}} " if mark else ""
        lines.append(f"  \\par\\footnotesize {sign}{_latex(note)}")
    lines.append("\\end{table}")
    return "\n".join(lines) + "\n"


def to_html(table: Table) -> str:
    """Return the table as a page of its own."""
    layout = _lay_out(table)
    width = len(layout.headers)
    head = "".join(f"<th scope=col>{escape(header)}</th>" for header in layout.headers)
    lines = []
    for title, rows in layout.groups:
        lines.append(f"<tr class=group><th colspan={width}>{escape(title)}</th></tr>")
        for row in rows:
            cells = "".join(f"<td>{_html_cell(cell)}</td>" for cell in row)
            lines.append(f"<tr>{cells}</tr>")
    notes = "\n".join(
        f"<li>{f'<sup>{escape(mark)}</sup> ' if mark else ''}{escape(note)}</li>"
        for mark, note in layout.notes
    )
    return _PAGE.format(
        title=escape(table.title),
        first=_TEXT_COLUMNS + 1,
        head=head,
        body="\n".join(lines),
        notes=notes,
    )


FORMATS: dict[str, Callable[[Table], str]] = {
    ".csv": to_csv,
    ".md": to_markdown,
    ".tex": to_latex,
    ".html": to_html,
}
"""File suffix → how a table is written."""

_TEXT_COLUMNS = 3

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 1rem; }}
div {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
caption {{ font-weight: 600; text-align: left; padding-bottom: .5rem; }}
th, td {{ padding: .25rem .6rem; text-align: left; white-space: nowrap; }}
th:nth-child(n+{first}), td:nth-child(n+{first}) {{ text-align: right; }}
thead, tbody {{ border-block: 1.5px solid; }}
.group th {{ font-weight: 400; font-style: italic; border-top: 1px solid; }}
ul {{ list-style: none; padding: 0; font-size: .85rem; max-width: 60rem; }}
</style>
</head>
<body>
<div><table>
<caption>{title}</caption>
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table></div>
<ul>
{notes}
</ul>
</body>
</html>
"""


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
    shown = [row.cells.get(column.key) for row in table.rows for column in table.columns]
    if any(cell is not None and cell.best for cell in shown):
        notes.append(("", _BOLD))
    if any(row.published and not row.verified for row in table.rows):
        notes.append((UNVERIFIED, "not verified: not read in a primary source"))
    notes += [(footnotes.mark(reason), reason) for reason in footnotes.reasons]
    return _Layout(
        headers=["Method", "Setting", "Source", *(column.header for column in table.columns)],
        groups=[group for group in groups if group[1]],
        notes=notes,
    )


def _texts(row: Row, table: Table, footnotes: _Footnotes) -> list[_Text]:
    source = row.source if row.published else _runs(row)
    mark = "" if row.verified else UNVERIFIED
    found = [_Text(row.method), _Text(row.setting), _Text(source, mark)]
    for column in table.columns:
        cell = row.cells.get(column.key)
        if cell is not None and cell.value is not None:
            found.append(_Text(_number(cell.value, cell.std), bold=cell.best))
        else:
            # what a paper does not give needs no footnote
            reason = "" if row.published else footnotes.mark(_reason(row, cell))
            found.append(_Text(NOTHING, reason))
    return found


def _runs(row: Row) -> str:
    if row.setting == JOB:
        return row.source
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
        "low": "" if cell.interval is None else f"{cell.interval[0]:.4f}",
        "high": "" if cell.interval is None else f"{cell.interval[1]:.4f}",
        "seeds": str(cell.seeds) if cell.seeds else "",
        "n": "" if cell.n is None else str(cell.n),
        "best": "yes" if cell.best else "",
        "unit": cell.unit,
        "reason": cell.reason or "",
        "signature": cell.signature,
    }


def _markdown_cell(cell: _Text) -> str:
    text = f"**{_markdown(cell.text)}**" if cell.bold else _markdown(cell.text)
    return f"{text}<sup>{cell.mark}</sup>" if cell.mark else text


def _latex_cell(cell: _Text) -> str:
    text = f"\\textbf{{{_latex(cell.text)}}}" if cell.bold else _latex(cell.text)
    return f"{text}\\textsuperscript{{{_latex(cell.mark)}}}" if cell.mark else text


def _html_cell(cell: _Text) -> str:
    text = f"<b>{escape(cell.text)}</b>" if cell.bold else escape(cell.text)
    return f"{text}<sup>{escape(cell.mark)}</sup>" if cell.mark else text


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
