"""Examples to look at: a question, its true explanation, and what each method made of it."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from rex.boxes import Box, box_sets, resized, union_ious
from rex.errors import InputError
from rex.evaluation.entailment import entails
from rex.evaluation.measures.agreement import names_of
from rex.evaluation.metrics import run_of
from rex.experiment import method_label
from rex.files import read_parquet
from rex.gqa.questions import Question, iter_questions
from rex.gqa.scene_graphs import iter_scene_graphs
from rex.regions.store import RegionStore
from rex.tokens import cell_of, region_of


@dataclass(frozen=True)
class Word:
    """One token of an explanation, and what it points at: a region, a cell of the grid, nothing."""

    text: str
    region: int | None = None
    cell: int | None = None
    gate: float | None = None
    """How much the decoder wanted a word rather than a region, 0 to 1 (None: it has no gate)."""


@dataclass(frozen=True)
class MethodOutput:
    """What one method said."""

    method: str
    answer: str | None
    probability: float | None
    right: bool | None
    """None: it gave no answer."""
    words: tuple[Word, ...] | None
    grounding: float | None
    """IoU of its regions with the annotated objects, 0 to 1 (None: nothing to compare)."""
    entails_answer: bool | None = None
    """Whether its answer follows from its explanation (None: one of them is missing)."""


@dataclass(frozen=True)
class Example:
    """One question with its picture, its truth, and the methods' outputs side by side."""

    question_id: str
    image_id: str
    question: str
    answer: str
    size: tuple[int, int]
    """Width and height of the image that the boxes are of, in pixels."""
    operations: tuple[str, ...]
    words: tuple[Word, ...]
    """The true explanation."""
    outputs: tuple[MethodOutput, ...]
    boxes: Mapping[int, Box]
    """The regions that any explanation names."""
    names: Mapping[int, str]
    """What the detector calls them."""
    objects: tuple[tuple[str, Box], ...]
    """The annotated objects of the true explanation: name and box (none without scene graphs)."""


def read_examples(
    *,
    questions: Path,
    explanations: Path,
    regions: Path,
    predictions: Sequence[Path],
    scene_graphs: Path | None = None,
    count: int,
    seed: int,
) -> list[Example]:
    """Choose `count` explained questions and gather all that there is to see of each.

    Raises InputError when the files don't belong together.
    """
    columns = ("question_id", "image_id", "status", "text", "objects", "operations")
    store = RegionStore(regions)
    truths = [
        truth
        for truth in read_parquet(explanations, columns=columns).to_pylist()
        if truth["status"] == "ok"
        and truth["text"] is not None
        # of an image that cannot be read there is nothing to see
        and truth["image_id"] not in store.without_regions
    ]
    if not truths:
        raise InputError(
            "explains no question with regions",
            file=explanations,
            cure="build the explanations with --regions",
        )
    chosen = choose(truths, count=count, seed=seed)
    wanted = {truth["question_id"] for truth in chosen}
    asked = {name: question for name, question in iter_questions(questions) if name in wanted}
    if lost := sorted(wanted - asked.keys()):
        raise InputError(
            f"question {lost[0]} of the explanations is not among the questions",
            cure="give the questions that were explained",
        )
    said = [(name, _rows(path, wanted)) for name, path in _methods(predictions)]
    objects = _objects(scene_graphs, chosen, store)
    return [
        _example(
            truth, asked[truth["question_id"]], said, objects.get(truth["question_id"], ()), store
        )
        for truth in chosen
    ]


def choose(truths: Sequence[Mapping[str, Any]], *, count: int, seed: int) -> list[Any]:
    """Choose examples at random, evenly over last operations, each of another image if possible."""
    order = np.random.default_rng(seed).permutation(len(truths))
    kinds: dict[str, deque[Any]] = defaultdict(deque)
    for place in order:
        operations = truths[place]["operations"]
        kinds[operations[-1] if operations else ""].append(truths[place])
    chosen: list[Any] = []
    images: set[str] = set()
    for fresh in (True, False):  # once more with images seen before, if there are too few
        waiting = {kind: deque(kinds[kind]) for kind in sorted(kinds)}
        while any(waiting.values()) and len(chosen) < count:
            for queue in waiting.values():
                while queue:
                    truth = queue.popleft()
                    new = truth["image_id"] not in images
                    if new == fresh and truth not in chosen and len(chosen) < count:
                        chosen.append(truth)
                        images.add(truth["image_id"])
                        break
    return chosen


def words_of(
    text: str, regions: Sequence[int] | None = None, gates: Sequence[float] | None = None
) -> tuple[Word, ...]:
    """Return the tokens of an explanation; without `regions`, `#i` says which region it is."""
    tokens = text.split()
    pointed = map(region_of, tokens) if regions is None else regions
    wanted = repeat(None) if gates is None else gates
    return tuple(
        Word(token, region if region >= 0 else None, cell_of(token) or None, gate)
        for token, region, gate in zip(tokens, pointed, wanted, strict=False)
    )


