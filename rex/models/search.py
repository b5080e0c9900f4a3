"""Writing explanations: the likeliest tokens, step by step."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from rex.models.backbones import Encoding
from rex.models.batch import IGNORED
from rex.models.decoder import MASKED, AttentiveDecoder
from rex.models.vocabulary import END, UNKNOWN


class Explanations(NamedTuple):
    """What a decoder wrote."""

    tokens: Tensor
    """[B, T] int64: token ids, IGNORED from END on."""
    gates: Tensor | None
    """[B, T] float32: g at each token; None: the method has no gate."""


def forbid(log_probabilities: Tensor, encoding: Encoding, words: int) -> Tensor:
    """Make UNKNOWN and the regions that an image lacks impossible, in [B, V]."""
    allowed = torch.ones_like(log_probabilities, dtype=torch.bool)
    allowed[:, UNKNOWN] = False
    exists = encoding.region_mask
    allowed[:, words:] = False
    allowed[:, words : words + exists.shape[1]] = exists
    return log_probabilities.masked_fill(~allowed, MASKED)


@torch.no_grad()
def greedy(decoder: AttentiveDecoder, encoding: Encoding, length: int) -> Explanations:
    """Write at most `length` tokens, always the likeliest next one; no step is computed twice."""
    memory = decoder.remember(encoding)
    state = decoder.start(memory)
    count = len(encoding.cls)
    last = torch.full((count,), END, device=encoding.cls.device)
    going = torch.ones_like(last, dtype=torch.bool)
    tokens, gates = [], []
    for _ in range(length):
        state, scores = decoder.step(decoder.project_words(last), state, memory)
        prediction = decoder.predict(state.language[:, None], scores[:, None], encoding)
        allowed = forbid(prediction.log_probabilities[:, 0], encoding, decoder.sizes.words)
        last = allowed.argmax(dim=-1)
        going = going & (last != END)
        if not going.any():
            break
        tokens.append(last.masked_fill(~going, IGNORED))
        if prediction.gate is not None:
            gates.append(torch.sigmoid(prediction.gate[:, 0]))
    empty = torch.empty(count, 0, device=encoding.cls.device)
    return Explanations(
        torch.stack(tokens, dim=1) if tokens else empty.long(),
        torch.stack(gates, dim=1) if gates else None,
    )
