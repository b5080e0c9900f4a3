"""Many questions at once: drafts one by one, regions and bounds in arrays, one Arrow table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rex.arrays import Integers, starts_of
from rex.boxes import resized
from rex.explanations.matching import best_regions, bounds
from rex.explanations.modes import OK, CompatMode, Draft, Mode
from rex.explanations.table import schema
from rex.gqa.questions import ProgramRecord
from rex.gqa.scene_graph_index import SceneGraphIndex

if TYPE_CHECKING:
    import pyarrow as pa

    from rex.gqa.scene_graphs import SceneGraph, SceneObject
    from rex.regions.store import RegionStore


@dataclass(slots=True)
class _Mentions:
    """What the questions of a batch mention, for those whose image has regions."""

    questions: list[int] = field(default_factory=list)
    """Place of the question in the batch."""
    rows: list[int] = field(default_factory=list)
    """Row of its image in the region store."""
    sizes: list[tuple[float, float]] = field(default_factory=list)
    """Width and height of its image as the scene graph has it, in pixels."""
    objects: list[tuple[str, ...]] = field(default_factory=list)
    """The objects it mentions, each once."""
    things: list[SceneObject] = field(default_factory=list)
    """The objects of all these questions, one question after the other."""


class ExplanationBatch:
    """Collects questions and turns them into a piece of the explanation table."""

    def __init__(
        self, graphs: SceneGraphIndex, mode: Mode, store: RegionStore | None, threshold: float
    ) -> None:
        self._graphs = graphs
        self._mode = mode
        self._store = store
        self._threshold = threshold
        self._start()

    def _start(self) -> None:
        self._question_ids: list[str] = []
        self._image_ids: list[str] = []
        self._answers: list[str | None] = []
        self._drafts: list[Draft] = []
        self._mentions = _Mentions()

    def add(self, question_id: str, record: ProgramRecord) -> None:
        """Explain one question. Raises ProgramError for a malformed program."""
        graph = self._graphs.get(record.image_id)
        draft = self._mode.draft(record.semantic, graph, record.answer)
        if self._store is not None and graph is not None and draft.status == OK:
            self._mention(self._store.index.get(record.image_id), graph, draft)
        self._question_ids.append(question_id)
        self._image_ids.append(record.image_id)
        self._answers.append(record.answer)
        self._drafts.append(draft)

    def _mention(self, row: int | None, graph: SceneGraph, draft: Draft) -> None:
        if row is None:
            return
        objects = draft.objects
        if len(objects) > 1:
            objects = tuple(dict.fromkeys(objects))
        mentions = self._mentions
        mentions.questions.append(len(self._drafts))
        mentions.rows.append(row)
        mentions.sizes.append((graph.width, graph.height))
        mentions.objects.append(objects)
        mentions.things.extend([graph.objects[object_id] for object_id in objects])

    def take(self) -> pa.Table:
        """Return the table of what was added, and start again."""
        import pyarrow as pa

        drafts = self._drafts
        texts, regions, limits = self._ground()
        columns: dict[str, Any] = {
            "question_id": self._question_ids,
            "image_id": self._image_ids,
            "status": [draft.status for draft in drafts],
            "mode": [self._mode.name] * len(drafts),
            "raw": [draft.raw for draft in drafts],
            "unpolished": [draft.unpolished for draft in drafts],
            "sentence": [draft.sentence for draft in drafts],
            "text": texts,
            "objects": _lists([draft.objects for draft in drafts], pa.string()),
            "regions": _lists(regions, pa.int32()),
            "bound": limits,
            "operations": _lists([draft.operations for draft in drafts], pa.string()),
            "answer": self._answers,
            "entailed_answer": [draft.entailed_answer for draft in drafts],
            "left_out": _lists([draft.left_out for draft in drafts], pa.string()),
        }
        table = pa.table([columns[field.name] for field in schema()], schema=schema())
        self._start()
        return table

    def _ground(self) -> tuple[list[str | None], list[list[int]], list[float | None]]:
        """Return the tokens, regions and bounds of the drafts."""
        texts: list[str | None] = [None] * len(self._drafts)
        regions: list[list[int]] = [[]] * len(self._drafts)
        limits: list[float | None] = [None] * len(self._drafts)
        store, mentions = self._store, self._mentions
        if store is None or not mentions.questions:
            return texts, regions, limits
        counts = np.array([len(objects) for objects in mentions.objects], dtype=np.int64)
        rows = np.array(mentions.rows, dtype=np.int64)
        things = mentions.things
        boxes = np.array([thing.box for thing in things], dtype=np.float64).reshape(-1, 4)
        # regions may be those of a resized image
        sizes = np.stack([mentions.sizes, store.image_sizes[rows]], axis=1)
        boxes = resized(boxes, *np.repeat(sizes, counts, axis=0).swapaxes(0, 1))
        matched = self._match(boxes, np.repeat(rows, counts)).tolist()
        reached = bounds(boxes, counts, store.boxes, rows).tolist()
        start = 0
        for place, objects, limit in zip(
            mentions.questions, mentions.objects, reached, strict=True
        ):
            end = start + len(objects)
            chosen = dict(zip(objects, matched[start:end], strict=True))
            names: dict[str, str] = {}
            if -1 in matched[start:end]:
                names = {
                    object_id: thing.name
                    for object_id, thing in zip(objects, things[start:end], strict=True)
                }
            start = end
            draft = self._drafts[place]
            texts[place] = self._mode.tokens(draft, chosen, names)
            regions[place] = [chosen[object_id] for object_id in draft.objects]
            limits[place] = limit if objects else None
        return texts, regions, limits

    def _match(self, boxes: np.ndarray, rows: Integers) -> Integers:
        assert self._store is not None
        published = isinstance(self._mode, CompatMode)
        matched = np.empty(len(boxes), dtype=np.int64)
        for start in range(0, len(boxes), _ROWS):
            some = slice(start, start + _ROWS)
            regions = self._store.boxes[rows[some]].astype(np.float64)
            counts = self._store.num_boxes[rows[some]].astype(np.int64)
            matched[some] = best_regions(
                boxes[some], regions, counts, self._threshold, published=published
            )
        return matched


_ROWS = 2048
"""Objects matched at a time: the arrays stay small."""


def _lists(values: Sequence[Sequence[Any]], kind: pa.DataType) -> pa.ListArray:
    """Return a column of lists; from one flat list, which Arrow takes much faster."""
    import pyarrow as pa

    offsets = starts_of([len(value) for value in values]).astype(np.int32)
    flat = pa.array([item for value in values for item in value], type=kind)
    return pa.ListArray.from_arrays(pa.array(offsets), flat)
