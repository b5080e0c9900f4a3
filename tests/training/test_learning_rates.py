"""The search for learning rates trains what is missing, and reads the runs that are there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from benchmarks import learning_rates
from rex.training.run import RunFiles


def test_each_rate_is_trained_once(
    toy: RunFiles,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    results = tmp_path / "results/toy"
    for path, target in (
        ("data/toy/questions/train_balanced_questions.json", toy.questions),
        ("results/toy/explanations/train.parquet", toy.explanations),
        ("results/toy/regions/train.h5", toy.regions),
        ("results/toy/vocabulary.json", toy.vocabulary),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).symlink_to(target)
    sizes = {"hidden_size": 16, "layers": 1, "heads": 2, "intermediate_size": 16}
    training = {"epochs": 1, "decay_epoch": 1, "batch_size": 8, "holdout": 0.2}
    runs = [
        {"setting": "answer-only", "method": "backbone"},
        {"setting": "multi-task", "method": "rex"},
        {"setting": "explanation-only", "method": "rex"},
    ]
    values = {"dataset": "toy", "data": "data/toy", "model": sizes, "training": training}
    Path("toy.yaml").write_text(yaml.safe_dump({**values, "experiment": {"runs": runs}}))
    for setting, method, share in (("answer-only", "backbone", 0.25), ("multi-task", "rex", 0.5)):
        own = results / "runs" / setting / method / "seed0"
        own.mkdir(parents=True)
        epochs = [{"heldout/accuracy": share}, {"heldout/accuracy": share / 2}]
        (own / "log.jsonl").write_text("\n".join(map(json.dumps, epochs)))

    asked = ["--config", "toy.yaml", "--rates", "0.002", "--processes", "1"]
    learning_rates.main(asked)
    printed = capsys.readouterr().out
    assert "| heldout/accuracy, % | 0.001 | 0.002 |" in printed
    (trained,) = results.glob("rates/*/multi-task/rex/seed0/log.jsonl")
    assert "/rates/0.002/" in str(trained)
    accuracy = json.loads(trained.read_text())["heldout/accuracy"]
    assert f"| REX | 50.00 | {100 * accuracy:.2f} |" in printed
    assert "| Backbone | 25.00 | " in printed

    before = trained.stat().st_mtime_ns
    learning_rates.main(asked)
    assert capsys.readouterr().out == printed
    assert trained.stat().st_mtime_ns == before