def _methods(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """Return the name under which each predictions file is shown."""
    runs = list(map(run_of, paths))
    settings = Counter(method for method, _ in {(run.method, run.setting) for run in runs})
    several = len({run.seed for run in runs}) > 1
    names = [
        method_label(run.method)
        + (f", {run.setting}" if settings[run.method] > 1 else "")
        + (f", seed {run.seed}" if several else "")
        for run in runs
    ]
    return list(zip(names, paths, strict=True))


def _rows(path: Path, wanted: set[str]) -> dict[str, Any]:
    """Return the predictions for the questions `wanted`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from rex.evaluation.reading.predictions import read_prediction_table

    table = read_prediction_table(path)
    table = table.filter(pc.is_in(table["question_id"], pa.array(sorted(wanted))))
    rows = {row["question_id"]: row for row in table.to_pylist()}
    missing = sorted(wanted - rows.keys())
    if missing:
        raise InputError(
            f"has no prediction for question {missing[0]}",
            file=path,
            cure="give predictions for the questions of --questions",
        )
    return rows


def _objects(
    path: str | PathLike[str] | None, chosen: Sequence[Mapping[str, Any]], store: RegionStore
) -> dict[str, tuple[tuple[str, Box], ...]]:
    """Return the annotated objects of each chosen question, in pixels of the regions' image."""
    if path is None:
        return {}
    asked = defaultdict(list)
    for truth in chosen:
        asked[truth["image_id"]].append(truth)
    found = {}
    for image_id, graph in iter_scene_graphs(path):
        for truth in asked.get(image_id, ()):
            things = [
                graph.objects[key]
                for key in dict.fromkeys(truth["objects"])
                if key in graph.objects
            ]
            sizes = (graph.width, graph.height), store.image_sizes[store.rows([image_id])]
            boxes = resized(np.array([thing.box for thing in things]).reshape(-1, 4), *sizes)
            found[truth["question_id"]] = tuple(
                (thing.name, tuple(box)) for thing, box in zip(things, boxes.tolist(), strict=True)
            )
    return found


def _example(
    truth: Mapping[str, Any],
    question: Question,
    said: Sequence[tuple[str, Mapping[str, Any]]],
    objects: tuple[tuple[str, Box], ...],
    store: RegionStore,
) -> Example:
    question_id, image_id = truth["question_id"], truth["image_id"]
    (row,) = store.rows([image_id])
    words = words_of(truth["text"])
    spoken = [(method, rows[question_id]) for method, rows in said]
    read = [
        None
        if one["explanation"] is None
        else words_of(one["explanation"], one["regions"], one["gates"])
        for _, one in spoken
    ]
    boxes = _named_boxes((words, *read), truth, store, row)
    called = dict(enumerate(store.object_names))  # of imported classes it may have none
    labels = {region: int(store.object_ids[row, region]) for region in boxes}
    named = {region: called[label] for region, label in labels.items() if label in called}
    width, height = store.image_sizes[row].tolist()
    outputs = []
    for (method, prediction), text in zip(spoken, read, strict=True):
        answer = prediction["answer"]
        outputs.append(
            MethodOutput(
                method=method,
                answer=answer,
                probability=prediction["probability"],
                right=None if answer is None else answer == (question.answer or ""),
                words=text,
                grounding=_grounding(text, boxes, objects),
                entails_answer=entails(
                    answer,
                    prediction["explanation"],
                    names_of(named),
                    question=question.question,
                    semantic=question.semantic,
                    objects=store.object_names,
                    attributes=store.attribute_names,
                ),
            )
        )
    return Example(
        question_id=question_id,
        image_id=image_id,
        question=question.question,
        answer=question.answer or "",
        size=(width, height),
        operations=tuple(truth["operations"]),
        words=words,
        outputs=tuple(outputs),
        boxes=boxes,
        names=named,
        objects=objects,
    )


def _named_boxes(
    texts: Sequence[Sequence[Word] | None], truth: Mapping[str, Any], store: RegionStore, row: int
) -> dict[int, Box]:
    """Return the boxes of the regions that texts name, of the image in a row of the store.

    Raises InputError when the image lacks one.
    """
    named = {word.region for text in texts for word in text or () if word.region is not None}
    if unknown := sorted(region for region in named if region >= store.num_boxes[row]):
        raise InputError(
            f"image {truth['image_id']} has no region {unknown[0]}, which an explanation of "
            f"question {truth['question_id']} names",
            file=store.path,
            cure="give the regions that the predictions were made from",
        )
    return {region: tuple(store.boxes[row, region].tolist()) for region in sorted(named)}


def _grounding(
    words: tuple[Word, ...] | None,
    boxes: Mapping[int, Box],
    objects: tuple[tuple[str, Box], ...],
) -> float | None:
    if words is None or not objects:
        return None
    named = sorted({word.region for word in words if word.region is not None})
    ours = box_sets([[boxes[region] for region in named]])
    return float(union_ious(ours, box_sets([[box for _, box in objects]]))[0])
