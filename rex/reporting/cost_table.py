"""The table of cost: time and memory of each job, from Snakemake's benchmark files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rex.errors import InputError, readable
from rex.reporting.layout import NOTHING, CellText, Footnotes, TableLayout, decimals, number

if TYPE_CHECKING:
    import pandas as pd

_STATIONS = (
    *("world", "train_detector", "import_regions", "extract_regions", "describe_regions"),
    *("explain", "train", "predict", "evaluate", ""),
)
"""How the names of jobs begin, longer ones first; the last one fits all."""
_TOO_SHORT = "too short to be measured"


@dataclass(frozen=True)
class _Measure:
    name: str
    header: str
    unit: str
    over_shards: str
    """Of a job in shards they are summed, or the largest counts."""


_MEASURES = {
    "s": _Measure("seconds", "Time (s)", "seconds", "sum"),
    "cpu_time": _Measure("cpu", "CPU time (s)", "seconds", "sum"),
    "max_rss": _Measure("memory", "Memory (MiB)", "MiB", "max"),
}
"""Columns of Snakemake's files."""


def cost_table(paths: Sequence[Path]) -> TableLayout:
    """Return time and memory of the stations, and of each job: mean ± deviation over seeds.

    The shards of a job count as one. Raises InputError when a file is not one.
    """
    import pandas as pd

    shards = pd.DataFrame([_read(path) for path in sorted(paths)])
    shards["run"] = shards["file"].str.replace(r"_\d+-of-\d+$", "", regex=True)
    shards["job"] = shards["run"].str.replace(r"_seed\d+(?=_|$)", "", regex=True)
    runs = _joined(shards, ["job", "run"])
    footnotes = Footnotes()
    rows, records = [], []
    for job, values in runs.groupby(level="job"):
        row = [CellText(str(job)), CellText(str(len(values)))]
        for column, measure in _MEASURES.items():
            known = values[column].dropna()
            mean = float(known.mean()) if len(known) else None
            std = float(known.std()) if len(known) > 1 else None
            if mean is None:
                row.append(CellText(NOTHING, footnotes.mark(_TOO_SHORT)))
            else:
                row.append(CellText(number(mean, std)))
            records.append(
                {
                    "job": str(job),
                    "measure": measure.name,
                    "value": decimals(mean),
                    "std": decimals(std),
                    "runs": str(len(known)),
                    "unit": measure.unit,
                    "reason": _TOO_SHORT if mean is None else "",
                }
            )
        rows.append([*row, CellText("")])
    note = "Measured by Snakemake; memory is the largest resident set. Jobs overlap in time."
    return TableLayout(
        name="cost",
        title="Cost of each job",
        text_columns=1,
        headers=["Job", "Runs", *(measure.header for measure in _MEASURES.values()), "Share"],
        groups=[
            ("stations: the sum of their jobs, and its share", _stations(shards)),
            ("jobs: mean ± standard deviation over runs, which differ by their seed", rows),
        ],
        notes=[("", note), *footnotes.notes()],
        fields=tuple(records[0]),
        records=records,
    )


def _joined(shards: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return the measures of what shards belong to; of those that are not known, NaN."""
    groups = shards.groupby(by, sort=False)
    columns = {
        column: getattr(groups[column], measure.over_shards)(min_count=1)
        for column, measure in _MEASURES.items()
    }
    return groups[[]].first().assign(**columns)


def _stations(shards: pd.DataFrame) -> list[list[CellText]]:
    """Return a row for each station: its runs, seconds, memory, and share of all seconds."""
    owners = [next(filter(job.startswith, _STATIONS)) for job in shards["job"]]
    shards = shards.assign(station=owners)
    counts = shards.groupby("station")["run"].nunique()
    found: Any = _joined(shards, ["station"]).fillna(0.0).to_dict("index")
    spent: dict[str, dict[str, float]] = found
    whole = sum(columns["s"] for columns in spent.values()) or 1.0
    return [
        [
            CellText(station.replace("_", " ") or "other"),
            CellText(str(counts[station])),
            *(CellText(number(spent[station][column], None)) for column in _MEASURES),
            CellText(f"{100 * spent[station]['s'] / whole:.0f} %"),
        ]
        for station in filter(spent.__contains__, _STATIONS)
    ]


def _read(path: Path) -> dict[str, str | float]:
    """Return the mean of each measure over a file's lines; NaN where a job ended too soon."""
    import pandas as pd

    try:
        with readable(path, missing="check --benchmarks"):
            lines = pd.read_csv(path, sep="\t", na_values=["NA", "-"], usecols=list(_MEASURES))
        means = lines.astype(float).mean()
    except ValueError as error:  # pandas' own errors are of this kind
        raise InputError(
            f"is not a Snakemake benchmark file ({error})",
            file=path,
            cure="give the files below results/<dataset>/benchmarks",
        ) from None
    return {"file": path.stem, **{column: float(means[column]) for column in _MEASURES}}
