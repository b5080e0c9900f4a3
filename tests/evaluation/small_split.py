"""A hand-made split of two images and six questions, in the files that stations exchange."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw

from rex.files import made_by, write_json, write_parquet
from rex.regions.store import ImageRegions
from rex.regions.store_writer import RegionStoreWriter, StoreHeader

OBJECTS: dict[str, dict[str, tuple[str, tuple[int, int, int, int], str]]] = {
    "img1": {
        "11": ("dog", (0, 0, 20, 20), "brown"),
        "12": ("table", (40, 40, 40, 20), "wood"),
        "13": ("cup", (50, 30, 10, 10), "red"),
    },
    "img2": {"21": ("car", (10, 10, 60, 30), "red"), "22": ("tree", (70, 0, 20, 60), "green")},
}
"""Image → object → (name, (x, y, w, h), attribute); images are 100 × 60 pixels."""

BOXES: dict[str, list[tuple[int, int, int, int]]] = {
    # region 0 is the dog, region 1 the table; region 2 covers half of the cup
    "img1": [(0, 0, 20, 20), (40, 40, 80, 60), (50, 30, 55, 40)],
    # region 0 is the car
    "img2": [(10, 10, 70, 40), (0, 0, 5, 5)],
}
"""Image → its regions, x1, y1, x2, y2."""


@dataclass(frozen=True)
class Asked:
    """One question with its truth."""

    question_id: str
    image_id: str
    question: str
    answer: str
    structural: str
    semantic: str
    steps: tuple[tuple[str, str, tuple[int, ...]], ...]
    """Operations with their arguments and the steps they depend on."""
    text: str | None
    objects: tuple[str, ...]
    regions: tuple[int, ...]
    bound: float


QUESTIONS = (
    Asked(
        "q1", "img1", "What color is the dog?", "brown", "query", "attr",
        (("select", "dog (11)", ()), ("query", "color", (0,))), "#0 is brown", ("11",), (0,), 1.0,
    ),
    Asked(
        "q2", "img1", "Is the cup on the table?", "yes", "verify", "rel",
        (("select", "table (12)", ()), ("relate", "cup,on,s (13)", (0,)), ("exist", "?", (1,))),
        "#2 is on #1", ("13", "12"), (2, 1), 0.95,
    ),
    Asked(
        "q3", "img1", "Is there a <b>cat</b>?", "no", "verify", "obj",
        (("select", "cat (-)", ()), ("exist", "?", (0,))),
        "there is no cat", (), (), 0.0,
    ),
    Asked(
        "q4", "img2", "What color is the car?", "red", "query", "attr",
        (("select", "car (21)", ()), ("query", "color", (0,))), "#0 is red", ("21",), (0,), 1.0,
    ),
    Asked(
        "q5", "img2", "Is the tree left or right?", "right", "choose", "attr",
        (("select", "tree (22)", ()), ("choose hposition", "left|right", (0,))),
        "tree is @4", ("22",), (-1,), 0.0,
    ),
    Asked(
        "q6", "img2", "Is the car red and the tree green?", "yes", "logical", "attr",
        (
            ("select", "car (21)", ()), ("verify color", "red", (0,)),
            ("select", "tree (22)", ()), ("verify color", "green", (2,)),
            ("and", "", (1, 3)),
        ),
        None, (), (), 0.0,
    ),
)  # fmt: skip
"""q6 has no true explanation (status not `ok`)."""


@dataclass(frozen=True)
class SmallSplit:
    """Where the files of the split lie."""

    folder: Path

    @property
    def questions(self) -> Path:
        return self.folder / "data/questions/val_balanced_questions.json"

    @property
    def scene_graphs(self) -> Path:
        return self.folder / "data/sceneGraphs/val_sceneGraphs.json"

    @property
    def images(self) -> Path:
        return self.folder / "data/images"

    @property
    def ood(self) -> Path:
        return self.folder / "data/ood"

    @property
    def regions(self) -> Path:
        return self.folder / "regions/val.h5"

    @property
    def explanations(self) -> Path:
        return self.folder / "explanations/val.parquet"

    def run(self, setting: str, method: str, seed: int = 0) -> Path:
        return self.folder / f"runs/{setting}/{method}/seed{seed}"

    def predict(
        self,
        answers: Mapping[str, str | None],
        explanations: Mapping[str, str | None],
        *,
        setting: str = "multi-task",
        method: str = "rex",
        seed: int = 0,
        gates: bool = False,
    ) -> Path:
        """Write the predictions of a run; what is not given is not predicted."""
        path = self.run(setting, method, seed) / "predictions/val.parquet"
        texts = [explanations.get(asked.question_id) for asked in QUESTIONS]
        table = predictions_table(
            [asked.question_id for asked in QUESTIONS],
            [answers.get(asked.question_id) for asked in QUESTIONS],
            texts,
            gates=gates,
        )
        settings = {"setting": setting, "method": method, "seed": seed}
        write_parquet(path, table, provenance=made_by("rex predict", settings))
        return path


def true_answers() -> dict[str, str | None]:
    return {asked.question_id: asked.answer for asked in QUESTIONS}


def true_texts() -> dict[str, str | None]:
    return {asked.question_id: asked.text for asked in QUESTIONS}


def predictions_table(
    question_ids: Sequence[str],
    answers: Sequence[str | None],
    texts: Sequence[str | None],
    *,
    gates: bool = False,
) -> pa.Table:
    regions = [
        None
        if text is None
        else [int(token[1:]) if token.startswith("#") else -1 for token in text.split()]
        for text in texts
    ]
    shades = [
        None if found is None or not gates else [0.1 if region >= 0 else 0.9 for region in found]
        for found in regions
    ]
    return pa.table(
        {
            "question_id": pa.array(question_ids, pa.string()),
            "answer": pa.array(answers, pa.string()),
            "probability": pa.array([None if a is None else 0.5 for a in answers], pa.float32()),
            "explanation": pa.array(texts, pa.string()),
            "regions": pa.array(regions, pa.list_(pa.int32())),
            "gates": pa.array(shades, pa.list_(pa.float32())),
        }
    )


def make_split(folder: Path) -> SmallSplit:
    """Write the split's files below `folder`."""
    split = SmallSplit(folder)
    write_json(split.questions, {asked.question_id: _question(asked) for asked in QUESTIONS})
    write_json(split.scene_graphs, {image_id: _graph(image_id) for image_id in OBJECTS})
    for part, members in (("all", ("q1", "q4")), ("head", ("q1",)), ("tail", ("q4",))):
        entries = {
            asked.question_id: _question(asked)
            for asked in QUESTIONS
            if asked.question_id in members
        }
        write_json(split.ood / f"ood_val_{part}.json", entries)
    _write_regions(split.regions)
    _write_explanations(split.explanations)
    for image_id in OBJECTS:
        _draw(split.images / f"{image_id}.jpg", image_id)
    return split


