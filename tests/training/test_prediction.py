"""Choosing what follows from its own explanation, by hand."""

from __future__ import annotations

import pytest
import torch

from rex.models.batch import IGNORED
from rex.models.decoder import Alternatives, Decision, Explanations
from rex.models.vocabulary import END, Vocabulary
from rex.regions.store import RegionStore
from rex.training.prediction import choose_supported

from .toy import make_toy

VOCABULARY = Vocabulary(
    answers=("yes", "no", "red", "green"),
    words=("is", "red", "green", "there", "no", "cat"),
    pieces=("[PAD]", "[UNK]", "[CLS]", "[SEP]"),
    regions=5,
)
# the detector calls region 0 a car
OPEN = "select : car -> query : color [0]"
CLOSED = "select : cat -> exist : ? [0]"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RegionStore:
    return RegionStore(make_toy(tmp_path_factory.mktemp("toy"), images=2).regions)


def alternatives(scores: list[float], options: dict[str, str]) -> Alternatives:
    """Two answers of one question, each with its explanation."""
    tokens = [[VOCABULARY.token_id(token) for token in text.split()] for text in options.values()]
    longest = max(map(len, tokens))
    padded = [numbers + [IGNORED] * (longest - len(numbers)) for numbers in tokens]
    written = Explanations(torch.tensor(padded), None, torch.zeros(len(padded)))
    answers = [VOCABULARY.answer_ids[answer] for answer in options]
    return Alternatives(torch.tensor([answers]), torch.tensor([scores]), written)


def chosen(offered: Alternatives, program: str, store: RegionStore) -> tuple[str, str]:
    before = offered.decision(len(VOCABULARY.answers))
    after = choose_supported(
        before, offered, [program], VOCABULARY, store, store.rows(["train0"]).tolist()
    )
    assert isinstance(after, Decision)
    assert after.explanations is not None
    tokens = [number for number in after.explanations.tokens[0].tolist() if number != IGNORED]
    assert END not in tokens
    return VOCABULARY.answers[int(after.answers.argmax())], VOCABULARY.spell(tokens)


def test_the_likeliest_that_follows_is_chosen(store: RegionStore) -> None:
    offered = alternatives([2.0, 1.0], {"red": "#0 is green", "green": "#0 is green"})
    assert chosen(offered, OPEN, store) == ("green", "#0 is green")
    offered = alternatives([2.0, 1.0], {"red": "#0 is red", "green": "#0 is green"})
    assert chosen(offered, OPEN, store) == ("red", "#0 is red")
    offered = alternatives([2.0, 1.0], {"yes": "there is no cat", "no": "there is no cat"})
    assert chosen(offered, CLOSED, store) == ("no", "there is no cat")


def test_nothing_changes_where_none_follows(store: RegionStore) -> None:
    offered = alternatives([2.0, 1.0], {"red": "#0 is green", "green": "#0 is red"})
    assert chosen(offered, OPEN, store) == ("red", "#0 is green")


@pytest.mark.parametrize("program", ["", "select", "query : color [3]"])
def test_a_malformed_program_decides_nothing(store: RegionStore, program: str) -> None:
    offered = alternatives([2.0, 1.0], {"red": "#0 is green", "green": "#0 is green"})
    assert chosen(offered, program, store) == ("red", "#0 is green")


def test_the_probability_is_of_what_is_left(store: RegionStore) -> None:
    offered = alternatives([2.0, 1.0], {"red": "#0 is green", "green": "#0 is green"})
    before = offered.decision(len(VOCABULARY.answers))
    after = choose_supported(
        before, offered, [OPEN], VOCABULARY, store, store.rows(["train0"]).tolist()
    )
    assert float(after.answers.softmax(dim=-1).max()) == pytest.approx(1)
