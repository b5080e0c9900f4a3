"""Readers of Parquet: explanations and predictions, their columns, rows and provenance."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from rex.evaluation.case import Inputs
from rex.evaluation.measure import evaluate
from rex.evaluation.metrics import run_of
from rex.explanations.statistics import collect_statistics, data_card
from rex.explanations.table import gather_explanations
from rex.explanations.vocabulary import build_vocabulary
from rex.gqa.questions import read_questions
from rex.regions.store import RegionStore
from rex.training.texts import read_explanations

from .fuzzing import OLD, damaged, values

Fuzz = Callable[..., None]
QUESTIONS, REGIONS, EXPLANATIONS = OLD / "train.json", OLD / "train.h5", OLD / "train.parquet"
PREDICTIONS = OLD / "rex" / "predictions.parquet"

_COLUMNS = st.sampled_from(
    [
        pa.string(),
        pa.int64(),
        pa.float32(),
        pa.bool_(),
        pa.list_(pa.int32()),
        pa.list_(pa.string()),
        pa.binary(),
        pa.null(),
        pa.large_string(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.struct([("a", pa.int32())]),
    ]
)
_TEXTS = ["#0 is red", "#99999999999999999999 #-1 @0 @17", "", "<script>", "\x00", "é" * 9, "yes"]
_SAMPLES: dict[str, Any] = {
    "string": _TEXTS,
    "large_string": _TEXTS,
    "int64": [0, -1, 1 << 62],
    "float": [0.5, float("nan"), float("inf"), -1.0],
    "bool": [True],
    "list<element: int32>": [[0, -1], [], None, [2**31 - 1]],
    "list<element: string>": [["000"], [None], []],
    "binary": [b"\xff", b""],
}


def _changed(path: Path, changes: list[tuple[str, pa.DataType | None, int]]) -> bytes:
    """Return a table of which columns are gone, of another type, or have other values."""
    table = pq.read_table(path)
    for name, kind, number in changes:
        place = table.column_names.index(name) if name in table.column_names else -1
        if place < 0:
            continue
        if kind is None:
            table = table.remove_column(place)
            continue
        options = _SAMPLES.get(str(kind).replace("item", "element"), [None])
        rows = [options[(number + row) % len(options)] for row in range(len(table))]
        if number % 3 == 0:
            rows[number % len(rows)] = None
        try:
            column = pa.array(rows, kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            column = pa.nulls(len(table), kind)
        table = table.set_column(place, name, column)
    if len(changes) == 3:
        table = pa.concat_tables([table, table]) if changes[0][2] % 2 else table.slice(0, 0)
    out = pa.BufferOutputStream()
    pq.write_table(table, out)
    return bytes(out.getvalue())


def _with_provenance(path: Path, text: bytes) -> bytes:
    table = pq.read_table(path).replace_schema_metadata({b"made_by": text})
    out = pa.BufferOutputStream()
    pq.write_table(table, out)
    return bytes(out.getvalue())


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _tables(path: Path) -> st.SearchStrategy[bytes]:
    names = pq.read_schema(path).names
    change = st.tuples(st.sampled_from(names), st.none() | _COLUMNS, st.integers(0, 20))
    said = values.map(_json)
    settings = values.map(lambda value: {"command": "rex explain build", "settings": value})
    made_by = st.one_of(st.binary(max_size=9), said, settings.map(_json), st.just(b"[" * 9000))
    return st.one_of(
        damaged(path.read_bytes()),
        st.lists(change, min_size=1, max_size=3).map(lambda changes: _changed(path, changes)),
        made_by.map(lambda text: _with_provenance(path, text)),
    )


def test_explanations(fuzz: Fuzz, tmp_path: Path) -> None:
    path, asked, store = tmp_path / "t.parquet", read_questions(QUESTIONS), RegionStore(REGIONS)
    readers: list[Callable[[], object]] = [
        lambda: read_explanations(path, asked, store),
        lambda: data_card(collect_statistics(path, [QUESTIONS]), path),
        lambda: gather_explanations([path], tmp_path / "out.parquet"),
        lambda: build_vocabulary(QUESTIONS, path, tmp_path / "vocabulary.json"),
        lambda: _evaluate(PREDICTIONS, path),
    ]

    def write_and_read(given: tuple[bytes, int]) -> None:
        path.write_bytes(given[0])
        readers[given[1]]()

    fuzz(st.tuples(_tables(EXPLANATIONS), st.integers(0, len(readers) - 1)), write_and_read)


def _evaluate(predictions: Path, explanations: Path) -> None:
    inputs = Inputs(
        questions=QUESTIONS,
        explanations=explanations,
        regions=REGIONS,
        scene_graphs=OLD / "scene_graphs.json",
        meteor=False,
    )
    evaluate(predictions, inputs, run=run_of(predictions), split="val", draws=10)


def test_predictions(fuzz: Fuzz, tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"

    def write_and_read(content: bytes) -> None:
        path.write_bytes(content)
        _evaluate(path, EXPLANATIONS)

    fuzz(_tables(PREDICTIONS), write_and_read)
