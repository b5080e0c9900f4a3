"""What the values of a configuration must be together; their own limits stand beside the fields."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any

from rex.config import Config
from rex.errors import InputError
from rex.experiment import METHODS, refusal

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def check_limits(config: Config, file: str | PathLike[str]) -> None:
    """Raise InputError that names the first setting whose value makes no sense."""
    for place, problem, cure in _problems(config):
        raise InputError(problem, file=file, place=place, cure=cure)


def check_experiment(config: Config, file: str | PathLike[str]) -> None:
    """Raise InputError when settings of a whole experiment contradict one another.

    Single commands are given parts of a configuration, and not asked.
    """
    for place, problem, cure in _contradictions(config):
        raise InputError(problem, file=file, place=place, cure=cure)


def _contradictions(config: Config) -> Iterator[tuple[str, str, str]]:
    """Yield place, problem and cure."""
    regions = config.regions
    if regions.selection == "scene-graphs":
        if "testdev" in config.evaluation.splits:
            problem = "testdev has no scene graphs to take regions from"
            yield "regions.selection", problem, "set evaluation.splits to [val]"
        if regions.features is not None:
            problem = "imported features have regions of their own, not those of scene graphs"
            yield "regions.selection", problem, "leave it out, or regions.features"
    features = regions.features
    measured = {*config.evaluation.splits, *(row.split for row in config.evaluation.foreign)}
    if features and features.testdev is None and "testdev" in measured:
        cure = "name what holds its images, or set evaluation.splits to [val]"
        yield "regions.features.testdev", "testdev is measured, and has no features", cure
    if features is None:
        if regions.detector == "detectron2" and regions.detector_config is None:
            cure = "name a YAML file of Detectron2"
            yield "regions.detector_config", "detectron2 is what this file says", cure
        if regions.detector == "bottom-up" and regions.weights is None:
            problem = "the public detector is not trained here"
            yield "regions.weights", problem, "name its weights, or give regions.features"
    for place, text in _texts(dataclasses.asdict(config).items()):
        if "{" in text or "}" in text:
            problem, cure = f"{text!r} has braces, which Snakemake fills in", "rename it"
            yield place.removeprefix("."), problem, cure
    if config.source == "world" and Path("results").resolve().is_relative_to(
        Path(config.data).resolve()
    ):
        problem = f"the world would take the place of the results, which are in {config.data}"
        yield "data", problem, "name a folder for it alone: data/world"


def _problems(config: Config) -> Iterator[tuple[str, str, str]]:
    """Yield place, problem and cure."""
    for place, text in _texts(dataclasses.asdict(config).items()):
        if not text.strip():
            yield place.removeprefix("."), "is empty", "give a value, or leave the key out"
    if not _NAME.fullmatch(config.dataset):
        cure = "it names a folder: use letters, digits, dots, - and _"
        yield "dataset", f"{config.dataset!r} is not a name", cure
    model = config.model
    if model.pretrained is None and model.hidden_size % model.heads:
        problem = f"{model.heads} heads do not divide a hidden_size of {model.hidden_size}"
        yield "model.heads", problem, "give a divisor of it"
    if config.training.decay == "linear" and config.training.patience is not None:
        problem = "would cut off a learning rate that falls until the last epoch (decay: linear)"
        yield "training.patience", problem, "leave it out, or decay"
    yield from _grid_problems(config)
    splits = config.evaluation.splits
    if "val" not in splits or len(set(splits)) < len(splits):
        problem = f"{list(splits)} is without val, or names a split twice"
        cure = "give [val], or [val, testdev]: explanations are measured on val alone"
        yield "evaluation.splits", problem, cure
    if config.compute.gpus > 1 and config.compute.device != "cuda":
        problem = f"{config.compute.gpus} GPUs are used only where compute.device is cuda"
        yield "compute.gpus", problem, "set compute.device to cuda, or leave it out"
    rows = [(row.folder, row.split) for row in config.evaluation.foreign]
    for number, row in enumerate(rows):
        if not row[0] or row in rows[:number]:
            problem = f"{config.evaluation.foreign[number].name!r} names no row of its own"
            yield f"evaluation.foreign.{number}.name", problem, "give another name"


def _texts(entries: Iterable[tuple[str | int, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the place, after a dot, of every text, and the text."""
    for name, value in entries:
        if isinstance(value, str):
            yield f".{name}", value
        elif isinstance(value, dict | tuple):
            within = value.items() if isinstance(value, dict) else enumerate(value)
            yield from ((f".{name}{place}", text) for place, text in _texts(within))


def _grid_problems(config: Config) -> Iterator[tuple[str, str, str]]:
    seeds = config.experiment.seeds
    if not seeds or len(set(seeds)) < len(seeds):
        cure = "give one or more different numbers"
        yield "experiment.seeds", f"{list(seeds)} are not seeds", cure
    if not config.experiment.runs:
        cure = "name a setting and a method, or leave the key out"
        yield "experiment.runs", "nothing is trained", cure
    for number, run in enumerate(config.experiment.runs):
        place = f"experiment.runs.{number}"
        if refused := refusal(run.setting, run.method, config.model.mode):
            yield place, *refused
    for name, given in config.methods.items():
        if name not in METHODS:
            yield f"methods.{name}", "no such method", f"one of {', '.join(METHODS)}"
        elif METHODS[name].decoder is None and given.get("programs"):
            problem = f"method {name!r} has no decoder, and learns no programs"
            yield f"methods.{name}.programs", problem, "leave it out"
