"""Figures of a set of runs, as PNG and SVG: the same input gives the same bytes.

Methods differ in color, in marker or hatching, and in line style, so that they can be told apart
in grey.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rex.errors import InputError
from rex.evaluation.measures.answers import SEMANTIC_TYPES, STRUCTURAL_TYPES
from rex.evaluation.measures.attributes import PAPER_CATEGORIES
from rex.evaluation.metrics import Metrics, read_metrics
from rex.experiment import (
    SETTINGS,
    TRANSFER_PERCENT,
    RunName,
    method_label,
    setting_order,
    transfer_setting,
)
from rex.files import whole_file
from rex.reporting.results import MeasuredRun, Row, rows_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ATTRIBUTES = [f"val/attributes/{category}" for category in PAPER_CATEGORIES]

Record = Mapping[str, float]
"""One epoch of a run: what `log.jsonl` holds."""

_ROWS = (
    "Answer prior (question only)",
    "Backbone, answer-only",
    "Reader, multi-task",
    "REX, multi-task",
    "VCIN, multi-task",
    "EXP, multi-task",
    "VQA-E, multi-task",
    "Random regions (true words)",
    "REX, explanation-only",
)
"""What looks the same in all figures, in the order of the styles; others follow."""

# Okabe and Ito's colors, in an order of clearly different lightness
_COLORS = ("#000000", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
_MARKERS = "os^DPX*h"
_LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
_HATCHES = ("", "///", "...", "xx", "\\\\\\", "++", "oo")
_LEGEND_COLUMNS = 3
_LEGEND_ROWS = 4
"""Rows of a legend that a figure's height has room for."""
_LEGEND_ROW = 0.21
"""Height of one, in inches."""
_STYLE: Any = {
    "svg.hashsalt": "rex",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "0.9",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
}


@dataclass(frozen=True)
class FigureRun:
    """A run's folder, read: its training log (empty for reference rows) and its metrics."""

    name: RunName
    log: Sequence[Record]
    metrics: Sequence[Metrics]

    @property
    def label(self) -> str:
        """How the run's method and setting are called in legends."""
        method = method_label(self.name.method)
        return _label(method, self.name.setting, self.metrics[0].mode)


def read_run(folder: str | PathLike[str]) -> FigureRun:
    """Read what a run's folder holds of `log.jsonl` and `metrics/*.json`. Raises InputError."""
    path = Path(folder)
    metrics = [read_metrics(file) for file in sorted(path.glob("metrics/*.json"))]
    if not metrics:
        raise InputError("holds no metrics/*.json", file=path, cure="evaluate the run first")
    log = path / "log.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    try:
        records = [json.loads(line) for line in lines]
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON lines ({error})", file=log, cure="train again") from None
    return FigureRun(metrics[0].run, records, metrics)


def draw_figures(folders: Sequence[str | PathLike[str]], out: str | PathLike[str]) -> list[Path]:
    """Draw every figure of the runs in `folders` into `out`; return the files.

    Raises InputError.
    """
    import matplotlib as mpl

    runs = sorted(
        (read_run(folder) for folder in folders),
        key=lambda run: (setting_order(run.name.setting), run.name),
    )
    rows = rows_of(MeasuredRun(metrics, None) for run in runs for metrics in run.metrics)
    # what learns from a part of the questions has figures of its own
    whole = [row for row in rows if not _is_transfer(row.setting)]
    part = [run for run in runs if _is_transfer(run.name.setting)]
    figures: dict[str, Callable[[], Figure]] = {
        "training-curves": lambda: training_curves([run for run in runs if run not in part]),
        "accuracy-by-type": lambda: accuracy_by_type(whole),
        "accuracy-and-grounding": lambda: accuracy_and_grounding(whole),
        "attribute-recall": lambda: attribute_recall(whole),
    }
    # figures of what not every experiment has
    if len(whole) < len(rows):
        figures["transfer"] = lambda: transfer_curves(rows)
        figures["transfer-training-curves"] = lambda: training_curves(part)
    written = []
    with mpl.rc_context(_STYLE):
        for name, draw in figures.items():
            written += save_figure(draw(), Path(out) / name)
    return written


def save_figure(figure: Figure, stem: Path) -> list[Path]:
    """Write `stem.png` and `stem.svg`, without dates or versions; return the files."""
    forms: dict[str, dict[str, Any]] = {
        ".png": {"dpi": 150, "metadata": {"Software": None}},
        ".svg": {"metadata": {"Date": None, "Creator": None}},
    }
    written = []
    for suffix, options in forms.items():
        written.append(stem.with_name(stem.name + suffix))
        with whole_file(written[-1]) as temporary:
            figure.savefig(temporary, format=suffix[1:], bbox_inches="tight", **options)
    return written


