"""What the workflow reads but does not make: whether it is there, said before anything is made."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from rex.config import SCENE_GRAPH_SPLITS, SPLITS, Config
from rex.errors import InputError
from rex.exchange.formats import FORMATS
from rex.gqa.layout import Layout


def check_given_files(config: Config, file: str | PathLike[str]) -> None:
    """Raise InputError, which names the key, for the first file that is not there."""
    for number, row in enumerate(config.evaluation.foreign):
        if row.format is not None and row.format not in FORMATS:
            place, cure = f"evaluation.foreign.{number}.format", f"one of {', '.join(FORMATS)}"
            raise InputError(f"no format {row.format!r}", file=file, place=place, cure=cure)
    for place, path, cure in _given(config):
        if path is not None and not Path(path).exists():
            raise InputError(f"{path} is not there", file=file, place=place, cure=cure)


def _given(config: Config) -> Iterator[tuple[str, str | Path | None, str]]:
    """Yield the key of the configuration, the path, and the cure where it is not there."""
    if config.source == "gqa":
        yield from _annotations(config)
    regions, features = config.regions, config.regions.features
    for name in ("weights", "vocabulary", "detector_config", "features_from"):
        yield f"regions.{name}", getattr(regions, name), "check the path"
    if features is not None:
        for split in SPLITS:
            cure = "docs/regions.md says where to get it"
            yield f"regions.features.{split}", getattr(features, split), cure
        yield "regions.features.ids", features.ids, "check the path"
    for number, row in enumerate(config.evaluation.foreign):
        yield f"evaluation.foreign.{number}.file", row.file, "name what the model answered"


def _annotations(config: Config) -> Iterator[tuple[str, str | Path, str]]:
    cure = (
        f"get GQA: rex gqa fetch {config.data}, or see docs/new-data.md for your own; "
        f"rex gqa check {config.data} says what is there"
    )
    layout = Layout(config.data)
    yield "data", config.data, cure
    for split in ("train", *config.evaluation.splits):
        yield "data", layout.questions(split), cure
    for split in SCENE_GRAPH_SPLITS:
        yield "data", layout.scene_graphs(split), cure
