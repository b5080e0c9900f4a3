"""Which candidates are asked."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rex.gqa.layout import Layout
from rex.gqa.questions import read_questions
from rex.world.balance import QUOTAS, Entry, choose

_entries = st.lists(
    st.builds(
        Entry,
        image=st.integers(0, 5),
        family=st.sampled_from(sorted(QUOTAS)),
        local_group=st.sampled_from(["a", "b"]),
        answer=st.sampled_from(["yes", "no", "red", "blue"]),
        detailed=st.sampled_from(["x", "y"]),
    ),
    max_size=80,
)


@given(entries=_entries, seed=st.integers(0, 99))
def test_the_choice_is_a_set_of_at_most_the_wanted_size(entries: list[Entry], seed: int) -> None:
    chosen = choose(entries, 6, 3, np.random.default_rng(seed))
    assert chosen == sorted(set(chosen))
    assert len(chosen) <= 18
    assert all(0 <= index < len(entries) for index in chosen)
    assert chosen == choose(entries, 6, 3, np.random.default_rng(seed))


def test_rare_answers_are_drawn_closer_to_common_ones() -> None:
    entries = [
        Entry(image, "query/attr", "10q-apple_color", "red" if image % 10 else "green", "directOf")
        for image in range(2000)
    ]
    chosen = choose(entries, 200, 1, np.random.default_rng(0))
    share = Counter(entries[index].answer for index in chosen)["green"] / len(chosen)
    assert 0.14 < share < 0.5


def test_yes_and_no_are_even(world: Layout) -> None:
    answers: Counter[tuple[str, str]] = Counter(
        (question.types.structural or "", question.answer)
        for question in read_questions(world.questions("train")).values()
        if question.answer in ("yes", "no")
    )
    yes, no = answers["verify", "yes"], answers["verify", "no"]
    assert abs(yes - no) <= 0.15 * (yes + no)