_CURVES = {
    "train/loss": (1, "loss (nats)", "Training"),
    "heldout/accuracy": (100, "right (percent)", "Held out: answers"),
    "heldout/token_accuracy": (100, "right (percent)", "Held out: explanation tokens"),
}
"""What a training log says of an epoch → factor, label of the axis, title."""


def training_curves(runs: Sequence[FigureRun]) -> Figure:
    """Return the training loss and the held-out measures by epoch: means over seeds.

    Around the mean of several seeds, a band shows the lowest and the highest.
    """
    import pandas as pd
    from matplotlib.ticker import MaxNLocator

    figure, panels = _figure(1, len(_CURVES), width=10, height=3)
    groups: dict[str, list[FigureRun]] = {}
    for run in runs:
        if run.log:
            groups.setdefault(run.label, []).append(run)
    lines: dict[str, Any] = {}
    for axes, (measure, (factor, label, title)) in zip(panels, _CURVES.items(), strict=True):
        for place, (name, group) in enumerate(groups.items()):
            style = _style(name, place)
            said = [record for run in group for record in run.log if measure in record]
            if said:
                by_epoch = pd.DataFrame(said).groupby("epoch")[measure]
                points = factor * by_epoch.agg(["mean", "min", "max"])
                every, epochs = -(-len(points) // 10), points.index
                (lines[name],) = axes.plot(epochs, points["mean"], markevery=every, **style)
                band = points["min"], points["max"]
                axes.fill_between(epochs, *band, color=style["color"], alpha=0.15, linewidth=0)
        axes.set(xlabel="epoch", ylabel=label, title=title)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _legend(figure, lines)
    return figure


def accuracy_by_type(rows: Sequence[Row]) -> Figure:
    """Return bars of the accuracy on val by structural and by semantic type of question."""
    figure, panels = _figure(1, 2, width=9, height=3.2)
    bars: dict[str, Any] = {}
    shown = [row for row in rows if row.value("val/accuracy") is not None]
    kinds = (("structural", STRUCTURAL_TYPES), ("semantic", SEMANTIC_TYPES))
    for axes, (kind, types) in zip(panels, kinds, strict=True):
        keys = [f"val/accuracy/{kind}/{name}" for name in types]
        bars |= _bars(axes, shown, keys, types)
        axes.set(ylabel="accuracy on val (percent)", title=f"By {kind} type")
    _legend(figure, bars)
    return figure


def attribute_recall(rows: Sequence[Row]) -> Figure:
    """Return bars of the recall of attribute words on val, by the paper's categories."""
    figure, (axes,) = _figure(1, 1, width=9, height=3.2)
    shown = [row for row in rows if any(row.value(key) is not None for key in _ATTRIBUTES)]
    names = [
        f"{category}\n{_questions(shown, key)}"
        for category, key in zip(PAPER_CATEGORIES, _ATTRIBUTES, strict=True)
    ]
    bars = _bars(axes, shown, _ATTRIBUTES, names)
    axes.set(ylabel="recall on val (percent)", title="Attribute words in explanations")
    _legend(figure, bars)
    return figure


def _questions(rows: Sequence[Row], key: str) -> str:
    """Return how many questions a score is about, in words for an axis."""
    most = max((row.cell(key).n or 0 for row in rows), default=0)
    return f"n = {most}" if most else "no questions"


def _is_transfer(setting: str) -> bool:
    return setting in SETTINGS and SETTINGS[setting].transfer


def transfer_curves(rows: Sequence[Row]) -> Figure:
    """Return accuracy on val by the share of training questions whose answers are learnt.

    With and without explanations learnt before. All questions (100 %) are the multi-task setting,
    which starts from scratch.
    """
    figure, (axes,) = _figure(1, 1, width=5.5, height=3.6)
    lines: dict[str, Any] = {}
    for method in dict.fromkeys(row.method for row in rows):
        for start, scratch in (("explanations first", False), ("from scratch", True)):
            settings = {
                transfer_setting(percent, scratch=scratch): percent for percent in TRANSFER_PERCENT
            }
            if scratch:
                settings["multi-task"] = 100
            cells = [
                (settings[row.setting], row.cells["val/accuracy"])
                for row in rows
                if row.method == method
                and row.setting in settings
                and row.value("val/accuracy") is not None
            ]
            points = sorted((percent, cell.value, cell.std or 0.0) for percent, cell in cells)
            if {percent for percent, *_ in points} <= {100}:
                continue
            percents, values, deviations = zip(*points, strict=True)
            lines[f"{method}, {start}"] = axes.errorbar(
                percents, values, yerr=deviations, capsize=3, **_look(len(lines))
            )
    axes.set_xscale("log")
    axes.set_xticks([*TRANSFER_PERCENT, 100], [*map(str, TRANSFER_PERCENT), "100"])
    axes.set_xticks([], minor=True)
    axes.set(
        xlabel="training questions with answers (percent)",
        ylabel="accuracy on val (percent)",
        title="Transfer",
    )
    _legend(figure, lines)
    return figure


def _bars(
    axes: Axes, rows: Sequence[Row], keys: Sequence[str], names: Sequence[str]
) -> dict[str, Any]:
    """Draw the cells `keys` of each row as bars in groups called `names`; return handles."""
    bars = {}
    if rows:
        width = 0.8 / len(rows)
        for place, row in enumerate(rows):
            cells = [row.cell(key) for key in keys]
            label = _label(row.method, row.setting, row.mode)
            look = _place_of(label, place)
            bars[label] = axes.bar(
                [i - 0.4 + (place + 0.5) * width for i in range(len(keys))],
                # what is not known has no bar, not one of height 0
                [math.nan if cell.value is None else cell.value for cell in cells],
                width,
                yerr=[cell.std or 0 for cell in cells],
                error_kw={"elinewidth": 0.8},
                color=_COLORS[look % len(_COLORS)] if look else "0.75",
                hatch=_HATCHES[look % len(_HATCHES)],
                edgecolor="black",
                linewidth=0.5,
            )
    axes.set_xticks(range(len(names)), names)
    axes.grid(visible=False, axis="x")
    axes.set_ylim(0, 100)
    return bars


def accuracy_and_grounding(rows: Sequence[Row]) -> Figure:
    """Return each method's accuracy against the grounding of its explanations, on val.

    What has only one of the two is a line across the plot.
    """
    figure, (axes,) = _figure(1, 1, width=5.5, height=4)
    marks: dict[str, Any] = {}
    for place, row in enumerate(rows):
        accuracy, grounding = row.cell("val/accuracy"), row.cell("val/grounding")
        x, y = grounding.value, accuracy.value
        label = _label(row.method, row.setting, row.mode)
        style = _style(label, place)
        if x is not None and y is not None:
            xerr, yerr = grounding.std or None, accuracy.std or None
            look = style | {"linestyle": "none", "markersize": 9}
            marks[label] = axes.errorbar(x, y, xerr=xerr, yerr=yerr, capsize=3, **look)
        elif y is not None:
            marks[label] = axes.axhline(y, color=style["color"], linestyle=style["linestyle"])
        elif x is not None:
            marks[label] = axes.axvline(x, color=style["color"], linestyle=style["linestyle"])
    axes.set(
        xlabel="grounding: IoU with the annotated objects (percent)",
        ylabel="accuracy of answers (percent)",
        xlim=(0, 100),
        ylim=(0, 100),
        title="Accuracy and grounding, on val",
    )
    _legend(figure, marks)
    return figure


def _figure(rows: int, columns: int, *, width: float, height: float) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.flat)


