"""The whole chain on the smoke configuration."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from mlflow.tracking import MlflowClient

from .running import snakemake

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


def test_all_runs_are_in_the_experiment_of_the_data_set(finished: Path) -> None:
    client = MlflowClient(tracking_uri=f"sqlite:///{finished / 'results/smoke/mlflow.db'}")
    assert {found.name for found in client.search_experiments()} <= {"smoke", "Default"}


def test_no_half_written_file_is_left(finished: Path) -> None:
    hidden = [path for path in (finished / "results").rglob(".*") if path.is_file()]
    assert [path for path in hidden if path.name != ".snakemake_timestamp"] == []


def test_what_is_done_is_not_done_again(finished: Path) -> None:
    again = snakemake(finished, "--dry-run")
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout + again.stderr


@pytest.mark.parametrize(
    ("section", "key", "value", "first"),
    [
        ("training", "epochs", 3, {"train"}),
        ("training", "save_every", 7, set()),
        ("compute", "training_threads", 3, {"train"}),
    ],
)
def test_a_changed_setting_reruns_what_depends_on_it_alone(
    finished: Path, section: str, key: str, value: int, first: set[str]
) -> None:
    path = finished / "config/smoke.yaml"
    original = path.read_text()
    changed = yaml.safe_load(original)
    changed.setdefault(section, {})[key] = value
    path.write_text(yaml.safe_dump(changed))
    try:
        planned = snakemake(finished, "--dry-run", "--quiet", "reason")
    finally:
        path.write_text(original)
    text = planned.stdout + planned.stderr
    rules = set(re.findall(r"^(\w+) +\d+$", text, re.MULTILINE))  # of the table of all jobs
    upstream = {"world", "train_detector", "extract_regions", "explain", "vocabulary", "train"}
    assert rules & upstream == first, text
