"""The class names of the public bottom-up detector."""

from __future__ import annotations

from pathlib import Path

from rex.errors import InputError
from rex.regions.annotations import ClassLists


def read_vocabulary(folder: Path) -> ClassLists:
    """Read the class names of the public detector: `objects_vocab.txt`, `attributes_vocab.txt`.

    One class a line, its synonyms behind commas (the first name counts). Raises InputError.
    """
    lists = []
    for name in ("objects_vocab.txt", "attributes_vocab.txt"):
        try:
            lines = (folder / name).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            raise InputError(
                "no such file", file=folder / name, cure="it comes with the bottom-up detector"
            ) from None
        lists.append(tuple(line.split(",")[0].strip().lower() for line in lines if line.strip()))
    return ClassLists(*lists)
