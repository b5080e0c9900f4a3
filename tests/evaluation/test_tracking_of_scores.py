"""Scores reach the MLflow run of the folder, under clear names."""

from __future__ import annotations

import pytest

from rex.cli import main
from rex.evaluation.measures.java import JavaUnavailableError

from .small_split import SmallSplit, true_answers


@pytest.mark.slow
def test_scores_are_logged(split: SmallSplit, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.tracking import MlflowClient

    def missing(*_: object, **__: object) -> None:
        raise JavaUnavailableError("not here")

    monkeypatch.setattr("rex.evaluation.measures.meteor.meteor_statistics", missing)
    run, database = split.run("multi-task", "rex"), split.folder / "mlflow.db"
    predictions = split.predict(true_answers(), {})
    arguments = ["evaluate", str(predictions)]
    arguments += ["--questions", str(split.questions), "--ood", str(split.ood)]
    arguments += ["--out", str(run / "metrics/val.json")]
    assert main([*arguments, "--tracking", str(database)]) == 2  # whose run?
    assert not (run / "metrics/val.json").exists()
    assert main([*arguments, "--tracking", str(database), "--run", str(run)]) == 0
    client = MlflowClient(tracking_uri=f"sqlite:///{database}")
    (experiment,) = [e for e in client.search_experiments() if e.name == "world"]
    (found,) = client.search_runs([experiment.experiment_id])
    assert found.info.run_name == "multi-task/rex/seed0"
    assert found.data.metrics["Scores/val/accuracy"] == 100
    assert found.data.metrics["val/accuracy/ood-tail"] == 100
    assert "Scores/val/bleu4" not in found.data.metrics  # not computed: not a number
    kept = [
        file.path
        for folder in ("metrics", "predictions")
        for file in client.list_artifacts(found.info.run_id, folder)
    ]
    assert kept == ["metrics/val.json", f"predictions/{predictions.name}"]
