"""The reader: copying, telling, reading off, and choosing together."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from rex.models.backbones import Encoding
from rex.models.batch import IGNORED, Batch
from rex.models.decoder import DecoderSizes, Explanations
from rex.models.methods.reader import Reader, ReaderSettings
from rex.models.search import write
from rex.models.vocabulary import END

from ..encodings import random_encoding

WORDS, REGIONS, H, D, A = 6, 3, 8, 5, 4
SIZES = DecoderSizes(
    words=WORDS,
    regions=REGIONS,
    hidden=H,
    features=D,
    answers=A,
    length=6,
    copies=(1, 4, 5),
    conjunctions=(2,),
)


def make_reader(**settings: bool | int) -> Reader:
    torch.manual_seed(0)
    made = Reader(SIZES, ReaderSettings(**settings)).double()  # type: ignore[arg-type]
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return made


@pytest.fixture
def encoding() -> Encoding:
    drawn = random_encoding([3, 1], 0, regions=REGIONS, hidden=H, features=D)
    return drawn.map(Tensor.detach)


def make_batch(answers: list[int], explanations: list[list[int]]) -> Batch:
    none = torch.empty(0)
    return Batch(
        pieces=none,
        features=none,
        boxes=none,
        num_boxes=none,
        objects=none,
        attributes=none,
        answers=torch.tensor(answers),
        explanations=torch.tensor(explanations),
    )


@pytest.mark.parametrize("copy", [True, False])
def test_probabilities_add_up_and_the_gate_is_that_of_a_word(
    encoding: Encoding, copy: bool
) -> None:
    explanations = torch.tensor([[3, 6, 2, 0], [4, 0, IGNORED, IGNORED]])
    prediction = make_reader(copy=copy)(encoding, explanations)
    p = prediction.log_probabilities.exp()
    assert torch.allclose(p.sum(dim=-1), torch.ones(2, 4, dtype=torch.float64))
    assert torch.allclose(p[..., :WORDS].sum(dim=-1), torch.sigmoid(prediction.gate))
    assert float(p[1, :, WORDS + 1 :].detach().max()) == 0  # the second image has one region


def test_a_sure_copy_writes_what_the_piece_spells(encoding: Encoding) -> None:
    reader = make_reader()
    with torch.no_grad():
        for layer in (reader.copy_gate, reader.gate):
            layer.weight.zero_()
            layer.bias.fill_(50)
    # one piece, which spells word 5
    alone = encoding._replace(pieces=torch.tensor([[2, 0, 0, 0], [2, 0, 0, 0]]))
    p = reader(alone, torch.tensor([[3], [3]])).log_probabilities.exp()
    assert p[:, 0, 5].tolist() == pytest.approx([1, 1])


def test_a_question_without_words_to_copy_copies_nothing(encoding: Encoding) -> None:
    reader = make_reader()
    with torch.no_grad():
        reader.copy_gate.bias.fill_(50)
    reader.copies[:] = 1
    explanations = torch.tensor([[3, 0], [3, 0]])
    p = reader(encoding, explanations).log_probabilities
    with torch.no_grad():
        reader.copy_gate.bias.fill_(-50)
    assert torch.allclose(p, reader(encoding, explanations).log_probabilities)


def test_the_answer_told_changes_what_is_written(encoding: Encoding) -> None:
    reader = make_reader()
    explanations = torch.tensor([[3, 0], [3, 0]])

    def told(*answers: int) -> Tensor:
        asked = encoding._replace(told=torch.tensor(answers))
        return reader(asked, explanations).log_probabilities

    free = reader(encoding, explanations).log_probabilities
    assert torch.equal(told(IGNORED, IGNORED), free)
    assert torch.equal(told(1, IGNORED)[1], free[1])
    assert not torch.allclose(told(1, IGNORED)[0], told(2, IGNORED)[0])


def test_no_word_stands_on_both_sides_of_a_conjunction() -> None:
    written = torch.tensor([[4, 2], [4, 3], [7, 2]])
    forbidden = make_reader().forbid(written)
    assert forbidden is not None
    assert forbidden.tolist() == [4, -1, 7]
    assert make_reader(repeats=True).forbid(written) is None


def test_what_is_forbidden_is_not_written(encoding: Encoding) -> None:
    reader = make_reader().eval()
    with torch.no_grad():  # always the conjunction after a word, else word 4
        reader.forbid = lambda written: torch.full((len(written),), 4)  # type: ignore[method-assign]
        reader.output.bias[4] = 40
        reader.gate.bias.fill_(40)
    written = write(reader, encoding, length=4)
    assert not bool((written.tokens == 4).any())


def test_the_answer_is_read_off_free_explanations_alone(encoding: Encoding) -> None:
    reader = make_reader().train()
    batch = make_batch([1, 2], [[3, 6, 0], [IGNORED] * 3])
    seen = torch.zeros(2, A)
    losses = []
    for seed in range(8):
        torch.manual_seed(seed)
        free = torch.rand(2) < 0.5
        torch.manual_seed(seed)
        output = reader.learn(encoding, batch, seen, None, answers=True)  # type: ignore[arg-type]
        loss = output.own["read_loss"]
        assert loss[1].item() == 0  # there is no explanation to read
        assert (float(loss[0]) > 0) == bool(free[0])
        losses.append(float(loss[0]))
    expected = -2 * float(read_off(reader, encoding, [3, 6], 0)[1])
    assert max(losses) == pytest.approx(expected)


@pytest.mark.parametrize("tokens", [[3, 6, 2, 4, 3, 0], [3, 6, 2, 4, 3, 5]], ids=["ended", "cut"])
def test_what_is_learnt_of_an_explanation_is_read_at_its_end(
    encoding: Encoding, tokens: list[int]
) -> None:
    """One that was cut has no END, and the answer is read after its last token."""
    reader = make_reader().eval()
    batch = make_batch([1, 2], [tokens, [3, 0, *[IGNORED] * 4]])
    output = reader.learn(encoding, batch, torch.zeros(2, A), None, answers=True)  # type: ignore[arg-type]
    words = [token for token in tokens if token != END]
    expected = [read_off(reader, encoding, words, 0)[1], read_off(reader, encoding, [3], 1)[2]]
    assert output.own["read_loss"].tolist() == pytest.approx([-2 * float(p) for p in expected])
    assert output.explanation is not None
    assert torch.allclose(
        output.explanation.log_probabilities, reader(encoding, batch.explanations).log_probabilities
    )


def read_off(reader: Reader, encoding: Encoding, tokens: list[int], row: int) -> Tensor:
    """Return log p(answer) after an explanation, computed for it alone."""
    alone = encoding.map(lambda part: part[row : row + 1])
    memory = reader.remember(alone)
    states = reader.states(memory, torch.tensor([[*tokens, END]]))
    return reader.read(states[0, -1]).log_softmax(dim=-1)


@pytest.mark.parametrize("beams", [1, 2])
@pytest.mark.parametrize("length", [2, 6])
def test_answer_and_explanation_are_chosen_together(
    encoding: Encoding, length: int, beams: int
) -> None:
    reader = make_reader(candidates=3).eval()
    torch.manual_seed(5)
    seen = torch.randn(2, A, dtype=torch.float64)

    def searched(asked: Encoding, memory: Any = None, /) -> Explanations:
        return write(reader, asked, memory, length=length, beams=beams)

    decision = reader.decide(encoding, seen, searched, answers=True)
    assert decision.explanations is not None
    for row in range(2):
        alone = encoding.map(lambda part, row=row: part[row : row + 1])  # type: ignore[misc]
        scores = {}
        for answer in seen[row].topk(3).indices.tolist():
            asked = alone._replace(told=torch.tensor([answer]))
            told = write(reader, asked, length=length, beams=beams)
            tokens = [token for token in told.tokens[0].tolist() if token != IGNORED]
            read = float(read_off(reader, encoding, tokens, row)[answer])
            scores[answer] = float(seen[row].log_softmax(-1)[answer]) + read, tokens
        best = max(scores, key=lambda answer: scores[answer][0])
        assert int(decision.answers[row].argmax()) == best
        written = decision.explanations.tokens[row].tolist()
        assert [token for token in written if token != IGNORED] == scores[best][1]
        # the probability is among the candidates
        total = sum(math.exp(score) for score, _ in scores.values())
        assert float(decision.answers[row].softmax(-1)[best]) == pytest.approx(
            math.exp(scores[best][0]) / total
        )


def test_what_candidates_share_is_computed_once(
    encoding: Encoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, remembered = make_reader().eval(), []
    remember = reader.remember

    def noted(asked: Encoding) -> Any:
        remembered.append(len(asked.cls))
        return remember(asked)

    monkeypatch.setattr(reader, "remember", noted)

    def searched(asked: Encoding, memory: Any = None, /) -> Explanations:
        return write(reader, asked, memory, length=4)

    reader.decide(encoding, torch.zeros(2, A), searched, answers=True)
    assert remembered == [2]


@pytest.mark.parametrize("off", ["copy", "told", "read", "boxes", "agree"])
def test_what_is_left_out_is_left_out_alone(encoding: Encoding, off: str) -> None:
    """Programs choose among the likeliest answers unless it is that which is left out."""
    reader = make_reader(**{off: False}, candidates=3).eval()
    seen = torch.tensor([[0.0, 3, 2, 1], [2.0, 0, 1, 3]], dtype=torch.float64)

    def searched(asked: Encoding, memory: Any = None, /) -> Explanations:
        return write(reader, asked, memory, length=4)

    decision = reader.decide(encoding, seen, searched, answers=True)
    if off == "agree":
        assert decision.alternatives is None
        return
    assert decision.alternatives is not None
    assert decision.alternatives.candidates.tolist() == [[1, 2, 3], [3, 0, 2]]
    texts = decision.alternatives.explanations.tokens.view(2, 3, -1)
    assert off != "told" or bool((texts[:, :1] == texts).all())
