"""Agreement and truth of predicted explanations: measures that no published system reports.

Each explanation is read back into the facts it states (`rex.evaluation.reading.statements`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike

import numpy as np

from rex.arrays import Ragged
from rex.boxes import box_sets, overlapping_pairs
from rex.evaluation.case import Case, Measure, Results
from rex.evaluation.measures.agreement import DetectedNames, Names, agrees
from rex.evaluation.measures.answers import STRUCTURAL_TYPES
from rex.evaluation.measures.grounding import MATCH_IOU
from rex.evaluation.measures.truth import Scene, rightly_called
from rex.evaluation.reading.ground_truth import Questions
from rex.evaluation.reading.lexicon import Lexicon, build_lexicon
from rex.evaluation.reading.statements import Fact, UnreadableError, read_statement
from rex.evaluation.scores import Sample, mean_percent, mean_sample
from rex.gqa.questions import ProgramError
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.parsing import parse_program
from rex.regions.store import RegionStore

Facts = tuple[Fact, ...]
Rows = list[int]
"""Positions of questions."""
Shown = Sequence[Mapping[int, str]]
"""Of each question, which object each of its regions shows."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """What the explanations of n questions say: the facts of each, None where unreadable."""

    questions: Questions
    answers: Sequence[str | None]
    facts: Sequence[Facts | None]
    called: Sequence[Sequence[Fact]] | None = None
    """What explanations in English call their boxes."""


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
    read: Read, graphs: Mapping[str, SceneGraph], shown: Callable[[Rows], Shown]
) -> dict[str, Sample]:
    """Return `agreement`, `entails`, `truth` and `truth/main`, each also by structural type.

    `agreement` is the share of explanations from which the predicted answer follows, over questions
    with an answer; `entails` the same of the true answer; `truth` the share of facts that hold in
    the scene graph, over readable explanations, and `truth/main` that of main clauses alone. All in
    percent. `shown` returns for questions which object each region shows: the annotated one
    that it overlaps best (IoU ≥ 0.5). Questions whose image has no scene graph are left out.
    """
    images = read.questions.image_ids
    known = [row for row, image_id in enumerate(images) if image_id in graphs]
    known.sort(key=images.__getitem__)
    follows = _Follows(read)
    held: dict[int, list[bool]] = {}
    main: dict[int, list[bool]] = {}
    for begin in range(0, len(known), _QUESTIONS_AT_ONCE):
        rows = known[begin : begin + _QUESTIONS_AT_ONCE]
        for row, objects in zip(rows, shown(rows), strict=True):
            scene = Scene(graphs[images[row]], objects)
            follows.note(row, scene.names)
            if read.called is not None:
                named = rightly_called(scene.graph, objects, read.called[row])
                scene = Scene(scene.graph, named)
            if facts := read.facts[row]:
                held[row] = [scene.holds(fact) for fact in facts]
                of_main = zip(held[row], facts, strict=True)
                main[row] = [holds for holds, fact in of_main if fact.main]
    samples = follows.samples("annotated")
    samples |= {"truth": _shares(held), "truth/main": _shares(main)}
    return samples | _by_structure(samples, read.questions)


def _shares(held: Mapping[int, Sequence[bool]]) -> Sample:
    """Return the share of facts that hold, from those of each question."""
    rows = sorted(held)
    counts = [(sum(held[row]), len(held[row])) for row in rows]
    return Sample(
        rows=np.array(rows, dtype=np.int64),
        statistics=np.array(counts, dtype=np.float64).reshape(-1, 2),
        summary=mean_percent,
        signature=f"{_GRAMMAR}|iou:{MATCH_IOU}",
    )


def following_by_detector(read: Read, regions: str | PathLike[str]) -> dict[str, Sample]:
    """Return `agreement` and `entails` without scene graphs: the detector says what a region is.

    Raises InputError when the store lacks an image.
    """
    store = RegionStore(regions)
    follows = _Follows(read)
    for row, image in enumerate(store.rows(list(read.questions.image_ids)).tolist()):
        follows.note(row, DetectedNames(store, image))
    samples = follows.samples("detected")
    return samples | _by_structure(samples, read.questions)


class _Follows:
    """Notes, question by question, whether the predicted and the true answer follow."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self.predicted: dict[int, bool] = {}
        self.true: dict[int, bool] = {}

    def note(self, row: int, names: Names) -> None:
        """Note the question in `row`, about an image whose things have `names`."""
        answer, true = self.read.answers[row], self.read.questions.answers[row]
        if answer is not None:
            self.predicted[row] = _agrees(self.read, row, answer, names)
        if true:
            same = answer == true
            self.true[row] = self.predicted[row] if same else _agrees(self.read, row, true, names)

    def samples(self, names: str) -> dict[str, Sample]:
        """Return `agreement` and `entails`; `names` says who named the regions."""
        signature = f"{_GRAMMAR}|names:{names}"
        return {
            name: mean_sample(
                sorted(found), [found[row] for row in sorted(found)], signature=signature
            )
            for name, found in (("agreement", self.predicted), ("entails", self.true))
        }


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


