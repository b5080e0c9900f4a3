"""What lies in the folders of a workflow before it makes anything: whether it may start."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

from rex.config import (
    SCENE_GRAPH_SPLITS,
    SPLITS,
    Config,
    EvaluationSettings,
    FeatureFiles,
    ModelSettings,
    RegionSettings,
)
from rex.config_files import read_settings
from rex.errors import InputError
from rex.exchange.formats import FORMATS
from rex.gqa.layout import OOD_PARTS, Layout
from rex.world.folder import is_replaceable, world_record

_REQUIRED = {
    "vocabulary": ("objects_vocab.txt", "attributes_vocab.txt"),
    "features_from": ("config.json",),
}
"""Key of the configuration that names a folder → the files that it must have."""
_WEIGHTS = ("*.safetensors", "*.safetensors.index.json")
_READ = {
    "features_from": ("*processor_config.json", *_WEIGHTS),
    "pretrained": ("config.json", "vocab.txt", *_WEIGHTS, "pytorch_model*.bin", "*.bin.index.json"),
    "word_pieces": ("vocab.txt",),
}
"""The same → what else is read of it."""


def check_given_files(config: Config, file: str | PathLike[str]) -> None:
    """Raise InputError, which names the key, for the first file that is not there."""
    for number, row in enumerate(config.evaluation.foreign):
        if row.format is not None and row.format not in FORMATS:
            place, cure = f"evaluation.foreign.{number}.format", f"one of {', '.join(FORMATS)}"
            raise InputError(f"no format {row.format!r}", file=file, place=place, cure=cure)
    for place, path, cure in _given(config):
        if path is not None and not Path(path).exists():
            raise InputError(f"{path} is not there", file=file, place=place, cure=cure)


def check_world(config: Config, file: str | PathLike[str]) -> None:
    """Raise InputError where a world would take the place of a folder that is something else.

    That is: no world, or the world that other results were made from.
    """
    if config.source != "world":
        return
    folder = Path(config.data)
    if not is_replaceable(folder):
        problem = f"{folder} is there, and is not a world made by REX"
        cure = "set source to gqa to use what is there, or name another folder"
        raise InputError(problem, file=file, place="data", cure=cure)
    there = world_record(folder).get("settings")
    if there == dataclasses.asdict(config.world):
        return
    for path in sorted(Path("results").glob("*/config.yaml")):
        if path.parent.name != config.dataset and _is_of_world(path, folder, there):
            problem = f"{folder} is the world of {path.parent}, which has other settings (world)"
            cure = f"name another folder for this one, or remove {path.parent}"
            raise InputError(problem, file=file, place="data", cure=cure)


def _is_of_world(written: Path, folder: Path, settings: Any) -> bool:
    """Return whether results, by their `config.yaml`, were made from a world with settings."""
    try:
        values = read_settings(written)
    except InputError:  # damaged: it says of no results that they are lost
        return False
    place = values.get("data")
    same = isinstance(place, str) and Path(place).resolve() == folder.resolve()
    return same and values.get("source") == "world" and values.get("world") == settings


def _given(config: Config) -> Iterator[tuple[str, str | Path | None, str]]:
    """Yield the key of the configuration, the path, and the cure where it is not there."""
    if config.source == "gqa":
        yield from _annotations(config)
    regions, features = config.regions, config.regions.features
    for name in ("weights", "vocabulary", "detector_config", "features_from"):
        path = getattr(regions, name)
        yield f"regions.{name}", path, "check the path"
        for read in _REQUIRED.get(name, ()) if path else ():
            yield f"regions.{name}", Path(path, read), "name a folder that has it"
    if features is not None:
        for split in SPLITS:
            cure = "docs/regions.md says where to get it"
            yield f"regions.features.{split}", getattr(features, split), cure
        yield "regions.features.ids", features.ids, "check the path"
    yield "evaluation.upper_bound", config.evaluation.upper_bound, "check the path"
    for number, row in enumerate(config.evaluation.foreign):
        yield f"evaluation.foreign.{number}.file", row.file, "name what the model answered"


def _annotations(config: Config) -> Iterator[tuple[str, str | Path, str]]:
    cure = (
        f"get GQA: rex gqa fetch {config.data}, or see docs/new-data.md for your own; "
        f"rex gqa check {config.data} says what is there"
    )
    layout, measured = Layout(config.data), measured_splits(config)
    yield "data", config.data, cure
    for split in ("train", *measured):
        own = split == "testdev" and split in config.evaluation.splits
        way = "a data set without testdev says evaluation: {splits: [val]}; " if own else ""
        yield "data", layout.questions(split), way + cure
    for split in SCENE_GRAPH_SPLITS:
        yield "data", layout.scene_graphs(split), cure
    for split in measured:
        parts = [layout.ood_questions(split, part) for part in OOD_PARTS]
        if any(part.exists() for part in parts):
            for part in parts:
                yield "data", part, f"get it, or remove the others of {split}: they belong together"


def measured_splits(config: Config) -> list[str]:
    """Return the splits that runs, or the answers of other models, are measured on."""
    rows = {row.split for row in config.evaluation.foreign}
    return [split for split in SPLITS if split in {*config.evaluation.splits, *rows}]


def named_files(
    section: RegionSettings | ModelSettings | FeatureFiles | EvaluationSettings, *keys: str
) -> list[str]:
    """Return the files that keys of the configuration name, or that are read of a folder.

    A job that reads them has them among its inputs: what is written into them reruns it. The name
    of a hub's model stands for what is published once and for all.
    """
    files = []
    for key in keys:
        if (given := getattr(section, key)) is None:
            continue
        path = Path(given)
        if path.is_file():
            files.append(str(path))
        for pattern in (*_REQUIRED.get(key, ()), *_READ.get(key, ())):
            files += sorted(map(str, path.glob(pattern)))
    return files
