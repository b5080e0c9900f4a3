from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from rex.errors import InputError
from rex.evaluation.reading.predictions import (
    complete_regions,
    match_predictions,
    read_predictions,
)
from rex.files import write_parquet
from rex.tokens import region_of
from tests.evaluation.small_split import predictions_table


def write(path: Path, ids: list[str]) -> Path:
    table = predictions_table(ids, ["yes"] * len(ids), ["#1 is #0 #1"] * len(ids))
    write_parquet(path, table, provenance={})
    return path


def test_reading(tmp_path: Path) -> None:
    found = read_predictions(write(tmp_path / "p.parquet", ["a", "b"]))
    assert found.question_ids == ["a", "b"]
    assert found.named_regions(1) == [1, 0]


def test_a_question_may_have_no_explanation(tmp_path: Path) -> None:
    table = predictions_table(["a", "b", "c"], ["yes", None, "no"], ["#1 red", None, ""])
    write_parquet(tmp_path / "p.parquet", table, provenance={})
    found = read_predictions(tmp_path / "p.parquet")
    assert found.explanations == ["#1 red", None, ""]
    assert found.answers == ["yes", None, "no"]
    assert [found.regions.row(row) for row in range(3)] == [[1, -1], [], []]


@pytest.mark.parametrize(
    ("column", "values", "problem"),
    [
        ("question_id", [1, 2], "column question_id: holds int64 where text is expected"),
        ("answer", [1.0, 0.0], "column answer: holds double where text"),
        ("probability", ["a", "b"], "column probability: holds string where numbers"),
        ("regions", [1, 2], "column regions: holds int64 where list of integers"),
        ("regions", [[0.5], [1.0]], "where list of integers"),
        ("regions", [[1], [-1, -1]], "question b: regions has 2 entries for 1 tokens"),
        ("gates", [[0.5], []], "question b: gates has 0 entries for 1 tokens"),
    ],
)
def test_columns_of_another_kind(
    tmp_path: Path, column: str, values: list[object], problem: str
) -> None:
    table = predictions_table(["a", "b"], ["yes", "no"], ["#1", "red"])
    place = table.schema.get_field_index(column)
    write_parquet(tmp_path / "p.parquet", table.set_column(place, column, [values]), provenance={})
    with pytest.raises(InputError, match=problem):
        read_predictions(tmp_path / "p.parquet")


def test_wider_columns_are_read(tmp_path: Path) -> None:
    import pyarrow as pa

    table = predictions_table(["a", "b"], ["yes", "no"], ["#1", "red"])
    kinds = {
        "question_id": pa.large_string(),
        "probability": pa.float64(),
        "regions": pa.large_list(pa.int64()),
    }
    for name, kind in kinds.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table[name].cast(kind))
    write_parquet(tmp_path / "p.parquet", table, provenance={})
    assert read_predictions(tmp_path / "p.parquet").named_regions(0) == [1]


def test_duplicates_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "p.parquet", ["a", "b", "c", "d", "d", "c", "b", "a"])
    with pytest.raises(InputError, match=r"4 questions .* more than once: a, b, c, …;"):
        read_predictions(path)


def test_strangers_and_missing_ones_are_named(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    found = read_predictions(write(path, ["a", "b", "c", "d", "e"]))
    with pytest.raises(InputError, match=r"4 of 5 predictions .* b, c, d, …;"):
        match_predictions(found, ["a"], path)
    with pytest.raises(InputError, match=r"2 of 7 questions have no prediction: x, y;"):
        match_predictions(found, ["a", "b", "c", "d", "e", "x", "y"], path)


def test_order_follows_the_questions(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    found = read_predictions(write(path, ["a", "b", "c"]))
    assert match_predictions(found, ["c", "a", "b"], path).tolist() == [2, 0, 1]


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
