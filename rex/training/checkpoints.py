"""What a run keeps: the weights of its best epoch, and the state of an unfinished run."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import torch

from rex.config import Config
from rex.config_files import parse_config
from rex.errors import InputError
from rex.experiment import METHODS, SETTINGS
from rex.files import checkpoint_problem, whole_file
from rex.models.methods import method_settings
from rex.models.model import ExplainedAnswering
from rex.models.vocabulary import Vocabulary
from rex.training.observing import Record

_logger = logging.getLogger("rex.training.checkpoints")

_CURE = "train the run again"


@dataclass
class TrainingState:
    """Where an unfinished run stands; all of it is plain tensors and numbers."""

    epoch: int = 0
    """Epochs that are finished."""
    step: int = 0
    """Steps of the next epoch that are finished."""
    sums: dict[str, float] = field(default_factory=dict)
    """Of that epoch's losses so far."""
    history: list[Record] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = float("-inf")
    best_weights: dict[str, torch.Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Checkpoint:
    """A trained model and all that is needed to build it again."""

    setting: str
    method: str
    seed: int
    epoch: int
    """The epoch (from 1) whose weights these are."""
    config: dict[str, Any]
    """The run's configuration (`config_values`)."""
    vocabulary: dict[str, Any]
    feature_size: int
    signature: dict[str, Any]
    """What the region store said of its features."""
    weights: dict[str, torch.Tensor]
    options: dict[str, Any] = field(default_factory=dict)
    """The method's settings."""
    transformer: dict[str, Any] | None = None
    """transformers' configuration of a backbone that was pretrained elsewhere: its sizes are its
    own, not the settings'."""

    def build(self) -> ExplainedAnswering:
        """Return the model, with its weights, ready to predict.

        Raises InputError when the weights are not those of such a model.
        """
        config = self.settings()
        model = ExplainedAnswering(
            self.method,
            dataclasses.replace(config.model, pretrained=None),
            self.words(),
            feature_size=self.feature_size,
            question_length=config.training.question_length,
            explanation_length=config.training.explanation_length,
            options=method_settings(self.method, self.options),
            transformer=self.transformer,
        )
        try:
            model.load_state_dict(self.weights)
        except RuntimeError:
            raise InputError(
                "its weights are not those of its model", file="checkpoint", cure=_CURE
            ) from None
        return model.eval()

    def settings(self) -> Config:
        """Return the run's configuration."""
        return parse_config(self.config, file="checkpoint")

    def words(self) -> Vocabulary:
        """Return the run's vocabulary."""
        import msgspec

        return msgspec.convert(self.vocabulary, Vocabulary)


def save_checkpoint(path: str | PathLike[str], checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole: tensors and plain values, no code."""
    save_tensors(path, vars(checkpoint))


def load_checkpoint(path: str | PathLike[str]) -> Checkpoint:
    """Read a checkpoint, onto the CPU; raises InputError when it is missing or not one."""
    import msgspec

    values = load_tensors(path)
    try:
        checkpoint = Checkpoint(**values)
        _check_values(checkpoint)
        mode = parse_config(checkpoint.config, file=path).model.mode
        known = METHODS[checkpoint.method].exists_in(mode)
        method_settings(checkpoint.method, checkpoint.options)
    except InputError as error:
        raise InputError(error.problem, file=path, place=error.place, cure=_CURE) from None
    except (TypeError, KeyError, AttributeError, ValueError, msgspec.ValidationError):
        known = False
    if not known:
        raise InputError("not a checkpoint of this version of REX", file=path, cure=_CURE)
    return checkpoint


def _check_values(checkpoint: Checkpoint) -> None:
    """Raise an error where a value is not what a run writes."""
    words = checkpoint.words()
    numbers = (words.regions, checkpoint.seed, checkpoint.epoch, checkpoint.feature_size)
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise TypeError("its numbers are not numbers")
    if not {"[PAD]", "[UNK]", "[CLS]", "[SEP]"} <= set(words.pieces):
        raise ValueError("its questions have no word pieces")
    if not isinstance(checkpoint.signature, dict):
        raise TypeError("it does not say what features it was trained on")
    SETTINGS[checkpoint.setting]


def save_tensors(path: str | PathLike[str], values: Any) -> None:
    """Write tensors in plain containers, whole; raises OSError when the disk is full."""
    # through a Python file, so that a full disk is an OSError
    with whole_file(path) as temporary, temporary.open("wb") as file:
        try:
            torch.save(values, file)
        except RuntimeError as error:
            # closing its archive, torch puts an error of its own over that of the file
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise


def load_tensors(path: str | PathLike[str]) -> Any:
    """Read tensors in plain containers; nothing in the file is executed. Raises InputError."""
    try:
        return torch.load(Path(path), map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError("no such file", file=path, cure="train the run: rex train") from None
    except Exception as error:  # a file that is no checkpoint can raise nearly anything
        raise InputError(
            f"not a readable checkpoint ({checkpoint_problem(error)})",
            file=path,
            cure="delete it and train the run again",
        ) from None


def read_state(
    path: Path, identity: Mapping[str, Any], weights: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return what was saved at `path`; None, with a warning, where it is of another run.

    `weights` are the model's, by name: another version's may be called otherwise. Raises InputError
    where the file holds something else.
    """
    if not path.exists():
        return None
    saved = load_tensors(path)
    try:
        others = differing(saved["identity"], identity)
        names = (saved.get("model") or saved["state"]["best_weights"]).keys()
    except (AttributeError, LookupError, TypeError):
        raise InputError(
            "not the state of a training", file=path, cure="delete it and start again"
        ) from None
    if names != weights.keys():
        others.append("the names of its weights")
    if others:
        _logger.warning(
            "%s: of another run, which will be lost: starting over (what differs: %s)",
            path,
            ", ".join(others),
        )
        return None
    return dict(saved)


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the keys whose values differ, those of mappings in mappings as `outer.inner`."""
    found = []
    for key in sorted({*one, *other}):
        mine, yours = one.get(key), other.get(key)
        if isinstance(mine, Mapping) and isinstance(yours, Mapping):
            found += [f"{key}.{name}" for name in differing(mine, yours)]
        elif mine != yours:
            found.append(key)
    return found


def vocabulary_values(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return a vocabulary as plain lists."""
    import msgspec

    values: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(vocabulary))
    if not vocabulary.object_pieces:
        del values["object_pieces"], values["attribute_pieces"]
    if not vocabulary.program_words:
        del values["program_words"]
    return values


def weights_digest(weights: dict[str, torch.Tensor]) -> str:
    """Return a fingerprint of weights."""
    digest = hashlib.sha256()
    for name, value in sorted(weights.items()):
        digest.update(name.encode() + value.contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
