from __future__ import annotations

import csv
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rex.cli import main
from rex.errors import InputError
from rex.reporting.layout import lay_out
from rex.reporting.results import published_rows, read_rows
from rex.reporting.table_formats import to_csv, to_html, to_latex, to_markdown
from rex.reporting.tables import answer_table, attribute_table, cost_table, explanation_table

from .made_metrics import write_run, write_runs

COST_FIELDS = (
    "s", "h:m:s", "max_rss", "max_vms", "max_uss", "max_pss", "io_in", "io_out", "mean_load",
    "cpu_time",
)  # fmt: skip


def test_rows_are_means_over_seeds(tmp_path: Path) -> None:
    rows = read_rows(write_runs(tmp_path))
    assert [(row.setting, row.method) for row in rows] == [
        ("reference", "Random regions (true words)"),
        ("answer-only", "Backbone"),
        ("multi-task", "REX"),
    ]
    cell = rows[2].cells["val/accuracy"]
    assert (cell.value, cell.seeds) == (61.0, 2)
    assert cell.std == pytest.approx(2**0.5)
    assert rows[1].cells["val/accuracy"].std is None  # one seed has no deviation


def test_a_seed_without_a_number_leaves_no_mean(tmp_path: Path) -> None:
    paths = [
        write_run(tmp_path, {"meteor": 30.0}),
        write_run(tmp_path, {}, seed=1, missing={"meteor": "not computed: needs Java"}),
    ]
    (row,) = read_rows(paths)
    assert row.cells["val/meteor"].value is None
    assert row.cells["val/meteor"].reason == "not computed: needs Java"


def test_modes_are_not_mixed(tmp_path: Path) -> None:
    paths = [
        write_run(tmp_path / "a", {"bleu4": 30.0}),
        write_run(tmp_path / "b", {"bleu4": 40.0}, mode="compat", seed=1),
    ]
    rows = read_rows(paths)
    assert [(row.mode, row.cells["val/bleu4"].value) for row in rows] == [
        ("compat", 40.0),
        ("fixed", 30.0),
    ]


def test_the_same_run_twice_is_refused(tmp_path: Path) -> None:
    paths = [write_run(tmp_path / part, {"accuracy": 1.0}) for part in ("a", "b")]
    with pytest.raises(InputError, match="same run and split"):
        read_rows(paths)


def test_published_numbers() -> None:
    rows = {row.method: row for row in published_rows()}
    assert rows["REX (VisualBERT)"].cells["val/cider"].value == 464.20
    assert not rows["REX (VisualBERT)"].verified
    assert rows["VCIN (LXMERT, ICCV 2023)"].verified
    assert all(row.source and row.published for row in rows.values())


def test_markdown(tmp_path: Path) -> None:
    rows = [*read_rows(write_runs(tmp_path)), *published_rows()]
    text = to_markdown(lay_out(explanation_table(rows)))
    assert "| REX | multi-task | here, 2 seeds | 50.50 ± 0.71 |" in text
    assert "Backbone" not in text  # it never explains
    assert "measured here (mode: fixed)" in text
    assert "REX paper<sup>†</sup>" in text
    assert "- <sup>†</sup> not verified" in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("|")}
    assert len(widths) == 1
    # METEOR was not measured: a dash whose footnote says why
    mark = re.search(r"50\.50 ± 0\.71 \| –<sup>(\w)</sup>", text)
    assert mark is not None
    assert f"- <sup>{mark[1]}</sup> not measured on this split" in text


def test_answers_leave_out_what_never_answers(tmp_path: Path) -> None:
    table = answer_table(read_rows(write_runs(tmp_path)))
    assert [row.method for row in table.rows] == ["Backbone", "REX"]


def test_latex_is_well_formed(tmp_path: Path) -> None:
    odd = write_run(tmp_path, {"accuracy": 50.0}, method="a_b & 100% {#1}")
    text = to_latex(lay_out(answer_table([*read_rows([odd]), *published_rows()])))
    assert r"a\_b \& 100\% \{\#1\}" in text
    assert text.count("{") == text.count("}")
    assert all(
        text.count(f"\\begin{{{name}}}") == text.count(f"\\end{{{name}}}") == 1
        for name in ("table", "tabular")
    )
    assert all(f"\\{rule}" in text for rule in ("toprule", "midrule", "bottomrule"))
    columns = re.search(r"begin\{tabular\}\{(\w+)\}", text)
    assert columns is not None
    body = text[text.index("\\toprule") : text.index("\\bottomrule")]
    lines = [line for line in body.splitlines() if line.endswith("\\\\")]
    cells = {len(re.findall(r"(?<!\\)&", line)) + 1 for line in lines if "multicolumn" not in line}
    assert cells == {len(columns[1])}
    assert text.isascii() or not set("±–†“”") & set(text)


