from __future__ import annotations

import csv
import dataclasses
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rex.cli import main
from rex.errors import InputError
from rex.evaluation.case import NO_EXPLANATIONS
from rex.evaluation.measures import DECLARED
from rex.reporting.cost_table import cost_table
from rex.reporting.layout import lay_out
from rex.reporting.results import published_rows
from rex.reporting.table_formats import to_csv, to_html, to_latex, to_markdown
from rex.reporting.tables import result_tables, table

from .made_metrics import read_rows, write_run, write_runs

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


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("answers", "All numbers: percent."),
        ("by-type", "All numbers: percent."),
        ("explanations", "CIDEr: library value x 100. All other numbers: percent."),
        (
            "settings",
            "CIDEr: library value x 100; Parameters (M): million. All other numbers: percent.",
        ),
    ],
)
def test_a_note_says_the_units_that_are_declared(tmp_path: Path, name: str, said: str) -> None:
    assert table(name, read_rows(write_runs(tmp_path))).notes[0] == said


def test_parts_of_a_score_have_its_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = dataclasses.replace(DECLARED["truth"], unit="tokens")
    monkeypatch.setitem(DECLARED, "truth", tokens)
    said = table("by-type", []).notes[0]
    assert said.startswith("Truth: query: tokens; ")
    assert said.endswith(": tokens. All other numbers: percent.")


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
    text = to_markdown(lay_out(table("explanations", rows)))
    assert "| REX | multi-task (compat) |" in text
    assert "| REX | multi-task (fixed) |" in text


def test_seeds_that_were_measured_differently_leave_no_mean(tmp_path: Path) -> None:
    paths = [write_run(tmp_path, {"validity": value}, seed=int(value)) for value in (0.0, 1.0)]
    paths[1].write_text(paths[1].read_text().replace("made|up", "choices:derived"))
    (row,) = read_rows(paths)
    assert row.cells["val/validity"].value is None
    assert "choices:derived and made|up" in (row.cells["val/validity"].reason or "")


def test_a_number_of_fewer_seeds_than_its_row_says_so(tmp_path: Path) -> None:
    paths = [
        write_run(tmp_path, {"accuracy": 60.0}),
        write_run(tmp_path, {"accuracy": 62.0}, seed=1),
        write_run(tmp_path, {"accuracy": 50.0}, split="testdev"),
    ]
    text = to_markdown(lay_out(table("answers", read_rows(paths))))
    assert "here, 2 seeds | 61.00 ± 1.41 | 50.00<sup>a</sup>" in text
    assert "- <sup>a</sup> 1 seed only" in text


def test_published_numbers_stand_beside_ours_where_these_are_scored_alike(tmp_path: Path) -> None:
    fixed = write_run(tmp_path, {"bleu4": 30.0})
    names = [each.name for each in result_tables([*read_rows([fixed]), *published_rows()])]
    assert not {"as-published", "attributes-as-published"} & {*names}
    both = write_run(tmp_path, {"bleu4": 30.0, "compat/bleu4": 35.0, "compat/grounding": 90.0})
    tables = result_tables([*read_rows([both]), *published_rows()])
    (shown,) = (each for each in tables if each.name == "as-published")
    text = to_markdown(lay_out(shown))
    assert re.search(r"\| REX \| .* \| 35\.00 \| .* \| 90\.00 \|", text)
    assert re.search(r"\| REX \(VisualBERT\) \| .* \| 54\.59 \| .* \| 67\.95 \|", text)


def test_attribute_words_by_the_rules_of_both_published_codes(tmp_path: Path) -> None:
    scores = {"bleu4": 30.0, "attributes/color": 60.0, "attributes-anywhere/color": 65.0}
    path = write_run(tmp_path, {f"compat/{name}": value for name, value in scores.items()})
    found = {each.name: each for each in result_tables(read_rows([path]))}
    layout = lay_out(found["attributes-as-published"])
    (((*_, rex, _, _, _, _, _, _, _, vcin, _, _, _, _, _, _, _),),) = (
        rows for _, rows in layout.groups
    )
    assert (layout.headers[3], rex.text) == ("REX's rule: Color", "60.00")
    assert (layout.headers[11], vcin.text) == ("VCIN's rule: Color", "65.00")


