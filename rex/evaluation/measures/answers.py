"""Accuracy of answers: of all questions, by type, and on GQA-OOD."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rex.errors import InputError
from rex.evaluation.case import Case, Measure, Results
from rex.evaluation.reading.ground_truth import Questions
from rex.evaluation.scores import Sample, mean_percent, mean_sample
from rex.gqa.layout import OOD_PARTS

STRUCTURAL_TYPES = ("query", "verify", "choose", "logical", "compare")
SEMANTIC_TYPES = ("obj", "attr", "cat", "rel", "global")
_MATCH = "match:exact"


def accuracy_samples(predicted: Sequence[str | None], questions: Questions) -> dict[str, Sample]:
    """Return `accuracy` and its parts by structural and semantic type, of predicted answers [n].

    An answer is right when it is the annotated one, letter for letter; no answer is wrong.
    Questions without an annotated answer are left out. Beside the types, `accuracy/open` are
    questions of type `query`, `accuracy/binary` those of any other type.
    """
    right = right_answers(predicted, questions.answers)
    structural = np.array(questions.structural, dtype=object)
    answered = questions.answered
    parts = {"accuracy": answered}
    for kind, known, types in (
        ("structural", STRUCTURAL_TYPES, questions.structural),
        ("semantic", SEMANTIC_TYPES, questions.semantic),
    ):
        found = np.array(types, dtype=object)
        names = (*known, *sorted(set(types) - {*known, ""}))
        parts |= {f"accuracy/{kind}/{name}": found == name for name in names}
    parts["accuracy/binary"] = (structural != "query") & (structural != "")
    parts["accuracy/open"] = structural == "query"
    return {
        name: mean_sample(np.flatnonzero(part & answered), right[part & answered], signature=_MATCH)
        for name, part in parts.items()
    }


def ood_samples(
    predicted: Sequence[str | None], questions: Questions, parts: Mapping[str, Sequence[str]]
) -> dict[str, Sample]:
    """Return `accuracy/ood-all`, `-head`, `-tail` (Kervadec et al., CVPR 2021).

    `parts` names the questions of each part; those that were not asked, or whose answer is not
    known, are left out, and the signature then says how many of how many count.
    """
    right, row_of = right_answers(predicted, questions.answers), questions.rows
    samples = {}
    for part, members in parts.items():
        asked = [row_of[name] for name in members if name in row_of]
        rows = np.array([row for row in asked if questions.answers[row]], dtype=np.int64)
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
        parts[part] = [question_id for question_id, _ in iter_questions(path)]
    return parts


def right_answers(predicted: Sequence[str | None], answers: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which answers [n] are the annotated ones, letter for letter; "" is no answer."""
    return np.array(
        [ours == theirs != "" for ours, theirs in zip(predicted, answers, strict=True)],
        dtype=np.bool_,
    )


_ARTICLES = frozenset({"a", "an", "the"})
_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    )
}
_PUNCTUATION = re.compile(r"[^\w\s']")


def normalised_answer(answer: str) -> str:
    """Return an answer in lower case, without punctuation and articles, with digits for numbers."""
    words = _PUNCTUATION.sub(" ", answer.lower()).split()
    return " ".join([_NUMBERS.get(word, word) for word in words if word not in _ARTICLES])


def spellings(answer: str) -> list[str]:
    """Return how an answer in a model's own words may be spelled: as it is, and normalised."""
    return list(dict.fromkeys((answer, normalised_answer(answer))))


def _normalised(case: Case) -> Results:
    right = {
        row: ours is not None and normalised_answer(ours) == normalised_answer(theirs)
        for row, (ours, theirs) in enumerate(zip(case.answers, case.questions.answers, strict=True))
        if theirs
    }
    return {
        "accuracy/normalised": mean_sample(
            list(right), list(right.values()), signature="match:case+punctuation+articles+numbers"
        )
    }


_OOD = tuple(f"accuracy/ood-{part}" for part in OOD_PARTS)

MEASURES = (
    Measure(
        names=("accuracy",),
        labels=("Accuracy",),
        needs=("answers", "true answers"),
        compute=lambda case: accuracy_samples(case.answers, case.questions),
        paired=dict.fromkeys(("accuracy", "accuracy/binary", "accuracy/open"), mean_percent),
        summary="share of answers that are the annotated one, letter for letter; also "
        "`accuracy/structural/…` and `accuracy/semantic/…` by the question's `types`, and "
        "`accuracy/binary`, `accuracy/open` (structural type `query`)",
    ),
    Measure(
        names=("accuracy/normalised",),
        labels=("Accuracy (normalised)",),
        needs=("answers", "true answers"),
        compute=_normalised,
        summary="the same after both are in lower case, without punctuation and articles, and with "
        "digits for the numbers up to ten: for models that answer `White.` or `The dog`",
    ),
    Measure(
        names=_OOD,
        labels=tuple(f"Accuracy (OOD {part})" for part in OOD_PARTS),
        needs=("answers", "true answers", "GQA-OOD"),
        compute=lambda case: ood_samples(case.answers, case.questions, case.inputs.ood or {}),
        paired=dict.fromkeys(_OOD, mean_percent),
        summary="the same over the questions of GQA-OOD's files (Kervadec et al., CVPR 2021)",
    ),
)
