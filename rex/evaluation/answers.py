"""Accuracy of answers: of all questions, by type, and on GQA-OOD."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rex.errors import InputError
from rex.evaluation.scores import Sample, mean_sample
from rex.gqa.layout import OOD_PARTS

STRUCTURAL_TYPES = ("query", "verify", "choose", "logical", "compare")
SEMANTIC_TYPES = ("obj", "attr", "cat", "rel", "global")
_MATCH = "match:exact"


def accuracy_samples(
    predicted: Sequence[str | None],
    answers: Sequence[str],
    structural: Sequence[str],
    semantic: Sequence[str],
) -> dict[str, Sample]:
    """Return `accuracy` and its parts by structural and semantic type, all arguments [n].

    An answer is right when it is the annotated one, letter for letter; no answer is wrong.
    """
    right = _right(predicted, answers)
    samples = {"accuracy": mean_sample(np.arange(len(right)), right, signature=_MATCH)}
    for kind, known, types in (
        ("structural", STRUCTURAL_TYPES, structural),
        ("semantic", SEMANTIC_TYPES, semantic),
    ):
        found = np.array(types, dtype=object)
        for name in (*known, *sorted(set(types) - {*known, ""})):
            rows = np.flatnonzero(found == name)
            samples[f"accuracy/{kind}/{name}"] = mean_sample(rows, right[rows], signature=_MATCH)
    return samples


def ood_samples(
    predicted: Sequence[str | None],
    answers: Sequence[str],
    question_ids: Sequence[str],
    parts: Mapping[str, Sequence[str]],
) -> dict[str, Sample]:
    """Return `accuracy/ood-all`, `-head`, `-tail` (Kervadec et al., CVPR 2021).

    `parts` names the questions of each part; those that were not asked are left out, and the
    signature then says how many of how many were.
    """
    right = _right(predicted, answers)
    row_of = {question_id: row for row, question_id in enumerate(question_ids)}
    samples = {}
    for part, members in parts.items():
        rows = np.array([row_of[name] for name in members if name in row_of], dtype=np.int64)
        partial = "" if len(rows) == len(members) else f"|asked:{len(rows)}/{len(members)}"
        samples[f"accuracy/ood-{part}"] = mean_sample(
            rows, right[rows], signature=f"{_MATCH}{partial}"
        )
    return samples


def read_ood(folder: str | PathLike[str], split: str) -> dict[str, list[str]]:
    """Read which questions GQA-OOD puts in each part: `all`, `head`, `tail` → question ids.

    Raises InputError when one of `ood_<split>_<part>.json` is missing or damaged.
    """
    from rex.gqa.questions import iter_questions

    parts = {}
    for part in OOD_PARTS:
        path = Path(folder) / f"ood_{split}_{part}.json"
        if not path.is_file():
            raise InputError(
                "no such file", file=path, cure="GQA-OOD has all, head and tail of val and testdev"
            )
        parts[part] = [question.question_id for question in iter_questions(path)]
    return parts


def _right(predicted: Sequence[str | None], answers: Sequence[str]) -> npt.NDArray[np.bool_]:
    return np.array(
        [ours == theirs for ours, theirs in zip(predicted, answers, strict=True)], dtype=np.bool_
    )
