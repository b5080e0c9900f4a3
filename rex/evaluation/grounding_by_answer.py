"""Do better-grounded explanations go with right answers?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rex.evaluation.scores import Floats, Sample

BY_ANSWER = ("grounding/right", "grounding/wrong", "grounding/right-minus-wrong")
ALL_RIGHT = "not computed: every answer is right"
ALL_WRONG = "not computed: no answer is right"


def by_answer_samples(
    rows: npt.ArrayLike, right: npt.ArrayLike, overlap: npt.ArrayLike
) -> dict[str, Sample | str]:
    """Return the mean grounding of the explanations given with right, and with wrong, answers.

    `rows` [n] are the positions of questions about some object, `right` [n] whether the answer is
    right, `overlap` [n] the IoU of the explanation's regions with the objects, 0 to 1. Returns
    `grounding/right`, `grounding/wrong` and their difference `grounding/right-minus-wrong`, in
    percent; a reason in place of what needs answers of a kind that there is none of.
    """
    statistics = by_answer_statistics(right, overlap)
    found: dict[str, Sample | str] = {
        name: Sample(
            rows=np.asarray(rows, dtype=np.int64),
            statistics=statistics,
            summary=summary,
            signature="area:exact|boxes:union|split:answer",
        )
        for name, summary in zip(
            BY_ANSWER, (_mean_of_right, _mean_of_wrong, right_minus_wrong), strict=True
        )
    }
    _, answered, _, missed = statistics.sum(axis=0)
    if not len(statistics):  # says itself that there is no question of this kind
        return found
    if not answered:
        found |= dict.fromkeys((BY_ANSWER[0], BY_ANSWER[2]), ALL_WRONG)
    if not missed:
        found |= dict.fromkeys((BY_ANSWER[1], BY_ANSWER[2]), ALL_RIGHT)
    return found


def by_answer_statistics(right: npt.ArrayLike, overlap: npt.ArrayLike) -> Floats:
    """Return what `right_minus_wrong` sums [n, 4]: IoU and 1 of right, then of wrong answers."""
    is_right = np.asarray(right, dtype=np.float64)
    values = np.asarray(overlap, dtype=np.float64)
    return np.stack([values * is_right, is_right, values * (1 - is_right), 1 - is_right], axis=1)


def right_minus_wrong(sums: Floats) -> Floats:
    """Return the difference of the mean IoUs in percent, from sums [..., 4]."""
    return _mean_of_right(sums) - _mean_of_wrong(sums)


def _mean_of_right(sums: Floats) -> Floats:
    return 100 * sums[..., 0] / sums[..., 1]


def _mean_of_wrong(sums: Floats) -> Floats:
    return 100 * sums[..., 2] / sums[..., 3]