def _legend(figure: Figure, handles: Mapping[str, Any]) -> None:
    if handles:
        columns = min(len(handles), _LEGEND_COLUMNS)
        figure.legend(
            handles=list(handles.values()),
            labels=list(handles),
            loc="outside lower center",
            ncols=columns,
        )
        # of a figure of one height, many rows would leave the axes no room
        more = max(0, -(-len(handles) // columns) - _LEGEND_ROWS)
        figure.set_figheight(figure.get_figheight() + _LEGEND_ROW * more)


def _place_of(label: str, place: int) -> int:
    """Return which style a row has: always the same where it is known, else by its `place`."""
    return _ROWS.index(label) if label in _ROWS else len(_ROWS) + place


def _style(label: str, place: int) -> dict[str, Any]:
    return _look(_place_of(label, place))


def _look(place: int) -> dict[str, Any]:
    return {
        "color": _COLORS[place % len(_COLORS)],
        "marker": _MARKERS[place % len(_MARKERS)],
        "linestyle": _LINES[place % len(_LINES)],
        "markersize": 4,
        "linewidth": 1.2,
    }


def _label(method: str, setting: str, mode: str) -> str:
    """Return what a row is called; its mode is said where it is not the usual one."""
    label = method if setting == "reference" else f"{method}, {setting}"
    return label if mode == "fixed" else f"{label} ({mode})"
