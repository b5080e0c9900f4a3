"""How much memory and time jobs ask of a cluster: from the data set, the model and the features.

Estimates, with room: what was measured, on CPUs, is the smoke configuration and the demo, the whole
chain with as many questions and images as GQA has and a small model (docs/scale.md), and a training
step of the paper's model (docs/training.md); no GPU was at hand. Whoever runs out is started again
with as much again.
"""

from __future__ import annotations

import math
import re
import subprocess
import sys
from dataclasses import astuple, dataclass

from rex.config import Config, ModelSettings
from rex.errors import InputError
from rex.experiment import SETTINGS

_GQA_QUESTIONS = {"train": 943_000, "val": 132_062, "testdev": 12_578}
_GQA_IMAGES = {"train": 72_140, "val": 10_234, "testdev": 398}

_LIBRARIES = 1_500
"""MB of a process that has loaded PyTorch (measured: 950)."""
_DETECTOR = {"small-fpn": 2_000, "bottom-up": 8_000, "detectron2": 12_000}
"""MB of a process that detects (measured: 1,900 of `small-fpn`)."""
_IMAGES_A_SECOND = {"small-fpn": 9.0, "bottom-up": 0.2, "detectron2": 0.2}
"""Measured on two cores."""
_PAPER = 134e6
"""Parameters of the paper's model."""
_SAMPLES_A_SECOND = 3.5
"""Questions that it learns on two cores; smaller models more, up to `_MOST_SAMPLES`."""
_MOST_SAMPLES = 145.0
_GPU = 100.0
"""How many times faster a GPU is taken to be, at least."""


_PARTS = {"extract_regions": 8, "explain": 4}


def parts(config: Config, rule: str) -> int:
    """Return into how many parts a split is cut for a rule: the world is small, and is not.

    The same on each machine: other numbers would make Snakemake repeat what comes after them.
    """
    return _PARTS[rule] if config.source == "gqa" else 1


@dataclass(frozen=True)
class Request:
    """What one job asks for, at its first attempt."""

    memory_mb: int
    minutes: int


def request(
    config: Config, rule: str, *, split: str = "train", setting: str = "multi-task", shards: int = 1
) -> Request:
    """Return what a job of `rule` asks for; `shards`: into how many its split is cut."""
    questions = _questions(config, split)
    match rule:
        case "train":
            return _training(config, questions, setting)
        case "predict":
            seconds = questions / (2 * _speed(config))
            memory = _LIBRARIES + 8e-6 * most_parameters(config.model)
            memory += _activations(config) + _driver(config)
            return _request(memory + questions * 2e-3, seconds)
        case "train_detector":
            # forwards and backwards
            seconds = 3 * config.regions.iterations * config.regions.batch_size
            return _request(1.5 * _detector(config), seconds / _detected(config))
        case "extract_regions":
            seconds = _images(config, split) / shards / _detected(config)
            return _request(_detector(config), seconds)
        case "explain":
            return _request(1_000 + questions * 1e-3, questions / shards / 1_000)
        case "evaluate":
            # METEOR's Java has a heap of its own, and SPICE's, where it is there, takes hours
            return _request(2_500 + questions * 20e-3, 300 + questions / 50)
        case "world":
            return _request(1_000, _images(config, "train") / 5)
    return _request(1_000 + questions * 2e-3, 600 + questions / 500)


def parameters(model: ModelSettings) -> float:
    """Return about how many weights a model has that explains as REX does."""
    width = model.hidden_size
    vocabulary = 30_522 if model.word_pieces or model.pretrained else 2_000
    layer = 4 * width**2 + 2 * width * model.intermediate_size
    layers = model.layers * layer
    if model.backbone == "lxmert":
        # half as many of vision, and of both: these have each stream's layer, and one across
        half = (model.layers + 1) // 2
        layers += half * (layer + 2 * layer + 4 * width**2)
    return float(vocabulary * width + layers + 20 * width**2 + 4_000 * width)


def most_parameters(model: ModelSettings) -> float:
    """Return about how many it has with the largest decoder, of Pro-VCIN with its programs."""
    return parameters(model) + 230 * model.hidden_size**2


def _training(config: Config, questions: int, setting: str) -> Request:
    transfer = SETTINGS[setting].transfer
    epochs = config.transfer.epochs if transfer else config.training.epochs
    learnt = questions * SETTINGS[setting].percent / 100
    # weights, gradients, Adam's two moments and the best epoch's weights; the questions
    memory = _LIBRARIES + 20e-6 * most_parameters(config.model) + questions * 2e-3
    memory += _driver(config) + _activations(config)
    # each GPU has a process of its own, which loads all of it
    return _request(config.compute.gpus * memory, epochs * learnt / _speed(config))


