"""Grounding: do the regions that an explanation names cover the objects it should be about?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from rex.arrays import Ragged
from rex.boxes import box_sets, overlapping_pairs, ratios, resized, union_ious
from rex.errors import InputError
from rex.evaluation.case import Case, Measure, Results, parts
from rex.evaluation.measures.answers import STRUCTURAL_TYPES
from rex.evaluation.scores import Floats, Sample, mean_percent, mean_sample, samples_of

MATCH_IOU = 0.5
"""A region stands for an object when they overlap by this much."""


def grounding_samples(
    rows: npt.ArrayLike, predicted: Ragged, annotated: Ragged, bound: Floats
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
    overlap = union_ious(predicted, annotated)
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


def object_samples(rows: npt.ArrayLike, predicted: Ragged, annotated: Ragged) -> dict[str, Sample]:
    """Measure which objects an explanation points at, one by one.

    The arguments are those of `grounding_samples`, of all questions with a true explanation, also
    those about no object. Regions and objects are paired by falling IoU, down to `MATCH_IOU`, each
    once. Returns `grounding/precision` (pairs by regions), `grounding/recall` (pairs by objects)
    and `grounding/f1`, of the sums over questions.
    """
    pairs = count_matches(predicted, annotated)
    statistics = np.stack([pairs, predicted.lengths, annotated.lengths], axis=1).astype(np.float64)

    summaries: dict[str, Callable[[Floats], Floats]] = {
        "grounding/precision": lambda sums: 100 * ratios(sums[..., 0], sums[..., 1]),
        "grounding/recall": lambda sums: 100 * ratios(sums[..., 0], sums[..., 2]),
        "grounding/f1": lambda sums: 100 * ratios(2 * sums[..., 0], sums[..., 1] + sums[..., 2]),
    }
    return samples_of(rows, statistics, summaries, signature=f"iou:{MATCH_IOU}|sum:questions")


def count_matches(predicted: Ragged, annotated: Ragged) -> npt.NDArray[np.int64]:
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


STRATIFIED = "grounding/right-minus-wrong/by-type"
BY_ANSWER = ("grounding/right", "grounding/wrong", "grounding/right-minus-wrong")
ALL_RIGHT = "not computed: every answer is right"
ALL_WRONG = "not computed: no answer is right"
ALL_ALIKE = "not computed: no structural type has right and wrong answers"


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
    summaries = zip(BY_ANSWER, (mean_percent, _mean_of_wrong, right_minus_wrong), strict=True)
    signature = "area:exact|boxes:union|split:answer"
    found: dict[str, Sample | str] = {
        **samples_of(rows, statistics, dict(summaries), signature=signature)
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
    return mean_percent(sums) - _mean_of_wrong(sums)


def stratified_sample(
    rows: npt.ArrayLike, right: npt.ArrayLike, overlap: npt.ArrayLike, types: Sequence[str]
) -> Sample | str:
    """Return right minus wrong within questions of one type, averaged over the types [n].

    A type weighs as much as it has questions; one whose answers are all right, or all wrong, says
    nothing; `ALL_ALIKE` where no type does. Else arguments are those of `by_answer_samples`. What
    it shows is not that some kinds of question are both easier to answer and easier to ground.
    """
    found = np.array(types, dtype=object)
    by_answer = by_answer_statistics(right, overlap)
    statistics = np.concatenate(
        [by_answer * (found == name)[:, None] for name in STRUCTURAL_TYPES], axis=1
    )
    if len(statistics) and np.isnan(_stratified(statistics.sum(axis=0))):
        return ALL_ALIKE
    return Sample(
        rows=np.asarray(rows, dtype=np.int64),
        statistics=statistics,
        summary=_stratified,
        signature="area:exact|boxes:union|split:answer|strata:structural",
    )


def _stratified(sums: Floats) -> Floats:
    """Return the difference in percent, from sums [..., 4 K] of K types."""
    by_type = sums.reshape(*sums.shape[:-1], -1, 4)
    count = by_type[..., 1] + by_type[..., 3]
    weight = count * ((by_type[..., 1] > 0) & (by_type[..., 3] > 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        differences = np.where(weight > 0, right_minus_wrong(by_type), 0.0)
        mean: Floats = (weight * differences).sum(axis=-1) / weight.sum(axis=-1)
    return mean


def _mean_of_wrong(sums: Floats) -> Floats:
    return mean_percent(sums[..., 2:])


def _boxes(case: Case) -> tuple[Ragged, Ragged]:
    """Return the boxes [m sets] of the regions named, and of the objects of the true explanation.

    In pixels. Raises InputError when the regions or the scene graphs are of other images.
    """
    annotated = _annotated(case)
    return _predicted(case), annotated


def _annotated(case: Case) -> Ragged:
    graphs, questions, sets = case.graphs or {}, case.questions, []
    for row, objects in zip(case.true.rows, case.true.objects, strict=True):
        image_id = questions.image_ids[row]
        found = graphs[image_id].objects if image_id in graphs else {}
        absent = [name for name in objects if name not in found]
        if absent:
            raise InputError(
                f"has no object {absent[0]}, which the explanation of question "
                f"{questions.ids[row]} mentions",
                file=case.inputs.scene_graphs,
                place=f"image {image_id}",
                cure="give the scene graphs that the explanations were built from",
            )
        sets.append([found[name].box for name in dict.fromkeys(objects)])
    return box_sets(sets)


def _predicted(case: Case) -> Ragged:
    predictions, rows = case.predictions, case.order[case.true.rows]
    if predictions.boxes is not None:
        return predictions.boxes.take(rows)
    image_ids = [case.questions.image_ids[row] for row in case.true.rows]
    store = case.store
    named = Ragged.of(map(predictions.named_regions, rows.tolist()), np.int64)
    image, region = np.repeat(store.rows(image_ids), named.lengths), named.values
    wrong = np.flatnonzero(region >= store.num_boxes[image])
    if len(wrong):
        question = int(np.searchsorted(named.starts[1:], wrong[0], side="right"))
        raise InputError(
            f"the explanation of question {predictions.question_ids[rows[question]]} names region "
            f"{region[wrong[0]]} of image {image_ids[question]}, which has "
            f"{store.num_boxes[image[wrong[0]]]}",
            file=case.inputs.regions,
            cure="give the region store that the predictions were made from",
        )
    graphs = case.graphs or {}
    found = [graphs.get(image_id) for image_id in image_ids]
    sizes = np.array([(0, 0) if one is None else (one.width, one.height) for one in found])
    boxes = store.boxes[image, region].astype(np.float64)
    wanted = np.repeat(sizes.reshape(-1, 2), named.lengths, axis=0)
    return Ragged(resized(boxes, store.image_sizes[image], wanted), named.starts)


def about_objects(case: Case) -> tuple[npt.NDArray[np.int64], Ragged, Ragged, Floats]:
    """Return the arguments of `grounding_samples`: of explanations that are about some object."""
    predicted, annotated = case.once(_boxes)
    about = np.flatnonzero(annotated.lengths > 0)
    bound = np.nan_to_num(case.true.bound[about], nan=0.0)
    return case.true.rows[about], predicted.take(about), annotated.take(about), bound


def _overlaps(case: Case) -> dict[str, Sample]:
    return grounding_samples(*case.once(about_objects))


def _by_answer(case: Case) -> Results:
    grounding, true = case.once(_overlaps)["grounding"], case.questions.answers
    known = case.questions.answered[grounding.rows]
    rows, overlap = grounding.rows[known], grounding.statistics[known, 0]
    right = [case.answers[row] == true[row] for row in rows.tolist()]
    found = by_answer_samples(rows, right, overlap)
    reason = found[BY_ANSWER[2]]
    types = [case.questions.structural[row] for row in rows.tolist()]
    stratified = stratified_sample(rows, right, overlap, types)
    return found | {STRATIFIED: reason if isinstance(reason, str) else stratified}


_BOUNDED = ("grounding/bounded", "grounding/coverage")
_NEEDS = ("explanations", "true explanations", "boxes", "pointing")

MEASURES = (
    Measure(
        names=("grounding",),
        labels=("Grounding (IoU)",),
        needs=_NEEDS,
        compute=parts(_overlaps, "grounding"),
        paired={"grounding": mean_percent},
        summary="IoU of the union of the boxes of the regions that the explanation names, with the "
        "union of the boxes of the objects that the true explanation is about",
    ),
    Measure(
        names=_BOUNDED,
        labels=("Grounding (of best)", "Coverage"),
        needs=(*_NEEDS, "true texts"),
        compute=parts(_overlaps, *_BOUNDED),
        paired={"grounding/bounded": mean_percent},
        summary="the same divided by the best that a greedy choice of the image's regions reaches "
        "(one after another, at most as many as there are objects, or four), clipped at 1, where "
        "that is above 0; the share of questions where it is",
    ),
    Measure(
        names=("grounding/precision", "grounding/recall", "grounding/f1"),
        labels=("Objects (precision)", "Objects (recall)", "Objects (F1)"),
        needs=_NEEDS,
        compute=lambda case: object_samples(case.true.rows, *case.once(_boxes)),
        summary="regions and objects paired by falling IoU, down to 0.5, each once; of the sums "
        "over questions",
    ),
    Measure(
        names=(*BY_ANSWER, STRATIFIED),
        labels=(
            "Grounding, right",
            "Grounding, wrong",
            "Grounding (right − wrong)",
            "Grounding (right − wrong, by type)",
        ),
        needs=(*_NEEDS, "answers", "true answers"),
        compute=_by_answer,
        paired={BY_ANSWER[2]: right_minus_wrong, STRATIFIED: _stratified},
        summary="the mean of `grounding` over the questions answered rightly, and wrongly, and the "
        "difference: above 0, better-grounded explanations go with right answers; the same within "
        "questions of one structural type, averaged over the types by their questions",
    ),
)
