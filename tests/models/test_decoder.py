"""The teacher-forced decoder against one step after another, as explanations are written."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from rex.experiment import METHODS
from rex.models.backbones import Encoding
from rex.models.batch import IGNORED
from rex.models.decoder import Decoder, DecoderSizes
from rex.models.methods import decoder_class, method_settings
from rex.models.methods.rex import RexDecoder
from rex.models.program_writer import ProgramWriter
from rex.models.vocabulary import END

from .encodings import random_encoding, single

WORDS, REGIONS, H, D = 5, 4, 8, 7
SIZES = DecoderSizes(words=WORDS, regions=REGIONS, hidden=H, features=D, copies=(1, 1, 3))
WRITERS = [
    (name, mode)
    for name, method in METHODS.items()
    for mode in ("fixed", "compat")
    if method.writes and method.decoder_of(mode)
]


def make_decoder(method: str, mode: str = "fixed") -> Decoder:
    decoder = decoder_class(method, mode)
    assert decoder is not None
    return decoder(SIZES, method_settings(method)).double()


def make_encoding(boxes: list[int], seed: int) -> Encoding:
    return random_encoding(boxes, seed, regions=REGIONS, hidden=H, features=D)


def step_by_step(decoder: Decoder, encoding: Encoding, explanations: Tensor) -> Tensor:
    memory = decoder.remember(encoding)
    state = decoder.start(memory)
    last = torch.full((len(explanations),), END)
    predictions = []
    for token in explanations.clamp(min=END).unbind(dim=1):
        state, predicted = decoder.advance(last, state, memory)
        predictions.append(predicted.log_probabilities)
        last = token
    return torch.stack(predictions, dim=1)


def make_writer(method: str, mode: str) -> Decoder:
    if method == "programs":
        return ProgramWriter(H, WORDS).double()
    return make_decoder(method, mode)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([*WRITERS, ("programs", "fixed")]),
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, REGIONS)), min_size=1, max_size=4),
    st.integers(0, 9),
)
def test_outputs_and_gradients_agree(
    method: tuple[str, str], rows: list[tuple[int, int]], seed: int
) -> None:
    torch.manual_seed(seed)
    decoder = make_writer(*method)
    encoding = make_encoding([boxes for _, boxes in rows], seed)
    longest = max(1, *(length for length, _ in rows))
    explanations = torch.randint(0, min(WORDS + 1, decoder.sizes.tokens), (len(rows), longest))
    for row, (length, _) in enumerate(rows):
        explanations[row, length:] = IGNORED
    learnt = explanations != IGNORED
    targets = explanations.clamp(min=0)[..., None]
    ours = decoder(encoding, explanations).log_probabilities
    plain = step_by_step(decoder, encoding, explanations)
    assert torch.allclose(ours[learnt], plain[learnt], atol=1e-12)
    # far from a region that can't be pointed at, whose score is minus infinity
    ours, plain = (
        (p.gather(-1, targets).squeeze(-1).clamp(min=-1e4) * learnt).sum() for p in (ours, plain)
    )
    if not learnt.any():
        return
    inputs = [encoding.cls, encoding.regions, encoding.visual, encoding.words]
    inputs += decoder.parameters()
    for mine, theirs in zip(
        torch.autograd.grad(ours, inputs, allow_unused=True, materialize_grads=True),
        torch.autograd.grad(plain, inputs, allow_unused=True, materialize_grads=True),
        strict=True,
    ):
        assert torch.allclose(mine, theirs, atol=1e-9, rtol=1e-6)


def test_half_precision_is_near() -> None:
    torch.manual_seed(0)
    decoder = RexDecoder(SIZES)
    encoding = make_encoding([4, 2, 3], 1)
    rounded_encoding = single(encoding)
    explanations = torch.tensor([[5, 2, 3, 0], [6, 0, IGNORED, IGNORED], [2, 3, 0, IGNORED]])
    exact = decoder(rounded_encoding, explanations).log_probabilities
    with torch.autocast("cpu", torch.bfloat16):
        rounded = decoder(rounded_encoding, explanations).log_probabilities
    assert rounded.dtype == torch.float32
    learnt = explanations != IGNORED
    assert torch.allclose(rounded[learnt], exact[learnt], atol=0.1)
    (gradient,) = torch.autograd.grad(
        rounded.gather(-1, explanations.clamp(min=0)[..., None]).sum(),
        [decoder.attention_query.weight],
    )
    assert gradient.dtype == torch.float32
    assert bool(torch.isfinite(gradient).all())


class Casts(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the tensors of some shapes that are brought into another precision."""

    def __init__(self, *shapes: tuple[int, ...]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.shapes, self.made = shapes, 0

    def __torch_dispatch__(
        self, function: Any, types: Any, given: Any = (), options: Any = None
    ) -> Any:
        if function is torch.ops.aten._to_copy.default:
            self.made += tuple(given[0].shape) in self.shapes
        return function(*given, **(options or {}))


@pytest.mark.parametrize("mode", ["fixed", "compat"])
def test_what_all_steps_share_is_cast_once(mode: str) -> None:
    torch.manual_seed(0)
    decoder = make_decoder("rex", mode).float()
    encoding = single(make_encoding([4, 2, 3], 1))
    weights = [(3 * H, parts * H) for parts in (1, 2, 3)]
    counts = []
    for length in (2, 6):
        counted = Casts(tuple(encoding.visual.shape), *weights)
        with torch.autocast("cpu", torch.bfloat16), counted as casts:
            decoder(encoding, torch.full((3, length), 2))
        counts.append(casts.made)
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize("method", WRITERS)
def test_the_order_of_rows_is_free(method: tuple[str, str]) -> None:
    torch.manual_seed(0)
    decoder = make_decoder(*method)
    encoding = make_encoding([4, 2, 3], 1)
    explanations = torch.tensor([[2, 0, IGNORED], [3, 2, 0], [IGNORED] * 3])
    order = torch.tensor([2, 0, 1])
    moved = encoding.map(lambda part: part[order])
    one = decoder(encoding, explanations).log_probabilities[order]
    other = decoder(moved, explanations[order]).log_probabilities
    learnt = explanations[order] != IGNORED
    assert torch.allclose(one[learnt], other[learnt])
