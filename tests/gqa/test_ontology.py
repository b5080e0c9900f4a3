from __future__ import annotations

import pytest

from rex.gqa.ontology import CATEGORIES, WORD_CATEGORIES, gender, is_a, plural
from rex.gqa.parsing import known_usage


@pytest.mark.parametrize(
    ("word", "category"),
    [
        ("tan", "color"),
        ("stainless steel", "material"),
        ("gold", "color"),
        ("gold", "material"),
        ("running", "pose"),
        ("surfing", "sportActivity"),
        ("little", "size"),
        ("short", "height"),
        ("short", "length"),
    ],
)
def test_words_of_a_category(word: str, category: str) -> None:
    assert category in WORD_CATEGORIES[word]


def test_words_that_are_of_no_category() -> None:
    assert "color" not in WORD_CATEGORIES.get("tank", ())
    assert "material" not in WORD_CATEGORIES["tan"]
    assert "shirtless" not in WORD_CATEGORIES


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("cat", "animal"),
        ("seagulls", "bird"),
        ("seagulls", "animal"),
        ("chairs", "furniture"),
        ("boy", "person"),
        ("pepperoni", "food"),
        ("cats", "cat"),
        ("wine glass", "wine glasses"),
        ("shoe", "clothing"),
    ],
)
def test_what_an_object_is(name: str, wanted: str) -> None:
    assert is_a(name, wanted)


def test_what_an_object_is_not() -> None:
    assert not is_a("cat", "furniture")
    assert not is_a("animal", "cat")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("girls", "female"),
        ("women", "female"),
        ("ladies", "female"),
        ("guys", "male"),
        ("men", "male"),
        ("player", None),
        ("people", None),
    ],
)
def test_gender(name: str, expected: str | None) -> None:
    assert gender(name) == expected


@pytest.mark.parametrize(
    ("noun", "expected"),
    [("dog", "dogs"), ("glass", "glasses"), ("toy", "toys"), ("berry", "berries"), ("man", "men")],
)
def test_plural(noun: str, expected: str) -> None:
    assert plural(noun) == expected


def test_operation_names_follow_a_rule() -> None:
    for verb, qualifier in (
        ("filter", "color"),
        ("choose", "less healthy"),
        ("verify", "rel"),
        ("same", ""),
    ):
        known = known_usage(f"{verb} {qualifier}".rstrip())
        assert known is not None
        assert known[0] == qualifier
    for unknown in ("filter banana", "select color", "filter rel", "verify older", "paint", ""):
        assert known_usage(unknown) is None
    assert "face expression" in CATEGORIES
