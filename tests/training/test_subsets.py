from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rex.training.subsets import choose_subset

STRATA = st.lists(st.sampled_from("abcde"), min_size=1, max_size=400)


@given(STRATA, st.integers(0, 3))
def test_subsets_are_nested_and_every_stratum_is_there(strata: list[str], seed: int) -> None:
    rows = np.arange(len(strata))[:: 2 if len(strata) > 10 else 1]
    one, five, ten = (set(choose_subset(rows, strata, p, seed=seed).tolist()) for p in (1, 5, 10))
    assert one <= five <= ten <= set(rows.tolist())
    assert {strata[row] for row in one} == {strata[row] for row in rows}


def test_shares_by_stratum() -> None:
    strata = ["color"] * 2000 + ["size"] * 300 + ["rare"] * 10
    chosen = choose_subset(np.arange(len(strata)), strata, 5, seed=0)
    assert Counter(strata[row] for row in chosen) == {"color": 100, "size": 15, "rare": 10}
    assert chosen.tolist() == sorted(chosen)


def test_the_seed_decides() -> None:
    rows, strata = np.arange(500), ["x"] * 500
    assert not np.array_equal(
        choose_subset(rows, strata, 10, seed=0), choose_subset(rows, strata, 10, seed=1)
    )
