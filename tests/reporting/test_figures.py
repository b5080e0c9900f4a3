from __future__ import annotations

import json
import math
import warnings
from pathlib import Path

import pytest
from PIL import Image

from rex.cli import main
from rex.reporting.figures import accuracy_by_type, attribute_recall, read_run

from .made_metrics import read_rows, write_run, write_runs

NAMES = ["accuracy-and-grounding", "accuracy-by-type", "attribute-recall", "training-curves"]


def folders(tmp_path: Path) -> list[str]:
    found = sorted({path.parent.parent for path in write_runs(tmp_path)})
    for folder in found:
        if "reference" in folder.parts:
            continue
        records = [
            {"epoch": epoch, "train/loss": 3.0 / epoch, "heldout/accuracy": 0.2 * epoch}
            for epoch in (1, 2, 3)
        ]
        (folder / "log.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    return [str(folder) for folder in found]


def test_figures_are_the_same_bytes_twice(tmp_path: Path) -> None:
    runs = folders(tmp_path / "runs")
    contents = []
    for name in ("a", "b"):
        assert main(["figures", "--runs", *runs, "--out", str(tmp_path / name)]) == 0
        files = sorted((tmp_path / name).iterdir())
        assert [file.name for file in files] == [f"{n}.{s}" for n in NAMES for s in ("png", "svg")]
        contents.append([file.read_bytes() for file in files])
    assert contents[0] == contents[1]


def test_what_a_figure_says(tmp_path: Path) -> None:
    main(["figures", "--runs", *folders(tmp_path / "runs"), "--out", str(tmp_path)])
    with Image.open(tmp_path / "training-curves.png") as image:
        assert image.width > 800
        assert "Software" not in image.info
    text = (tmp_path / "training-curves.svg").read_text()
    assert "loss (nats)" in text
    assert "<dc:date>" not in text


def test_a_run_without_metrics_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["figures", "--runs", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "evaluate the run first" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_broken_log_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = folders(tmp_path / "runs")
    (Path(runs[0]) / "log.jsonl").write_text('{"epoch": 1,\n')
    assert main(["figures", "--runs", *runs, "--out", str(tmp_path / "out")]) == 2
    assert "not JSON lines" in capsys.readouterr().err


def test_labels(tmp_path: Path) -> None:
    labels = [read_run(folder).label for folder in folders(tmp_path)]
    assert labels == [
        "Backbone, answer-only",
        "REX, multi-task",
        "REX, multi-task",
        "Random regions (true words)",
    ]


def test_a_label_names_an_unusual_mode(tmp_path: Path) -> None:
    path = write_run(tmp_path, {"accuracy": 50.0}, mode="compat")
    assert read_run(path.parent.parent).label == "REX, multi-task (compat)"


def test_a_row_looks_the_same_in_all_figures_and_what_is_not_known_has_no_bar(
    tmp_path: Path,
) -> None:
    known = {"accuracy": 50.0, "attributes/color": 40.0}
    rows = read_rows(
        [
            write_run(tmp_path, known | {"accuracy/structural/query": 20.0}),
            write_run(tmp_path, {"accuracy": 40.0}, setting="answer-only", method="backbone"),
        ]
    )
    figures = [accuracy_by_type(rows), attribute_recall(rows)]
    by_type, recall = (figure.axes[0].patches for figure in figures)
    (bar,) = (patch for patch in recall if patch.get_height() == 40.0)  # type: ignore[attr-defined]
    (same,) = (patch for patch in by_type if patch.get_height() == 20.0)  # type: ignore[attr-defined]
    assert bar.get_facecolor() == same.get_facecolor()
    heights = [patch.get_height() for patch in by_type]  # type: ignore[attr-defined]
    assert sum(not math.isnan(height) for height in heights) == 1


def test_a_legend_of_many_rows_leaves_the_axes_their_room(tmp_path: Path) -> None:
    known = {"accuracy": 50.0, "accuracy/structural/query": 20.0}
    heights = []
    for count in (12, 60):
        folder = tmp_path / str(count)
        paths = [write_run(folder, known, method=f"model{place}") for place in range(count)]
        figure = accuracy_by_type(read_rows(paths))
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # "axes sizes collapsed to zero"
            figure.draw_without_rendering()
        bottom = min(axes.get_tightbbox().y0 for axes in figure.axes)  # type: ignore[union-attr]
        assert figure.legends[0].get_window_extent().y1 <= bottom
        heights.append(figure.axes[0].get_window_extent().height)
    assert heights[1] > 0.9 * heights[0]


def test_figures_of_what_not_every_experiment_has(tmp_path: Path) -> None:
    scores = {"accuracy": 50.0, "attributes/color": 80.0}
    paths = [
        write_run(tmp_path / "runs", scores, setting=setting)
        for setting in ("multi-task", "transfer-1", "transfer-1-scratch")
    ]
    runs = [str(path.parent.parent) for path in paths]
    assert main(["figures", "--runs", *runs, "--out", str(tmp_path / "out")]) == 0
    names = {file.stem for file in (tmp_path / "out").iterdir()}
    assert names == {*NAMES, "transfer", "transfer-training-curves"}
    text = (tmp_path / "out/transfer.svg").read_text()
    assert "REX, explanations first" in text
    assert "REX, from scratch" in text
    # transfer settings crowd no other figure
    assert "transfer" not in (tmp_path / "out/attribute-recall.svg").read_text()


def test_curves_are_means_over_seeds(tmp_path: Path) -> None:
    from rex.reporting.figures import training_curves

    paths = [write_run(tmp_path, {"accuracy": 50.0}, seed=seed) for seed in (0, 1)]
    for path, factor in zip(paths, (1.0, 0.5), strict=True):
        records = [{"epoch": epoch, "train/loss": factor * epoch} for epoch in (1, 2)]
        (path.parent.parent / "log.jsonl").write_text(
            "".join(json.dumps(r) + "\n" for r in records)
        )
    figure = training_curves([read_run(path.parent.parent) for path in paths])
    loss, answers, tokens = figure.axes
    (line,) = loss.lines
    assert line.get_xdata().tolist() == [1, 2]  # type: ignore[union-attr]
    assert line.get_ydata().tolist() == [0.75, 1.5]  # type: ignore[union-attr]
    assert not answers.lines
    assert not tokens.lines
