"""A layout as CSV (one line a number), Markdown, LaTeX and HTML."""

from __future__ import annotations

import csv
import io
import re
import textwrap
from collections.abc import Callable, Sequence

from rex.files import no_formula, no_markup
from rex.reporting.layout import CellText, TableLayout
from rex.reporting.pages import html_page


def to_csv(layout: TableLayout) -> str:
    """Return the table with one line for each number, to be read by programs."""
    text = io.StringIO()
    writer = csv.DictWriter(text, layout.fields, lineterminator="\n")
    writer.writeheader()
    for record in layout.records:
        writer.writerow({name: no_formula(value) for name, value in record.items()})
    return text.getvalue()


def to_markdown(layout: TableLayout) -> str:
    """Return the table as GitHub's Markdown, with footnotes."""
    lines = [f"### {layout.title}", "", _line(layout.headers)]
    lines.append(_line([":--"] * layout.text_columns + ["--:"] * layout.numbers))
    for title, rows in layout.groups:
        lines.append(_line([f"*{no_markup(title)}*"] + [""] * (len(layout.headers) - 1)))
        for row in rows:
            lines.append(_line([_markdown_cell(cell) for cell in row]))
    lines.append("")
    for mark, note in layout.notes:
        lines.append(f"- {f'<sup>{mark}</sup> ' if mark else ''}{no_markup(note)}")
    return "\n".join(lines) + "\n"


def to_latex(layout: TableLayout) -> str:
    """Return the table as a LaTeX `table*`, no wider than the page."""
    width = len(layout.headers)
    lines = [
        "% needs \\usepackage{booktabs,graphicx}; made by rex tables",
        "\\begin{table*}",
        "  \\centering\\small\\setlength{\\tabcolsep}{3pt}",
        f"  \\caption{{{_latex(layout.title)}}}",
        f"  \\label{{tab:{layout.name}}}",
        # made smaller where it is wider than the text, and only there
        "  \\resizebox{\\ifdim\\width>\\textwidth\\textwidth\\else\\width\\fi}{!}{%",
        f"  \\begin{{tabular}}{{{'l' * layout.text_columns}{'r' * layout.numbers}}}",
        "    \\toprule",
        "    " + _latex_line([_latex_header(header) for header in layout.headers]),
    ]
    for title, rows in layout.groups:
        lines += [
            "    \\midrule",
            f"    \\multicolumn{{{width}}}{{l}}{{\\emph{{{_latex(title)}}}}} \\\\",
        ]
        lines += ["    " + _latex_line([_latex_cell(cell) for cell in row]) for row in rows]
    lines += ["    \\bottomrule", "  \\end{tabular}}", "  \\par\\raggedright\\footnotesize"]
    for mark, note in layout.notes:
        sign = f"\\textsuperscript{{{_latex(mark)}}} " if mark else ""
        lines.append(f"  {sign}{_latex(note)}\\par")
    lines.append("\\end{table*}")
    return "\n".join(lines) + "\n"


def to_html(layout: TableLayout) -> str:
    """Return the table as a page of its own."""
    shown = html_page("rex.reporting", "table.html", layout=layout, first=layout.text_columns + 1)
    return shown + "\n"


FORMATS: dict[str, Callable[[TableLayout], str]] = {
    ".csv": to_csv,
    ".md": to_markdown,
    ".tex": to_latex,
    ".html": to_html,
}
"""File suffix → how a table is written."""


def _markdown_cell(cell: CellText) -> str:
    text = f"**{no_markup(cell.text)}**" if cell.bold else no_markup(cell.text)
    return f"{text}<sup>{cell.mark}</sup>" if cell.mark else text


def _latex_line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + " \\\\"


def _latex_header(text: str) -> str:
    """Return a header with a line for each word, so that columns are as narrow as numbers."""
    # a number stays with what it counts
    words = [_latex(word) for word in text.replace(" = ", "=").split()]
    return _latex_stack(words, "")


def _latex_cell(cell: CellText) -> str:
    lines = textwrap.wrap(cell.text, _LATEX_CELL, break_long_words=False, break_on_hyphens=False)
    text = _latex_stack([_latex(line) for line in lines], "[l]")
    text = re.sub(r" (\$\\pm\$) ([0-9.]+)", r"{\\scriptsize \1\2}", text)
    text = f"\\textbf{{{text}}}" if cell.bold else text
    return f"{text}\\textsuperscript{{{_latex(cell.mark)}}}" if cell.mark else text


def _latex_stack(lines: Sequence[str], place: str) -> str:
    inside = "\\\\".join(lines)
    return f"\\shortstack{place}{{{inside}}}" if len(lines) > 1 else inside


_LATEX_CELL = 26
"""Letters in a line of a cell of words."""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": "$<$", ">": "$>$", "|": r"\textbar{}",
    "[": "{[}",  # at the start of a row it would be an option of the row before
    "–": "--", "−": "$-$", "±": r"$\pm$", "†": r"\textdagger{}", "“": "``", "”": "''",
}  # fmt: skip


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)
