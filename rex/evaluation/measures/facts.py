"""Agreement and truth of predicted explanations: measures that no published system reports.

Each explanation is read back into the facts it states (`rex.evaluation.reading.statements`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from rex.arrays import Ragged
from rex.boxes import box_sets, overlapping_pairs, resized
from rex.evaluation.case import Case, Measure, Results, parts
from rex.evaluation.measures.agreement import Names, agrees, detected_names
from rex.evaluation.measures.answers import STRUCTURAL_TYPES, spellings
from rex.evaluation.measures.grounding import MATCH_IOU
from rex.evaluation.measures.truth import SeenScene, rightly_called
from rex.evaluation.reading.cursor import UnreadableError
from rex.evaluation.reading.facts import Fact
from rex.evaluation.reading.ground_truth import Questions
from rex.evaluation.reading.lexicon import build_lexicon
from rex.evaluation.reading.statements import read_statement
from rex.evaluation.scores import Sample, mean_percent, mean_sample
from rex.gqa.parsing import program_or_none
from rex.gqa.scene_graphs import SceneGraph

Follows = tuple[bool | None, bool | None]
"""Whether a question's predicted answer follows, and its true one; None: there is no such."""

_QUESTIONS_AT_ONCE = 2048

_GRAMMAR = "read:grammar-5"
_FOLLOWS = f"{_GRAMMAR}|follows:2"


def _facts(case: Case) -> list[tuple[Fact, ...] | None]:
    """Return what the explanations [n] state, None where they cannot be read.

    The scene graphs and the programs add words to those of GQA's categories.
    """
    lexicon = build_lexicon((case.graphs or {}).values(), case.questions.programs)

    @cache  # many questions have the same explanation
    def read(text: str | None) -> tuple[Fact, ...] | None:
        try:
            return None if text is None else read_statement(text, lexicon)
        except UnreadableError:
            return None

    return [read(text) for text in case.explanations]


def _readable(case: Case) -> Results:
    known = [facts is not None for facts in case.once(_facts)]
    return {"readable": mean_sample(np.arange(len(known)), known, signature=_GRAMMAR)}


def _all(case: Case) -> dict[str, Sample]:
    """Return what scene graphs, or without them the detector, say of each question.

    `agreement` is the share of explanations from which the predicted answer follows, over questions
    with an answer; `entails` the same of the true answer; with scene graphs also `truth`, the share
    of facts that hold, over readable explanations, and `truth/main` that of main clauses alone. All
    in percent, each also by structural type.
    """
    graphs = case.graphs
    samples = _by_detector(case) if graphs is None else _by_scene_graphs(case, graphs)
    return samples | _by_structure(samples, case.questions)


def _by_scene_graphs(case: Case, graphs: Mapping[str, SceneGraph]) -> dict[str, Sample]:
    """Return all four; questions whose image has no scene graph are left out.

    A region shows the annotated object that it overlaps best (IoU ≥ 0.5).
    """
    images, called = case.questions.image_ids, case.predictions.called
    known = [row for row, image_id in enumerate(images) if image_id in graphs]
    known.sort(key=images.__getitem__)
    follows: dict[int, Follows] = {}
    held: dict[int, list[bool]] = {}
    main: dict[int, list[bool]] = {}
    for begin in range(0, len(known), _QUESTIONS_AT_ONCE):
        rows = known[begin : begin + _QUESTIONS_AT_ONCE]
        for row, objects in zip(rows, _shown(case, graphs, rows), strict=True):
            scene = SeenScene(graphs[images[row]], objects)
            follows[row] = _follow(case, row, scene.names)
            if called is not None:
                named = rightly_called(scene.graph, objects, called[case.order[row]])
                scene = SeenScene(scene.graph, named)
            if facts := case.once(_facts)[row]:
                held[row] = [scene.holds(fact) for fact in facts]
                of_main = zip(held[row], facts, strict=True)
                main[row] = [holds for holds, fact in of_main if fact.main]
    samples = _following(follows, "annotated")
    return samples | {"truth": _shares(held), "truth/main": _shares(main)}


def _shares(held: Mapping[int, Sequence[bool]]) -> Sample:
    """Return the share of facts that hold, from those of each question."""
    rows = sorted(held)
    holding, counts = [sum(held[row]) for row in rows], [len(held[row]) for row in rows]
    return mean_sample(rows, holding, counts=counts, signature=f"{_GRAMMAR}|iou:{MATCH_IOU}")


def _by_detector(case: Case) -> dict[str, Sample]:
    """Return `agreement` and `entails` without scene graphs: the detector says what a region is.

    Raises InputError when the store lacks an image.
    """
    store = case.store
    images = enumerate(store.rows(list(case.questions.image_ids)).tolist())
    return _following(
        {row: _follow(case, row, detected_names(store, image)) for row, image in images}, "detected"
    )


