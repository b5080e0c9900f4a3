"""The metrics file: every score of one run on one split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import msgspec

from rex.errors import InputError
from rex.evaluation.reading.json_predictions import is_rows, json_run
from rex.evaluation.scores import Score
from rex.experiment import RunName
from rex.files import made_by, parquet_provenance, read_json, write_json


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """The scores of one run on `n` questions of one split: what a metrics file holds."""

    split: str
    n: int
    asked: int | None = None
    """How many questions there were, answered or not; None: `n`."""
    setting: str
    method: str
    seed: int
    mode: str
    scores: Mapping[str, Score]

    @property
    def run(self) -> RunName:
        """The run that was measured."""
        return RunName(setting=self.setting, method=self.method, seed=self.seed)


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
    return _said(predictions).get("mode")


def _said(predictions: Path) -> Mapping[str, Any]:
    """Return what a predictions file says of the run that made it."""
    if is_rows(predictions):
        return {}
    if predictions.suffix == ".json":
        return json_run(predictions)
    return parquet_provenance(predictions).get("settings", {})


def write_metrics(path: str | PathLike[str], metrics: Metrics) -> None:
    """Write a metrics file."""
    write_json(path, asdict(metrics), provenance=made_by("rex evaluate"))


def read_metrics(path: str | PathLike[str]) -> Metrics:
    """Read a metrics file. Raises InputError when a field is missing."""
    try:
        return msgspec.convert(read_json(path), Metrics)
    except msgspec.ValidationError as error:
        raise InputError(
            f"is not a metrics file ({error})", file=path, cure="make it with rex evaluate"
        ) from None
