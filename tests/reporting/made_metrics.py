"""Metrics files with chosen numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from rex.evaluation.case import NO_EXPLANATIONS
from rex.evaluation.metrics import Metrics, write_metrics
from rex.evaluation.scores import Score
from rex.experiment import RunName
from rex.reporting.results import Row, read_runs, rows_of


def score(value: float | None, reason: str | None = None) -> Score:
    return Score(value=value, n=100, unit="percent", signature="made|up", reason=reason)


def write_run(
    folder: Path,
    values: Mapping[str, float],
    *,
    setting: str = "multi-task",
    method: str = "rex",
    seed: int = 0,
    split: str = "val",
    missing: Mapping[str, str] | None = None,
    mode: str = "fixed",
) -> Path:
    """Write one metrics file of a run below `folder` and return its path."""
    path = folder / setting / method / f"seed{seed}" / "metrics" / f"{split}.json"
    scores = {name: score(value) for name, value in values.items()}
    scores |= {name: score(None, reason) for name, reason in (missing or {}).items()}
    run = RunName(setting=setting, method=method, seed=seed)
    write_metrics(path, Metrics(**vars(run), split=split, n=100, mode=mode, scores=scores))
    return path


def write_runs(folder: Path) -> list[Path]:
    """Write two seeds of a method that explains, a method that does not, and a reference row."""
    mute = dict.fromkeys(("bleu4", "cider", "grounding"), NO_EXPLANATIONS)
    return [
        write_run(folder, {"accuracy": 60.0, "bleu4": 50.0, "cider": 400.0, "grounding": 70.0}),
        write_run(
            folder, {"accuracy": 62.0, "bleu4": 51.0, "cider": 410.0, "grounding": 72.0}, seed=1
        ),
        write_run(
            folder, {"accuracy": 58.5}, setting="answer-only", method="backbone", missing=mute
        ),
        write_run(
            folder,
            {"bleu4": 77.0, "grounding": 11.0},
            setting="reference",
            method="random-regions",
            missing={"accuracy": "not computed: the predictions hold no answers"},
        ),
    ]


def read_rows(paths: Iterable[Path]) -> list[Row]:
    return rows_of(read_runs(paths))
