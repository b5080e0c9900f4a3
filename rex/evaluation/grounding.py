"""Grounding: do the regions that an explanation names cover the objects it should be about?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rex.evaluation.areas import BoxSets, intersection_over_union, overlapping_pairs
from rex.evaluation.scores import Floats, Sample, mean_sample

MATCH_IOU = 0.5
"""A region stands for an object when they overlap by this much."""


def grounding_samples(
    rows: npt.ArrayLike, predicted: BoxSets, annotated: BoxSets, bound: Floats
) -> dict[str, Sample]:
    """Measure the grounding of explanations.

    `rows` [n] are the positions of questions whose true explanation is about some object;
    `predicted` and `annotated` [n] the boxes of the regions that the explanation names and of the
    objects of the true explanation, in pixels; `bound` [n] the best IoU that a choice of the
    image's regions can reach, 0 to 1 (0: no region touches the objects).

    Returns `grounding`: the IoU of the two unions (an explanation without regions scores 0);
    `grounding/bounded`: IoU / bound, clipped at 1, over questions with a bound above 0;
    `grounding/coverage`: the share of questions with such a bound.
    """
    places = np.asarray(rows, dtype=np.int64)
    overlap = intersection_over_union(predicted, annotated)
    reachable = bound > 0
    bounded = np.minimum(overlap[reachable] / bound[reachable], 1.0)
    signature = "area:exact|boxes:union"
    return {
        "grounding": mean_sample(places, overlap, signature=signature),
        "grounding/bounded": mean_sample(
            places[reachable], bounded, signature=f"{signature}|bound:greedy|clip:1"
        ),
        "grounding/coverage": mean_sample(places, reachable, signature="bound:greedy"),
    }


def object_samples(
    rows: npt.ArrayLike, predicted: BoxSets, annotated: BoxSets
) -> dict[str, Sample]:
    """Measure which objects an explanation points at, one by one.

    The arguments are those of `grounding_samples`, of all questions with a true explanation, also
    those about no object. Regions and objects are paired by falling IoU, down to `MATCH_IOU`, each
    once. Returns `grounding/precision` (pairs by regions), `grounding/recall` (pairs by objects)
    and `grounding/f1`, of the sums over questions.
    """
    pairs = count_matches(predicted, annotated)
    statistics = np.stack([pairs, predicted.sizes, annotated.sizes], axis=1).astype(np.float64)

    def sample(summary: Callable[[Floats], Floats]) -> Sample:
        return Sample(
            rows=np.asarray(rows, dtype=np.int64),
            statistics=statistics,
            summary=summary,
            signature=f"iou:{MATCH_IOU}|sum:questions",
        )

    return {
        "grounding/precision": sample(lambda sums: _percent(sums[..., 0], sums[..., 1])),
        "grounding/recall": sample(lambda sums: _percent(sums[..., 0], sums[..., 2])),
        "grounding/f1": sample(
            lambda sums: _percent(2 * sums[..., 0], sums[..., 1] + sums[..., 2])
        ),
    }


def count_matches(predicted: BoxSets, annotated: BoxSets) -> npt.NDArray[np.int64]:
    """Return how many regions and objects of each question are paired, best overlap first [n]."""
    owner, region, scene_object, overlap = overlapping_pairs(predicted, annotated, MATCH_IOU)
    order = np.lexsort((scene_object, region, -overlap, owner))
    matches = np.zeros(len(predicted), dtype=np.int64)
    taken: set[tuple[int, int, int]] = set()
    for pair in order.tolist():
        question = int(owner[pair])
        ours, theirs = (question, 0, int(region[pair])), (question, 1, int(scene_object[pair]))
        if ours not in taken and theirs not in taken:
            taken |= {ours, theirs}
            matches[question] += 1
    return matches


def _percent(part: Floats, whole: Floats) -> Floats:
    """Return a share in percent; 0 of nothing is 0."""
    return 100 * np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
