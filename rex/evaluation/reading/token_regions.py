"""The regions of an explanation's tokens: given beside them, or named by the tokens `#i`."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

from rex.errors import InputError
from rex.tokens import LARGEST_REGION, region_of

if TYPE_CHECKING:
    import pyarrow as pa


def complete_regions(table: pa.Table, path: str | PathLike[str]) -> pa.Table:
    """Return predictions in which every explanation has the regions of its tokens.

    Where `regions` is null, the tokens `#i` say so themselves. Raises InputError, about the file
    `path`, when `regions` or `gates` has not one entry for each blank-separated token.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = [None if text is None else text.split() for text in table["explanation"].to_pylist()]
    question_ids = table["question_id"].to_pylist()
    for name in ("regions", "gates"):
        if pa.types.is_null(table[name].type):
            continue
        lengths = pc.list_value_length(table[name]).to_pylist()
        for question_id, tokens, length in zip(question_ids, texts, lengths, strict=True):
            if length is not None and length != len(tokens or ()):
                raise InputError(
                    f"{name} has {length} entries for {len(tokens or ())} tokens",
                    file=path,
                    place=f"question {question_id}",
                    cure="give one for each blank-separated token of the explanation",
                )
    given = table["regions"].is_valid().to_pylist()
    if all(known or tokens is None for known, tokens in zip(given, texts, strict=True)):
        return table
    regions = table["regions"].to_pylist()
    for row, tokens in enumerate(texts):
        if tokens is not None and not given[row]:
            regions[row] = [region_of(token) for token in tokens]
            if max(regions[row], default=-1) > LARGEST_REGION:
                token = tokens[regions[row].index(max(regions[row]))]
                raise InputError(
                    f"no image has a region {token[:20]}",
                    file=path,
                    place=f"question {question_ids[row]}",
                    cure="see docs/measures.md for the format",
                )
    place = table.schema.get_field_index("regions")
    return table.set_column(place, "regions", pa.array(regions, pa.list_(pa.int64())))