def test_text_from_files_is_no_markup(tmp_path: Path) -> None:
    odd = write_run(tmp_path, {"accuracy": 50.0}, method="[x](javascript:1)\n| a &lt; b")
    layout = lay_out(table("answers", read_rows([odd])))
    (line,) = (line for line in to_markdown(layout).splitlines() if "javascript" in line)
    assert line.startswith(r"| \[x\](javascript:1) \| a \&lt; b | multi-task |")
    assert "{[}x]" in to_latex(layout)


def test_the_same_run_twice_is_refused(tmp_path: Path) -> None:
    paths = [write_run(tmp_path / part, {"accuracy": 1.0}) for part in ("a", "b")]
    with pytest.raises(InputError, match="same run and split"):
        read_rows(paths)


def test_published_numbers() -> None:
    rows = {row.method: row for row in published_rows()}
    assert rows["REX (VisualBERT)"].cells["val/cider"].value == 464.20
    # those of lists of benchmarks were not read in a paper, either
    assert not any(row.verified for row in rows.values())
    assert all(row.source and row.published for row in rows.values())


def test_markdown(tmp_path: Path) -> None:
    rows = [*read_rows(write_runs(tmp_path)), *published_rows()]
    text = to_markdown(lay_out(table("explanations", rows)))
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
    shown = table("answers", read_rows(write_runs(tmp_path)))
    assert [row.method for row in shown.rows] == ["Backbone", "REX"]


def test_explanations_leave_out_what_writes_none(tmp_path: Path) -> None:
    missing = {"bleu4": NO_EXPLANATIONS, "program": "not computed: no programs"}
    paths = [
        write_run(tmp_path, {"bleu4": 30.0}),
        write_run(tmp_path, {}, setting="answer-only", method="backbone", missing=missing),
        write_run(tmp_path, {}, method="vqae", missing={"bleu4": "not computed: lost"}),
    ]
    shown = table("explanations", read_rows(paths))
    assert [row.method for row in shown.rows] == ["VQA-E", "REX"]


def test_answers_of_a_foreign_model_are_shown_normalised_where_that_differs(
    tmp_path: Path,
) -> None:
    def headers(folder: Path, setting: str, normalised: float) -> list[str]:
        scores = {"accuracy": 20.0, "accuracy/normalised": normalised}
        paths = [*write_runs(folder), write_run(folder, scores, setting=setting, method="theirs")]
        layout = lay_out(table("answers", read_rows(paths)))
        return [*layout.headers[3:6], layout.notes[3][1][:10]]

    exact = ["val", "testdev", "OOD val: all"]
    assert headers(tmp_path / "a", "foreign", 20.0)[:3] == exact
    assert headers(tmp_path / "b", "multi-task", 60.0)[:3] == exact
    shown = headers(tmp_path / "c", "foreign", 60.0)
    assert shown == ["val", "testdev", "val (normalised)", "Normalised"]


