"""A few colored shapes in GQA's file formats, for a detector to learn in seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

SHAPES = ("box", "disc", "tent")
COLORS = {"red": (210, 40, 40), "green": (40, 160, 60), "blue": (50, 70, 210)}


def make_toy_world(
    folder: Path, *, images: dict[str, int], size: tuple[int, int] = (160, 120), seed: int = 0
) -> None:
    """Write `sceneGraphs/`, `questions/` and `images/` under `folder`, `images[split]` a split."""
    draw = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True)
    for split, count in images.items():
        graphs: dict[str, Any] = {}
        questions: dict[str, Any] = {}
        for number in range(count):
            image_id = f"{split}{number}"
            picture, objects = _scene(draw, size)
            picture.save(folder / "images" / f"{image_id}.jpg", quality=90)
            graphs[image_id] = {"width": size[0], "height": size[1], "objects": objects}
            questions[f"q{split}{number}"] = {
                "imageId": image_id,
                "question": "Is there a box?",
                "answer": "yes",
            }
        for name, value in (
            (f"sceneGraphs/{split}_sceneGraphs.json", graphs),
            (f"questions/{split}_balanced_questions.json", questions),
        ):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(json.dumps(value))


def _scene(draw: np.random.Generator, size: tuple[int, int]) -> tuple[Image.Image, dict[str, Any]]:
    width, height = size
    picture = Image.new("RGB", size, tuple(draw.integers(150, 256, 3).tolist()))
    brush = ImageDraw.Draw(picture)
    objects: dict[str, Any] = {}
    for number in range(int(draw.integers(2, 6))):
        w, h = (int(draw.integers(side // 8, side // 3)) for side in size)
        x, y = int(draw.integers(0, width - w)), int(draw.integers(0, height - h))
        shape = SHAPES[draw.integers(len(SHAPES))]
        color = list(COLORS)[draw.integers(len(COLORS))]
        corners = (x, y, x + w, y + h)
        if shape == "box":
            brush.rectangle(corners, fill=COLORS[color])
        elif shape == "disc":
            brush.ellipse(corners, fill=COLORS[color])
        else:
            brush.polygon([(x, y + h), (x + w // 2, y), (x + w, y + h)], fill=COLORS[color])
        objects[str(number)] = {
            "name": shape,
            "attributes": [color],
            "relations": [],
            "x": x,
            "y": y,
            "w": w,
            "h": h,
        }
    return picture, objects
