"""`rex status`: what of a configuration's results is done, running, failed or missing."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rex.config import SCENE_GRAPH_SPLITS
from rex.grid import Results

STATES = ("done", "running", "failed", "missing")

_ALIVE = 120.0
"""Seconds since a job's last message after which it does not count as running."""
_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ ([A-Z]+) [\w.]+: (.*)")
"""A line of a log: when, how grave, what."""


@dataclass(frozen=True)
class Job:
    """Something that the workflow makes."""

    station: str
    name: str
    output: Path
    logs: str
    """Of the jobs that make it: a pattern of names in the folder of logs."""


@dataclass(frozen=True)
class JobStatus:
    """How far a job is, and what it said last of that."""

    job: Job
    state: str
    note: str = ""


def jobs(results: Results) -> Iterator[Job]:
    """Yield all that the configuration asks for, in the order of the stations."""
    config, folder = results.config, results.folder
    if config.source == "world":
        yield Job("data", config.dataset, Path(config.data), "world.log")
    if config.regions.weights is None and config.regions.features is None:
        yield Job("regions", "detector", folder / "regions" / "detector.pth", "train_detector.log")
    for split in ("train", *config.evaluation.splits):
        store = results.region_store(split)
        logs = f"extract_regions_{split}_*" if store.stem == split else "import_regions_*"
        yield Job("regions", split, store, logs)
    for explained in SCENE_GRAPH_SPLITS:
        output = folder / "explanations" / f"{explained}.parquet"
        yield Job("explanations", explained, output, f"explain_{explained}_*")
    yield Job("explanations", "vocabulary", folder / "vocabulary.json", "vocabulary.log")
    for run in results.runs():
        name = run.relative_to(folder / "runs")
        log = "_".join(name.parts)
        yield Job("train", str(name), run / "checkpoint.pt", f"train_{log}.log")
        for split in config.evaluation.splits:
            title = f"{name} on {split}"
            predictions = run / "predictions" / f"{split}.parquet"
            yield Job("predict", title, predictions, f"predict_{log}_{split}.log")
            metrics = run / "metrics" / f"{split}.json"
            yield Job("evaluate", title, metrics, f"evaluate_{log}_{split}.log")
    for metrics, row in results.foreign().items():
        log = f"evaluate_foreign_{row.folder}_{row.split}.log"
        yield Job("evaluate", f"{row.name} on {row.split}", metrics, log)
    for part, file in (
        ("tables", "tables/explanations.md"),
        ("figures", "figures/training-curves.svg"),
        ("gallery", "gallery/index.html"),
    ):
        yield Job("report", part, folder / file, f"{part}.log")


def look(job: Job, logs: Path, now: float) -> JobStatus:
    """Say how far a job is, from its output and its log."""
    if job.output.exists():
        return JobStatus(job, "done")
    written = sorted(logs.glob(job.logs), key=lambda path: path.stat().st_mtime)
    if not written:
        return JobStatus(job, "missing")
    lines = _LINE.findall(written[-1].read_text(encoding="utf-8", errors="replace"))
    errors = [what for _, kind, what in lines if kind == "ERROR"]
    if errors and lines and lines[-1][1] in ("ERROR", "DEBUG"):
        return JobStatus(job, "failed", f"{errors[-1]} ({written[-1]})")
    if now - written[-1].stat().st_mtime > _ALIVE:
        return JobStatus(job, "missing", f"stopped ({written[-1]})")
    since = lines[0][0] if lines else "a moment ago"
    said = next((what for _, kind, what in reversed(lines) if kind == "INFO"), "")
    return JobStatus(job, "running", f"since {since}  {said}")


def status(results: Results) -> list[str]:
    """Return the lines that tell of all jobs: counts for each station, then who is at work."""
    reports = [look(job, results.folder / "logs", time.time()) for job in jobs(results)]
    counts = Counter((report.job.station, report.state) for report in reports)
    stations = dict.fromkeys(report.job.station for report in reports)
    lines = [f"{results.folder!s:<16}" + "".join(f"{state:>9}" for state in STATES)]
    lines += [
        f"{station:<16}" + "".join(f"{counts[station, state] or '–':>9}" for state in STATES)
        for station in stations
    ]
    return lines + [
        f"{report.state}: {report.job.station} {report.job.name}  {report.note}"
        for report in reports
        if report.note
    ]