def test_csv_has_a_line_for_each_number(tmp_path: Path) -> None:
    table = explanation_table(read_rows(write_runs(tmp_path)))
    lines = list(csv.DictReader(to_csv(lay_out(table)).splitlines()))
    assert len(lines) == len(table.rows) * len(table.columns)
    found = {(line["method"], line["measure"]): line for line in lines}
    assert found["REX", "bleu4"]["value"] == "50.5000"
    assert found["REX", "bleu4"]["std"] == "0.7071"
    assert found["REX", "bleu4"]["seeds"] == "2"
    assert found["REX", "spice"]["value"] == ""
    assert found["REX", "spice"]["reason"]


def test_html_is_escaped_and_whole(tmp_path: Path) -> None:
    odd = write_run(tmp_path, {"accuracy": 50.0}, method="<script>alert(1)</script>")
    text = to_html(lay_out(answer_table([*read_rows([odd]), *published_rows()])))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert text.count("<tr") == text.count("</tr>") == 1 + 2 + 7
    assert "://" not in text


def test_attribute_columns_say_how_many_questions(tmp_path: Path) -> None:
    path = write_run(tmp_path, {"attributes/color": 90.0, "attributes/relation": 80.0})
    table = attribute_table(read_rows([path]))
    headers = [column.header for column in table.columns]
    assert headers[0] == "Color (n = 100)"
    assert headers[-1] == "Relation (n = 100)"
    assert "Pose" in headers


def test_cost_of_jobs(tmp_path: Path) -> None:
    names = [
        "s",
        "h:m:s",
        "max_rss",
        "max_vms",
        "max_uss",
        "max_pss",
        "io_in",
        "io_out",
        "mean_load",
        "cpu_time",
    ]
    lines = ["12.5 0:00:12 350 1 1 1 1 1 99 11", "13.5 0:00:13 450 1 1 1 1 1 99 12"]
    path = tmp_path / "train_rex.tsv"
    path.write_text("\n".join("\t".join(part) for part in [names, *map(str.split, lines)]) + "\n")
    (row,) = cost_table([path]).rows
    assert [row.cells[f"cost/{name}"].value for name in ("seconds", "cpu", "memory")] == [
        13.0, 11.5, 400.0,
    ]  # fmt: skip
    assert "| train\\_rex | job | here | 13.00 |" in to_markdown(lay_out(cost_table([path])))
    short = tmp_path / "short.tsv"
    short.write_text("\t".join(names) + "\n0.1\t0:00:00" + "\tNA" * 8 + "\n")
    assert cost_table([short]).rows[0].cells["cost/memory"].reason == "too short to be measured"
    path.write_text("method,setting\nrex,multi-task\n")
    with pytest.raises(InputError, match="no benchmark file"):
        cost_table([path])


def test_the_command_writes_the_same_bytes_twice(tmp_path: Path) -> None:
    paths = [str(path) for path in write_runs(tmp_path / "runs")]
    contents = []
    for folder in ("a", "b"):
        assert main(["tables", "--metrics", *paths, "--out", str(tmp_path / folder)]) == 0
        files = sorted((tmp_path / folder).iterdir())
        assert [file.name for file in files] == [
            f"{name}.{suffix}"
            for name in ("answers", "attributes", "claims", "explanations", "gqa", "settings")
            for suffix in ("csv", "html", "md", "tex")
        ]
        contents.append([file.read_bytes() for file in files])
        paths.reverse()  # the order of the files does not matter
    assert contents[0] == contents[1]


LATEX = shutil.which("pdflatex")
PAPER = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{booktabs}
\begin{document}
%s
\end{document}
"""


@pytest.mark.slow
@pytest.mark.skipif(LATEX is None, reason="needs pdflatex with booktabs")
def test_latex_compiles(tmp_path: Path) -> None:
    paths = [
        *write_runs(tmp_path / "runs"),
        write_run(tmp_path, {"accuracy": 1.0}, method="a_b&%$"),
    ]
    tables = tmp_path / "tables"
    assert main(["tables", "--metrics", *map(str, paths), "--out", str(tables)]) == 0
    files = sorted(tables.glob("*.tex"))
    assert len(files) == 6
    paper = tmp_path / "paper.tex"
    paper.write_text(
        PAPER % "\n".join(f"\\input{{tables/{file.stem}}}\\clearpage" for file in files)
    )
    ended = subprocess.run(
        [LATEX or "", "-interaction=nonstopmode", "-halt-on-error", paper.name],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout[-2000:]
    assert "Output written on paper.pdf (6 pages" in " ".join(ended.stdout.split())
    # nothing sticks out of the page
    assert "Overfull" not in ended.stdout
