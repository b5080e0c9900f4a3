"""Detector checkpoints: reading them safely, and making sure that every array arrives."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rex.config import RegionSettings
from rex.errors import InputError, readable
from rex.files import checkpoint_problem, whole_file
from rex.regions.annotations import ClassLists, read_vocabulary
from rex.regions.plain_pickle import read_pickle

_NOT_WEIGHTS = ("pixel_mean", "pixel_std", "num_batches_tracked")
"""Ends of names that checkpoints may carry and that say nothing a configuration does not."""


@dataclass(frozen=True)
class DetectorCheckpoint:
    """What a file of weights holds; `settings` and `classes` only if REX trained the detector."""

    path: Path
    sha256: str
    arrays: Mapping[str, torch.Tensor]
    settings: Mapping[str, Any] | None
    classes: ClassLists | None

    def load_into(self, model: torch.nn.Module) -> None:
        """Copy every array into `model`.

        Raises InputError that names the arrays which are missing, superfluous or of another shape.
        """
        wanted = model.state_dict()
        given = {name: array for name, array in self.arrays.items() if not _is_no_weight(name)}
        wanted = {name: array for name, array in wanted.items() if not _is_no_weight(name)}
        wrong = [f"{name} is missing" for name in sorted(wanted.keys() - given.keys())]
        wrong += [f"{name} is not in the model" for name in sorted(given.keys() - wanted.keys())]
        wrong += [
            f"{name} is {list(given[name].shape)}, the model has {list(wanted[name].shape)}"
            for name in sorted(given.keys() & wanted.keys())
            if given[name].shape != wanted[name].shape
        ]
        if wrong:
            more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
            raise InputError(
                "does not fit the detector: " + ", ".join(wrong[:3]) + more,
                file=self.path,
                cure="name the detector that these weights belong to (regions.detector)",
            )
        model.load_state_dict(given, strict=False)


def _is_no_weight(name: str) -> bool:
    return name.endswith(_NOT_WEIGHTS) or ".cell_anchors." in name


def read_checkpoint(path: Path) -> DetectorCheckpoint:
    """Read weights: what `save_checkpoint` wrote, or Detectron2's `.pth`, or a `.pkl` of arrays.

    Nothing in the file is run. Raises InputError when it is missing or holds anything else.
    """
    with readable(path, missing="make it with rex regions train", folder="name a checkpoint in it"):
        content = path.read_bytes()
    try:
        if path.suffix == ".pkl":
            loaded = read_pickle(io.BytesIO(content))
        else:
            loaded = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
        arrays = {name: _tensor(name, value) for name, value in _model_of(loaded).items()}
        settings = json.loads(loaded["settings"]) if "settings" in loaded else None
        classes = (
            ClassLists(tuple(loaded["object_names"]), tuple(loaded["attribute_names"]))
            if "object_names" in loaded
            else None
        )
    except Exception as error:  # a file that is not a checkpoint can raise nearly anything
        problem = checkpoint_problem(error)
        raise InputError(
            f"not a checkpoint of arrays ({problem})",
            file=path,
            cure="is it whole, and is it a .pth of tensors or a .pkl of numpy arrays?",
        ) from None
    digest = hashlib.sha256(content).hexdigest()
    return DetectorCheckpoint(path, digest, arrays, settings, classes)


def _model_of(loaded: Any) -> Mapping[str, Any]:
    if not isinstance(loaded, Mapping):
        raise TypeError(f"it holds a {type(loaded).__name__}")
    model = loaded.get("model", loaded)
    if not isinstance(model, Mapping) or not model:
        raise TypeError("its entry 'model' holds no arrays")
    return model


def _tensor(name: str, value: Any) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
        return torch.from_numpy(np.ascontiguousarray(value).reshape(value.shape))
    raise TypeError(f"{name} is a {type(value).__name__}, not an array of numbers")


def save_checkpoint(
    path: Path, model: torch.nn.Module, settings: Mapping[str, Any], classes: ClassLists
) -> None:
    """Write a trained detector, whole; the same detector gives the same bytes."""
    content = io.BytesIO()  # torch would write the (temporary) name of a file into it
    torch.save(
        {
            "model": {name: value.cpu() for name, value in model.state_dict().items()},
            "settings": json.dumps(settings, sort_keys=True),
            "object_names": list(classes.object_names),
            "attribute_names": list(classes.attribute_names),
        },
        content,
    )
    with whole_file(path) as temporary:
        temporary.write_bytes(content.getvalue())


def classes_of(checkpoint: DetectorCheckpoint, settings: RegionSettings) -> ClassLists:
    """Return the classes of a checkpoint: its own, or those of `settings.vocabulary`.

    Without either, regions can only be numbered. Raises InputError when the lists and the weights
    disagree.
    """
    if checkpoint.classes is not None:
        return checkpoint.classes
    predictor = "roi_heads.box_predictor"
    sizes = []
    for name in ("cls_score", "attr_score"):
        weight = checkpoint.arrays.get(f"{predictor}.{name}.weight")
        if weight is None:
            raise InputError(
                f"does not fit the detector: {predictor}.{name}.weight is missing",
                file=checkpoint.path,
                cure="use a checkpoint with object and attribute classes",
            )
        sizes.append(weight.shape[0] - 1)  # the last score is background, or no attribute
    if settings.vocabulary is None:
        return ClassLists(*(tuple(str(number) for number in range(size)) for size in sizes))
    classes = read_vocabulary(Path(settings.vocabulary))
    found = [len(classes.object_names), len(classes.attribute_names)]
    if found != sizes:
        raise InputError(
            f"lists {found[0]} objects and {found[1]} attributes, "
            f"the weights have {sizes[0]} and {sizes[1]}",
            file=settings.vocabulary,
            cure=f"use the lists that belong to {checkpoint.path}",
        )
    return classes
