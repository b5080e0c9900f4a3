"""Readers of JSON: questions, scene graphs, vocabularies, predictions, metrics, worlds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from rex.evaluation.measures.answers import read_ood
from rex.evaluation.measures.gqa_scores import read_choices
from rex.evaluation.reading.ground_truth import read_questions as read_truth
from rex.evaluation.reading.predictions import read_predictions
from rex.explanations.building import BuildSettings, build_explanations
from rex.explanations.vocabulary import build_vocabulary
from rex.gqa.checking import check_path
from rex.reporting.figures import read_run
from rex.reporting.results import read_runs
from rex.training.dataset import read_asked, read_vocabulary
from rex.world.card import world_card

from .fuzzing import OLD, damaged, replaced

Fuzz = Callable[..., None]


def _document(name: str) -> Any:
    return json.loads((OLD / name).read_text())


def _first(document: dict[str, Any], count: int = 3) -> dict[str, Any]:
    return dict(list(document.items())[:count])


QUESTIONS = _first(_document("train.json"))
GRAPHS = _first(_document("scene_graphs.json"), 1)
PREDICTIONS = {
    "method": "ours",
    "setting": "multi-task",
    "seed": 0,
    "predictions": [
        {
            "question_id": name,
            "answer": "red",
            "probability": 0.5,
            "explanation": "#0 is red",
            "regions": [0, -1, -1],
        }
        for name in QUESTIONS
    ],
}
METRICS = {
    "split": "val",
    "n": 3,
    "setting": "multi-task",
    "method": "rex",
    "seed": 0,
    "mode": "fixed",
    "scores": {
        "accuracy": {"value": 50.0, "n": 3, "unit": "percent", "signature": "s", "reason": None}
    },
}
COUNTS = {
    "images": 1,
    "objects": 3,
    "questions": 2,
    "answers": {"red": 2},
    "kinds": {"dog": 1},
    "attributes": {"red": 1},
    "relations": {"near": 1},
    "places": {"park": 1},
    "operations": {"select": 1, "query": 1},
    **{name: {"query": 1} for name in ("structural", "semantic", "detailed")},
}
WORLD = {
    "counts": dict.fromkeys(("train", "val", "testdev"), COUNTS),
    "settings": {"seed": 1, "width": 320, "height": 240},
}


def _texts(document: Any) -> st.SearchStrategy[bytes]:
    """Return JSON of which values are others, or the text is damaged."""
    whole = json.dumps(document).encode()
    return st.one_of(
        replaced(document).map(lambda value: json.dumps(value).encode()),
        damaged(whole),
        st.sampled_from([b"", b"\xff\xfe", b"[" * 100_000, b"{" * 100_000, b'{"a":' * 50_000]),
        st.binary(max_size=30),
    )


def _build(path: Path) -> None:
    out = path.with_name("out.parquet")
    graphs = path.with_name("graphs.json")
    graphs.write_text(json.dumps(_document("scene_graphs.json")))
    for mode in ("fixed", "compat"):
        build_explanations([path], out, BuildSettings(scene_graphs=graphs, mode=mode))


def _build_of_graphs(path: Path) -> None:
    settings = BuildSettings(scene_graphs=path, regions=OLD / "train.h5")
    build_explanations([OLD / "train.json"], path.with_name("out.parquet"), settings)


def _ood(path: Path) -> None:
    for part in ("all", "head", "tail"):
        path.with_name(f"ood_val_{part}.json").write_bytes(path.read_bytes())
    read_ood(path.parent, "val")


def _log(path: Path) -> None:
    (path.parent / "config.yaml").write_bytes((OLD / "rex" / "config.yaml").read_bytes())
    path.rename(path.parent / "log.jsonl")
    read_run(path.parent)


READERS: dict[str, tuple[Any, Callable[[Path], object]]] = {
    "questions": (QUESTIONS, lambda path: (read_asked(path), read_truth(path))),
    "programs": (QUESTIONS, _build),
    "scene graphs": (GRAPHS, _build_of_graphs),
    "check": (QUESTIONS, lambda path: list(check_path(path))),
    "check of scene graphs": (GRAPHS, lambda path: list(check_path(path))),
    "words": (
        QUESTIONS,
        lambda path: build_vocabulary(path, OLD / "train.parquet", path.with_name("v.json")),
    ),
    "vocabulary": (
        {**_document("vocabulary.json"), "question_pieces": ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]},
        lambda path: read_vocabulary(path, regions=5),
    ),
    "predictions": (PREDICTIONS, read_predictions),
    "choices": (
        {name: ["red", "blue"] for name in QUESTIONS},
        lambda path: read_choices(path, read_truth(OLD / "train.json")),
    ),
    "out of distribution": (QUESTIONS, _ood),
    "metrics": (METRICS, lambda path: read_runs([path])),
    "log": ({"epoch": 1, "train/loss": 2.5, "heldout/accuracy": 0.5}, _log),
    "world": (WORLD, lambda path: world_card(path.parent)),
}


@pytest.mark.parametrize("name", READERS)
def test_json(name: str, fuzz: Fuzz, tmp_path: Path) -> None:
    document, read = READERS[name]
    path = tmp_path / ("world.json" if name == "world" else "file.json")

    def write_and_read(content: bytes) -> None:
        path.write_bytes(content)
        read(path)

    fuzz(_texts(document), write_and_read)