def _follow(case: Case, row: int, names: Names) -> Follows:
    """Return whether a question's answers follow; its image's things have `names`."""
    predicted, true = case.answers[row], case.questions.answers[row] or None
    follows: dict[str | None, bool] = {
        answer: _agrees(case, row, answer, names)
        for answer in {predicted, true}
        if answer is not None
    }
    if predicted is not None and not follows[predicted] and case.predictions.boxes is not None:
        # a model's own words, not of a vocabulary
        follows[predicted] = any(_agrees(case, row, one, names) for one in spellings(predicted))
    return follows.get(predicted), follows.get(true)


def _agrees(case: Case, row: int, answer: str, names: Names) -> bool:
    """Return whether the answer follows; from a malformed program nothing does."""
    facts = case.once(_facts)[row] or ()
    return agrees(answer, facts, program_or_none(case.questions.programs[row]), names)


def _following(follows: Mapping[int, Follows], who: str) -> dict[str, Sample]:
    """Return `agreement` and `entails` of questions by row; `who` named the regions."""
    samples = {}
    for place, name in enumerate(("agreement", "entails")):
        found = {row: said[place] for row, said in follows.items() if said[place] is not None}
        rows, signature = sorted(found), f"{_FOLLOWS}|names:{who}"
        samples[name] = mean_sample(rows, [found[row] is True for row in rows], signature=signature)
    return samples


def _by_structure(samples: Mapping[str, Sample], questions: Questions) -> dict[str, Sample]:
    """Return the parts of samples by structural type, `<name>/structural/<type>`."""
    structural = np.array(questions.structural, dtype=object)
    parts = {}
    for name, sample in samples.items():
        for kind in STRUCTURAL_TYPES:
            chosen = structural[sample.rows] == kind
            parts[f"{name}/structural/{kind}"] = replace(
                sample, rows=sample.rows[chosen], statistics=sample.statistics[chosen]
            )
    return parts


def _shown(
    case: Case, graphs: Mapping[str, SceneGraph], rows: Sequence[int]
) -> list[dict[int, str]]:
    """Return which object each region, or box, of these questions shows.

    None of an image without regions.
    """
    images = [case.questions.image_ids[row] for row in rows]
    if case.predictions.boxes is not None:
        regions = case.predictions.boxes.take(case.order[rows])
        return shown_by_boxes([graphs[name] for name in images], regions)
    store = case.store
    names = list(dict.fromkeys(images))
    places = [store.index.get(name) for name in names]
    boxes = [
        np.zeros((0, 4))
        if place is None
        else resized(
            store.boxes[place, : int(store.num_boxes[place])],
            store.image_sizes[place],
            (graphs[name].width, graphs[name].height),
        )
        for name, place in zip(names, places, strict=True)
    ]
    regions = Ragged.from_lengths(np.concatenate(boxes), [len(some) for some in boxes])
    found = shown_by_boxes([graphs[name] for name in names], regions)
    of_image = dict(zip(names, found, strict=True))
    return [of_image[name] for name in images]


def shown_by_boxes(graphs: Sequence[SceneGraph], regions: Ragged) -> list[dict[int, str]]:
    """Return which object each box of a set shows; `graphs` [n] are those of the sets' images."""
    objects = box_sets([[thing.box for thing in graph.objects.values()] for graph in graphs])
    owner, region, key, overlap = overlapping_pairs(regions, objects, MATCH_IOU)
    keys = [list(graph.objects) for graph in graphs]
    found: list[dict[int, str]] = [{} for _ in graphs]
    # later entries win: the best overlap, and of equals the object annotated first
    for pair in np.lexsort((-key, overlap)).tolist():
        image = int(owner[pair])
        found[image][int(region[pair])] = keys[image][int(key[pair])]
    return found


def _truth(case: Case) -> Results:
    if any(case.once(_facts)):
        return parts(_all, *_TRUTHS)(case)
    return dict.fromkeys(_TRUTHS, NONE_READABLE)


_TRUTHS = ("truth", "truth/main")
NONE_READABLE = "not computed: no explanation can be read"

MEASURES = (
    Measure(
        names=("readable",),
        labels=("Readable",),
        needs=("explanations",),
        compute=_readable,
        summary="share of explanations that are of the grammar",
    ),
    Measure(
        names=("agreement",),
        labels=("Agreement",),
        needs=("explanations", "answers", "regions"),
        compute=parts(_all, "agreement"),
        paired={"agreement": mean_percent},
        summary="share of explanations from which the *predicted* answer follows; from unreadable "
        "ones none does; also `agreement/structural/…`",
    ),
    Measure(
        names=("entails",),
        labels=("Entails",),
        needs=("explanations", "true answers", "regions"),
        compute=parts(_all, "entails"),
        paired={"entails": mean_percent},
        summary="share of explanations from which the *true* answer follows: agreement alone can "
        "be raised with no better answers; also `entails/structural/…`",
    ),
    Measure(
        names=_TRUTHS,
        labels=("Truth", "Truth: main"),
        needs=("explanations", "scene graphs"),
        compute=_truth,
        paired=dict.fromkeys(_TRUTHS, mean_percent),
        summary="of the facts that readable explanations state, the share that holds in the scene "
        "graph (unreadable ones state none, and are left out); of main clauses alone; also "
        "`truth/structural/…`",
    ),
)
