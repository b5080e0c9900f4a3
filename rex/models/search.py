"""Writing explanations: the likeliest tokens, step by step, no step computed twice."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rex.models.backbones import Encoding
from rex.models.batch import IGNORED
from rex.models.decoder import MASKED, Decoder, Explanations
from rex.models.vocabulary import END, UNKNOWN

_LOOKED = 8
"""On a GPU it is looked every so many tokens whether all explanations have ended."""


@torch.no_grad()
def write(
    decoder: Decoder, encoding: Encoding, memory: Any = None, *, length: int, beams: int = 1
) -> Explanations:
    """Write explanations of at most `length` tokens; `memory` as in `Write`.

    Keeps the `beams` likeliest beginnings at each step (one: greedy) and returns the likeliest
    explanation found. UNKNOWN, and regions that an image lacks, are never written.
    """
    batch = len(encoding.cls)
    encoding = encoding.repeat(beams)
    memory = decoder.remember(encoding) if memory is None else memory.repeat(beams)
    device = encoding.cls.device
    rows = torch.arange(batch * beams, device=device)
    state = decoder.start(memory)
    allowed = _allowed(decoder, encoding)
    last = torch.full_like(rows, END)
    going = torch.ones_like(rows, dtype=torch.bool)
    # all beams begin alike: only the first of each question may be continued at the first step
    totals = torch.where(rows % beams == 0, 0.0, MASKED)
    tokens = torch.empty(len(rows), 0, dtype=torch.int64, device=device)
    gates = torch.empty(len(rows), 0, device=device)
    every = _patience(device)
    for number in range(1, length + 1):
        state, scores, gate = _advance(decoder, memory, state, last, tokens, allowed)
        # a finished beginning is continued by END alone, at no cost
        ended = torch.full_like(scores, MASKED)
        ended[:, END] = 0.0
        costs = torch.where(going[:, None], scores, ended)
        size = costs.shape[1]
        totals, best = (totals[:, None] + costs).view(batch, -1).topk(beams, dim=1)
        totals, best = totals.flatten(), best.flatten()
        origin = (rows // beams) * beams + best // size
        last = best % size
        going = going[origin] & (last != END)
        state = state.select(origin)
        written = last.masked_fill(~going, IGNORED)
        tokens = torch.cat([tokens[origin], written[:, None]], dim=1)
        gates = torch.cat([gates[origin], gate[origin][:, None]], dim=1)
        # steps beyond the end of all change nothing
        if number % every == 0 and not going.any():
            break
    first = totals.view(batch, beams).argmax(dim=1) + torch.arange(batch, device=device) * beams
    longest = int((tokens[first] != IGNORED).sum(dim=1).max())
    return Explanations(
        tokens[first, :longest],
        gates[first, :longest] if decoder.has_gate else None,
        totals[first],
    )


def _patience(device: torch.device) -> int:
    """Return after how many tokens it is looked whether all have ended: a GPU is waited for."""
    return 1 if device.type == "cpu" else _LOOKED


def _advance(
    decoder: Decoder, memory: Any, state: Any, last: Tensor, written: Tensor, allowed: Tensor
) -> tuple[Any, Tensor, Tensor]:
    """Return the state, log probabilities [N, V], MASKED if not allowed, and g [N], 1: no gate."""
    state, prediction = decoder.advance(last, state, memory)
    log_probabilities = prediction.log_probabilities.masked_fill(~allowed, MASKED)
    forbidden = decoder.forbid(written)
    if forbidden is not None:
        tokens = torch.arange(log_probabilities.shape[1], device=forbidden.device)
        log_probabilities = log_probabilities.masked_fill(tokens == forbidden[:, None], MASKED)
    if prediction.gate is None:
        return state, log_probabilities, torch.ones_like(log_probabilities[:, 0])
    return state, log_probabilities, torch.sigmoid(prediction.gate)


def _allowed(decoder: Decoder, encoding: Encoding) -> Tensor:
    """Return which tokens may be written, [N, V] bool."""
    words, tokens = decoder.sizes.words, decoder.sizes.tokens
    exists = encoding.region_mask
    allowed = exists.new_ones(len(exists), tokens)
    allowed[:, UNKNOWN] = False
    allowed[:, words:] = False
    allowed[:, words : words + exists.shape[1]] = exists[:, : tokens - words]
    return allowed
