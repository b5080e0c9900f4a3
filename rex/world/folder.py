"""The folder of a world: whether REX made what is in it, and of what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rex.gqa.layout import Layout

_MARK = ".rex-world"
_PACKAGE = Path(__file__).parents[1]
_DATA = ("gqa/*.yaml", "programs/*.yaml", "world/**/*.yaml")
"""What decides a world beside settings and code: things, templates, words."""


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


def data_digest() -> str:
    """Return the sha256 of the package's YAML files that decide what a world is."""
    files = [file for pattern in _DATA for file in sorted(_PACKAGE.glob(pattern))]
    return hashlib.sha256(b"".join([file.read_bytes() for file in files])).hexdigest()


def is_whole(folder: Path, wanted: Mapping[str, Any]) -> bool:
    """Return whether a folder is a world with all its files, of which its record says `wanted`."""
    if not all(path.is_file() for path in Layout(folder).annotation_files().values()):
        return False
    # a world that does not say was made before any of it changed
    found = {"data": wanted["data"], **world_record(folder)}
    return all(found.get(key) == value for key, value in wanted.items())


def is_replaceable(folder: Path) -> bool:
    """Return whether a world may take the place of a folder: it is one, empty, or not there."""
    if record_file(folder).exists() or (Layout(folder).images() / _MARK).exists():
        return True
    if not folder.exists():
        return True
    return folder.is_dir() and not any(path.is_file() for path in folder.rglob("*"))
