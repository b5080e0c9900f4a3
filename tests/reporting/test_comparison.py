from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from rex.errors import InputError
from rex.evaluation.details import write_details
from rex.evaluation.measures import DECLARED
from rex.evaluation.scores import mean_sample
from rex.reporting.comparison import mark_best
from rex.reporting.layout import lay_out
from rex.reporting.results import Row
from rex.reporting.table_formats import to_html, to_latex, to_markdown
from rex.reporting.tables import table

from .made_metrics import read_rows, write_run

KEY = "val/accuracy"
IDS = [f"q{number}" for number in range(200)]


def run(folder: Path, right: float, *, ids: list[str] = IDS, **names: object) -> Path:
    """Write a run of which the first `right` of the questions are answered rightly."""
    values = np.arange(len(ids)) < right * len(ids)
    path = write_run(folder, {"accuracy": 100 * right}, **names)  # type: ignore[arg-type]
    samples = {"accuracy": mean_sample(range(len(ids)), values)}
    write_details(path.with_suffix(".parquet"), samples, ids, ids)
    return path


def best(rows: list[Row]) -> list[str]:
    marked = mark_best(table("answers", rows)).rows
    return [row.method for row in marked if KEY in row.cells and row.cells[KEY].best]


def two_seeds(folder: Path, right: float, *, ids: list[str] = IDS, **names: object) -> list[Path]:
    return [run(folder, right, ids=ids, seed=seed, **names) for seed in (0, 1)]


def test_a_clear_winner(tmp_path: Path) -> None:
    paths = [
        *two_seeds(tmp_path, 0.8),
        *two_seeds(tmp_path, 0.5, method="vqae"),
        run(tmp_path, 0.9, method="answer-prior", setting="reference"),
    ]
    rows = read_rows(paths)
    assert best(rows) == ["REX"]  # reference rows do not compete
    shown = mark_best(table("answers", rows))
    assert "**80.00 ± 0.00**" in to_markdown(lay_out(shown))
    assert r"\textbf{80.00" in to_latex(lay_out(shown))
    assert "<b>80.00 ± 0.00</b>" in to_html(lay_out(shown))
    assert "Bold: better" in to_markdown(lay_out(shown))


def test_the_lowest_wins_where_less_is_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    less = dataclasses.replace(DECLARED["accuracy"], lower_is_better=True)
    monkeypatch.setitem(DECLARED, "accuracy", less)
    paths = [*two_seeds(tmp_path, 0.8), *two_seeds(tmp_path, 0.5, method="vqae")]
    assert best(read_rows(paths)) == ["VQA-E"]


def test_a_hair_is_no_win(tmp_path: Path) -> None:
    rows = read_rows([*two_seeds(tmp_path, 0.505), *two_seeds(tmp_path, 0.5, method="vqae")])
    assert best(rows) == []
    assert "Bold" not in to_markdown(lay_out(table("answers", rows)))


@pytest.mark.parametrize(
    "spoilt", ["lonely", "no details", "other questions", "other mode", "one seed", "other way"]
)
def test_no_fair_comparison_no_mark(tmp_path: Path, spoilt: str) -> None:
    paths = two_seeds(tmp_path, 0.8)
    if spoilt == "no details":
        paths += two_seeds(tmp_path, 0.5, method="vqae")
        paths[-1].with_suffix(".parquet").unlink()
    elif spoilt == "other questions":
        paths += two_seeds(tmp_path, 0.5, ids=[f"p{n}" for n in range(200)], method="vqae")
    elif spoilt == "other mode":
        paths += two_seeds(tmp_path, 0.5, method="vqae", mode="compat")
    elif spoilt == "other way":
        paths += two_seeds(tmp_path, 0.5, method="vqae")
        for path in paths[2:]:
            path.write_text(path.read_text().replace("made|up", "made|otherwise"))
    elif spoilt == "one seed":
        paths.append(run(tmp_path, 0.5, method="vqae"))
    assert best(read_rows(paths)) == []


def test_rows_about_a_part_of_the_questions_do_not_compete(tmp_path: Path) -> None:
    paths = [*two_seeds(tmp_path, 0.8), *two_seeds(tmp_path, 0.5, method="vqae")]
    part = run(tmp_path, 0.9, ids=IDS[:50], method="theirs", setting="foreign")
    value = json.loads(part.read_text())
    part.write_text(json.dumps({**value, "n": 50, "asked": 200}))
    rows = read_rows([*paths, part])
    assert best(rows) == ["REX"]
    text = to_markdown(lay_out(table("answers", rows)))
    assert "| theirs | foreign | here, 50 of 200 questions of val | 90.00 |" in text
    assert "compared with others by no test" in text
    assert "by no test" not in to_markdown(lay_out(table("answers", read_rows(paths))))


def test_details_of_another_evaluation_are_refused(tmp_path: Path) -> None:
    paths = [*two_seeds(tmp_path, 0.8), *two_seeds(tmp_path, 0.5, method="vqae")]
    write_run(tmp_path, {"accuracy": 60.0}, method="vqae", seed=0)
    with pytest.raises(InputError, match=r"sums up to 50\.0+, the metrics beside it say 60"):
        best(read_rows(paths))


def test_seeds_are_taken_together(tmp_path: Path) -> None:
    paths = [
        run(tmp_path, 0.8),
        run(tmp_path, 0.82, seed=1),
        run(tmp_path, 0.5, method="vqae"),
        run(tmp_path, 0.52, method="vqae", seed=1),
    ]
    assert best(read_rows(paths)) == ["REX"]
    paths[1].with_suffix(".parquet").unlink()
    assert best(read_rows(paths)) == []
