"""GQA-OOD."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex.world.ood import split_out_of_distribution


def _asked(counts: dict[str, dict[str, int]]) -> dict[str, dict[str, Any]]:
    return {
        f"{group}-{answer}-{number}": {"answer": answer, "groups": {"local": group}}
        for group, answers in counts.items()
        for answer, count in answers.items()
        for number in range(count)
    }


def test_gqa_ood_by_hand() -> None:
    # normalised entropies: even 1, single 1 (by definition), skewed 0.54
    questions = _asked(
        {"even": {"red": 5, "blue": 5}, "single": {"cow": 4}, "skewed": {"yes": 7, "no": 1}}
    )
    parts = split_out_of_distribution(questions)
    assert {key.split("-")[0] for key in parts["all"]} == {"skewed"}
    assert {key.split("-")[1] for key in parts["head"]} == {"yes"}
    assert {key.split("-")[1] for key in parts["tail"]} == {"no"}


@pytest.mark.parametrize(("count", "part"), [(12, "head"), (11, "tail")])
def test_an_answer_is_rare_below_the_mean_and_a_fifth(count: int, part: str) -> None:
    # the mean of the group is 10: an answer counted 12 times reaches 1.2 x it, one of 11 does not
    others = {"skew": 30 - 10 - count + 10 - 1, "rare": 1}
    assert count + sum(others.values()) == 30
    questions = _asked(
        {"group": {"asked": count, **others}, "even": {"a": 5, "b": 5}, "flat": {"a": 3, "b": 3}}
    )
    assert any("-asked-" in key for key in split_out_of_distribution(questions)[part])


@given(
    st.dictionaries(
        st.sampled_from("abcde"),
        st.dictionaries(st.sampled_from("xyz"), st.integers(1, 6), min_size=1),
    )
)
def test_head_and_tail_are_all(counts: dict[str, dict[str, int]]) -> None:
    parts = split_out_of_distribution(_asked(counts))
    assert not parts["head"].keys() & parts["tail"].keys()
    assert parts["head"].keys() | parts["tail"].keys() == parts["all"].keys()


def test_even_groups_are_never_out_of_distribution() -> None:
    parts = split_out_of_distribution(_asked({"a": {"red": 1}, "b": {"yes": 2, "no": 2}}))
    assert parts == {"all": {}, "head": {}, "tail": {}}
