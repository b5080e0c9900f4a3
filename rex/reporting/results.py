"""The rows of the tables: our runs, averaged over seeds, and published numbers."""

from __future__ import annotations

import json
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any

from rex.errors import InputError
from rex.evaluation.details import DETAILS_CURE, SUMMARIES, Details, read_details
from rex.evaluation.measures import DECLARED
from rex.evaluation.metrics import Metrics, read_metrics
from rex.evaluation.scores import Score
from rex.experiment import RunName, method_label, method_order, setting_order


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One number of a table: the mean over `seeds` runs, or the reason why there is none.

    `std` is the standard deviation over seeds (of a sample; None with fewer than two).
    """

    value: float | None
    std: float | None = None
    seeds: int = 0
    n: int | None = None
    """Questions it is about; None where it is not of the same number for each seed."""
    unit: str = "percent"
    signature: str = ""
    reason: str | None = None
    interval: tuple[float, float] | None = None
    """95 % bootstrap interval over images, of a single run."""
    best: bool = False
    """Whether a paired test says that it is better than each other method measured here."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One method in one setting: its cells by `<split>/<score name>`."""

    method: str
    setting: str
    mode: str
    source: str
    cells: Mapping[str, Cell]
    covered: str = ""
    """Of which part of the questions its numbers are, if not of all."""
    verified: bool = True
    published: bool = False
    runs: Mapping[str, Sequence[MeasuredRun]] = field(default_factory=dict)
    """Split → what its numbers are of, one a seed."""

    def cell(self, key: str) -> Cell:
        """Return a cell, an empty one where there is none."""
        return self.cells.get(key) or Cell(value=None, unit="")

    def value(self, key: str) -> float | None:
        """Return the number of a cell, if there is one."""
        return self.cell(key).value


@dataclass(frozen=True)
class MeasuredRun:
    """The metrics of one run on one split, and the file of what each question adds to them."""

    metrics: Metrics
    details: Path | None

    def read_details(self, measure: str) -> Details | None:
        """Return what each question adds to a measure; None where the run does not say.

        Raises InputError for details of another evaluation: they sum up to another score.
        """
        found = None if self.details is None else read_details(self.details, measure)
        if found is None or not found.question_ids:
            return None
        total = float(SUMMARIES[measure](found.statistics.sum(axis=0)))
        score = self.metrics.scores.get(measure)
        value = None if score is None else score.value
        if value is not None and not math.isclose(total, value, rel_tol=1e-6, abs_tol=1e-6):
            problem = f"sums up to {total:.4f}, the metrics beside it say {value:.4f}"
            raise InputError(problem, file=self.details, cure=DETAILS_CURE)
        return found


def read_runs(paths: Iterable[str | PathLike[str]]) -> list[MeasuredRun]:
    """Read metrics files, and note the details that lie beside them under the same name.

    Raises InputError when one is damaged, or two are of the same run and split.
    """
    found: dict[tuple[RunName, str], Path] = {}
    runs = []
    for path in map(Path, paths):
        metrics = read_metrics(path)
        key = (metrics.run, metrics.split)
        if key in found:
            raise InputError(
                f"is of the same run and split as {found[key]}",
                file=path,
                cure="give one of them, or evaluate with another --method or --seed",
            )
        found[key] = path
        details = path.with_suffix(".parquet")
        runs.append(MeasuredRun(metrics, details if details.exists() else None))
    return runs


def rows_of(runs: Iterable[MeasuredRun]) -> list[Row]:
    """Gather runs into rows over seeds, one for each method, setting and mode."""
    groups: dict[tuple[str, str, str], list[MeasuredRun]] = defaultdict(list)
    for run in runs:
        made = run.metrics
        groups[(made.setting, made.method, made.mode)].append(run)
    rows = []
    for setting, method, mode in sorted(groups, key=_place):
        group = sorted(groups[(setting, method, mode)], key=lambda run: run.metrics.run)
        scores: dict[str, list[Score]] = defaultdict(list)
        measured: dict[str, list[MeasuredRun]] = defaultdict(list)
        for run in group:
            measured[run.metrics.split].append(run)
            for name, score in run.metrics.scores.items():
                scores[f"{run.metrics.split}/{name}"].append(score)
        rows.append(
            Row(
                method=method_label(method),
                setting=setting,
                mode=mode,
                source="here",
                covered=_covered(run.metrics for run in group),
                cells={name: _over_seeds(values) for name, values in scores.items()},
                runs=measured,
            )
        )
    return rows


def _covered(runs: Iterable[Metrics]) -> str:
    parts = {
        f"{run.n:,} of {run.asked:,} questions of {run.split}"
        for run in runs
        if run.asked is not None and run.n < run.asked
    }
    return ", ".join(sorted(parts))


def published_unread() -> list[str]:
    """Return the works on the same task whose numbers could not be read in any source."""
    return _published()["unread"]


@cache
def _published() -> dict[str, Any]:
    text = resources.files("rex.reporting").joinpath("published.json").read_text(encoding="utf-8")
    return json.loads(text)


def published_rows() -> list[Row]:
    """Return the numbers of other papers, each with its source."""
    return [
        Row(
            method=entry["method"],
            setting=entry["setting"],
            mode="as published",
            source=entry["source"],
            verified=entry["verified"],
            published=True,
            cells={
                name: Cell(value=value, unit=_unit(key))
                for key, value in entry["scores"].items()
                for name in (key, *_AS_PUBLISHED.get(key, ()))
            },
        )
        for entry in _published()["rows"]
    ]


_AS_PUBLISHED = {
    **{
        f"val/{name}": (f"val/compat/{name}",)
        for name in ("bleu4", "meteor", "rouge-l", "cider", "spice")
    },
    "val/grounding/bounded": ("val/compat/grounding",),
}
"""A published number → the measures of ours that are computed as it was, too."""


def _unit(name: str) -> str:
    return DECLARED[name.partition("/")[2]].unit


def _place(key: tuple[str, str, str]) -> tuple[int, str, int, str, str]:
    setting, method, mode = key
    return setting_order(setting), setting, method_order(method), method, mode


def _over_seeds(scores: Sequence[Score]) -> Cell:
    first = scores[0]
    values = [score.value for score in scores if score.value is not None]
    if len(values) < len(scores):  # a mean over some of the seeds would look like one over all
        reasons = [score.reason for score in scores if score.reason is not None]
        return Cell(value=None, unit=first.unit, signature=first.signature, reason=reasons[0])
    signatures = sorted({score.signature for score in scores})
    if len(signatures) > 1:  # such numbers are not of one measure
        reason = f"not computed: the seeds were measured differently ({' and '.join(signatures)})"
        return Cell(value=None, unit=first.unit, signature=first.signature, reason=reason)
    counts = {score.n for score in scores}
    return Cell(
        value=statistics.fmean(values),
        std=statistics.stdev(values) if len(values) > 1 else None,
        seeds=len(values),
        n=counts.pop() if len(counts) == 1 else None,
        unit=first.unit,
        signature=first.signature,
        interval=first.interval if len(scores) == 1 else None,
    )
