"""Draws what `full_size.py` measured: time and memory by questions and by runs, log–log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rex.files import whole_file

PANELS = {"cpu": "CPU time (s)", "MiB": "Memory (MiB)"}


def draw(measured: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Draw a line a station, and one of slope 1 to compare.

    The number of questions is across, and beside that, where grids of several numbers of seeds
    were reported, the number of runs.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    questions = {sum(asked for asked, _ in one["counts"].values()): one for one in measured}
    columns = {"Questions": questions}
    if measured[0].get("grids"):
        columns["Runs"] = {one["runs"]: one for one in measured[0]["grids"]}
    names = list(measured[-1]["stations"])
    figure, axes = pyplot.subplots(
        *(len(PANELS), len(columns)), figsize=(11, 8), layout="constrained", squeeze=False
    )
    for row, (unit, ylabel) in zip(axes, PANELS.items(), strict=True):
        for axis, (xlabel, found) in zip(row, columns.items(), strict=True):
            _lines(axis, {count: one["stations"] for count, one in found.items()}, names, unit)
            axis.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
            axis.set_xticks(list(found), [f"{count:,}" for count in found])
            axis.set_xticks([], minor=True)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
    with whole_file(out) as temporary:
        figure.savefig(temporary, format=out.suffix.removeprefix("."))
    pyplot.close(figure)


def _lines(axis: Any, found: Mapping[int, Any], names: Sequence[str], unit: str) -> None:
    """Draw the stations that each count has, each in the look of its place among `names`."""
    shown = {
        name: [max(stations[name][unit], 0.01) for stations in found.values()]
        for name in names
        if all(name in stations for stations in found.values())
    }
    for name, values in shown.items():
        place = names.index(name)
        look = {"linestyle": ("-", "--", ":")[place // 10], "color": f"C{place % 10}"}
        axis.plot(list(found), values, marker="o", markersize=3, label=name, **look)
    first, least = next(iter(found)), min(values[0] for values in shown.values())
    line = [least * count / first for count in found]
    axis.plot(list(found), line, color="0.8", linewidth=3, zorder=0, label="linear")
