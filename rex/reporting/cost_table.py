"""The table of cost: time and memory of each job, from Snakemake's benchmark files."""

from __future__ import annotations

import csv
import re
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rex.errors import InputError
from rex.reporting.layout import NOTHING, Footnotes, Layout, Text, decimals, number

_SEED = re.compile(r"_seed\d+(?=_|$)")
_SHARD = re.compile(r"_\d+-of-\d+$")

_FIELDS = ("job", "measure", "value", "std", "runs", "unit", "reason")
_STATIONS = (
    *(
        "world",
        "train_detector",
        "import_regions",
        "extract_regions",
        "describe_regions",
        "explain",
    ),
    *("train", "predict", "evaluate", ""),
)
"""How the names of jobs begin, longer ones first; the last one fits all."""
_TOO_SHORT = "too short to be measured"


@dataclass(frozen=True)
class _Measure:
    """A column of Snakemake's files; of a job in shards they are summed, or the largest counts."""

    name: str
    header: str
    column: str
    unit: str
    summed: bool


_MEASURES = (
    _Measure("seconds", "Time (s)", "s", "seconds", summed=True),
    _Measure("cpu", "CPU time (s)", "cpu_time", "seconds", summed=True),
    _Measure("memory", "Memory (MiB)", "max_rss", "MiB", summed=False),
)

Measured = Mapping[str, float | None]


def cost_table(paths: Sequence[Path]) -> Layout:
    """Return time and memory of the stations, and of each job: mean ± deviation over seeds.

    The shards of a job count as one. Raises InputError when a file is not one.
    """
    shards: dict[str, dict[str, list[Measured]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(paths):
        run = _SHARD.sub("", path.stem)
        shards[_SEED.sub("", run)][run].append(_read(path))
    footnotes = Footnotes()
    rows, records = [], []
    for job, runs in sorted(shards.items()):
        row = [Text(job), Text(str(len(runs)))]
        for measure in _MEASURES:
            values = [_joined(parts, measure) for parts in runs.values()]
            known = [value for value in values if value is not None]
            mean = statistics.fmean(known) if known else None
            std = statistics.stdev(known) if len(known) > 1 else None
            if mean is None:
                row.append(Text(NOTHING, footnotes.mark(_TOO_SHORT)))
            else:
                row.append(Text(number(mean, std)))
            records.append(
                {
                    "job": job,
                    "measure": measure.name,
                    "value": decimals(mean),
                    "std": decimals(std),
                    "runs": str(len(known)),
                    "unit": measure.unit,
                    "reason": "" if known else _TOO_SHORT,
                }
            )
        rows.append([*row, Text("")])
    return Layout(
        name="cost",
        title="Cost of each job",
        text_columns=1,
        headers=["Job", "Runs", *(measure.header for measure in _MEASURES), "Share"],
        groups=[
            ("stations: the sum of their jobs, and its share", _stations(shards)),
            ("jobs: mean ± standard deviation over runs, which differ by their seed", rows),
        ],
        notes=[
            (
                "",
                "Measured by Snakemake; memory is the largest resident set. Jobs overlap in time.",
            ),
            *footnotes.notes(),
        ],
        fields=_FIELDS,
        records=records,
    )


def _stations(jobs: Mapping[str, Mapping[str, Sequence[Measured]]]) -> list[list[Text]]:
    """Return a row for each station: its runs, seconds, memory, and share of all seconds."""
    found: dict[str, list[Sequence[Measured]]] = {}
    for job, runs in jobs.items():
        found.setdefault(next(filter(job.startswith, _STATIONS)), []).extend(runs.values())
    rows, spent = [], {}
    for station in filter(found.__contains__, _STATIONS):
        parts = [part for run in found[station] for part in run]
        values = [_joined(parts, measure) or 0.0 for measure in _MEASURES]
        spent[station] = values[0]
        texts = [
            station.replace("_", " ") or "other",
            str(len(found[station])),
            *(number(value, None) for value in values),
        ]
        rows.append([Text(text) for text in texts])
    whole = sum(spent.values()) or 1.0
    return [
        [*row, Text(f"{100 * seconds / whole:.0f} %")]
        for row, seconds in zip(rows, spent.values(), strict=True)
    ]


def _read(path: Path) -> Measured:
    """Return the mean of each measure over a file's lines; None where a job ended too soon."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file, delimiter="\t"))
    except FileNotFoundError:
        raise InputError("no such file", file=path, cure="check --benchmarks") from None
    found: dict[str, float | None] = {}
    for measure in _MEASURES:
        try:
            texts = [line[measure.column] for line in lines]
            values = [float(text) for text in texts if text not in ("NA", "-")]
        except (KeyError, TypeError, ValueError):
            raise InputError(
                f"is not a Snakemake benchmark file (column {measure.column})",
                file=path,
                cure="give the files below results/<dataset>/benchmarks",
            ) from None
        found[measure.name] = statistics.fmean(values) if values else None
    return found


def _joined(shards: Sequence[Measured], measure: _Measure) -> float | None:
    values = [value for shard in shards if (value := shard[measure.name]) is not None]
    if not values:
        return None
    return sum(values) if measure.summed else max(values)
