"""What each question adds to each score: what the paired comparison of two methods needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from rex.arrays import starts_of
from rex.evaluation.measures import MEASURES
from rex.evaluation.resampling import sums_by_image
from rex.evaluation.scores import Floats, Sample
from rex.files import made_by, read_parquet, write_parquet, write_text

if TYPE_CHECKING:
    from rex.evaluation.measure import Measured

SUMMARIES: dict[str, Callable[[Floats], Floats]] = {
    name: summary for measure in MEASURES for name, summary in measure.paired.items()
}
"""The scores that methods are compared by, and how each comes from sums over questions."""
DETAILS_CURE = "evaluate again, with --details"


def write_details(
    path: str | PathLike[str],
    samples: Mapping[str, Sample],
    question_ids: Sequence[str],
    image_ids: Sequence[str],
) -> None:
    """Write the statistics of each question as Parquet: one column of lists for each measure.

    A null says that the measure is not about the question.
    """
    import pyarrow as pa

    columns = {
        "question_id": pa.array(question_ids, pa.string()),
        "image_id": pa.array(image_ids, pa.string()),
    }
    for name in SUMMARIES:
        if name in samples and len(samples[name].rows):
            columns[name] = _spread(samples[name], len(question_ids))
    write_parquet(path, pa.table(columns), provenance=made_by("rex evaluate"))


def write_unread(path: str | PathLike[str], measured: Measured) -> int:
    """Write a line of JSON for each explanation that cannot be read; return how many there are."""
    lines = []
    sample, case = measured.samples.get("readable"), measured.case
    if sample is not None:
        for row in sample.rows[sample.statistics[:, 0] == 0].tolist():
            line = {"question_id": case.questions.ids[row], "explanation": case.explanations[row]}
            lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    write_text(path, "".join(lines))
    return len(lines)


@dataclass(frozen=True)
class Details:
    """What each of n questions adds to one measure."""

    question_ids: list[str]
    """Sorted [n]."""
    image_ids: list[str]
    """[n], in the same order."""
    statistics: Floats
    """[n, k], in the same order."""
    asked: list[str]
    """All questions of the evaluation, sorted: the measure need not be about each."""


def sums_of_same_images(methods: Sequence[Sequence[Details]]) -> list[list[Floats]]:
    """Return what each run of each method adds up to over the same images, [images, k].

    An image about which a run says nothing counts 0 in its sums: where an explanation cannot be
    read it states no facts, true or not.
    """
    images = sorted({name for runs in methods for run in runs for name in run.image_ids})

    def sums(run: Details) -> Floats:
        nothing = np.zeros((len(images), run.statistics.shape[1]))
        return sums_by_image(np.concatenate([run.statistics, nothing]), [*run.image_ids, *images])

    return [[sums(run) for run in runs] for runs in methods]


def read_details(path: str | PathLike[str], measure: str) -> Details | None:
    """Read what each question adds to one measure; None when the file does not have it.

    Raises InputError when the file is missing or damaged.
    """
    columns = ("question_id", "image_id")
    table = read_parquet(path, columns=columns, optional=(measure,), cure=DETAILS_CURE)
    if measure not in table.column_names:
        return None
    table = table.sort_by("question_id")
    asked = table["question_id"].to_pylist()
    table = table.filter(table[measure].is_valid())
    column = table[measure].combine_chunks()
    statistics = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1)
    questions, images = table["question_id"].to_pylist(), table["image_id"].to_pylist()
    return Details(questions, images, statistics, asked)


def _spread(sample: Sample, size: int) -> object:
    """Return the statistics as a list column of `size` rows, null where the sample has none."""
    import pyarrow as pa

    order = np.argsort(sample.rows)
    lengths = np.zeros(size, dtype=np.int64)
    lengths[sample.rows] = sample.statistics.shape[1]
    return pa.ListArray.from_arrays(
        pa.array(starts_of(lengths), pa.int32()),
        pa.array(sample.statistics[order].ravel()),
        mask=pa.array(lengths == 0),
    )
