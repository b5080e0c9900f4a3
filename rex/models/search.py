"""Writing explanations: the likeliest tokens, step by step, no step computed twice."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from rex.models.backbones import Encoding
from rex.models.batch import IGNORED
from rex.models.decoder import MASKED, AttentiveDecoder, Memory, State
from rex.models.vocabulary import END, UNKNOWN


class Explanations(NamedTuple):
    """What a decoder wrote."""

    tokens: Tensor
    """[B, T] int64: token ids, IGNORED from END on."""
    gates: Tensor | None
    """[B, T]: g at each token; None: the method has no gate."""
    log_probabilities: Tensor
    """[B]: of the whole explanation, its END included where it ends."""


class _Step(NamedTuple):
    state: State
    log_probabilities: Tensor
    """[N, V], MASKED where a token is not allowed."""
    gate: Tensor
    """[N]: g; 1 where the method has none."""


@torch.no_grad()
def write(
    decoder: AttentiveDecoder, encoding: Encoding, *, length: int, beams: int = 1
) -> Explanations:
    """Write explanations of at most `length` tokens.

    Keeps the `beams` likeliest beginnings at each step (one: greedy) and returns the likeliest
    explanation found. UNKNOWN, and regions that an image lacks, are never written.
    """
    batch = len(encoding.cls)
    encoding = encoding.repeat(beams)
    memory = decoder.remember(encoding)
    device = encoding.cls.device
    rows = torch.arange(batch * beams, device=device)
    state = decoder.start(memory)
    last = torch.full_like(rows, END)
    going = torch.ones_like(rows, dtype=torch.bool)
    # all beams begin alike: only the first of each question may be continued at the first step
    totals = torch.where(rows % beams == 0, 0.0, MASKED)
    tokens = torch.empty(len(rows), 0, dtype=torch.int64, device=device)
    gates = torch.empty(len(rows), 0, device=device)
    for _ in range(length):
        step = _advance(decoder, memory, state, last)
        # a finished beginning is continued by END alone, at no cost
        ended = torch.full_like(step.log_probabilities, MASKED)
        ended[:, END] = 0.0
        costs = torch.where(going[:, None], step.log_probabilities, ended)
        size = costs.shape[1]
        totals, best = (totals[:, None] + costs).view(batch, -1).topk(beams, dim=1)
        totals, best = totals.flatten(), best.flatten()
        origin = (rows // beams) * beams + best // size
        last = best % size
        going = going[origin] & (last != END)
        state = step.state.select(origin)
        written = last.masked_fill(~going, IGNORED)
        tokens = torch.cat([tokens[origin], written[:, None]], dim=1)
        gates = torch.cat([gates[origin], step.gate[origin][:, None]], dim=1)
        if not going.any():
            break
    first = totals.view(batch, beams).argmax(dim=1) + torch.arange(batch, device=device) * beams
    longest = int((tokens[first] != IGNORED).sum(dim=1).max())
    return Explanations(
        tokens[first, :longest],
        gates[first, :longest] if decoder.has_gate else None,
        totals[first],
    )


def _advance(decoder: AttentiveDecoder, memory: Memory, state: State, last: Tensor) -> _Step:
    encoding = memory.encoding
    state, scores = decoder.step(decoder.project_words(last), state, memory)
    prediction = decoder.predict(state.language[:, None], scores[:, None], encoding)
    allowed = _allowed(decoder, encoding)
    log_probabilities = prediction.log_probabilities[:, 0].masked_fill(~allowed, MASKED)
    if prediction.gate is None:
        gate = torch.ones_like(log_probabilities[:, 0])
    else:
        gate = torch.sigmoid(prediction.gate[:, 0])
    return _Step(state, log_probabilities, gate)


def _allowed(decoder: AttentiveDecoder, encoding: Encoding) -> Tensor:
    """Return which tokens may be written, [N, V] bool."""
    words, tokens = decoder.sizes.words, decoder.sizes.tokens
    exists = encoding.region_mask
    allowed = exists.new_ones(len(exists), tokens)
    allowed[:, UNKNOWN] = False
    allowed[:, words:] = False
    allowed[:, words : words + exists.shape[1]] = exists
    return allowed
