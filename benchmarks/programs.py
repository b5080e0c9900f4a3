"""Speed and memory of `rex explain build`, beside the standard library's `json.load`.

Questions and scene graphs (the world's, and GQA's own sample where it is at hand) are repeated
under new ids, 13 questions to a scene graph as in GQA's balanced sets, until there are as many as
wanted. Every figure is of a fresh process, start-up included; the baseline loads the same two JSON
files in the same run. GQA mixes the questions of all images; `--order grouped` keeps an image's
questions together.

    python benchmarks/programs.py --questions 200000
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from rex.config import WorldSettings
from rex.gqa.layout import Layout
from rex.world.make import make_world

QUESTIONS_AN_IMAGE = 13
REGIONS = 36
GOALS = {"ratio": 1.0, "speed-up": 1.9, "memory": 600.0}

Entries = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds of all its processes and threads."""
    memory: float
    """Largest resident set of one of its processes, in MiB."""


def main() -> None:
    """Make the input, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, nargs="+", default=[200_000])
    parser.add_argument("--order", choices=("mixed", "grouped"), default="mixed")
    parser.add_argument("--world", type=Path, default=Path("data/world"))
    parser.add_argument("--sample", type=Path, default=Path("../shared/gqa-sample"))
    parser.add_argument("--memory", action="store_true", help="measure one build alone")
    parser.add_argument("--repeats", type=int, default=1, help="the best of so many is taken")
    arguments = parser.parse_args()
    for number in arguments.questions:
        with tempfile.TemporaryDirectory() as folder:
            files = write_input(Path(folder), number, arguments)
            measure(files, number, arguments.repeats, arguments.memory)


def measure(files: Sequence[Path], number: int, repeats: int, memory_alone: bool) -> None:
    """Print what loading and building take."""
    questions, scene_graphs, regions = files
    load = "import json, sys\nfor path in sys.argv[1:]: json.load(open(path, encoding='utf-8'))"
    build = ["-m", "rex.cli", "explain", "build", "--questions", str(questions)]
    build += ["--scene-graphs", str(scene_graphs), "--regions", str(regions)]
    build += ["--out", str(questions.with_suffix(".parquet"))]
    size = sum(path.stat().st_size for path in (questions, scene_graphs)) / 1e6
    print(f"\n{number:,} questions, {size:.0f} MB of JSON", flush=True)
    print(f"{'':<22}{'wall s':>8}{'cpu s':>8}{'MiB':>7}{'questions/s/core':>18}")
    if memory_alone:
        show("1 process", run(build), number)
        return
    baseline = best(repeats, ["-c", load, str(questions), str(scene_graphs)])
    show("json.load", baseline, number)
    one = best(repeats, build)
    show("1 process", one, number)
    two = best(repeats, [*build, "--processes", "2"])
    show("2 processes", two, number, cores=2)
    for name, value, met in (
        ("ratio", one.wall / baseline.wall, one.wall / baseline.wall <= GOALS["ratio"]),
        ("speed-up", one.wall / two.wall, one.wall / two.wall >= GOALS["speed-up"]),
        ("memory", one.memory, one.memory <= GOALS["memory"]),
    ):
        print(f"{name:<22}{value:8.2f}  goal {GOALS[name]:g}: {'met' if met else 'NOT met'}")


def show(name: str, cost: Cost, number: int, cores: int = 1) -> None:
    speed = number / cost.wall / cores
    print(f"{name:<22}{cost.wall:8.2f}{cost.cpu:8.2f}{cost.memory:7.0f}{speed:18,.0f}", flush=True)


def best(repeats: int, arguments: list[str]) -> Cost:
    """Run `python ARGUMENTS` and return the cost of the fastest run."""
    return min((run(arguments) for _ in range(repeats)), key=lambda cost: cost.wall)


def run(arguments: list[str]) -> Cost:
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, *arguments], stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"failed: {' '.join(arguments)}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def write_input(
    folder: Path, number: int, arguments: argparse.Namespace
) -> tuple[Path, Path, Path]:
    """Write questions, scene graphs and regions; return their paths."""
    source = list(sources(arguments.world, arguments.sample))
    images = -(-number // QUESTIONS_AN_IMAGE)
    order = list(range(number))
    if arguments.order == "mixed":
        random.Random(1).shuffle(order)
    questions = folder / "questions.json"
    with open(questions, "w", encoding="utf-8") as file:
        for place, index in enumerate(order):
            image, turn = divmod(index, QUESTIONS_AN_IMAGE)
            asked, _ = source[image % len(source)]
            entry = {**asked[turn % len(asked)], "imageId": str(image)}
            file.write(f'{", " if place else "{"}"{index:09d}": {json.dumps(entry)}')
        file.write("}")
    scene_graphs = folder / "sceneGraphs.json"
    with open(scene_graphs, "w", encoding="utf-8") as file:
        for image in range(images):
            graph = json.dumps(source[image % len(source)][1])
            file.write(f'{", " if image else "{"}"{image}": {graph}')
        file.write("}")
    regions = folder / "regions.h5"
    write_regions(regions, [source[image % len(source)][1] for image in range(images)])
    return questions, scene_graphs, regions


def sources(world: Path, sample: Path) -> Iterator[tuple[list[dict[str, Any]], dict[str, Any]]]:
    """Yield (questions, scene graph) of one image after the other."""
    if not world.is_dir():
        world = Path(tempfile.gettempdir()) / "rex-benchmark-world"
        small = WorldSettings(train_images=40, val_images=4, testdev_images=4)
        make_world(world, small)
    layout = Layout(world)
    pairs = [(layout.questions("train"), layout.scene_graphs("train"))]
    if sample.is_dir():
        pairs.insert(0, (sample / "questions.json", sample / "sceneGraphs.json"))
    for questions, scene_graphs in pairs:
        graphs: Entries = json.loads(scene_graphs.read_text(encoding="utf-8"))
        asked: dict[str, list[dict[str, Any]]] = {}
        for question in json.loads(questions.read_text(encoding="utf-8")).values():
            asked.setdefault(question["imageId"], []).append(question)
        for image_id, found in asked.items():
            if image_id in graphs:
                yield found, graphs[image_id]


def write_regions(path: Path, graphs: list[dict[str, Any]]) -> None:
    """Write a region store: boxes near the objects, then anywhere, with features of width 1."""
    generator = np.random.default_rng(1)
    shape = (len(graphs), REGIONS)
    boxes = np.empty((*shape, 4), np.float32)
    for row, graph in enumerate(graphs):
        width, height = graph["width"], graph["height"]
        corners = generator.uniform(0, 1, (REGIONS, 2, 2)) * (width, height)
        boxes[row] = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
        near = [
            (thing["x"], thing["y"], thing["x"] + thing["w"], thing["y"] + thing["h"])
            for thing in list(graph["objects"].values())[:REGIONS]
        ]
        jitter = generator.normal(0, 4, (len(near), 4))
        boxes[row, : len(near)] = np.array(near) + jitter
    sizes = [(graph["width"], graph["height"]) for graph in graphs]
    with h5py.File(path, "w") as file:
        file["features"] = np.zeros((*shape, 1), np.float16)
        file["boxes"] = boxes
        file["scores"] = np.ones(shape, np.float32)
        for name in ("object_ids", "attribute_ids"):
            file[name] = np.full(shape, -1, np.int32)
        file["num_boxes"] = np.full(len(graphs), REGIONS, np.int32)
        file["image_sizes"] = np.array(sizes, np.int32)
        names = [str(row) for row in range(len(graphs))]
        file.create_dataset("image_ids", data=names, dtype=h5py.string_dtype())
        file.attrs.update({"signature": "{}", "object_names": "[]", "attribute_names": "[]"})


if __name__ == "__main__":
    main()
