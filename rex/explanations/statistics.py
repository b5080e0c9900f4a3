"""`rex explain stats`: the data card of an explanation table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from rex.errors import InputError
from rex.explanations.building import question_files
from rex.explanations.modes import OK
from rex.explanations.table import ADDED, schema
from rex.files import no_markup, parquet_provenance, readable_parquet
from rex.gqa.questions import Question, iter_questions
from rex.tokens import is_region

File = str | PathLike[str]

PUBLISHED = {
    "explanations, train and val balanced": 1_040_830,
    "questions, train balanced": 943_000,
    "questions, val balanced": 132_062,
    "explanations, val (a later user's count)": 127_900,
    "questions, train all": 14_305_356,
    "words of explanations (vocabulary of a follow-up)": 1_839,
    "answers (vocabulary of a follow-up)": 1_824,
}
"""What is published of GQA-REX (Chen and Zhao, CVPR 2022; VCIN, ICCV 2023)."""

_EXAMPLES = 20


@dataclass
class Share:
    """How many of some questions are explained, and by what agrees with their answer."""

    questions: int = 0
    explained: int = 0
    judged: int = 0
    """Explained ones from which an answer follows."""
    agreeing: int = 0

    def count(self, row: dict[str, Any]) -> None:
        """Count one question."""
        self.questions += 1
        if row["status"] == OK:
            self.explained += 1
            if row["entailed_answer"] is not None and row["answer"] is not None:
                self.judged += 1
                self.agreeing += row["entailed_answer"] == row["answer"]


@dataclass
class Statistics:
    """What a data card tells."""

    mode: str = ""
    whole: Share = field(default_factory=Share)
    statuses: Counter[str] = field(default_factory=Counter)
    operations: dict[str, Share] = field(default_factory=dict)
    structural: dict[str, Share] = field(default_factory=dict)
    semantic: dict[str, Share] = field(default_factory=dict)
    lengths: Counter[int] = field(default_factory=Counter)
    """Tokens of an explanation to how many have as many."""
    words: Counter[str] = field(default_factory=Counter)
    """Tokens other than regions."""
    region_tokens: int = 0
    mentions: int = 0
    detected: int = 0
    bounds: float = 0.0
    bounded: int = 0
    contradictions: Counter[str] = field(default_factory=Counter)
    """GQA's name of the last operation to explanations that contradict the answer."""
    examples: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    """Descriptions that the scene graph contradicts to explanations that leave them out."""


def collect_statistics(explanations: File, questions: Sequence[File]) -> Statistics:
    """Count what an explanation table holds; `questions` are the files it was built from.

    Raises InputError when the two do not belong together.
    """
    counts = Statistics(mode=parquet_provenance(explanations).get("settings", {}).get("mode", ""))
    records = _records(questions)
    for row in _rows(explanations):
        question_id, record = next(records, ("", None))
        if record is None or question_id != row["question_id"]:
            raise InputError(
                f"row of question {row['question_id']!r} where the questions have {question_id!r}",
                file=explanations,
                cure="give the questions it was built from, all of them, in the same order",
            )
        _count(counts, row, record)
    return counts


def _rows(path: File) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    columns = schema()
    with readable_parquet(path), pq.ParquetFile(path) as file:
        found = file.schema_arrow
        missing = set(columns.names).difference(found.names)
        there = [field for field in columns if field.name not in missing]
        if not missing <= ADDED or any(found.field(each.name).type != each.type for each in there):
            raise InputError(
                "not an explanation table", file=path, cure="make it: rex explain build"
            )
        for batch in file.iter_batches(batch_size=8192):
            batch.validate(full=True)
            yield from batch.to_pylist()


def _records(questions: Sequence[File]) -> Iterator[tuple[str, Question]]:
    for path in question_files(questions):
        yield from iter_questions(path)


