"""Greedy and beam search against a search that recomputes everything."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

from rex.experiment import METHODS
from rex.models import search
from rex.models.backbones import Encoding
from rex.models.batch import IGNORED
from rex.models.decoder import Decoder, DecoderSizes
from rex.models.methods import decoder_class, method_settings
from rex.models.search import write
from rex.models.vocabulary import END, UNKNOWN

from .encodings import random_encoding, single

WORDS, REGIONS, H, D = 4, 3, 8, 6
NUM_BOXES = (3, 1, 2)
SIZES = DecoderSizes(words=WORDS, regions=REGIONS, hidden=H, features=D, copies=(1, 1, 3))


WRITERS = [name for name, method in METHODS.items() if method.decoder and method.writes]


@pytest.fixture(params=WRITERS)
def decoder(request: pytest.FixtureRequest) -> Decoder:
    torch.manual_seed(1)
    method = decoder_class(request.param)
    assert method is not None
    made = method(SIZES, method_settings(request.param)).double().eval()
    for parameter in made.parameters():  # far from uniform, so that choices matter
        torch.nn.init.normal_(parameter, std=0.5)
    return made


@pytest.fixture
def encoding() -> Encoding:
    return random_encoding(list(NUM_BOXES), 2, regions=REGIONS, hidden=H, features=D).map(
        Tensor.detach
    )


def row(encoding: Encoding, i: int) -> Encoding:
    return encoding.map(lambda part: part[i : i + 1])


def total(decoder: Decoder, encoding: Encoding, tokens: list[int]) -> float:
    """The log-probability of an explanation, all of it computed at once."""
    target = torch.tensor([tokens])
    with torch.no_grad():
        log_p = decoder(encoding, target).log_probabilities
    return float(log_p.gather(-1, target[..., None]).sum())


def allowed(i: int) -> list[int]:
    return [END, *range(UNKNOWN + 1, WORDS), *range(WORDS, WORDS + NUM_BOXES[i])]


def ids(tokens: Tensor) -> list[int]:
    return [token for token in tokens.tolist() if token != IGNORED]


@pytest.mark.parametrize("beams", [1, 3])
def test_steps_beyond_the_end_of_all_change_nothing(
    decoder: Decoder, encoding: Encoding, beams: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, which is asked every few steps whether all have ended."""
    promptly = write(decoder, encoding, length=10, beams=beams)
    monkeypatch.setattr(search, "_patience", lambda _: 4)
    late = write(decoder, encoding, length=10, beams=beams)
    for one, other in zip(promptly, late, strict=True):
        assert (one is None) == (other is None)
        assert one is None or other is None or torch.equal(one, other)


def test_greedy_takes_the_likeliest_next_token(decoder: Decoder, encoding: Encoding) -> None:
    written = write(decoder, encoding, length=5)
    for i in range(3):
        tokens: list[int] = []
        while len(tokens) < 5 and (not tokens or tokens[-1] != END):
            tokens.append(
                max(allowed(i), key=lambda t: total(decoder, row(encoding, i), [*tokens, t]))
            )
        assert ids(written.tokens[i]) == [token for token in tokens if token != END]
        assert float(written.log_probabilities[i]) == pytest.approx(
            total(decoder, row(encoding, i), tokens)
        )


def test_a_wide_beam_finds_the_likeliest_explanation(decoder: Decoder, encoding: Encoding) -> None:
    written = write(decoder, encoding, length=2, beams=40)
    for i in range(3):
        words = [token for token in allowed(i) if token != END]
        every = [
            [*head, END] if len(head) < 2 else list(head)
            for n in range(3)
            for head in itertools.product(words, repeat=n)
        ]
        best = max(every, key=lambda tokens: total(decoder, row(encoding, i), tokens))
        assert ids(written.tokens[i]) == [token for token in best if token != END]


def test_a_beam_is_never_worse_than_greedy_here_and_keeps_rows_apart(
    decoder: Decoder, encoding: Encoding
) -> None:
    greedy = write(decoder, encoding, length=4)
    beam = write(decoder, encoding, length=4, beams=6)
    assert bool((beam.log_probabilities >= greedy.log_probabilities - 1e-9).all())
    for i in range(3):
        alone = write(decoder, row(encoding, i), length=4, beams=6)
        assert ids(alone.tokens[0]) == ids(beam.tokens[i])


@pytest.mark.parametrize("beams", [1, 4])
def test_no_step_is_computed_twice(
    decoder: Decoder, encoding: Encoding, beams: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[int] = []
    advance = decoder.advance

    def counted(last: Tensor, *arguments: Any) -> Any:
        rows.append(len(last))
        return advance(last, *arguments)

    monkeypatch.setattr(decoder, "advance", counted)
    monkeypatch.setattr(decoder, "forward", None)
    write(decoder, encoding, length=6, beams=beams)
    # one step a token, all questions and beams at once
    assert 0 < len(rows) <= 6
    assert set(rows) == {3 * beams}


@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("beams", [1, 4])
def test_half_precision_writes_what_is_likely(
    decoder: Decoder, encoding: Encoding, precision: torch.dtype, beams: int
) -> None:
    """Under autocast, as a GPU predicts; regions that an image lacks are masked there, too."""
    decoder = decoder.float()
    encoding = single(encoding)
    with torch.autocast("cpu", precision):
        written = write(decoder, encoding, length=4, beams=beams)
    for i in range(3):
        tokens = ids(written.tokens[i])
        assert set(tokens) <= set(allowed(i))
        ended = tokens if len(tokens) == 4 else [*tokens, END]
        likely = total(decoder, row(encoding, i), ended)
        assert float(written.log_probabilities[i]) == pytest.approx(likely, rel=0.05, abs=0.05)


def test_gates_are_those_of_the_written_tokens(encoding: Encoding) -> None:
    method = decoder_class("rex")
    assert method is not None
    torch.manual_seed(4)
    decoder = method(SIZES).double().eval()
    for beams in (1, 5):
        written = write(decoder, encoding, length=4, beams=beams)
        assert written.gates is not None
        for i in range(3):
            tokens = ids(written.tokens[i])
            with torch.no_grad():
                again = decoder(row(encoding, i), torch.tensor([[*tokens, END]])).gate
            assert again is not None
            gates = torch.sigmoid(again[0, : len(tokens)])
            assert torch.allclose(written.gates[i, : len(tokens)].double(), gates, atol=1e-6)
