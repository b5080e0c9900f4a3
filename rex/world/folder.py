"""The folder of a world: whether REX made what is in it, and with which settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rex.gqa.layout import Layout

_MARK = ".rex-world"


def record_file(folder: Path) -> Path:
    """Return the file that says what the world is; it is written last."""
    return folder / "world.json"


def mark(folder: Path) -> None:
    """Note, beside its images, that a folder is a world, whatever it comes to lack."""
    (Layout(folder).images() / _MARK).touch()


def world_record(folder: Path) -> dict[str, Any]:
    """Return what a world's file says of it; {} where there is none, or it cannot be read."""
    try:
        found = json.loads(record_file(folder).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def is_whole(folder: Path, wanted: Mapping[str, Any]) -> bool:
    """Return whether a folder is a world with all its files, of which its record says `wanted`."""
    if not all(path.is_file() for path in Layout(folder).annotation_files().values()):
        return False
    found = world_record(folder)
    return all(found.get(key) == value for key, value in wanted.items())


def is_replaceable(folder: Path) -> bool:
    """Return whether a world may take the place of a folder: it is one, empty, or not there."""
    if record_file(folder).exists() or (Layout(folder).images() / _MARK).exists():
        return True
    if not folder.exists():
        return True
    return folder.is_dir() and not any(path.is_file() for path in folder.rglob("*"))