def _count(counts: Statistics, row: dict[str, Any], record: Question) -> None:
    counts.statuses[row["status"].partition(":")[0]] += 1
    shares = [
        counts.whole,
        counts.structural.setdefault(record.types.structural or "none", Share()),
        counts.semantic.setdefault(record.types.semantic or "none", Share()),
        *(counts.operations.setdefault(name, Share()) for name in sorted(set(row["operations"]))),
    ]
    for share in shares:
        share.count(row)
    if row["status"] != OK:
        return
    # tables of version 0.1 lack the column
    counts.left_out.update(row.get("left_out", ()))
    if row["text"] is not None:
        tokens = row["text"].split()
        regions = sum(map(is_region, tokens))
        counts.lengths[len(tokens)] += 1
        counts.region_tokens += regions
        counts.words.update(token for token in tokens if not is_region(token))
    counts.mentions += len(row["regions"])
    counts.detected += sum(region >= 0 for region in row["regions"])
    if row["bound"] is not None:
        counts.bounds += row["bound"]
        counts.bounded += 1
    entailed = row["entailed_answer"]
    if entailed is not None and row["answer"] is not None and entailed != row["answer"]:
        counts.contradictions[record.semantic[-1].operation] += 1
        if len(counts.examples) < _EXAMPLES:
            counts.examples.append(
                f"{row['question_id']}: {record.question} GQA: {row['answer']}; entailed: "
                f"{entailed}. {row['sentence']}"
            )


def data_card(counts: Statistics, source: Path) -> str:
    """Return the data card as Markdown."""
    whole = counts.whole
    lines = [
        f"# Explanations: {no_markup(source.name)}",
        "",
        f"Mode `{counts.mode}`. {_number(whole.questions)} questions, {_number(whole.explained)} "
        f"explained ({_percent(whole.explained, whole.questions)}). "
        + (
            f"The explanation entails GQA's answer in {_percent(whole.agreeing, whole.judged)} "
            f"of the {_number(whole.judged)} from which an answer follows."
            if whole.judged
            else "No answers were derived."
        ),
        "",
        *_counts("Status", "questions", counts.statuses.most_common()),
        *_shares("Atomic operation", counts.operations),
        *_shares("Structural type", counts.structural),
        *_shares("Semantic type", counts.semantic),
        *_text(counts),
        *_counts(
            "Left out: the scene graph contradicts it",
            "descriptions",
            [("in all", counts.left_out.total()), *counts.left_out.most_common()],
        ),
        *_counts(
            "Contradictions by last operation", "questions", counts.contradictions.most_common()
        ),
    ]
    if counts.examples:
        lines += [f"The first {len(counts.examples)} contradictions:", ""]
        lines += [f"- {no_markup(example)}" for example in counts.examples]
        lines.append("")
    lines += _counts("Published of GQA-REX", "count", list(PUBLISHED.items()))
    return "\n".join(lines).rstrip() + "\n"


def _text(counts: Statistics) -> list[str]:
    texts = counts.lengths.total()
    if not texts:
        return ["No tokens: built without regions.", ""]
    tokens = sum(length * count for length, count in counts.lengths.items())
    rows: list[tuple[str, Any]] = [
        ("explanations with tokens", texts),
        ("tokens an explanation, mean", f"{tokens / texts:.2f}"),
        ("tokens an explanation, median", _median(counts.lengths)),
        ("tokens an explanation, most", max(counts.lengths)),
        ("tokens that are regions", _percent(counts.region_tokens, tokens)),
        ("mentions of objects with a region", _percent(counts.detected, counts.mentions)),
        (
            "best grounding that the regions allow, mean IoU",
            _percent(counts.bounds, counts.bounded),
        ),
        ("different words", len(counts.words)),
    ]
    return _counts("Text", "value", rows)


def _median(lengths: Counter[int]) -> int:
    """Return the middle one of all, of two the lower one."""
    known = sorted(lengths)
    up_to = np.cumsum([lengths[length] for length in known])
    return known[int(np.searchsorted(up_to, up_to[-1] / 2))]


def _counts(title: str, unit: str, rows: Sequence[tuple[str, Any]]) -> list[str]:
    if not rows:
        return []
    lines = [f"| {title} | {unit} |", "|---|---:|"]
    lines += [f"| {no_markup(name)} | {_number(value)} |" for name, value in rows]
    return [*lines, ""]


def _shares(title: str, shares: dict[str, Share]) -> list[str]:
    lines = [f"| {title} | questions | explained | entails the answer |", "|---|---:|---:|---:|"]
    for name, share in sorted(shares.items(), key=lambda item: (-item[1].questions, item[0])):
        lines.append(
            f"| {no_markup(name)} | {_number(share.questions)} "
            f"| {_percent(share.explained, share.questions)} "
            f"| {_percent(share.agreeing, share.judged)} |"
        )
    return [*lines, ""]


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "–"
