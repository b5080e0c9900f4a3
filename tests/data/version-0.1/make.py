"""Makes the files beside it, with the code of version 0.1 (README.md says how)."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from pathlib import Path
from typing import Any, Literal

import yaml

from rex.cli import main
from rex.config_files import config_values
from rex.regions.store import RegionStore
from tests.training.toy import COLORS, CONFIG, THINGS, make_toy

RUNS: dict[str, tuple[str, str, Literal["fixed", "compat"]]] = {
    "backbone": ("answer-only", "backbone", "fixed"),
    "vqae": ("multi-task", "vqae", "fixed"),
    "exp": ("multi-task", "exp", "fixed"),
    "rex": ("multi-task", "rex", "fixed"),
    "rex-compat": ("multi-task", "rex", "compat"),
}
"""Folder to setting, method and mode."""

SMALL = dataclasses.replace(
    CONFIG.model,
    hidden_size=12,
    layers=1,
    heads=2,
    intermediate_size=8,
    dropout=0.0,
    decoder_dropout=0.0,
    initializer_range=0.15,
)
SEED = "2"

LONG = dataclasses.replace(
    CONFIG.training, epochs=100, decay_epoch=80, batch_size=8, learning_rate=1e-2, warmup=0.1
)


def rex(*arguments: str | Path) -> None:
    """Run a command."""
    if main(list(map(str, arguments))) != 0:
        sys.exit(1)


def annotated(store: RegionStore, questions: Path, out: Path) -> None:
    """Write scene graphs of the toy's regions, and give its questions programs."""
    graphs: dict[str, Any] = {}
    for row, image in enumerate(store.image_ids):
        boxes, things, colors = store.boxes[row], store.object_ids[row], store.attribute_ids[row]
        graphs[image] = {"width": 100, "height": 90, "objects": {}}
        for region in range(int(store.num_boxes[row])):
            left, top, right, bottom = map(int, boxes[region])
            graphs[image]["objects"][f"{row}0{region}"] = {
                "name": THINGS[things[region]],
                **{"x": left, "y": top, "w": right - left, "h": bottom - top},
                "attributes": [COLORS[colors[region]]],
                "relations": [],
            }
    out.write_text(json.dumps(graphs))
    records = json.loads(questions.read_text())
    for record, object_id in zip(
        records.values(),
        (name for graph in graphs.values() for name in graph["objects"]),
        strict=True,
    ):
        thing = record["question"].removesuffix("?").split()[-1]
        record["semantic"] = [
            {"operation": "select", "dependencies": [], "argument": f"{thing} ({object_id})"},
            {"operation": "query", "dependencies": [0], "argument": "color"},
        ]
        record["annotations"] = {
            **{"question": {"4": object_id}, "answer": {}},
            "fullAnswer": {"1": object_id},
        }
        record["fullAnswer"] = f"The {thing} is {record['answer']}."
        record["isBalanced"] = True
    questions.write_text(json.dumps(records))


def make(out: Path) -> None:
    """Write everything below `out`."""
    toy = make_toy(out, images=8)
    graphs = out / "scene_graphs.json"
    annotated(RegionStore(toy.regions), toy.questions, graphs)
    inputs = ("--questions", toy.questions)
    rex(
        *("explain", "build", *inputs, "--scene-graphs", graphs),
        *("--regions", toy.regions, "--out", toy.explanations),
    )
    rex(
        *("explain", "vocabulary", *inputs, "--explanations", toy.explanations),
        *("--out", toy.vocabulary),
    )
    rex("config", "defaults", "--out", out / "config.yaml")
    for name, (setting, method, mode) in RUNS.items():
        run, settings = out / name, out / "settings.yaml"
        model = dataclasses.replace(SMALL, mode=mode)
        settings.write_text(
            yaml.safe_dump(config_values(dataclasses.replace(CONFIG, model=model, training=LONG)))
        )
        rex(
            *("train", "--config", settings, "--setting", setting, "--method", method, "--seed", SEED),
            *(*inputs, "--explanations", toy.explanations, "--regions", toy.regions),
            *("--vocabulary", toy.vocabulary, "--out", run),
        )
        settings.unlink()
        rex(
            *("predict", "--run", run, *inputs, "--regions", toy.regions),
            *("--out", run / "predictions.parquet"),
        )
        for more in ("log.jsonl", "mlflow.json"):
            (run / more).unlink(missing_ok=True)
    shutil.rmtree(out / "mlruns", ignore_errors=True)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
