"""Ids of explanation tokens, words and regions, and what words of a question may be copied as."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rex.models.vocabulary import UNKNOWN, Vocabulary
from rex.tokens import region_of

VOCABULARY = Vocabulary(answers=("yes",), words=("is", "red"), pieces=("[PAD]",), regions=3)


@given(st.text("#@019٣²x-"))
@example("#2")
@example("#3")
@example("#٣")
@example("#" + "9" * 5000)
def test_a_token_is_a_region_where_it_is_read_as_one(token: str) -> None:
    region = region_of(token)
    number = VOCABULARY.token_id(token)
    assert number == (VOCABULARY.first_region + region if 0 <= region < 3 else UNKNOWN)
    assert VOCABULARY.region(number) == (region if region < 3 else -1)


def test_ids_come_back() -> None:
    tokens = [VOCABULARY.token(number) for number in range(UNKNOWN, VOCABULARY.tokens)]
    assert tokens == ["[UNK]", "is", "red", "#0", "#1", "#2"]
    assert [VOCABULARY.token_id(token) for token in tokens] == [*range(1, 7)]


WORDS = ("dog", "bus", "dress", "wood", "glasses", "scissors", "red", "#", "wooden spoon")


@pytest.mark.parametrize(
    ("piece", "word"),
    [
        ("dog", "dog"),
        ("dogs", "dog"),
        ("buses", "bus"),
        ("dresses", "dress"),
        ("wooden", "wood"),
        # a word is itself before it is a plural
        ("glasses", "glasses"),
        ("bus", "bus"),
        ("scissors", "scissors"),
        ("##s", None),
        ("reds", "red"),
        ("metallic", None),  # "metal" is in no explanation
        ("cat", None),
        ("s", None),
        ("[PAD]", None),
    ],
)
def test_a_piece_is_copied_as_the_word_that_it_spells(piece: str, word: str | None) -> None:
    vocabulary = Vocabulary(("yes",), WORDS, (piece, "red"), regions=2)
    copied, red = vocabulary.copies()
    assert copied == (UNKNOWN if word is None else vocabulary.token_id(word))
    assert red == vocabulary.token_id("red")


def test_a_word_is_itself_before_it_is_its_material() -> None:
    both = Vocabulary((), ("wooden", "wood"), ("wooden",), regions=0)
    assert both.copies() == (both.token_id("wooden"),)
