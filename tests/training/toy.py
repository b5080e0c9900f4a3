"""A tiny data set in the project's own files: colored things, asked for their color."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from rex.config import ComputeSettings, Config, ModelSettings, TrainingSettings
from rex.files import write_json, write_parquet
from rex.regions.store import ImageRegions
from rex.regions.store_writer import RegionStoreWriter, StoreHeader
from rex.training.run import RunFiles

COLORS = ("red", "green", "blue")
THINGS = ("cat", "cup", "car", "hat")
REGIONS, WIDTH = 5, 8

CONFIG = Config(
    model=ModelSettings(
        hidden_size=16,
        layers=1,
        heads=2,
        intermediate_size=16,
        dropout=0.1,
        decoder_dropout=0.1,
    ),
    training=TrainingSettings(
        epochs=2, decay_epoch=2, batch_size=8, learning_rate=1e-2, holdout=0.2, precision="fp32"
    ),
    compute=ComputeSettings(device="cpu", training_threads=1),
)


def make_toy(folder: Path, *, images: int = 10, seed: int = 0, name: str = "train") -> RunFiles:
    """Write questions, explanations, regions and vocabulary; features tell thing and color."""
    generator = np.random.default_rng(seed)
    questions, rows, regions = {}, [], []
    for number in range(images):
        image_id = f"{name}{number}"
        count = int(generator.integers(2, REGIONS + 1))
        things = generator.permutation(len(THINGS))[: min(count, len(THINGS))]
        colors = generator.integers(0, len(COLORS), len(things))
        count = len(things)
        features = np.zeros((count, WIDTH), np.float16)
        features[np.arange(count), things] = 3
        features[np.arange(count), len(THINGS) + colors] = 3
        corners = generator.uniform(0, 50, (count, 2)).astype(np.float32)
        regions.append(
            ImageRegions(
                features=features,
                boxes=np.concatenate([corners, corners + 40], axis=1),
                scores=np.ones(count, np.float32),
                object_ids=things.astype(np.int32),
                attribute_ids=colors.astype(np.int32),
                width=100,
                height=90,
            )
        )
        for region, (thing, color) in enumerate(zip(things, colors, strict=True)):
            question_id = f"{image_id}-{region}"
            questions[question_id] = {
                "imageId": image_id,
                "question": f"What color is the {THINGS[thing]}?",
                "answer": COLORS[color],
                "types": {"detailed": "color", "structural": "query", "semantic": "attr"},
                "semantic": [
                    {
                        "operation": "select",
                        "argument": f"{THINGS[thing]} ({number}{region})",
                        "dependencies": [],
                    },
                    {"operation": "query", "argument": "color", "dependencies": [0]},
                ],
            }
            # the third question of an image has no explanation: its answer is learnt all the same
            text = None if region == 2 else f"#{region} is {COLORS[color]}"
            rows.append((question_id, image_id, text))
    files = RunFiles(
        questions=folder / f"{name}.json",
        explanations=folder / f"{name}.parquet",
        regions=folder / f"{name}.h5",
        vocabulary=folder / "vocabulary.json",
        out=folder / "run",
    )
    files.questions.parent.mkdir(parents=True, exist_ok=True)
    files.questions.write_text(json.dumps(questions))
    columns = zip(*rows, strict=True)
    table = pa.table(
        dict(zip(("question_id", "image_id", "text"), map(list, columns), strict=True))
    )
    write_parquet(files.explanations, table, provenance={})
    header = StoreHeader(
        image_ids=[f"{name}{number}" for number in range(images)],
        regions=REGIONS,
        feature_size=WIDTH,
        signature={"detector": "toy", "weights": "abc"},
        object_names=THINGS,
        attribute_names=COLORS,
        made_by={},
    )
    with RegionStoreWriter(files.regions, header) as writer:
        writer.write(range(images), regions)
    write_json(
        files.vocabulary,
        {
            "answers": dict.fromkeys(COLORS, 1),
            "words": {"is": 9, **dict.fromkeys(COLORS, 1)},
            "question_pieces": [
                *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
                *("what", "color", "is", "the", "?", *THINGS),
            ],
        },
    )
    return files