def _question(asked: Asked) -> dict[str, Any]:
    return {
        "imageId": asked.image_id,
        "question": asked.question,
        "answer": asked.answer,
        "fullAnswer": asked.answer,
        "types": {"structural": asked.structural, "semantic": asked.semantic, "detailed": "test"},
        "groups": {"global": None, "local": "test"},
        "semantic": [
            {"operation": name, "argument": argument, "dependencies": before}
            for name, argument, before in asked.steps
        ],
        "semanticStr": "",
        "entailed": [],
        "equivalent": [],
        "isBalanced": True,
        "annotations": {"question": {}, "answer": {}, "fullAnswer": {}},
    }


def _graph(image_id: str) -> dict[str, Any]:
    return {
        "width": 100,
        "height": 60,
        "objects": {
            key: {
                "name": name,
                "x": x,
                "y": y,
                "w": w,
                "h": h,
                "attributes": [attribute],
                "relations": [],
            }
            for key, (name, (x, y, w, h), attribute) in OBJECTS[image_id].items()
        },
    }


def _write_regions(path: Path) -> None:
    header = StoreHeader(
        image_ids=list(BOXES),
        regions=3,
        feature_size=2,
        signature={"detector": "by hand"},
        object_names=["thing"],
        attribute_names=["red"],
        made_by=made_by("test"),
    )
    with RegionStoreWriter(path, header) as writer:
        for row, boxes in enumerate(BOXES.values()):
            n = len(boxes)
            image = ImageRegions(
                features=np.zeros((n, 2), np.float16),
                boxes=np.array(boxes, np.float32),
                scores=np.ones(n, np.float32),
                object_ids=np.zeros(n, np.int32),
                attribute_ids=np.full(n, -1, np.int32),
                width=100,
                height=60,
            )
            writer.write([row], [image])


def _write_explanations(path: Path) -> None:
    explained = [asked.text is not None for asked in QUESTIONS]
    table = pa.table(
        {
            "question_id": [asked.question_id for asked in QUESTIONS],
            "image_id": [asked.image_id for asked in QUESTIONS],
            "status": ["ok" if known else "ambiguous" for known in explained],
            "mode": ["fixed"] * len(QUESTIONS),
            "raw": [asked.text for asked in QUESTIONS],
            "unpolished": [asked.text for asked in QUESTIONS],
            "sentence": [asked.text for asked in QUESTIONS],
            "text": pa.array([asked.text for asked in QUESTIONS], pa.string()),
            "objects": pa.array([list(a.objects) for a in QUESTIONS], pa.list_(pa.string())),
            "regions": pa.array([list(a.regions) for a in QUESTIONS], pa.list_(pa.int32())),
            "bound": pa.array([a.bound if a.objects else None for a in QUESTIONS], pa.float32()),
            "operations": pa.array(
                [[name.partition(" ")[0] for name, _, _ in a.steps] for a in QUESTIONS],
                pa.list_(pa.string()),
            ),
            "answer": [asked.answer for asked in QUESTIONS],
            "entailed_answer": [asked.answer for asked in QUESTIONS],
        }
    )
    write_parquet(path, table, provenance=made_by("rex explain build"))


def _draw(path: Path, image_id: str) -> None:
    image = Image.new("RGB", (100, 60), "white")
    draw = ImageDraw.Draw(image)
    colors = {"brown": "saddlebrown", "wood": "burlywood"}
    for _, (x, y, w, h), color in OBJECTS[image_id].values():
        draw.rectangle((x, y, x + w, y + h), fill=colors.get(color, color))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def questions_of(path: Path) -> dict[str, Any]:
    """Return a questions file as it stands."""
    return json.loads(path.read_text(encoding="utf-8"))
