"""The modules agree with the plain transcription of the paper, in outputs and in gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rex.models.backbones import Encoding
from rex.models.batch import IGNORED
from rex.models.decoder import DecoderSizes
from rex.models.losses import answer_losses, explanation_losses, gate_losses
from rex.models.methods.rex import RexDecoder

from .encodings import random_encoding
from .equations import rex_explanation, rex_losses

B, R, H, D, WORDS, REGIONS = 3, 5, 8, 6, 7, 6
NUM_BOXES = (5, 2, 4)
TOKENS = ([7, 3, 8, 0], [8, 0], [2, 3, 4, 10, 5])
ANSWERS = (1, 0, 2)


@pytest.fixture
def decoder() -> RexDecoder:
    torch.manual_seed(3)
    sizes = DecoderSizes(words=WORDS, regions=REGIONS, hidden=H, features=D)
    return RexDecoder(sizes).double()


@pytest.fixture
def encoding() -> Encoding:
    return random_encoding(list(NUM_BOXES), 4, regions=R, hidden=H, features=D)


def padded() -> Tensor:
    longest = max(map(len, TOKENS))
    return torch.tensor([row + [IGNORED] * (longest - len(row)) for row in TOKENS])


def plain(decoder: RexDecoder, encoding: Encoding, example: int) -> tuple[Tensor, Tensor]:
    n = NUM_BOXES[example]
    return rex_explanation(
        decoder,
        encoding.cls[example],
        encoding.regions[example, :n],
        encoding.visual[example, :n],
        TOKENS[example],
    )


def test_distributions_and_gates_agree(decoder: RexDecoder, encoding: Encoding) -> None:
    prediction = decoder(encoding, padded())
    assert prediction.gate is not None
    for i, tokens in enumerate(TOKENS):
        p, g = plain(decoder, encoding, i)
        ours = prediction.log_probabilities[i, : len(tokens)].exp()
        assert torch.allclose(ours, p, atol=1e-9, rtol=1e-6)
        assert torch.allclose(torch.sigmoid(prediction.gate[i, : len(tokens)]), g, atol=1e-9)
        assert torch.allclose(ours.sum(-1), torch.ones(len(tokens), dtype=torch.float64))


def test_losses_and_gradients_agree(decoder: RexDecoder, encoding: Encoding) -> None:
    logits = torch.randn(B, 4, dtype=torch.float64, requires_grad=True)
    inputs = [logits, *encoding[:3], *decoder.parameters()]

    prediction = decoder(encoding, padded())
    assert prediction.gate is not None
    ours = (
        answer_losses(logits, torch.tensor(ANSWERS))
        + explanation_losses(prediction.log_probabilities, padded())
        + gate_losses(prediction.gate, padded(), WORDS)
    ).mean()
    plain_total = torch.zeros((), dtype=torch.float64)
    for i, tokens in enumerate(TOKENS):
        p, g = plain(decoder, encoding, i)
        parts = rex_losses(p, g, torch.softmax(logits[i], 0), ANSWERS[i], tokens, WORDS)
        plain_total = plain_total + sum(parts, torch.zeros(())) / B

    assert float(ours.detach()) == pytest.approx(float(plain_total.detach()), rel=1e-6)
    for mine, reference in zip(
        torch.autograd.grad(ours, inputs),
        torch.autograd.grad(plain_total, inputs),
        strict=True,
    ):
        assert torch.allclose(mine, reference, atol=1e-9, rtol=1e-6)
        assert bool((reference != 0).any())


def test_padding_changes_nothing(decoder: RexDecoder, encoding: Encoding) -> None:
    more = torch.cat([padded(), torch.full((B, 3), IGNORED)], dim=1)
    short, long = decoder(encoding, padded()), decoder(encoding, more)
    assert short.gate is not None
    assert long.gate is not None
    for explanations, prediction in ((padded(), short), (more, long)):
        assert prediction.gate is not None
        assert torch.isfinite(prediction.log_probabilities[explanations != IGNORED]).all()
    assert torch.allclose(
        explanation_losses(short.log_probabilities, padded()),
        explanation_losses(long.log_probabilities, more),
    )
    assert torch.allclose(
        gate_losses(short.gate, padded(), WORDS), gate_losses(long.gate, more, WORDS)
    )


def test_a_sure_and_wrong_gate_still_learns(decoder: RexDecoder, encoding: Encoding) -> None:
    with torch.no_grad():
        decoder.gate.weight.zero_()
        decoder.gate.bias.fill_(-2000.0)  # a word is impossible: its probability underflows
    prediction = decoder(encoding, padded())
    loss = explanation_losses(prediction.log_probabilities, padded()).mean()
    assert torch.isfinite(loss)
    (gradient,) = torch.autograd.grad(loss, [decoder.gate.bias])
    assert float(gradient) < -0.1
