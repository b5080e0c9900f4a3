"""VCIN's parts against their definitions."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from rex.models.batch import IGNORED
from rex.models.decoder import DecoderSizes
from rex.models.methods.pro_vcin import ProVcinDecoder
from rex.models.methods.vcin import OffByOne, VcinDecoder, VcinSettings, divergences, ended
from rex.models.transformer import Keys

from ..encodings import random_encoding
from .test_reader import make_batch

SIZES = DecoderSizes(words=6, regions=3, hidden=8, features=5, answers=4, length=6)


def test_the_divergence_is_that_of_gaussians() -> None:
    torch.manual_seed(0)
    mean, log_variance, other_mean, other_log_variance = torch.randn(4, 5, 7).unbind()
    expected = kl_divergence(
        Normal(mean, (log_variance / 2).exp()), Normal(other_mean, (other_log_variance / 2).exp())
    ).sum(dim=-1)
    assert torch.allclose(
        divergences(mean, log_variance, other_mean, other_log_variance), expected, rtol=1e-4
    )


def test_nothing_is_read_after_end() -> None:
    tokens = torch.tensor([[3, 0, 4], [0, 1, 2], [5, 6, 7]])
    assert ended(tokens).tolist() == [[3, IGNORED, IGNORED], [IGNORED] * 3, [5, 6, 7]]


def test_attention_may_look_at_nothing() -> None:
    torch.manual_seed(0)
    attention = OffByOne(replace(SIZES, hidden=6), 1).double()
    query = torch.randn(1, 1, 2, 3, dtype=torch.float64)
    known = attention.remember(torch.randn(1, 5, 6, dtype=torch.float64))
    mask = torch.tensor([True, True, False, True, False])[None, None, None]
    seen = attention.attend(query, known, mask)
    for row in range(2):
        scores = [float(query[0, 0, row] @ key) / 3**0.5 for key in known.keys[0, 0]]
        scores = [s for s, keep in zip(scores, mask.flatten().tolist(), strict=True) if keep]
        shares = (torch.tensor(scores, dtype=torch.float64) - max(scores)).exp()
        values = known.values[0, 0][mask.flatten()]
        assert torch.allclose(seen[0, 0, row], (shares / (1 + shares.sum())) @ values)


def test_attention_has_dropout_on_its_weights_and_on_its_output() -> None:
    torch.manual_seed(0)
    attention = OffByOne(replace(SIZES, hidden=64, dropout=0.25), 2).double()
    query = torch.randn(3, 2, 8, 32, dtype=torch.float64)
    # these values show the weights themselves
    values = torch.eye(32, dtype=torch.float64).expand(3, 2, 32, 32)
    known = Keys(torch.randn(3, 2, 32, 32, dtype=torch.float64), values)
    x = torch.randn(3, 8, 64, dtype=torch.float64)
    seen = attention.eval().attend(query, known, None)
    assert bool((attention(x, known) != 0).all())
    dropped = attention.train().attend(query, known, None)
    kept = dropped != 0
    assert torch.allclose(dropped[kept], seen[kept] / 0.75)
    assert float(kept.double().mean()) == pytest.approx(0.75, abs=0.03)
    assert float((attention(x, known) != 0).double().mean()) == pytest.approx(0.75, abs=0.03)


def test_all_attention_has_the_decoder_s_dropout() -> None:
    decoder = ProVcinDecoder(replace(SIZES, dropout=0.25))
    found = [part.dropout.p for part in decoder.modules() if isinstance(part, OffByOne)]
    # of four blocks two each, of the explanation's encoder two, of the program's layers two each
    assert found == [0.25] * (2 * 4 + 2 + 2 * 2)


def test_the_answer_is_learnt_by_way_of_the_explanation() -> None:
    torch.manual_seed(0)
    decoder = VcinDecoder(SIZES, VcinSettings(layers=1)).double().train()
    encoding = random_encoding([3, 2], 0, regions=3, hidden=8, features=5)
    batch = make_batch([1, IGNORED], [[3, 6, 0], [IGNORED] * 3])
    seen = torch.zeros(2, 4)
    output = decoder.learn(encoding, batch, seen, None, answers=True)  # type: ignore[arg-type]
    answer, divergence = output.own["answer_loss"], output.own["divergence_loss"]
    assert float(answer[0].detach()) > 0
    assert float(answer[1].detach()) == 0
    assert float(divergence[0].detach()) > 0
    assert float(divergence[1].detach()) == 0  # it has no explanation to agree with
    assert decoder.link is not None
    (gradient,) = torch.autograd.grad(answer.sum(), [decoder.link.tokens.begin])
    assert bool(gradient.any())


def test_without_the_link_the_answer_head_decides() -> None:
    decoder = VcinDecoder(SIZES, VcinSettings(link=False))
    encoding = random_encoding([3], 0, regions=3, hidden=8, features=5)
    decoder.double()
    seen = torch.randn(1, 4)
    batch = make_batch([1], [[3, 6, 0]])
    output = decoder.learn(encoding, batch, seen, None, answers=True)  # type: ignore[arg-type]
    assert output.answers is seen
    assert output.own == {}
