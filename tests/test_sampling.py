"""Which questions a run learns from."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rex.experiment import SETTINGS
from rex.sampling import choose_subset, hold_out, questions_of


@given(
    st.lists(st.integers(0, 12).map(str), min_size=2, max_size=60).filter(
        lambda images: len(set(images)) > 1
    ),
    st.floats(0, 1),
    st.integers(0, 5),
)
def test_no_image_is_on_both_sides(images: list[str], share: float, seed: int) -> None:
    learnt, held = hold_out(images, share, seed=seed)
    assert sorted([*learnt, *held]) == list(range(len(images)))
    assert len(learnt)
    assert len(held)
    assert not {images[row] for row in learnt} & {images[row] for row in held}


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


IMAGES = [str(row % 300) for row in range(3000)]
TYPES = ["abc"[row % 3] for row in range(3000)]


def learnt(setting: str, *, other_images: bool, seed: int = 0) -> set[int]:
    rows, held_out = questions_of(
        SETTINGS[setting], IMAGES, TYPES, holdout=0.05, other_images=other_images, seed=seed
    )
    assert not {IMAGES[row] for row in rows} & {IMAGES[row] for row in held_out}
    assert len(held_out) == 150
    return set(rows.tolist())


def test_transfer_learns_from_images_whose_explanations_were_not_learnt() -> None:
    explained = learnt("explanation-only", other_images=True)
    few = {percent: learnt(f"transfer-{percent}", other_images=True) for percent in (1, 5, 10)}
    assert few[1] < few[5] < few[10]
    assert not {IMAGES[row] for row in explained} & {IMAGES[row] for row in few[10]}
    # 285 images are not held out; 28 of them are left to transfer, with 10 questions each
    assert (len(explained), len(few[10]), len(few[5]), len(few[1])) == (2570, 280, 140, 28)
    for percent, rows in few.items():
        assert learnt(f"transfer-{percent}-scratch", other_images=True) == rows
    assert learnt("transfer-1", other_images=True, seed=1) != few[1]


def test_without_that_explanations_of_all_images_are_learnt() -> None:
    everything = learnt("explanation-only", other_images=False)
    assert len(everything) == 2850
    assert everything == learnt("multi-task", other_images=False)
    assert everything == learnt("multi-task", other_images=True)
    assert learnt("transfer-10", other_images=False) < everything
