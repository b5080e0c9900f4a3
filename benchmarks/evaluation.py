"""Speed and memory of `rex evaluate`, beside pycocoevalcap and pixel-mask grounding.

Questions, scene graphs, regions, explanations and predictions of GQA val's size are made up, in the
files that stations exchange. The baseline calls pycocoevalcap (PTB tokeniser, BLEU, ROUGE-L, CIDEr)
and then measures grounding with one mask of pixels for each question, from arrays that are already
in memory; ours is the whole command, files and start-up included, with every measure but METEOR and
SPICE, in both modes, with intervals. Both run one after the other, in one run of this program; the
ratio is of processor time, which does not depend on what else the machine does.

    python benchmarks/evaluation.py --questions 132062
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rex.files import made_by, write_json, write_parquet
from rex.regions.store import ImageRegions
from rex.regions.store_writer import RegionStoreWriter, StoreHeader

GOALS = {"ratio": 0.5, "memory": 2048.0}
QUESTIONS_AN_IMAGE = 12
WIDTH, HEIGHT, REGIONS, OBJECTS = 500, 375, 36, 16
COLORS = ("red", "blue", "white", "black", "green", "brown")
NAMES = ("car", "dog", "table", "man", "woman", "tree", "chair", "bus")
RELATIONS = ("to the left of", "to the right of", "on", "near", "behind")

Boxes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Made:
    """The made-up split, as arrays: what the baseline starts from."""

    hypotheses: list[str]
    references: list[str]
    regions: list[list[int]]
    """Of each question, the regions that the explanation names."""
    objects: list[list[int]]
    """Of each question, the objects that the true explanation is about."""
    images: npt.NDArray[np.int64]
    region_boxes: Boxes
    object_boxes: Boxes
    bound: npt.NDArray[np.float64]


def main() -> None:
    """Make the input, measure, compare, and print a table; exit with 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=int, default=132_062)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rex-benchmark-") as name:
        folder = Path(name)
        made = make_split(folder, arguments.questions, arguments.seed)
        ours, cost, memory = run_rex(folder)
        before = _times()
        theirs = {**caption_baseline(made), "grounding": mask_grounding(made)}
        baseline = [after - start for after, start in zip(_times(), before, strict=True)]
    differences = [abs(ours[f"compat/{key}"] - value) for key, value in theirs.items()]
    ratio = cost[1] / baseline[1]
    print(f"questions          {arguments.questions}")
    print(f"baseline           {baseline[1]:8.1f} s CPU, {baseline[0]:.1f} s wall")
    print(f"rex evaluate       {cost[1]:8.1f} s CPU, {cost[0]:.1f} s wall")
    print(f"ratio (CPU)        {ratio:8.2f}     (goal: at most {GOALS['ratio']})")
    print(f"peak memory        {memory:8.0f} MiB (goal: under {GOALS['memory']:.0f})")
    print(f"largest difference {max(differences):8.1e}     (compat scores, percent)")
    if ratio > GOALS["ratio"] or memory > GOALS["memory"] or max(differences) > 1e-6:
        sys.exit(1)


def _times() -> tuple[float, float]:
    """Return the time now: on the clock, and of the processor, child processes included."""
    used = os.times()
    return time.perf_counter(), sum(used[:4])


def run_rex(folder: Path) -> tuple[dict[str, float], tuple[float, float], float]:
    """Run the command; return its scores, seconds (wall, CPU) and largest resident set in MiB."""
    command = [sys.executable, "-m", "rex.cli", "evaluate", str(folder / "predictions.parquet")]
    for option in ("questions.json", "explanations.parquet", "regions.h5", "scene-graphs.json"):
        command += [f"--{option.partition('.')[0]}", str(folder / option)]
    command += ["--compat", "--without-meteor", "--out", str(folder / "metrics.json")]
    began = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = (time.perf_counter() - began, usage.ru_utime + usage.ru_stime)
    if status:
        raise RuntimeError(f"rex evaluate failed: {' '.join(command)}")
    scores = json.loads((folder / "metrics.json").read_text())["scores"]
    return {name: score["value"] for name, score in scores.items()}, seconds, usage.ru_maxrss / 1024


