"""The whole chain on the smoke configuration: it runs, and what is bad is told in a line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.mlflow_server import free_port

from .running import prepare, snakemake

pytestmark = [pytest.mark.workflow, pytest.mark.slow, pytest.mark.xdist_group("workflow")]


def test_every_station_left_its_file(finished: Path) -> None:
    results = finished / "results/smoke"
    expected = [
        "regions/val.h5",
        "explanations/val.parquet",
        "vocabulary.json",
        "runs/multi-task/rex/seed0/checkpoint.pt",
        "runs/multi-task/rex/seed0/predictions/val.parquet",
        "runs/multi-task/rex/seed0/metrics/testdev.json",
        "foreign/rule-based-stand-in-40-questions/val-unread.jsonl",
        "tables/answers.md",
        "tables/as-published.md",
        "figures/training-curves.png",
        "gallery/index.html",
        "mlflow.db",
    ]
    assert [name for name in expected if not (results / name).is_file()] == []


def test_the_tables_have_a_row_of_a_foreign_model(finished: Path) -> None:
    for name in ("explanations", "answers"):
        text = (finished / f"results/smoke/tables/{name}.md").read_text()
        assert re.search(r"\| Rule-based stand-in .* \| here, 40 of 1\d\d questions of val ", text)


def test_no_half_written_file_is_left(finished: Path) -> None:
    hidden = [path for path in (finished / "results").rglob(".*") if path.is_file()]
    assert [path for path in hidden if path.name != ".snakemake_timestamp"] == []


def test_what_is_done_is_not_done_again(finished: Path) -> None:
    again = snakemake(finished, "--dry-run")
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout + again.stderr


def test_a_changed_setting_reruns_what_depends_on_it_alone(finished: Path) -> None:
    path = finished / "config/smoke.yaml"
    original = path.read_text()
    changed = yaml.safe_load(original)
    changed["training"]["epochs"] = 3
    path.write_text(yaml.safe_dump(changed))
    try:
        planned = snakemake(finished, "--dry-run", "--quiet", "reason")
    finally:
        path.write_text(original)
    text = planned.stdout + planned.stderr
    planned_rules = re.findall(r"^(\w+) +\d+$", text, re.MULTILINE)  # of the table of all jobs
    assert "train" in planned_rules, text
    assert "extract_regions" not in planned_rules


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("training: {epochs: 0}", "training.epochs: 0 is too small; give 1 or more"),
        ("methods: {reader: {layer: 3}}", "methods.reader.layer: no such setting; one of tags"),
        (
            "{source: gqa, data: data/gqa}",
            "data: data/gqa is not there; get GQA: rex gqa fetch data/gqa",
        ),
        (
            "evaluation: {foreign: [{name: theirs, file: config.yaml, format: qwen}]}",
            "evaluation.foreign.0.format: no format 'qwen'; one of jsonl",
        ),
        ("regions: {weights: mine.pkl}", "regions.weights: mine.pkl is not there; check the path"),
        (
            "regions: {features: {train: a.tsv, val: a.tsv, testdev: a.tsv, label: theirs}}",
            "regions.features.train: a.tsv is not there; docs/regions.md",
        ),
    ],
)
def test_a_bad_configuration_is_one_line_and_code_2(tmp_path: Path, text: str, said: str) -> None:
    folder = prepare(tmp_path / "bad")
    (folder / "config/smoke.yaml").write_text(text)
    done = snakemake(folder, "--dry-run")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "config/smoke.yaml" in line.partition(": ")[0]
    assert f": {said}" in line


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("config/smoke.yaml", b"training:\n\tepochs: 2", "line 2: not valid YAML (found character"),
        ("config.yaml", b"seed: [1\nb: 2", "line 2: not valid YAML (expected ',' or ']'"),
    ],
)
def test_what_snakemake_cannot_read_is_one_line_and_code_2(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    folder = prepare(tmp_path / "bad")
    (folder / name).write_bytes(content)
    done = snakemake(folder, "--dry-run")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{name}: {said}")
    assert "; " in line


def test_a_server_that_is_not_there_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = prepare(tmp_path / "away"), f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    done = snakemake(folder)
    assert done.returncode == 2
    assert f"\n{address}: no MLflow server answers (" in done.stderr
    assert not (folder / "data").exists()


def test_a_configuration_that_is_not_there_is_one_line_and_code_2(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "bad")
    (folder / "config/smoke.yaml").unlink()
    done = snakemake(folder, "--dry-run")
    assert (done.returncode, done.stderr) == (
        2,
        "config/smoke.yaml: no such file; check the path\n",
    )