def _driver(config: Config) -> int:
    """Return the MB of a GPU's driver, and of pinned batches."""
    return 4_000 if config.compute.device == "cuda" else 0


def _activations(config: Config) -> float:
    """Return the MB of what a step keeps for its gradient (GPU: not of the machine's memory)."""
    if config.compute.device == "cuda":
        return 0.0
    model, training = config.model, config.training
    tokens = training.question_length + config.regions.regions
    # LXMERT's streams are joined by half as many layers, with attention across
    layers = model.layers * (2 if model.backbone == "lxmert" else 1)
    kept = 120e-6 * tokens * layers * model.hidden_size
    return kept * training.batch_size / training.accumulation


def _request(memory_mb: float, seconds: float) -> Request:
    # to the next half of a GB and quarter of an hour
    return Request(500 * -(-round(memory_mb) // 500), 15 * (1 + -(-round(2 * seconds / 60) // 15)))


def _questions(config: Config, split: str) -> int:
    if config.source == "gqa":
        return _GQA_QUESTIONS[split]
    return _images(config, split) * config.world.questions_per_image


def _images(config: Config, split: str) -> int:
    if config.source == "gqa":
        return _GQA_IMAGES[split]
    world = config.world
    images = {"train": world.train_images, "val": world.val_images}
    return images.get(split, world.testdev_images)


def _speed(config: Config) -> float:
    """Return questions learnt a second."""
    samples = _SAMPLES_A_SECOND * _PAPER / parameters(config.model)
    return min(samples, _MOST_SAMPLES) * (_GPU if config.compute.device == "cuda" else 1)


def _detector(config: Config) -> int:
    return _DETECTOR[config.regions.detector]


def _detected(config: Config) -> float:
    """Return images detected a second."""
    speed = _IMAGES_A_SECOND[config.regions.detector]
    return speed * (_GPU if config.compute.device == "cuda" else 1)


@dataclass(frozen=True)
class NodeShare:
    """What a job asks for, or a node has."""

    memory_mb: int
    cpus: int
    gpus: int
    minutes: float

    def fits(self, node: NodeShare) -> bool:
        """Return whether a node can run it."""
        return all(
            asked <= there for asked, there in zip(astuple(self), astuple(node), strict=True)
        )

    def __str__(self) -> str:
        time = "no time limit" if self.minutes == math.inf else f"{self.minutes:.0f} minutes"
        return f"{self.memory_mb} MB, {self.cpus} CPUs, {self.gpus} GPUs, {time}"


_NODES = ("sinfo", "--noheader", "--Node", "--format=%P|%m|%c|%G|%l")
"""Slurm's command that lists the nodes of each partition, as `read_nodes` takes it."""


def listed_nodes() -> dict[str, list[NodeShare]]:
    """Return what the nodes of each partition have; where Slurm does not tell, none, and a line."""
    try:
        found = subprocess.run(_NODES, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        told = getattr(error, "stderr", None) or str(error)
        print(f"sizes of nodes not checked: {told.strip()}", file=sys.stderr)
        return {}
    return read_nodes(found.stdout)


def read_nodes(listed: str) -> dict[str, list[NodeShare]]:
    """Return what the nodes of each partition have; "" is the default partition."""
    nodes: dict[str, list[NodeShare]] = {}
    for line in listed.splitlines():
        partition, memory, cpus, devices, limit = line.strip().split("|")
        gpus = sum(int(count) for count in re.findall(r"\bgpu:(?:[^:,(]+:)?(\d+)", devices))
        node = NodeShare(int(memory.rstrip("+")), int(cpus.rstrip("+")), gpus, _minutes(limit))
        for name in {partition.rstrip("*"), "" if partition.endswith("*") else partition}:
            nodes.setdefault(name, []).append(node)
    return nodes


def check_nodes(
    nodes: dict[str, list[NodeShare]], rule: str, asked: NodeShare, partition: str
) -> None:
    """Raise InputError where no node of a partition (or of several: `a,b`) can run a job."""
    there = [node for name in partition.split(",") for node in nodes.get(name, [])]
    if not there or any(asked.fits(node) for node in there):
        return
    largest = NodeShare(*map(max, zip(*map(astuple, there), strict=True)))
    raise InputError(
        f"a job asks for {asked}; no node has that, the largest have {largest}",
        file=f"partition {partition}" if partition else "the default partition",
        place=rule,
        cure=f"name another partition, or ask for less: --set-resources {rule}:mem_mb=…",
    )


def _minutes(limit: str) -> float:
    """Return the minutes of Slurm's `days-hours:minutes:seconds`, which may lack its beginning."""
    if not limit[:1].isdigit():  # infinite, or n/a
        return math.inf
    days, _, time = limit.rpartition("-")
    seconds = 0
    for part in time.split(":"):
        seconds = 60 * seconds + int(part)
    return 1440 * int(days or 0) + seconds / 60
