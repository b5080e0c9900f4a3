from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rex.errors import InputError
from rex.gqa.json_entries import iter_pieces
from rex.gqa.questions import iter_questions

texts = st.text(st.sampled_from('ab "\\{}[],:\n#é'), max_size=8)
values = st.recursive(
    st.none() | st.integers(-5, 5) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
entries = st.dictionaries(texts, st.dictionaries(texts, values, max_size=3), max_size=12)


def read(path: Path, block_size: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    pieces = iter_pieces(path, dict, entry="entry", cure="mend it", block_size=block_size)
    for _, _, block in pieces:
        assert not found.keys() & block.keys()
        found |= block
    return found


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(entries, st.integers(1, 200), st.sampled_from([None, 1]), st.booleans())
def test_blocks_of_any_size_hold_what_the_file_holds(
    tmp_path: Path, value: dict[str, Any], size: int, indent: int | None, ascii_only: bool
) -> None:
    path = tmp_path / "entries.json"
    path.write_text(json.dumps(value, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
    assert read(path, size) == value
    assert list(read(path, 64)) == list(value)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(entries, st.integers(3, 100))
def test_pieces_say_where_they_stand(tmp_path: Path, value: dict[str, Any], size: int) -> None:
    path = tmp_path / "entries.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    content = path.read_bytes()
    for offset, piece, _ in iter_pieces(path, dict, entry="entry", cure="mend it", block_size=size):
        assert content[offset : offset + len(piece)] == piece


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(entries.filter(bool), st.integers(3, 100), st.data())
def test_a_truncated_file_is_an_input_error(
    tmp_path: Path, value: dict[str, Any], size: int, data: st.DataObject
) -> None:
    path = tmp_path / "entries.json"
    content = json.dumps(value).encode()
    path.write_bytes(content[: data.draw(st.integers(1, len(content) - 1))])
    with pytest.raises(InputError):
        read(path, size)


def test_the_entry_that_is_cut_off_is_named(tmp_path: Path) -> None:
    inner = {"annotations": {"question": {"1": "7"}, "answer": {"2": "8"}}}
    whole = json.dumps(dict.fromkeys(("a", "b", "c"), inner))
    path = tmp_path / "entries.json"
    for length in range(whole.index('"c"') + len('"c": {'), len(whole) - 1):
        path.write_text(whole[:length])
        with pytest.raises(InputError) as caught:
            list(iter_pieces(path, dict, entry="entry", cure="mend it"))
        assert caught.value.place == "near entry c"


def test_the_wrong_entry_and_field_are_named(tmp_path: Path) -> None:
    class Shape(msgspec.Struct):
        sides: list[int]

    path = tmp_path / "shapes.json"
    good = {str(number): {"sides": [1, 2]} for number in range(50)}
    path.write_text(json.dumps({**good, "bad": {"sides": [1, "two"]}, "last": {"sides": []}}))
    for size in (16, 200, 1 << 20):
        with pytest.raises(InputError) as caught:
            list(iter_pieces(path, Shape, entry="shape", cure="mend it", block_size=size))
        assert str(caught.value) == (
            f"{path}: shape bad: field sides[1]: expected `int`, got `str`; mend it"
        )


@pytest.mark.parametrize(
    ("content", "problem"),
    [("", "is empty"), ("[1]", "is not a JSON object"), ('{"a": {"b": tru}}', "not valid JSON")],
)
def test_what_is_no_json_object(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "entries.json"
    path.write_text(content)
    with pytest.raises(InputError, match=problem):
        read(path, 1000)


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "entries.json"
    path.write_text('{"a": {"b": 1}, "c": {}}', encoding="utf-8-sig")
    assert read(path, 12) == {"a": {"b": 1}, "c": {}}


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "none.json", 100)
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path, 100)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"1": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"1": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, "nested too deeply"),
        (gzip.compress(b"{}"), "seems to be compressed with gzip"),
        ("{}".encode("utf-16"), "seems to be UTF-16"),
        (b'{"question": "a"}\n{"question": "b"}\n', "seems to be JSON Lines"),
    ],
    ids=["deep lists", "deep objects", "gzip", "UTF-16", "JSON Lines"],
)
def test_what_is_not_an_object_of_entries_is_named(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    path = tmp_path / "q.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=problem):
        list(iter_questions(path))
