"""A trained run's folder, and the detector whose regions it was trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rex.errors import InputError

if TYPE_CHECKING:
    from rex.config import Config
    from rex.regions.detector import Detector
    from rex.training.checkpoints import Checkpoint

SIDE_FILES = ("vocabulary", "detector_config")
"""Settings of the section `regions` that name files which a detector needs."""


def load_run(run: Path, changes: Mapping[str, Any]) -> tuple[Checkpoint, Config]:
    """Load a run's checkpoint, and its settings with `changes`. Raises InputError."""
    from rex.config_files import parse_config
    from rex.training.checkpoints import load_checkpoint

    path = run / "checkpoint.pt"
    if not path.is_file():
        raise InputError(
            "holds no trained run (no checkpoint.pt)" if run.is_dir() else "no such folder",
            file=run,
            cure="name a run that is trained, as results/world/runs/multi-task/rex/seed0",
        )
    checkpoint = load_checkpoint(path)
    # where it was trained is not where it is asked
    values = dict(checkpoint.config)
    values["compute"] = dict(values.get("compute", {}), device="auto")
    for name, section in changes.items():
        ours = values.get(name)
        if isinstance(ours, Mapping) and isinstance(section, Mapping):
            section = {**ours, **section}
        values[name] = section
    config = parse_config(values, file="--config" if changes else run)
    # the model is what it is: its own settings cannot be changed any more
    own = checkpoint.settings()
    return checkpoint, dataclasses.replace(config, model=own.model, training=own.training)


def load_detector(
    run: Path, checkpoint: Checkpoint, config: Config, weights: Path | None
) -> Detector:
    """Load the detector of a run; raises InputError when it is not there, or another one."""
    from rex.devices import choose_device
    from rex.regions.detector import Detector, keep_quiet
    from rex.training.prediction import check_features

    imported = "imported_from" in checkpoint.signature
    if imported and weights is None and config.regions.weights is None:
        raise InputError(
            f"trained on imported features ({checkpoint.signature['detector']}), and nothing here "
            "detects such regions in a new image",
            file=run,
            cure="name the weights of the detector that made them with --weights, or train on "
            "regions that REX detects",
        )
    path = weights or weights_of(run, config)
    if not path.is_file():
        raise InputError(
            "the run's detector is not there", file=path, cure="name its file with --weights"
        )
    keep_quiet()
    detector = Detector.load(path, config.regions, choose_device(config.compute).type)
    signature = detector.signature
    theirs = checkpoint.signature.get("weights")
    if not imported and theirs and signature["weights"] != theirs:
        raise InputError(
            f"not the detector that the run was trained on (sha256 {signature['weights'][:12]}…, "
            f"the run's is {theirs[:12]}…)",
            file=path,
            cure="name the run's own detector with --weights",
        )
    check_features(
        checkpoint,
        path,
        feature_size=detector.feature_size,
        regions=detector.cfg.TEST.REGIONS,
        # imported features do not say which weights made them
        signature=checkpoint.signature if imported else signature,
    )
    return detector


def weights_of(run: Path, config: Config) -> Path:
    """Return where a run's detector is: where its settings say, or where the workflow keeps it."""
    if config.regions.weights is not None:
        return Path(config.regions.weights)
    parents = run.resolve().parents  # runs/SETTING/METHOD/seedN
    results = parents[min(3, len(parents) - 1)]
    return results / "regions" / "detector.pth"
