"""Draws what `full_size.py` measured at several scales: time and memory of each station, log–log.

python -m benchmarks.scale_plot --out docs/images/scale.svg 0.002.json 0.01.json full.json
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rex.files import read_json, whole_file

PANELS = {"cpu": "CPU time (s)", "MiB": "Memory (MiB)"}


def draw(measured: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Draw a line a station, the number of questions across, and one of slope 1 to compare."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    measured = sorted(measured, key=lambda one: float(one["scale"]))
    questions = [sum(asked for asked, _ in one["counts"].values()) for one in measured]
    names = [name for name in measured[-1]["stations"] if name in measured[0]["stations"]]
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 5), layout="constrained")
    for axis, (unit, label) in zip(axes, PANELS.items(), strict=True):
        for place, name in enumerate(names):
            values = [max(one["stations"][name][unit], 0.01) for one in measured]
            style = ("-", "--", ":")[place // 10]
            axis.plot(questions, values, style, marker="o", markersize=3, label=name)
        least = min(max(measured[0]["stations"][name][unit], 0.01) for name in names)
        line = [least * count / questions[0] for count in questions]
        axis.plot(questions, line, color="0.8", linewidth=3, zorder=0, label="linear")
        axis.set(xscale="log", yscale="log", xlabel="Questions", ylabel=label)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
    with whole_file(out) as temporary:
        figure.savefig(temporary, format=out.suffix.removeprefix("."))
    pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("measured", type=Path, nargs="+", metavar="JSON", help="of full_size.py")
    parser.add_argument("--out", type=Path, required=True, help="a .svg or .png")
    arguments = parser.parse_args()
    draw([read_json(path) for path in arguments.measured], arguments.out)


if __name__ == "__main__":
    main()
