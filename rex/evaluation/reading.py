"""Agreement and truth of predicted explanations: measures that no published system reports.

Each explanation is read back into the facts it states (`rex.evaluation.statements`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike

import numpy as np

from rex.evaluation.agreement import agrees
from rex.evaluation.areas import BoxSets, overlapping_pairs
from rex.evaluation.ground_truth import Questions
from rex.evaluation.grounding import MATCH_IOU
from rex.evaluation.lexicon import Lexicon, build_lexicon
from rex.evaluation.scores import Floats, Sample, mean_sample
from rex.evaluation.statements import Fact, Ref, UnreadableError, read_statement
from rex.evaluation.truth import Scene
from rex.gqa.scene_graphs import SceneGraph
from rex.regions.store import RegionStore

Facts = tuple[Fact, ...]


@dataclass(frozen=True, kw_only=True)
class Read:
    """What the explanations of n questions say: the facts of each, None where unreadable."""

    questions: Questions
    answers: Sequence[str | None]
    facts: Sequence[Facts | None]


def read_explained(
    questions: Questions,
    answers: Sequence[str | None],
    explanations: Sequence[str | None],
    graphs: Mapping[str, SceneGraph],
) -> Read:
    """Read all explanations [n]; the scene graphs add words to those of GQA's categories."""
    lexicon = build_lexicon(graphs.values())
    # many questions have the same explanation
    facts = {text: _facts(text, lexicon) for text in dict.fromkeys(explanations)}
    return Read(questions=questions, answers=answers, facts=[facts[text] for text in explanations])


def readable_sample(read: Read) -> Sample:
    """Return `readable`: the share of explanations that can be read back into facts."""
    known = [facts is not None for facts in read.facts]
    return mean_sample(np.arange(len(known)), known, signature=_GRAMMAR)


def reading_samples(
    read: Read, graphs: Mapping[str, SceneGraph], regions: str | PathLike[str]
) -> dict[str, Sample]:
    """Return `agreement` and `truth`, both in percent.

    `agreement` is the share of explanations from which the predicted answer follows, over questions
    with an answer; `truth` the share of facts that hold in the scene graph, over readable
    explanations. A region stands for the annotated object that it overlaps best (IoU ≥ 0.5).
    Questions whose image has no scene graph are left out.
    """
    store = RegionStore(regions)
    asked: dict[str, list[int]] = defaultdict(list)
    for row, image_id in enumerate(read.questions.image_ids):
        asked[image_id].append(row)
    agreed: dict[int, bool] = {}
    held: dict[int, tuple[int, int]] = {}
    for image_id, rows in asked.items():
        if image_id not in graphs:
            continue
        graph = graphs[image_id]
        scene = Scene(graph, _shown(graph, store, image_id))
        for row in rows:
            facts = read.facts[row]
            answer = read.answers[row]
            if answer is not None:
                program = read.questions.programs[row]
                agreed[row] = bool(facts) and agrees(answer, facts or (), program, scene.names)
            if facts:
                held[row] = (sum(scene.holds(fact) for fact in facts), len(facts))
    return {
        "agreement": mean_sample(
            list(agreed), list(agreed.values()), signature=f"{_GRAMMAR}|names:annotated"
        ),
        "truth": Sample(
            rows=np.array(list(held), dtype=np.int64),
            statistics=np.array(list(held.values()), dtype=np.float64).reshape(-1, 2),
            summary=_share,
            signature=f"{_GRAMMAR}|iou:{MATCH_IOU}|facts:{sum(n for _, n in held.values())}",
        ),
    }


def agreement_by_detector(read: Read, regions: str | PathLike[str]) -> Sample:
    """Return `agreement` where there are no scene graphs: the detector says what a region is."""
    store = RegionStore(regions)
    rows = [row for row, answer in enumerate(read.answers) if answer is not None]
    values = []
    for row in rows:
        facts = read.facts[row]
        names = _DetectedNames(store, read.questions.image_ids[row])
        program = read.questions.programs[row]
        values.append(bool(facts) and agrees(read.answers[row] or "", facts or (), program, names))
    return mean_sample(rows, values, signature=f"{_GRAMMAR}|names:detected")


_GRAMMAR = "read:grammar-1"


class _DetectedNames:
    def __init__(self, store: RegionStore, image_id: str) -> None:
        self.store = store
        self.image_id = image_id

    def __call__(self, ref: Ref) -> set[str]:
        if ref.region is None:
            return {ref.noun}
        if ref.region >= self.store.regions:
            return set()
        row = self.store.index[self.image_id]
        label = int(self.store.object_ids[row, ref.region])
        return {self.store.object_names[label]} if label >= 0 else set()


def _facts(explanation: str | None, lexicon: Lexicon) -> Facts | None:
    try:
        return None if explanation is None else read_statement(explanation, lexicon)
    except UnreadableError:
        return None


def _shown(graph: SceneGraph, store: RegionStore, image_id: str) -> Mapping[int, str]:
    """Return the object that each region of the image shows."""
    if image_id not in store.index:
        return {}
    row = store.index[image_id]
    count = int(store.num_boxes[row])
    keys = list(graph.objects)
    regions = BoxSets.of([store.boxes[row, :count].tolist()])
    objects = BoxSets.of([[thing.box for thing in graph.objects.values()]])
    _, region, key, overlap = overlapping_pairs(regions, objects, MATCH_IOU)
    # later entries win: the best overlap, and of equals the object annotated first
    order = np.lexsort((-key, overlap))
    return {int(region[i]): keys[int(key[i])] for i in order}


def _share(sums: Floats) -> Floats:
    return 100 * sums[..., 0] / sums[..., 1]
