"""Many questions at once: drafts one by one, regions and bounds in arrays, one Arrow table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rex.arrays import Integers, starts_of
from rex.boxes import resized
from rex.explanations.matching import best_regions, bounds
from rex.explanations.modes import OK, CompatMode, Draft, Mode
from rex.explanations.table import schema
from rex.gqa.questions import ProgramError, ProgramRecord
from rex.gqa.scene_graph_index import SceneGraphIndex

if TYPE_CHECKING:
    import pyarrow as pa

    from rex.gqa.scene_graphs import SceneObject
    from rex.regions.store import RegionStore


class _Mentions(NamedTuple):
    """What a question mentions, of an image that has regions."""

    place: int
    """Of the question among the others."""
    row: int
    """Of its image in the region store."""
    size: tuple[float, float]
    """Width and height of its image as the scene graph has it, in pixels."""
    things: dict[str, SceneObject]
    """The objects by id, in the order of their first mention."""


class Explainer:
    """Turns questions into pieces of the explanation table."""

    def __init__(
        self, graphs: SceneGraphIndex, mode: Mode, store: RegionStore | None, threshold: float
    ) -> None:
        self._graphs = graphs
        self._mode = mode
        self._store = store
        self._threshold = threshold

    def table(self, questions: Mapping[str, ProgramRecord], file: Path) -> pa.Table:
        """Return the rows of questions of a file; raises InputError for a malformed program."""
        import pyarrow as pa

        drafts: list[Draft] = []
        mentions: list[_Mentions] = []
        for question_id, record in questions.items():
            graph = self._graphs.get(record.image_id)
            try:
                draft = self._mode.draft(record.semantic, graph, record.answer)
            except ProgramError as error:
                raise error.in_file(file, question_id) from None
            if self._store is not None and graph is not None and draft.status == OK:
                row = self._store.index.get(record.image_id)
                if row is not None:
                    things = {object_id: graph.objects[object_id] for object_id in draft.objects}
                    size = (graph.width, graph.height)
                    mentions.append(_Mentions(len(drafts), row, size, things))
            drafts.append(draft)
        texts, regions, limits = self._ground(drafts, mentions)
        columns: dict[str, Any] = {
            "question_id": list(questions),
            "image_id": [record.image_id for record in questions.values()],
            "mode": [self._mode.name] * len(drafts),
            "text": texts,
            "regions": regions,
            "bound": limits,
            "answer": [record.answer for record in questions.values()],
        }
        arrays = []
        for field in schema():
            values = columns.get(field.name)
            if values is None:
                values = [getattr(draft, field.name) for draft in drafts]
            is_list = pa.types.is_list(field.type)
            arrays.append(_lists(values, field.type.value_type) if is_list else values)
        return pa.table(arrays, schema=schema())

    def _ground(
        self, drafts: Sequence[Draft], mentions: Sequence[_Mentions]
    ) -> tuple[list[str | None], list[list[int]], list[float | None]]:
        """Return the tokens, regions and bounds of the drafts."""
        texts: list[str | None] = [None] * len(drafts)
        regions: list[list[int]] = [[]] * len(drafts)
        limits: list[float | None] = [None] * len(drafts)
        store = self._store
        if store is None or not mentions:
            return texts, regions, limits
        counts = np.array([len(one.things) for one in mentions], dtype=np.int64)
        rows = np.array([one.row for one in mentions], dtype=np.int64)
        every = [thing.box for one in mentions for thing in one.things.values()]
        boxes = np.array(every, dtype=np.float64).reshape(-1, 4)
        # regions may be those of a resized image
        sizes = np.stack([[one.size for one in mentions], store.image_sizes[rows]], axis=1)
        boxes = resized(boxes, *np.repeat(sizes, counts, axis=0).swapaxes(0, 1))
        matched = iter(self._match(boxes, np.repeat(rows, counts)).tolist())
        reached = bounds(boxes, counts, store.boxes, rows).tolist()
        for (place, _, _, things), limit in zip(mentions, reached, strict=True):
            # the next ones that were matched: as many as there are things
            chosen = dict(zip(things, matched, strict=False))
            names: dict[str, str] = {}
            if -1 in chosen.values():
                names = {object_id: thing.name for object_id, thing in things.items()}
            texts[place] = self._mode.tokens(drafts[place], chosen, names)
            regions[place] = [chosen[object_id] for object_id in drafts[place].objects]
            limits[place] = limit if things else None
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
