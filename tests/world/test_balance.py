"""Which candidates are asked."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rex.gqa.layout import Layout
from rex.gqa.questions import read_questions
from rex.world.balance import QUOTAS, choose
from rex.world.questions.phrase import Phrase
from rex.world.questions.records import Candidate


def _candidate(family: str, local_group: str, answer: str, detailed: str) -> Candidate:
    kinds = (family, detailed, None, local_group)
    return Candidate((), Phrase(()), answer, Phrase(()), *kinds, fact=("", ""))


_pools = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.builds(
            _candidate,
            st.sampled_from(sorted(QUOTAS)),
            st.sampled_from(["a", "b"]),
            st.sampled_from(["yes", "no", "red", "blue"]),
            st.sampled_from(["x", "y"]),
        ),
    ),
    max_size=80,
)


@given(pool=_pools, seed=st.integers(0, 99))
def test_the_choice_is_a_set_of_at_most_the_wanted_size(
    pool: list[tuple[int, Candidate]], seed: int
) -> None:
    chosen = choose(pool, 6, 3, np.random.default_rng(seed))
    assert chosen == sorted(set(chosen))
    assert len(chosen) <= 18
    assert all(0 <= index < len(pool) for index in chosen)
    assert chosen == choose(pool, 6, 3, np.random.default_rng(seed))


def test_rare_answers_are_drawn_closer_to_common_ones() -> None:
    red, green = (
        _candidate("query/attr", "10q-apple_color", color, "directOf") for color in ("red", "green")
    )
    pool = [(image, red if image % 10 else green) for image in range(2000)]
    chosen = choose(pool, 200, 1, np.random.default_rng(0))
    share = Counter(pool[index][1].answer for index in chosen)["green"] / len(chosen)
    assert 0.14 < share < 0.5


def test_yes_and_no_are_even(world: Layout) -> None:
    answers: Counter[tuple[str, str]] = Counter(
        (question.types.structural or "", question.answer)
        for question in read_questions(world.questions("train")).values()
        if question.answer in ("yes", "no")
    )
    yes, no = answers["verify", "yes"], answers["verify", "no"]
    assert abs(yes - no) <= 0.15 * (yes + no)
