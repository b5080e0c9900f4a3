"""GQA's own measures beside accuracy (Hudson and Manning, CVPR 2019, section 4.4).

Definitions as in GQA's published evaluation script. Its choices file, which lists the valid and
the plausible answers of each question, is published for train and val only; where it is not given,
the lists are derived from the questions themselves (`derive_choices`).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass
from os import PathLike

import numpy as np

from rex.errors import InputError
from rex.evaluation.case import Case, Measure, Results
from rex.evaluation.measures.answers import right_answers
from rex.evaluation.reading.asked_words import offered_answers
from rex.evaluation.reading.ground_truth import Questions
from rex.evaluation.scores import Sample, Score, mean_percent, mean_sample

COMMON = frozenset({"color", "material", "shape"})
"""The answers that GQA's script allows to questions for something in common."""

FILE, DERIVED = "file", "derived"

_CHI_SQUARE = "chi-square / 100 (lower is better)"
_YES_NO = frozenset({"yes", "no"})


@dataclass(frozen=True)
class Choices:
    """The answers of each question [n] that are valid, and those that are plausible."""

    valid: Sequence[Set[str]]
    plausible: Sequence[Set[str]]
    source: str
    """Where they come from, for signatures: `FILE` or `DERIVED`."""


def consistency_sample(predicted: Sequence[str | None], questions: Questions) -> Sample:
    """Return `consistency`: of what rightly answered questions entail, the share that is right.

    Each right question counts once, with the mean over its entailed questions; those that were not
    asked (GQA's balanced files hold a part of them), or have no answer, are left out.
    """
    right = right_answers(predicted, questions.answers)
    row_of = questions.rows
    rows, values = [], []
    for row in np.flatnonzero(right).tolist():
        own = questions.ids[row]
        entailed = [row_of[name] for name in questions.entailed[row] if name in row_of]
        others = [one for one in entailed if questions.ids[one] != own and questions.answers[one]]
        if others:
            rows.append(row)
            values.append(float(np.mean(right[others])))
    return mean_sample(rows, values, signature="entailed:asked")


def choice_samples(
    predicted: Sequence[str | None], questions: Questions, choices: Choices
) -> dict[str, Sample]:
    """Return `validity` and `plausibility`: the share of answers within the question's choices.

    Questions without an annotated answer are left out.
    """
    known = np.flatnonzero(questions.answered)
    samples = {}
    for name, allowed in (("validity", choices.valid), ("plausibility", choices.plausible)):
        inside = [
            answer in (COMMON if "Common" in detailed and choices.source == FILE else group)
            for answer, detailed, group in zip(predicted, questions.detailed, allowed, strict=True)
        ]
        samples[name] = mean_sample(
            known, np.array(inside)[known], signature=f"choices:{choices.source}"
        )
    return samples


def distribution_score(predicted: Sequence[str | None], questions: Questions) -> Score:
    """Return `distribution`: how far the answers' distribution is from the true one; 0 is best.

    The chi-square statistic of the answers of each global group, averaged over groups by size,
    divided by 100.
    """
    true: dict[str, Counter[str]] = defaultdict(Counter)
    ours: dict[str, Counter[str | None]] = defaultdict(Counter)
    for answer, guess, group in zip(
        questions.answers, predicted, questions.global_groups, strict=True
    ):
        if group is not None and answer:
            true[group][answer] += 1
            ours[group][guess] += 1
    total = sum(count.total() for count in true.values())
    # Python 3.12 adds other than 3.11 did; this is exact
    weighted = math.fsum(
        count.total()
        * math.fsum(
            (ours[group][answer] - expected) ** 2 / expected for answer, expected in count.items()
        )
        for group, count in true.items()
    )
    return Score(
        value=weighted / total / 100 if total else None,
        n=total,
        unit=_CHI_SQUARE,
        signature="groups:global",
        reason=None if total else "no question has a global group",
    )


def derive_choices(questions: Questions) -> Choices:
    """Derive the choices from the questions.

    Valid are: yes and no for questions that are answered so; the options of a question that names
    some; else every answer to questions of the same global group (or, without one, template).
    Plausible are the answers to questions of the same local group: the same subject and property.
    """
    by_scope: dict[str, set[str]] = defaultdict(set)
    by_local: dict[str, set[str]] = defaultdict(set)
    scopes = [
        f"group {group}" if group is not None else f"template {detailed}"
        for group, detailed in zip(questions.global_groups, questions.detailed, strict=True)
    ]
    for scope, local, answer in zip(scopes, questions.local_groups, questions.answers, strict=True):
        if answer:
            by_scope[scope].add(answer)
            if local is not None:
                by_local[local].add(answer)
    valid, plausible = [], []
    for scope, local, answer, options in zip(
        scopes,
        questions.local_groups,
        questions.answers,
        map(offered_answers, questions.programs),
        strict=True,
    ):
        fits = _YES_NO if answer in _YES_NO else options or by_scope[scope]
        valid.append(fits)
        plausible.append(fits if local is None or options else by_local[local])
    return Choices(valid, plausible, DERIVED)


def read_choices(path: str | PathLike[str], questions: Questions) -> Choices:
    """Read GQA's choices file: question id → `valid` and `plausible` answers. Raises InputError."""
    import msgspec

    from rex.gqa.json_entries import iter_entries

    class Entry(msgspec.Struct, frozen=True):
        valid: frozenset[str]
        plausible: frozenset[str]

    entries = iter_entries(path, Entry, entry="question", cure="expected GQA's choices format")
    known = {name: entry for name, entry in entries if name in questions.rows}
    if missing := questions.rows.keys() - known:
        raise InputError(
            f"has no choices for question {min(missing)}",
            file=path,
            cure="give the choices file of these questions, or none to derive them",
        )
    found = [known[name] for name in questions.ids]
    return Choices([entry.valid for entry in found], [entry.plausible for entry in found], FILE)


def _choices(case: Case) -> Results:
    file, questions = case.inputs.choices, case.questions
    choices = derive_choices(questions) if file is None else read_choices(file, questions)
    return choice_samples(case.answers, questions, choices)


MEASURES = (
    Measure(
        names=("consistency",),
        labels=("Consistency",),
        needs=("answers", "true answers"),
        compute=lambda case: {"consistency": consistency_sample(case.answers, case.questions)},
        summary="of the questions answered rightly that entail others, the mean share of those "
        "answered rightly",
    ),
    Measure(
        names=("validity", "plausibility"),
        labels=("Validity", "Plausibility"),
        needs=("answers", "true answers"),
        compute=_choices,
        paired=dict.fromkeys(("validity", "plausibility"), mean_percent),
        summary="share of answers among the question's valid, its plausible, answers",
    ),
    Measure(
        names=("distribution",),
        labels=("Distribution",),
        needs=("answers", "true answers"),
        unit=_CHI_SQUARE,
        lower_is_better=True,
        compute=lambda case: {"distribution": distribution_score(case.answers, case.questions)},
        summary="chi-square between the given and the true answers of each global group, averaged "
        "by group size, divided by 100; 0 is best",
    ),
)
