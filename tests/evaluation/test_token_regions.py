from __future__ import annotations

import pyarrow as pa
import pytest

from rex.errors import InputError
from rex.evaluation.reading.token_regions import complete_regions
from rex.tokens import region_of


def table(texts: list[str | None], regions: pa.Array, gates: pa.Array | None = None) -> pa.Table:
    return pa.table(
        {
            "question_id": [f"q{row}" for row in range(len(texts))],
            "explanation": pa.array(texts, pa.string()),
            "regions": regions,
            "gates": pa.nulls(len(texts)) if gates is None else gates,
        }
    )


@pytest.mark.parametrize("kind", [pa.list_(pa.int32()), pa.large_list(pa.int64()), pa.null()])
def test_tokens_say_their_regions_where_nothing_else_does(kind: pa.DataType) -> None:
    found = complete_regions(table(["#3 is #0", None, ""], pa.nulls(3, kind)), "p.parquet")
    assert found["regions"].to_pylist() == [[3, -1, 0], None, []]


def test_given_regions_are_kept() -> None:
    regions = pa.array([[5, -1, -1], None], pa.list_(pa.int32()))
    found = complete_regions(table(["dog is red", "#1 red"], regions), "p.parquet")
    assert found["regions"].to_pylist() == [[5, -1, -1], [1, -1]]
    whole = table(["dog is red"], regions.slice(0, 1))
    assert complete_regions(whole, "p.parquet") is whole


def test_one_entry_for_each_token() -> None:
    regions = pa.array([[1, -1], [1]], pa.list_(pa.int32()))
    with pytest.raises(InputError, match=r"p\.parquet: question q1: regions has 1 entries for 2"):
        complete_regions(table(["#1  red", "#1 red"], regions), "p.parquet")
    with pytest.raises(InputError, match=r"question q0: regions has 2 entries for 0 tokens"):
        complete_regions(table([None, "red"], regions), "p.parquet")


def test_numbers_that_no_region_has() -> None:
    for text in ("#9999999999 is red", f"#{'9' * 5000} is red"):
        with pytest.raises(InputError, match=r"question q0: no image has a region #99"):
            complete_regions(table([text], pa.nulls(1)), "p.parquet")


def test_region_tokens() -> None:
    assert [region_of(token) for token in ("#0", "#35", "#", "#x", "35", "@3")] == [
        0, 35, -1, -1, -1, -1,
    ]  # fmt: skip