_QUESTIONS_AT_ONCE = 2048

_GRAMMAR = "read:grammar-4"


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


def shown_by_regions(
    read: Read, graphs: Mapping[str, SceneGraph], store: RegionStore, rows: Rows
) -> Shown:
    """Return which object each region of a store shows; none of an image without regions."""
    names = list(dict.fromkeys(read.questions.image_ids[row] for row in rows))
    places = [store.index.get(name) for name in names]
    boxes = [
        np.zeros((0, 4)) if place is None else store.boxes[place, : int(store.num_boxes[place])]
        for place in places
    ]
    starts = np.concatenate([[0], np.cumsum([len(some) for some in boxes])]).astype(np.int64)
    found = shown_by_boxes(
        [graphs[name] for name in names],
        Ragged(np.concatenate(boxes).astype(np.float64), starts),
    )
    of_image = dict(zip(names, found, strict=True))
    return [of_image[read.questions.image_ids[row]] for row in rows]


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


def _read(case: Case) -> Read:
    read = read_explained(case.questions, case.answers, case.explanations, case.graphs or {})
    called = case.predictions.called
    if called is None:
        return read
    return replace(read, called=[called[row] for row in case.order.tolist()])


def _all(case: Case) -> dict[str, Sample]:
    """Return what scene graphs, or without them the detector, say of each question."""
    regions, graphs, boxes = case.inputs.regions, case.graphs, case.predictions.boxes
    read = case.once(_read)
    if graphs is None:
        if regions is None:
            raise ValueError("what follows from an explanation needs regions or scene graphs")
        return following_by_detector(read, regions)
    store = None if regions is None or boxes is not None else RegionStore(regions)

    def shown(rows: Rows) -> Shown:
        if store is not None:
            return shown_by_regions(read, graphs, store, rows)
        if boxes is None:
            raise ValueError("truth needs regions or boxes")
        images = [graphs[read.questions.image_ids[row]] for row in rows]
        return shown_by_boxes(images, boxes.take(case.order[rows]))

    return reading_samples(read, graphs, shown)


def _named(case: Case, *names: str) -> Results:
    return {
        name: sample
        for name, sample in case.once(_all).items()
        if name.partition("/structural/")[0] in names
    }


def _truth(case: Case) -> Results:
    names = ("truth", "truth/main")
    known = any(case.once(_read).facts)
    return _named(case, *names) if known else dict.fromkeys(names, NONE_READABLE)


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
        compute=lambda case: _named(case, "agreement"),
        paired={"agreement": mean_percent},
        summary="share of explanations from which the *predicted* answer follows; from unreadable "
        "ones none does; also `agreement/structural/…`",
    ),
    Measure(
        names=("entails",),
        labels=("Entails",),
        needs=("explanations", "true answers", "regions"),
        compute=lambda case: _named(case, "entails"),
        paired={"entails": mean_percent},
        summary="share of explanations from which the *true* answer follows: agreement alone can "
        "be raised with no better answers; also `entails/structural/…`",
    ),
    Measure(
        names=("truth", "truth/main"),
        labels=("Truth", "Truth: main"),
        needs=("explanations", "scene graphs"),
        compute=_truth,
        paired={"truth": mean_percent, "truth/main": mean_percent},
        summary="of the facts that readable explanations state, the share that holds in the scene "
        "graph (unreadable ones state none, and are left out); of main clauses alone; also "
        "`truth/structural/…`",
    ),
)
