"""Grounding: do the regions that an explanation names cover the objects it should be about?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rex.evaluation.areas import BoxSets, intersection_over_union
from rex.evaluation.scores import Floats, Sample, mean_sample


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
            places[reachable], bounded, signature=f"{signature}|bound:regions|clip:1"
        ),
        "grounding/coverage": mean_sample(places, reachable, signature="bound:regions"),
    }
