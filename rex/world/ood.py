"""GQA-OOD: questions whose answer is rare, or usual, within its local group.

Source: Kervadec et al., "Roses are red, violets are blue", CVPR 2021, and the authors' code
(gqa-ood/GQA-OOD, `build_gqa_ood.py`, alpha 0.2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

ALPHA = 0.2
"""An answer belongs to the tail when it is asked less than (1 + ALPHA) x the group's mean."""

_EVEN = 1 - 1e-9
"""A normalised entropy above this is that of even answers."""

Records = Mapping[str, Mapping[str, Any]]
"""Question id to GQA's question record."""


def split_out_of_distribution(questions: Records) -> dict[str, dict[str, Any]]:
    """Return the questions of `all`, `head` and `tail`, in their order.

    Only unbalanced groups count: those whose normalised entropy lies at least one standard
    deviation below the mean of all groups. A group whose answers are even never does, nor one
    with a single answer; the parts of a very small world may so be empty.
    """
    counts: dict[str, Counter[str]] = {}
    for record in questions.values():
        counts.setdefault(str(record["groups"]["local"]), Counter())[record["answer"]] += 1
    entropies = {group: _entropy(answers) for group, answers in counts.items()}
    values = np.asarray(list(entropies.values()))
    limit = float(values.mean() - values.std()) if len(values) else 0.0
    parts: dict[str, dict[str, Any]] = {"all": {}, "head": {}, "tail": {}}
    for question_id, record in questions.items():
        group = str(record["groups"]["local"])
        if entropies[group] > min(limit, _EVEN):
            continue
        answers = counts[group]
        mean = sum(answers.values()) / len(answers)
        part = "tail" if answers[record["answer"]] < (1 + ALPHA) * mean else "head"
        parts["all"][question_id] = record
        parts[part][question_id] = record
    return parts


def _entropy(answers: Counter[str]) -> float:
    """Return the entropy of a group's answers over the largest it could be (0 to 1)."""
    if len(answers) == 1:
        return 1.0
    shares = np.asarray(list(answers.values()), dtype=np.float64) / sum(answers.values())
    return float(-(shares * np.log(shares)).sum() / np.log(len(answers)))
