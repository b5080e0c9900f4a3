"""The metrics file: every score of one run on one split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import msgspec

from rex.errors import InputError
from rex.evaluation.reading.json_predictions import is_rows, json_run
from rex.evaluation.scores import Score
from rex.files import made_by, parquet_provenance, read_json, write_json


@dataclass(frozen=True, kw_only=True, order=True)
class RunName:
    """Which run something belongs to."""

    setting: str
    method: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """The scores of one run on `n` questions of one split."""

    run: RunName
    split: str
    n: int
    mode: str
    scores: Mapping[str, Score]
    asked: int | None = None
    """How many questions there were, answered or not; None: `n`."""


def run_of(
    predictions: Path,
    *,
    setting: str | None = None,
    method: str | None = None,
    seed: int | None = None,
) -> RunName:
    """Return the run that made a predictions file: what is given, else what the file says."""
    said = _said(predictions)
    return RunName(
        setting=setting or said.get("setting", "other"),
        method=method or said.get("method", predictions.stem),
        seed=seed if seed is not None else int(said.get("seed", 0)),
    )


def mode_of(predictions: Path) -> str | None:
    """Return the mode of the run that made a predictions file, if the file says it."""
    mode: str | None = _said(predictions).get("mode")
    return mode


def _said(predictions: Path) -> Mapping[str, Any]:
    """Return what a predictions file says of the run that made it."""
    if is_rows(predictions):
        return {}
    if predictions.suffix == ".json":
        return json_run(predictions)
    found: Mapping[str, Any] = parquet_provenance(predictions).get("settings", {})
    return found


class _File(msgspec.Struct):
    """What a metrics file holds."""

    split: str
    n: int
    setting: str
    method: str
    seed: int
    mode: str
    scores: dict[str, Score]
    asked: int | None = None


def write_metrics(path: str | PathLike[str], metrics: Metrics) -> None:
    """Write a metrics file."""
    value = {
        "split": metrics.split,
        "n": metrics.n,
        "asked": metrics.asked,
        "setting": metrics.run.setting,
        "method": metrics.run.method,
        "seed": metrics.run.seed,
        "mode": metrics.mode,
        "scores": {name: score.to_json() for name, score in metrics.scores.items()},
    }
    write_json(path, value, provenance=made_by("rex evaluate"))


def read_metrics(path: str | PathLike[str]) -> Metrics:
    """Read a metrics file. Raises InputError when a field is missing."""
    try:
        value = msgspec.convert(read_json(path), _File)
    except msgspec.ValidationError as error:
        raise InputError(
            f"is not a metrics file ({error})", file=path, cure="make it with rex evaluate"
        ) from None
    return Metrics(
        run=RunName(setting=value.setting, method=value.method, seed=value.seed),
        split=value.split,
        n=value.n,
        mode=value.mode,
        scores=value.scores,
        asked=value.asked,
    )
