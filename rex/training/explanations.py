"""The explanations that a run learns, and whether they are about the regions that it sees."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING

from rex.errors import InputError

if TYPE_CHECKING:
    from rex.gqa.questions import Question
    from rex.regions.store import RegionStore

File = str | PathLike[str]

_CURE = "make it with these regions: rex explain build"


def read_explanations(
    path: File, asked: Mapping[str, Question], store: RegionStore
) -> dict[str, str]:
    """Return question id to explanation tokens, of those questions `asked` that have any.

    Raises InputError when the file was made with other regions than the store's, as far as it says,
    or names a region that an image lacks.
    """
    from rex.files import parquet_provenance, read_parquet

    table = read_parquet(path, columns=["question_id", "text"], cure="make it: rex explain build")
    made_with = parquet_provenance(path).get("settings", {}).get("regions_signature")
    if made_with is not None and made_with != store.signature:
        raise InputError(f"was made with other regions than {store.path}", file=path, cure=_CURE)
    texts = {
        question_id: text
        for question_id, text in zip(
            table["question_id"].to_pylist(), table["text"].to_pylist(), strict=True
        )
        if text is not None and question_id in asked
    }
    _check_regions(path, texts, asked, store)
    return texts


def _check_regions(
    path: File, texts: Mapping[str, str], asked: Mapping[str, Question], store: RegionStore
) -> None:
    """Raise InputError when an explanation names a region that its image lacks."""
    counts = dict(zip(store.image_ids, store.num_boxes.tolist(), strict=True))
    for question_id, text in texts.items():
        count = counts.get(asked[question_id].image_id, 0)
        for token in text.split():
            if token[0] == "#" and token[1:].isdecimal() and int(token[1:]) >= count:
                raise InputError(
                    f"names region {token}, image {asked[question_id].image_id} has {count}",
                    file=path,
                    place=f"question {question_id}",
                    cure=_CURE,
                )
