"""The paper's tables: explanations by method, answers by method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from rex.evaluation.case import NO_ANSWERS, NO_EXPLANATIONS
from rex.evaluation.measures import DECLARED, LABELS
from rex.evaluation.measures.answers import STRUCTURAL_TYPES
from rex.evaluation.measures.attributes import PAPER_CATEGORIES
from rex.experiment import FOREIGN, PRIOR_OF_FEW, REFERENCE, SETTINGS, method_label
from rex.files import write_text
from rex.reporting.claim_table import claim_table
from rex.reporting.comparison import mark_best
from rex.reporting.cost_table import cost_table
from rex.reporting.layout import Column, Table, lay_out, wholes
from rex.reporting.results import Row, published_rows, published_unread, read_runs, rows_of
from rex.reporting.table_formats import FORMATS

_PERCENT = "All numbers: percent."
_NORMALISED = (
    "Normalised: answers compared in lower case, without punctuation and articles, and with digits "
    "for numbers; not tested."
)
_PUBLISHED = "Published numbers are of GQA, whatever data the rows above them are of."


MULTI_TASK = "multi-task"


def _columns(*names: str) -> tuple[Column, ...]:
    """Return the columns of scores on val, under the labels that their measures declare."""
    return tuple(Column(f"val/{name}", LABELS[name]) for name in names)


_CAPTIONS = ("bleu4", "meteor", "rouge-l", "cider", "spice")

EXPLANATION_COLUMNS = _columns(
    *_CAPTIONS,
    "grounding",
    "grounding/bounded",
    "grounding/coverage",
    "grounding/f1",
    "readable",
    "agreement",
    "entails",
    "truth",
    "truth/main",
    "program",
)
AS_PUBLISHED_COLUMNS = _columns(*(f"compat/{name}" for name in (*_CAPTIONS, "grounding")))
ANSWER_COLUMNS = (
    Column("val/accuracy", "val"),
    Column("testdev/accuracy", "testdev"),
    Column("val/accuracy/ood-all", "OOD val: all"),
    Column("val/accuracy/ood-head", "head"),
    Column("val/accuracy/ood-tail", "tail"),
    Column("testdev/accuracy/ood-all", "OOD testdev: all"),
    Column("testdev/accuracy/ood-head", "head"),
    Column("testdev/accuracy/ood-tail", "tail"),
)


SETTING_COLUMNS = (*ANSWER_COLUMNS[:2], *_columns("bleu4", "cider", "grounding", "parameters"))
ATTRIBUTE_COLUMNS = _columns(*(f"attributes/{category}" for category in PAPER_CATEGORIES))
PUBLISHED_ATTRIBUTE_COLUMNS = tuple(
    Column(f"val/compat/{rule}/{category}", f"{who}: {label}" if place == 0 else label)
    for rule, who in (("attributes", "REX's rule"), ("attributes-anywhere", "VCIN's rule"))
    for place, category in enumerate(PAPER_CATEGORIES)
    for label in (LABELS[f"attributes/{category}"],)
)
TYPE_COLUMNS = tuple(
    Column(f"val/{name}/structural/{kind}", f"{LABELS[name]}: {kind}" if place == 0 else kind)
    for name in ("agreement", "entails", "truth")
    for place, kind in enumerate(STRUCTURAL_TYPES)
)
GQA_COLUMNS = (
    *_columns("accuracy"),
    Column("val/accuracy/binary", "Binary"),
    Column("val/accuracy/open", "Open"),
    *_columns("consistency", "validity", "plausibility", "distribution"),
)


@dataclass(frozen=True, kw_only=True)
class _Declared:
    """What a table is about, whatever the rows."""

    title: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...]
    mute: str | None
    """Rows that have no number and say this are left out; None: none are."""
    counted: bool = False
    """Whether headers say how many questions a column is about."""


_DECLARED = {
    # the paper's table 2
    "explanations": _Declared(
        title="Explanations and their grounding, on val",
        columns=EXPLANATION_COLUMNS,
        mute=NO_EXPLANATIONS,
        notes=(
            "Grounding: IoU of the union of the explanation's regions with the union of the "
            "annotated objects; “of best”: divided by the best that the regions allow, clipped "
            "at 100, over the share of questions (coverage) where that is not 0.",
            "Objects: those annotated and the regions named, paired at IoU 0.5.",
            "Readable: explanations of the grammar; agreement: explanations from which the "
            "predicted answer follows; entails: those from which the true answer does; truth: of "
            "the facts that readable explanations state, those that hold in the scene graph, and "
            "of main clauses alone (docs/measures.md).",
            f"{_PUBLISHED} Published grounding is the published code's own measure, which is not "
            "bounded and looks at one object alone.",
            f"Published, with numbers that could not be read: {', '.join(published_unread())}.",
        ),
    ),
    "as-published": _Declared(
        title="Explanations on val, scored as the published code does",
        columns=AS_PUBLISHED_COLUMNS,
        mute=NO_EXPLANATIONS,
        notes=(
            "Scored with the published code's defects (docs/measures.md), to be compared with "
            f"published numbers and with nothing else. {_PUBLISHED}",
        ),
    ),
    "answers": _Declared(
        title="Accuracy of answers",
        columns=ANSWER_COLUMNS,
        mute=NO_ANSWERS,
        notes=(
            f"{_PUBLISHED} Their test numbers stand under testdev.",
            "LXMERT was pre-trained on GQA's val questions: its numbers on val are not comparable "
            "with VisualBERT's (github.com/airsplay/lxmert, issue 67).",
        ),
    ),
    "settings": _Declared(
        title="Training settings",
        columns=SETTING_COLUMNS,
        mute=None,
        notes=("Parameters: trained weights, backbone and all.",),
    ),
    "attributes": _Declared(
        title="Attribute recall of explanations, on val",
        columns=ATTRIBUTE_COLUMNS,
        mute=NO_EXPLANATIONS,
        counted=True,
        notes=(
            "Of the words that the question's program asks for and the true explanation says, "
            "those found as whole words; n: questions with such words.",
        ),
    ),
    "attributes-as-published": _Declared(
        title="Attribute recall on val, scored as the published codes do",
        columns=PUBLISHED_ATTRIBUTE_COLUMNS,
        mute=NO_EXPLANATIONS,
        notes=(
            "As the table of attributes, but a word is also found within others: REX's code wants "
            "a blank before or after its letters, VCIN's none. Attribute recalls of the two papers "
            "differ by that alone, too. Not tested.",
        ),
    ),
    "by-type": _Declared(
        title="What follows from explanations and is true in them, by type of question, on val",
        columns=TYPE_COLUMNS,
        mute=NO_EXPLANATIONS,
        notes=(
            "Of questions of GQA's structural types: agreement, entails and truth as in the table "
            "of explanations. Not tested.",
        ),
    ),
    "gqa": _Declared(
        title="GQA's measures of answers, on val",
        columns=GQA_COLUMNS,
        mute=NO_ANSWERS,
        notes=(
            "Choices are derived from the questions where GQA's choices file was not given. "
            "Consistency (of different questions for each method) and distribution are not tested.",
        ),
    ),
}


def make_tables(
    metrics: Iterable[str | PathLike[str]],
    out: str | PathLike[str],
    benchmarks: Sequence[Path] = (),
) -> list[Path]:
    """Write all tables of these metrics files to `out` in each format, and return their files.

    Published numbers stand beside ours; with Snakemake's `benchmarks` there is a table of cost.
    Raises InputError when a file is damaged, or two metrics files are of the same run and split.
    """
    runs, published = read_runs(metrics), published_rows()
    layouts = [lay_out(mark_best(made)) for made in result_tables([*rows_of(runs), *published])]
    layouts.append(claim_table(runs, published))
    if benchmarks:
        layouts.append(cost_table(benchmarks))
    written = []
    for layout in layouts:
        for suffix, render in FORMATS.items():
            written.append(Path(out) / f"{layout.name}{suffix}")
            write_text(written[-1], render(layout))
    return written


def result_tables(rows: Sequence[Row]) -> list[Table]:
    """Return all tables of results; `rows` are ours and the published ones.

    Tables by method show each method in the multi-task setting, where it has that. Explanations are
    scored as the published code does where some were.
    """
    ours = [row for row in rows if not row.published]
    whole, measured = _by_method(rows), _by_method(ours)
    scored = any(column.key in row.cells for row in ours for column in AS_PUBLISHED_COLUMNS)
    prior = method_label(PRIOR_OF_FEW)
    chosen = {
        "explanations": whole,
        "as-published": whole if scored else None,
        "answers": whole,
        "settings": [
            row for row in ours if row.setting not in (REFERENCE, FOREIGN) or row.method == prior
        ],
        "attributes": measured,
        "attributes-as-published": measured if scored else None,
        "by-type": measured,
        "gqa": measured,
    }
    return [table(name, shown) for name, shown in chosen.items() if shown is not None]


def table(name: str, rows: Sequence[Row]) -> Table:
    """Return a table of these rows: those that say something in it."""
    declared = _DECLARED[name]
    columns = declared.columns
    shown = [row for row in rows if _speaks(row, columns, declared.mute)]
    notes = (_units(columns), *declared.notes)
    if name == "answers" and (added := _normalised(shown)):
        columns, notes = (*columns[:2], *added, *columns[2:]), (*notes, _NORMALISED)
    if declared.counted:
        columns = tuple(_with_counts(column, rows) for column in columns)
    return Table(name, declared.title, columns, tuple(shown), notes)


def _units(columns: Sequence[Column]) -> str:
    """Return what the numbers are, by the units that their measures declare."""
    others = [
        f"{column.header}: {unit}" for column in columns if (unit := _unit(column)) != "percent"
    ]
    return f"{'; '.join(others)}. All other numbers: percent." if others else _PERCENT


def _unit(column: Column) -> str:
    """Return the unit of a score; parts of it, by type of question, have that of the whole."""
    names = (whole.partition("/")[2] for whole in wholes(column.key))
    return next((DECLARED[name].unit for name in names if name in DECLARED), "percent")


def _by_method(rows: Sequence[Row]) -> list[Row]:
    """Return the rows but those of other settings of a method that has a multi-task row."""
    whole = {(row.method, row.mode) for row in rows if row.setting == MULTI_TASK}
    return [
        row
        for row in rows
        if row.setting not in SETTINGS
        or row.setting == MULTI_TASK
        or (row.method, row.mode) not in whole
    ]


def _speaks(row: Row, columns: Sequence[Column], mute: str | None) -> bool:
    """Return whether a row has a number, or lacks them for another reason than its nature."""
    cells = [row.cells[column.key] for column in columns if column.key in row.cells]
    reasons = {cell.reason for cell in cells}
    return mute is None or None in reasons or (bool(reasons) and mute not in reasons)


def _normalised(rows: Sequence[Row]) -> list[Column]:
    """Return columns of what a foreign model's answers score normalised, where that differs."""
    return [
        Column(f"{exact.key}/normalised", f"{exact.header} (normalised)")
        for exact in ANSWER_COLUMNS[:2]
        if any(
            row.value(f"{exact.key}/normalised") not in (None, row.value(exact.key))
            for row in rows
            if row.setting == FOREIGN
        )
    ]


def _with_counts(column: Column, rows: Sequence[Row]) -> Column:
    """Return the column with the number of questions in its header, where all rows agree on it."""
    counts = {row.cell(column.key).n for row in rows} - {None, 0}
    if len(counts) != 1:
        return column
    return Column(column.key, f"{column.header} (n = {counts.pop()})")
