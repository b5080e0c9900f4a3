"""Tables, figures and the gallery are artifacts of MLflow runs, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rex.cli import main
from rex.tracking import VIEW

from .made_metrics import write_runs


@pytest.mark.slow
def test_tables_and_figures_are_artifacts(tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    database = tmp_path / "mlflow.db"
    metrics = write_runs(tmp_path / "runs")
    folders = sorted({str(path.parent.parent) for path in metrics})
    tables = ["tables", "--metrics", *map(str, metrics), "--out", str(tmp_path / "tables")]
    figures = ["figures", "--runs", *folders, "--out", str(tmp_path / "figures")]
    for arguments in (tables, figures, tables):  # the second time, the run is the same
        assert main([*arguments, "--tracking", str(database)]) == 0
    client = MlflowClient(tracking_uri=f"sqlite:///{database}")
    (experiment,) = [e for e in client.search_experiments() if e.name == "world"]
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert runs.keys() == {"tables", "figures"}
    table = (tmp_path / "tables/explanations.md").read_text()
    assert experiment.tags["mlflow.note.content"] == table
    columns = json.loads(experiment.tags[f"mlflow.sharedViewState.{VIEW}"])["selectedColumns"]
    assert {"metrics.`Scores/val/accuracy`", "metrics.`val/grounding/f1`"} <= set(columns)
    for name in ("tables", "figures"):
        run = runs[name]
        assert run.info.status == "FINISHED"
        kept = {file.path for file in client.list_artifacts(run.info.run_id)}
        written = {file.name for file in (tmp_path / name).iterdir()}
        assert kept == written
        assert len(kept) >= 6
