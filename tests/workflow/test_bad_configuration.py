"""What the workflow says in a line before it makes anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mlflow_server import free_port

from .running import prepare, snakemake

pytestmark = pytest.mark.workflow


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


def test_a_data_set_whose_source_was_forgotten_is_left_as_it_is(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "bad")
    questions = folder / "data/mine/questions/train_balanced_questions.json"
    questions.parent.mkdir(parents=True)
    questions.write_text("{}")
    (folder / "config/smoke.yaml").write_text("{dataset: mine, data: data/mine}")
    done = snakemake(folder, "--until", "world")
    assert done.returncode == 2
    assert done.stderr.endswith(
        ": data: data/mine is there, and is not a world made by REX; "
        "set source to gqa to use what is there, or name another folder\n"
    )
    assert questions.read_text() == "{}"


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
