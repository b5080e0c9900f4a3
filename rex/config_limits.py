"""What the values of a configuration must be beyond their types, alone and together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from os import PathLike
from typing import Any

from rex.config import Config
from rex.errors import InputError
from rex.experiment import METHODS, SETTINGS

_AT_LEAST = {
    0: """world.seed regions.seed training.decay_factor training.explanation_weight
        training.gate_weight evaluation.seed evaluation.bootstrap""",
    1: """world.train_images world.val_images world.testdev_images world.questions_per_image
        regions.iterations regions.batch_size regions.feature_size regions.regions
        model.hidden_size model.layers model.heads model.intermediate_size
        training.epochs training.batch_size training.decay_epoch training.explanation_length
        training.save_every training.accumulation training.questions_together
        transfer.epochs transfer.decay_epoch
        evaluation.batch_size evaluation.beams evaluation.examples
        compute.detector_threads compute.training_threads compute.gpus""",
    3: "training.question_length",  # [CLS], a word piece, [SEP]
    32: "world.width world.height regions.short_side",
}
"""Least value to settings."""
_ABOVE_0 = """regions.learning_rate model.initializer_range training.learning_rate
    training.gradient_clip transfer.learning_rate"""
_ABOVE_0_OR_NONE = "training.explanation_learning_rate"
_SHARES = "explanations.region_threshold training.warmup"
_SHARES_BELOW_1 = """training.holdout model.dropout model.attention_dropout
    model.decoder_dropout"""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def check_limits(config: Config, file: str | PathLike[str]) -> None:
    """Raise InputError that names the first setting whose value makes no sense."""
    for place, problem, cure in _problems(config):
        raise InputError(problem, file=file, place=place, cure=cure)


def _problems(config: Config) -> Iterator[tuple[str, str, str]]:
    """Yield place, problem and cure."""
    for least, names in _AT_LEAST.items():
        for name in names.split():
            if (value := _value(config, name)) < least:
                yield name, f"{value} is too small", f"give {least} or more"
    for name in _ABOVE_0.split():
        if not (value := _value(config, name)) > 0:
            yield name, f"{value} is too small", "give a number above 0"
    for name in _ABOVE_0_OR_NONE.split():
        if (value := _value(config, name)) is not None and not value > 0:
            yield name, f"{value} is too small", "give a number above 0, or null"
    for name in _SHARES.split():
        if not 0 <= (value := _value(config, name)) <= 1:
            yield name, f"{value} is no share", "give a number from 0 to 1"
    for name in _SHARES_BELOW_1.split():
        if not 0 <= (value := _value(config, name)) < 1:
            yield name, f"{value} is no share", "give a number from 0 to below 1"
    if not _NAME.fullmatch(config.dataset):
        cure = "it names a folder: use letters, digits, dots, - and _"
        yield "dataset", f"{config.dataset!r} is no name", cure
    model = config.model
    if model.pretrained is None and model.hidden_size % model.heads:
        problem = f"{model.heads} heads do not divide a hidden_size of {model.hidden_size}"
        yield "model.heads", problem, "give a divisor of it"
    yield from _grid_problems(config)


def _grid_problems(config: Config) -> Iterator[tuple[str, str, str]]:
    seeds = config.experiment.seeds
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        cure = "give one or more different numbers from 0 on"
        yield "experiment.seeds", f"{list(seeds)} are no seeds", cure
    for number, run in enumerate(config.experiment.runs):
        place = f"experiment.runs.{number}"
        method = METHODS[run.method]
        if method.decoder is None and SETTINGS[run.setting].needs_decoder:
            problem = f"method {run.method!r} has no decoder, setting {run.setting!r} trains one"
            yield place, problem, "train it answer-only or transfer-N-scratch"
        if not method.exists_in(config.model.mode):
            problem = f"no method {run.method!r} in mode compat"
            yield place, problem, "train backbone or rex, or set model.mode to fixed"


def _value(config: Config, name: str) -> Any:
    section, _, key = name.partition(".")
    return getattr(getattr(config, section), key)
