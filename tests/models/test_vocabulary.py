"""Ids of explanation tokens: words, and regions as `rex.tokens` reads them."""

from __future__ import annotations

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