def test_latex_is_well_formed(tmp_path: Path) -> None:
    odd = write_run(tmp_path, {"accuracy": 50.0}, method="a_b & 100% {#1}")
    text = to_latex(lay_out(table("answers", [*read_rows([odd]), *published_rows()])))
    assert r"a\_b \& 100\% \{\#1\}" in text
    assert text.count("{") == text.count("}")
    assert all(
        text.count(f"\\begin{{{name}}}") == text.count(f"\\end{{{name}}}") == 1
        for name in ("table*", "tabular")
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
    shown = table("explanations", read_rows(write_runs(tmp_path)))
    lines = list(csv.DictReader(to_csv(lay_out(shown)).splitlines()))
    assert len(lines) == len(shown.rows) * len(shown.columns)
    found = {(line["method"], line["measure"]): line for line in lines}
    assert found["REX", "bleu4"]["value"] == "50.5000"
    assert found["REX", "bleu4"]["std"] == "0.7071"
    assert found["REX", "bleu4"]["seeds"] == "2"
    assert found["REX", "spice"]["value"] == ""
    assert found["REX", "spice"]["reason"]


def test_html_is_escaped_and_whole(tmp_path: Path) -> None:
    odd = write_run(tmp_path, {"accuracy": 50.0}, method="<script>alert(1)</script>")
    text = to_html(lay_out(table("answers", [*read_rows([odd]), *published_rows()])))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert text.count("<tr") == text.count("</tr>") == 1 + 2 + 7
    assert "://" not in text


def test_attribute_columns_say_how_many_questions(tmp_path: Path) -> None:
    path = write_run(tmp_path, {"attributes/color": 90.0, "attributes/relation": 80.0})
    shown = table("attributes", read_rows([path]))
    headers = [column.header for column in shown.columns]
    assert headers[0] == "Color (n = 100)"
    assert headers[-1] == "Relation (n = 100)"
    assert "Pose" in headers


def test_what_follows_is_shown_by_type_of_question(tmp_path: Path) -> None:
    scores = {f"{name}/structural/query": 90.0 for name in ("agreement", "entails", "truth")}
    other = {"agreement/structural/compare": "no question of this kind"}
    mute = dict.fromkeys(scores, NO_EXPLANATIONS)
    paths = [
        write_run(tmp_path, scores, missing=other),
        write_run(tmp_path, {}, setting="answer-only", method="backbone", missing=mute),
    ]
    text = to_markdown(lay_out(table("by-type", read_rows(paths))))
    assert "| Agreement: query | verify | choose | logical | compare | Entails: query |" in text
    row = r"\| REX \| multi-task \| here, 1 seed \| 90\.00 \| .* \| –<sup>b</sup> \| 90"
    assert re.search(row, text)
    assert "<sup>b</sup> no question of this kind" in text
    assert "Backbone" not in text


def test_a_part_of_a_score_is_lacking_for_the_reason_of_the_whole(tmp_path: Path) -> None:
    scores = {"entails": 60.0, "entails/structural/query": 60.0}
    path = write_run(tmp_path, scores, missing={"agreement": "no answers to agree with"})
    laid = lay_out(table("by-type", read_rows([path])))
    reasons = {record["measure"]: record["reason"] for record in laid.records}
    assert reasons["agreement/structural/query"] == "no answers to agree with"
    assert reasons["entails/structural/query"] == ""
    assert reasons["entails/structural/verify"] == "not measured on this split"


def write_cost(folder: Path, name: str, *lines: str) -> Path:
    """Write a benchmark file of Snakemake: a header and one line a repetition."""
    path = folder / f"{name}.tsv"
    path.write_text("\n".join(["\t".join(COST_FIELDS), *("\t".join(x.split()) for x in lines), ""]))
    return path


def test_cost_of_jobs(tmp_path: Path) -> None:
    repeated = write_cost(
        tmp_path, "world", "12.5 0:00:12 350 1 1 1 1 1 99 11", "13.5 0:00:13 450 1 1 1 1 1 99 12"
    )
    seeds = [
        write_cost(tmp_path, f"predict_multi-task_rex_seed{seed}_val", line)
        for seed, line in ((0, "10 0 100 1 1 1 1 1 1 20"), (11, "20 0 300 1 1 1 1 1 1 40"))
    ]
    shards = [
        write_cost(tmp_path, f"explain_val_{shard}-of-2", line)
        for shard, line in ((1, "3 0 70 1 1 1 1 1 1 2"), (2, "4 0 50 1 1 1 1 1 1 3"))
    ]
    short = write_cost(tmp_path, "short", "0.1 0:00:00 " + "NA " * 8)
    layout = cost_table([repeated, *seeds, *shards, short])
    found = {(r["job"], r["measure"]): (r["value"], r["std"], r["runs"]) for r in layout.records}
    assert found["world", "seconds"] == ("13.0000", "", "1")
    assert found["world", "cpu"] == ("11.5000", "", "1")
    assert found["world", "memory"] == ("400.0000", "", "1")
    # a job in shards takes their time together, and the memory of the largest
    assert found["explain_val", "seconds"] == ("7.0000", "", "1")
    assert found["explain_val", "memory"] == ("70.0000", "", "1")
    assert found["predict_multi-task_rex_val", "seconds"] == ("15.0000", "7.0711", "2")
    assert "| predict\\_multi-task\\_rex\\_val | 2 | 15.00 ± 7.07 |" in to_markdown(layout)
    # in the order of the stations; 13 + 7 + 30 + 0.1 seconds in all
    stations = [[cell.text for cell in row] for row in layout.groups[0][1]]
    assert stations == [
        ["world", "1", "13.00", "11.50", "400.00", "26 %"],
        ["explain", "1", "7.00", "5.00", "70.00", "14 %"],
        ["predict", "2", "30.00", "60.00", "300.00", "60 %"],
        ["other", "1", "0.10", "0.00", "0.00", "0 %"],
    ]
    assert [r["reason"] for r in layout.records if r["job"] == "short"] == [
        "", "too short to be measured", "too short to be measured",
    ]  # fmt: skip


def test_what_is_no_benchmark_file(tmp_path: Path) -> None:
    path = tmp_path / "train_rex.tsv"
    path.write_text("method,setting\nrex,multi-task\n")
    with pytest.raises(InputError, match="not a Snakemake benchmark file"):
        cost_table([path])
    with pytest.raises(InputError, match="no such file"):
        cost_table([tmp_path / "missing.tsv"])


def test_tables_by_method_show_its_main_setting(tmp_path: Path) -> None:
    paths = [
        write_run(tmp_path, {"accuracy": 50.0, "bleu4": 40.0}, setting=setting)
        for setting in ("multi-task", "explanation-only", "transfer-1", "other")
    ]
    paths.append(write_run(tmp_path, {"bleu4": 30.0}, setting="explanation-only", method="exp"))
    tables = {each.name: each for each in result_tables(read_rows(paths))}
    shown = [(row.method, row.setting) for row in tables["explanations"].rows]
    assert shown == [("EXP", "explanation-only"), ("REX", "multi-task"), ("REX", "other")]
    assert len(tables["settings"].rows) == 5


def test_beside_transfer_stands_the_prior_of_as_few_questions(tmp_path: Path) -> None:
    scores = {"accuracy": 50.0}
    paths = [
        write_run(tmp_path, scores, setting="transfer-1"),
        write_run(tmp_path, scores, setting="reference", method="answer-prior"),
        write_run(tmp_path, scores, setting="reference", method="answer-prior-1"),
    ]
    tables = {each.name: each for each in result_tables(read_rows(paths))}
    methods = {row.method for row in tables["settings"].rows}
    assert methods == {"REX", "Answer prior (1 % of the questions)"}


def test_the_command_writes_the_same_bytes_twice(tmp_path: Path) -> None:
    paths = [str(path) for path in write_runs(tmp_path / "runs")]
    contents = []
    for folder in ("a", "b"):
        assert main(["tables", "--metrics", *paths, "--out", str(tmp_path / folder)]) == 0
        files = sorted((tmp_path / folder).iterdir())
        assert [file.name for file in files] == [
            f"{name}.{suffix}"
            for name in (
                "answers", "attributes", "by-type", "claims", "explanations", "gqa", "settings",
            )
            for suffix in ("csv", "html", "md", "tex")
        ]  # fmt: skip
        contents.append([file.read_bytes() for file in files])
        paths.reverse()  # the order of the files does not matter
    assert contents[0] == contents[1]


LATEX = shutil.which("pdflatex")
PAPER = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{booktabs,graphicx}
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
        write_run(tmp_path, {"accuracy": 1.0, "compat/bleu4": 2.0}, method="[p < q | r]"),
    ]
    tables = tmp_path / "tables"
    assert main(["tables", "--metrics", *map(str, paths), "--out", str(tables)]) == 0
    files = sorted(tables.glob("*.tex"))
    assert len(files) == 9
    paper = tmp_path / "paper.tex"
    inputs = [f"\\input{{tables/{file.stem}}}\\clearpage" for file in files]
    paper.write_text(PAPER % "\n".join(inputs))

    ended = subprocess.run(
        [LATEX or "", "-interaction=nonstopmode", "-halt-on-error", paper.name],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout[-2000:]
    assert "Output written on paper.pdf (9 pages" in " ".join(ended.stdout.split())
    # nothing sticks out of the page
    assert "Overfull" not in ended.stdout


def test_a_text_is_not_a_formula_in_csv(tmp_path: Path) -> None:
    layout = lay_out(table("explanations", read_rows(write_runs(tmp_path))))
    field = layout.fields[0]
    texts = ["=1+1", "+1", "-2.5", "@SUM(A1)", "-cmd", "REX"]
    changed = dataclasses.replace(layout, records=[{field: text} for text in texts])
    lines = [line[field] for line in csv.DictReader(to_csv(changed).splitlines())]
    assert lines == ["'=1+1", "+1", "-2.5", "'@SUM(A1)", "'-cmd", "REX"]
