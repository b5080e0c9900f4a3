"""Files that version 0.1 wrote are read by today's code (tests/data/version-0.1/README.md)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml

from rex.config_files import config_values, read_config
from rex.experiment import METHODS
from rex.explanations.statistics import collect_statistics
from rex.explanations.table import ADDED, schema
from rex.files import parquet_provenance, read_parquet
from rex.gqa.questions import read_questions
from rex.gqa.scene_graphs import read_scene_graphs
from rex.regions.inspection import verify
from rex.regions.store import RegionStore
from rex.training.checkpoints import load_checkpoint
from rex.training.dataset import read_vocabulary
from rex.training.run import predict_run
from rex.training.texts import read_explanations

OLD = Path(__file__).parent / "data" / "version-0.1"
QUESTIONS, TABLE, REGIONS = OLD / "train.json", OLD / "train.parquet", OLD / "train.h5"
RUNS = ("backbone", "vqae", "exp", "rex", "rex-compat")


def test_region_store() -> None:
    store = RegionStore(REGIONS)
    assert store.image_ids == [f"train{number}" for number in range(8)]
    assert (store.regions, store.feature_size) == (5, 8)
    assert store.signature == {"detector": "toy", "weights": "abc"}
    assert verify(store, set(store.image_ids)) == []
    # the boxes are those that the scene graphs were made from, rounded down
    for image, graph in read_scene_graphs(OLD / "scene_graphs.json").items():
        row = store.image_ids.index(image)
        boxes = store.boxes[row][: store.num_boxes[row]]
        annotated = np.array([thing.box for thing in graph.objects.values()])
        np.testing.assert_allclose(boxes, annotated, atol=1)
        names = [store.object_names[number] for number in store.object_ids[row][: len(boxes)]]
        assert names == [thing.name for thing in graph.objects.values()]


def test_explanation_table() -> None:
    asked = read_questions(QUESTIONS)
    expected = [field for field in schema() if field.name not in ADDED]
    table = read_parquet(TABLE, columns=[field.name for field in expected])
    assert table.schema.remove_metadata().equals(pa.schema(expected))
    assert table["question_id"].to_pylist() == list(asked)
    assert parquet_provenance(TABLE)["rex"] == "0.1.0"
    texts = read_explanations(TABLE, asked, RegionStore(REGIONS))
    for name, text in texts.items():
        region = name.rpartition("-")[2]
        assert text == f"#{region} is {asked[name].answer}"
    assert len(texts) == len(asked) == 29
    collect_statistics(TABLE, [QUESTIONS])


def test_vocabulary() -> None:
    vocabulary = read_vocabulary(OLD / "vocabulary.json", regions=5)
    assert set(vocabulary.answers) == {"red", "green", "blue"}
    assert set(vocabulary.words) == {"is", "red", "green", "blue"}


def test_configuration() -> None:
    """Every value that version 0.1 wrote down is the value today."""
    path = OLD / "config.yaml"
    then = yaml.safe_load(path.read_text())
    now = config_values(read_config(path))
    for section, values in then.items():
        if isinstance(values, dict):
            assert now[section].items() >= values.items(), section
        else:
            assert now[section] == values
    assert "model" in then


@pytest.mark.parametrize("run", RUNS)
def test_checkpoint_predicts_what_it_did(run: str, tmp_path: Path) -> None:
    config = read_config(OLD / run / "config.yaml")
    assert config.model.mode == ("compat" if run == "rex-compat" else "fixed")
    checkpoint = load_checkpoint(OLD / run / "checkpoint.pt")
    assert checkpoint.settings() == config
    assert METHODS[checkpoint.method].exists_in(config.model.mode)
    out = tmp_path / "predictions.parquet"
    predict_run(config, OLD / run, questions=QUESTIONS, regions=REGIONS, out=out)
    now, then = read_parquet(out), read_parquet(OLD / run / "predictions.parquet")
    assert now.schema.remove_metadata().equals(then.schema.remove_metadata())
    for name in ("question_id", "answer", "explanation", "regions"):
        assert now[name].to_pylist() == then[name].to_pylist(), name
    for name in ("probability", "gates"):
        for ours, theirs in zip(now[name].to_pylist(), then[name].to_pylist(), strict=True):
            assert ours == theirs or np.allclose(ours, theirs, atol=1e-4)