def caption_baseline(made: Made) -> dict[str, float]:
    """Return the scores of pycocoevalcap, in percent, empty explanations dropped and rescaled."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    kept = [row for row, text in enumerate(made.hypotheses) if text]
    ours = {row: [{"caption": made.hypotheses[row]}] for row in kept}
    theirs = {row: [{"caption": made.references[row]}] for row in kept}
    tokenizer = PTBTokenizer()
    given, true = tokenizer.tokenize(ours), tokenizer.tokenize(theirs)
    share = 100 * len(kept) / len(made.hypotheses)
    bleu, _ = Bleu(4).compute_score(true, given, verbose=0)
    scores = {f"bleu{order}": share * bleu[order - 1] for order in range(1, 5)}
    scores["rouge-l"] = share * float(Rouge().compute_score(true, given)[0])
    scores["cider"] = share * float(Cider().compute_score(true, given)[0])
    return scores


def mask_grounding(made: Made) -> float:
    """Return the published grounding, in percent, with one mask of pixels for each side."""
    values = []
    for row, image in enumerate(made.images):
        if made.bound[row] <= 0:
            continue
        ours = _mask(made.region_boxes[image, made.regions[row]])
        theirs = _mask(made.object_boxes[image, made.objects[row][-1:]])
        union = np.logical_or(ours, theirs).sum()
        values.append(np.logical_and(ours, theirs).sum() / union / made.bound[row] if union else 0)
    return 100 * float(np.mean(values))


def _mask(boxes: Boxes) -> npt.NDArray[np.bool_]:
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = True
    return mask


def make_split(folder: Path, count: int, seed: int) -> Made:
    """Write the files of a made-up split below `folder`."""
    generator = np.random.default_rng(seed)
    images = -(-count // QUESTIONS_AN_IMAGE)
    objects = _boxes(generator, images, OBJECTS)
    shifts = generator.integers(-6, 7, size=(images, OBJECTS, 4))
    near = np.clip(objects + shifts, 0, (WIDTH, HEIGHT, WIDTH, HEIGHT))
    regions = np.concatenate([near, _boxes(generator, images, REGIONS - OBJECTS)], axis=1)
    image_of = np.arange(count) // QUESTIONS_AN_IMAGE
    about = generator.integers(OBJECTS, size=(count, 2))
    words = np.stack(
        [generator.integers(len(some), size=count) for some in (COLORS, RELATIONS, NAMES)], axis=1
    )
    references = [_text(row, about[row].tolist(), words[row].tolist()) for row in range(count)]
    guessed = np.where(
        generator.random((count, 2)) < 0.7, about, generator.integers(REGIONS, size=(count, 2))
    )
    other = np.where(generator.random((count, 3)) < 0.8, words, words[::-1])
    silent = generator.random(count) < 0.01
    hypotheses = [
        "" if silent[row] else _text(row, guessed[row].tolist(), other[row].tolist())
        for row in range(count)
    ]
    mentioned = [_mentioned(row, about[row].tolist()) for row in range(count)]
    named = [[] if silent[row] else _mentioned(row, guessed[row].tolist()) for row in range(count)]
    bound = np.where(generator.random(count) < 0.95, generator.uniform(0.5, 1, count), 0)
    made = Made(
        hypotheses, references, named, mentioned, image_of, regions, objects,
        bound.astype(np.float32).astype(np.float64),
    )  # fmt: skip
    _write_questions(folder / "questions.json", made, words)
    _write_scene_graphs(folder / "scene-graphs.json", objects, generator)
    _write_regions(folder / "regions.h5", regions)
    _write_explanations(folder / "explanations.parquet", made)
    _write_predictions(folder / "predictions.parquet", made, words, generator)
    return made


def _boxes(generator: np.random.Generator, images: int, count: int) -> Boxes:
    """Return boxes of whole pixels: a few of each image large, most of them small."""
    sides = generator.integers(12, 160, size=(images, count, 2))
    corner = (generator.random((images, count, 2)) * ((WIDTH, HEIGHT) - sides)).astype(np.int64)
    return np.concatenate([corner, corner + sides], axis=2)


def _text(row: int, about: Sequence[int], words: Sequence[int]) -> str:
    color, relation, name = COLORS[words[0]], RELATIONS[words[1]], NAMES[words[2]]
    first, second = about
    forms = (
        f"{color} #{first} {relation} #{second} is {name}",
        f"#{first} is {relation} {color} #{second}",
        f"#{first} is not {color} but {COLORS[words[1]]}",
        f"#{first} and #{second} are both {color}",
        f"there is {color} #{first}",
    )
    return forms[row % len(forms)]


def _mentioned(row: int, about: Sequence[int]) -> list[int]:
    return list(about) if row % 5 in (0, 1, 3) else list(about[:1])


def _write_questions(path: Path, made: Made, words: npt.NDArray[np.int64]) -> None:
    questions = {
        f"{row:08d}": {
            "imageId": str(image),
            "question": "What color is the car to the left of the dog?",
            "answer": COLORS[words[row, 0]],
            "fullAnswer": "It is so.",
            "isBalanced": True,
            "types": {"structural": "query", "semantic": "attr", "detailed": "directOf"},
            "groups": {"global": "color", "local": f"10q-{NAMES[words[row, 2]]}_color"},
            "semanticStr": "select: dog->relate: car->query: color",
            "semantic": [
                {"operation": "select", "argument": "dog (1)", "dependencies": []},
                {"operation": "relate", "argument": "car,near,s (2)", "dependencies": [0]},
                {"operation": "query", "argument": "color", "dependencies": [1]},
            ],
            "entailed": [f"{row - row % 4 + other:08d}" for other in range(4)],
            "equivalent": [f"{row:08d}"],
            "annotations": {"question": {}, "answer": {}, "fullAnswer": {}},
        }
        for row, image in enumerate(made.images.tolist())
    }
    write_json(path, questions)


def _write_scene_graphs(path: Path, objects: Boxes, generator: np.random.Generator) -> None:
    def thing(image: int, key: int) -> dict[str, object]:
        left, top, right, bottom = objects[image, key].tolist()
        return {
            "name": NAMES[(image + key) % len(NAMES)],
            "x": left,
            "y": top,
            "w": right - left,
            "h": bottom - top,
            "attributes": [COLORS[generator.integers(len(COLORS))]],
            "relations": [
                {"name": RELATIONS[(image + key + other) % 5], "object": str(other)}
                for other in generator.integers(OBJECTS, size=3).tolist()
            ],
        }

    graphs = {
        str(image): {
            "width": WIDTH,
            "height": HEIGHT,
            "objects": {str(key): thing(image, key) for key in range(OBJECTS)},
        }
        for image in range(len(objects))
    }
    write_json(path, graphs)


def _write_regions(path: Path, boxes: Boxes) -> None:
    header = StoreHeader(
        image_ids=[str(image) for image in range(len(boxes))],
        regions=REGIONS,
        feature_size=1,
        signature={"detector": "made up"},
        object_names=NAMES,
        attribute_names=COLORS,
        made_by=made_by("benchmark"),
    )
    blank = np.zeros((REGIONS, 1), dtype=np.float16)
    none = np.full(REGIONS, -1, dtype=np.int32)
    ones = np.ones(REGIONS, dtype=np.float32)
    with RegionStoreWriter(path, header) as writer:
        for begin in range(0, len(boxes), 500):
            rows = list(range(begin, min(begin + 500, len(boxes))))
            writer.write(
                rows,
                [
                    ImageRegions(
                        blank, boxes[row].astype(np.float32), ones, none, none, WIDTH, HEIGHT
                    )
                    for row in rows
                ],
            )


def _write_explanations(path: Path, made: Made) -> None:
    count = len(made.references)
    columns = {
        "question_id": [f"{row:08d}" for row in range(count)],
        "status": ["ok"] * count,
        "mode": ["compat"] * count,
        "text": made.references,
        "objects": pa.array([[str(key) for key in keys] for keys in made.objects]),
        "bound": pa.array(made.bound, pa.float32()),
    }
    write_parquet(path, pa.table(columns), provenance=made_by("benchmark"))


def _write_predictions(
    path: Path, made: Made, words: npt.NDArray[np.int64], generator: np.random.Generator
) -> None:
    count = len(made.hypotheses)
    right = generator.random(count) < 0.6
    regions = [
        [int(token[1:]) if token[0] == "#" else -1 for token in text.split()]
        for text in made.hypotheses
    ]
    columns = {
        "question_id": [f"{row:08d}" for row in range(count)],
        "answer": [COLORS[words[row, 0] if right[row] else row % 6] for row in range(count)],
        "probability": pa.array(generator.random(count), pa.float32()),
        "explanation": made.hypotheses,
        "regions": pa.array(regions, pa.list_(pa.int32())),
        "gates": pa.nulls(count, pa.list_(pa.float32())),
    }
    settings = {"setting": "multi-task", "method": "rex", "seed": 0}
    write_parquet(path, pa.table(columns), provenance=made_by("rex predict", settings))


if __name__ == "__main__":
    main()
