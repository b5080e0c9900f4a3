"""Agreement and truth of predicted explanations: measures that no published system reports.

Each explanation is read back into the facts it states (`rex.evaluation.reading.statements`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike

import numpy as np

from rex.arrays import Ragged
from rex.boxes import box_sets, overlapping_pairs
from rex.evaluation.case import Case, Measure, Results
from rex.evaluation.measures.agreement import Names, agrees
from rex.evaluation.measures.grounding import MATCH_IOU
from rex.evaluation.measures.truth import Scene
from rex.evaluation.reading.ground_truth import Questions
from rex.evaluation.reading.lexicon import Lexicon, build_lexicon
from rex.evaluation.reading.statements import Fact, Ref, UnreadableError, read_statement
from rex.evaluation.scores import Sample, mean_percent, mean_sample
from rex.gqa.questions import ProgramError
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.parsing import parse_program
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
    known = [image_id for image_id in asked if image_id in graphs]
    for image_id, scene in _scenes(graphs, known, store):
        for row in asked[image_id]:
            facts = read.facts[row]
            answer = read.answers[row]
            if answer is not None:
                agreed[row] = _agrees(read, row, answer, scene.names)
            if facts:
                held[row] = (sum(scene.holds(fact) for fact in facts), len(facts))
    return {
        "agreement": mean_sample(
            list(agreed), list(agreed.values()), signature=f"{_GRAMMAR}|names:annotated"
        ),
        "truth": Sample(
            rows=np.array(list(held), dtype=np.int64),
            statistics=np.array(list(held.values()), dtype=np.float64).reshape(-1, 2),
            summary=mean_percent,
            signature=f"{_GRAMMAR}|iou:{MATCH_IOU}",
        ),
    }


def agreement_by_detector(read: Read, regions: str | PathLike[str]) -> Sample:
    """Return `agreement` where there are no scene graphs: the detector says what a region is.

    Raises InputError when the store lacks an image.
    """
    store = RegionStore(regions)
    answered = [(row, answer) for row, answer in enumerate(read.answers) if answer is not None]
    images = store.rows([read.questions.image_ids[row] for row, _ in answered])
    values = [
        _agrees(read, row, answer, _DetectedNames(store, image))
        for (row, answer), image in zip(answered, images.tolist(), strict=True)
    ]
    rows = [row for row, _ in answered]
    return mean_sample(rows, values, signature=f"{_GRAMMAR}|names:detected")


_IMAGES_AT_ONCE = 256

_GRAMMAR = "read:grammar-2"


class _DetectedNames:
    """What the detector calls the regions of the image in row `image` of the store."""

    def __init__(self, store: RegionStore, image: int) -> None:
        self.store = store
        self.image = image

    def __call__(self, ref: Ref) -> set[str]:
        if ref.region is None:
            return {ref.noun}
        if ref.region >= self.store.regions:
            return set()
        label = int(self.store.object_ids[self.image, ref.region])
        return {self.store.object_names[label]} if label >= 0 else set()


def _agrees(read: Read, row: int, answer: str, names: Names) -> bool:
    """Return whether the answer follows; from a malformed program nothing does."""
    facts = read.facts[row]
    if not facts:
        return False
    try:
        program = parse_program(read.questions.programs[row])
    except ProgramError:
        return False
    return agrees(answer, facts, program, names)


def _facts(explanation: str | None, lexicon: Lexicon) -> Facts | None:
    try:
        return None if explanation is None else read_statement(explanation, lexicon)
    except UnreadableError:
        return None


def _scenes(
    graphs: Mapping[str, SceneGraph], image_ids: Sequence[str], store: RegionStore
) -> Iterator[tuple[str, Scene]]:
    """Yield each image's scene: which object each of its regions shows."""
    for begin in range(0, len(image_ids), _IMAGES_AT_ONCE):
        names = image_ids[begin : begin + _IMAGES_AT_ONCE]
        shown = _shown([graphs[name] for name in names], names, store)
        for name, objects in zip(names, shown, strict=True):
            yield name, Scene(graphs[name], objects)


def _shown(
    graphs: Sequence[SceneGraph], image_ids: Sequence[str], store: RegionStore
) -> list[dict[int, str]]:
    """Return of each image [n] the object that each region shows; none of one without regions."""
    rows = [store.index.get(name) for name in image_ids]
    boxes = [
        np.zeros((0, 4)) if row is None else store.boxes[row, : int(store.num_boxes[row])]
        for row in rows
    ]
    starts = np.concatenate([[0], np.cumsum([len(some) for some in boxes])]).astype(np.int64)
    regions = Ragged(np.concatenate(boxes).astype(np.float64), starts)
    objects = box_sets([[thing.box for thing in graph.objects.values()] for graph in graphs])
    owner, region, key, overlap = overlapping_pairs(regions, objects, MATCH_IOU)
    keys = [list(graph.objects) for graph in graphs]
    found: list[dict[int, str]] = [{} for _ in graphs]
    # later entries win: the best overlap, and of equals the object annotated first
    for pair in np.lexsort((-key, overlap)).tolist():
        image = int(owner[pair])
        found[image][int(region[pair])] = keys[image][int(key[pair])]
    return found


def _read(case: Case) -> Read:
    return read_explained(case.questions, case.answers, case.explanations, case.graphs or {})


def _both(case: Case) -> dict[str, Sample]:
    if case.inputs.regions is None or case.graphs is None:
        raise ValueError("truth needs regions and scene graphs")
    return reading_samples(case.once(_read), case.graphs, case.inputs.regions)


def _agreement(case: Case) -> Results:
    regions = case.inputs.regions
    if regions is not None and case.graphs is None:
        return {"agreement": agreement_by_detector(case.once(_read), regions)}
    return {"agreement": case.once(_both)["agreement"]}


def _truth(case: Case) -> Results:
    truth = case.once(_both)["truth"]
    return {"truth": truth if any(case.once(_read).facts) else NONE_READABLE}


NONE_READABLE = "not computed: no explanation can be read"

MEASURES = (
    Measure(
        names=("readable",),
        labels=("Readable",),
        needs=("explanations",),
        compute=lambda case: {"readable": readable_sample(case.once(_read))},
        summary="share of explanations that are of the grammar",
    ),
    Measure(
        names=("agreement",),
        labels=("Agreement",),
        needs=("explanations", "answers", "regions"),
        compute=_agreement,
        paired={"agreement": mean_percent},
        summary="share of explanations from which the *predicted* answer follows; from unreadable "
        "ones none does",
    ),
    Measure(
        names=("truth",),
        labels=("Truth",),
        needs=("explanations", "scene graphs"),
        compute=_truth,
        paired={"truth": mean_percent},
        summary="of the facts that readable explanations state, the share that holds in the scene "
        "graph (unreadable ones state none, and are left out)",
    ),
)
