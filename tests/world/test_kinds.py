"""The kinds of things, as `things.yaml` tells them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex.gqa.ontology import is_a
from rex.world.kinds import KINDS, draw_word, read_weights


def test_there_are_57_kinds_and_only_clothes_are_not_drawn() -> None:
    assert len(KINDS) == 57
    for name, kind in KINDS.items():
        drawn = kind.person or bool(kind.sketch)
        assert drawn is not is_a(name, "clothing")
        assert drawn is (min(kind.size) > 0)


@given(seed=st.integers(0, 99), name=st.sampled_from(sorted(KINDS)))
def test_a_material_decides_the_colors(seed: int, name: str) -> None:
    kind = KINDS[name]
    words = kind.sample(np.random.default_rng(seed))
    if "material" in words:
        assert words["color"] in kind.weights[f"color/{words['material']}"]
    assert kind.sample(np.random.default_rng(seed), words).items() >= words.items()


def test_weights_are_shares() -> None:
    weights = read_weights("red 3, long sleeved 1")
    assert weights == {"red": 3, "long sleeved": 1}
    random = np.random.default_rng(0)
    drawn = [draw_word(random, weights) for _ in range(1000)]
    assert drawn.count("red") / 1000 == pytest.approx(0.75, abs=0.05)
