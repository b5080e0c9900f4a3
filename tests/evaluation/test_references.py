from __future__ import annotations

import numpy as np

from rex.evaluation.references import (
    PREFIX_SUPPORT,
    AnswerPrior,
    normalised,
    random_regions,
)
from rex.tokens import region_of


def test_the_same_question_decides() -> None:
    prior = AnswerPrior(
        ["What is it?", "What is it?", "what  is it", "Is it red?"], ["dog", "cat", "dog", "yes"]
    )
    assert prior.answer("WHAT IS IT??") == ("dog", 2 / 3)


def test_then_the_longest_prefix_with_support() -> None:
    colors = [f"What color is the {name}?" for name in "abcdef"]
    kinds = [f"What kind of thing is {name}?" for name in "abcdefgh"]
    prior = AnswerPrior([*colors, *kinds], ["red"] * len(colors) + ["dog"] * len(kinds))
    assert len(colors) >= PREFIX_SUPPORT
    assert prior.answer("What color is the sofa?")[0] == "red"
    # "what" alone is shared by all, and most of those are dogs
    assert prior.answer("What now?") == ("dog", 8 / 14)
    # no word in common: the most frequent answer of all
    assert prior.answer("Is it?")[0] == "dog"


def test_a_prefix_ends_with_a_word() -> None:
    prior = AnswerPrior(["Is thermos?"] * PREFIX_SUPPORT + ["a b"] * 9, ["no"] * 5 + ["x"] * 9)
    # "is the" is no prefix of "is thermos": only "is" is shared
    assert prior.answer("Is the cat here?")[0] == "no"
    assert normalised("Is the cat's hat T-shirt-blue?") == "is the cat's hat t-shirt-blue "


def test_ties_do_not_depend_on_the_order() -> None:
    texts, answers = ["who?"] * 4 + ["when?"], ["b", "a", "b", "a", "b"]
    assert AnswerPrior(texts, answers).answer("who?")[0] == "b"  # more frequent overall
    assert AnswerPrior(texts[:4], answers[:4]).answer("who?")[0] == "a"  # first in the alphabet


def test_random_regions_change_regions_alone() -> None:
    texts = ["#0 is on #1", None, "no @3"] * 20
    counts = np.array([4, 4, 0] * 20)
    found = random_regions([str(i) for i in range(60)], texts, counts, seed=1)
    explanations, regions = (found[name].to_pylist() for name in ("explanation", "regions"))
    assert found["answer"].null_count == 60
    assert (explanations[1], regions[1]) == (None, None)
    assert (explanations[2], regions[2]) == ("no @3", [-1, -1])
    drawn = set()
    for row in range(0, 60, 3):
        tokens = explanations[row].split()
        assert [t for t in tokens if region_of(t) < 0] == ["is", "on"]
        named = [f"#{region}" for region in regions[row] if region >= 0]
        assert named == [tokens[0], tokens[3]]
        drawn |= {tokens[0], tokens[3]}
    assert drawn == {"#0", "#1", "#2", "#3"}


def test_a_seed_gives_one_draw() -> None:
    texts, counts = ["#0 #0 #0 #0 #0 #0 #0 #0"], np.array([36])
    first, again, other = (random_regions(["a"], texts, counts, seed=s) for s in (1, 1, 2))
    assert first["explanation"] == again["explanation"]
    assert first["explanation"] != other["explanation"]
