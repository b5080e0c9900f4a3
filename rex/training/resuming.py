"""What an unfinished run saved, if it is that of the run that asks for it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rex.errors import InputError
from rex.training.checkpoints import load_tensors

_logger = logging.getLogger("rex.training.resuming")


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
