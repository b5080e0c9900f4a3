"""The paper's equations, transcribed one example, one step and one region at a time.

Slow on purpose: nothing is batched, shared or rearranged, and all is in probabilities. Takes its
weights from a decoder by name, so that outputs and gradients can be compared.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rex.models.attentive import GatedRecurrentUnit
from rex.models.methods.rex import RexDecoder


def affine(layer: nn.Linear, x: Tensor) -> Tensor:
    return layer.weight @ x if layer.bias is None else layer.weight @ x + layer.bias


def gru(unit: GatedRecurrentUnit, x: Tensor, state: Tensor) -> Tensor:
    w_z, w_r, w_m = unit.input.weight.chunk(3)
    b_z, b_r, b_m = unit.input.bias.chunk(3)
    u_z, u_r = unit.gates.weight.chunk(2)
    z = torch.sigmoid(w_z @ x + b_z + u_z @ state)
    r = torch.sigmoid(w_r @ x + b_r + u_r @ state)
    m = torch.tanh(w_m @ x + b_m + unit.memory.weight @ (r * state))
    return (1 - z) * state + z * m


def rex_explanation(
    decoder: RexDecoder, cls: Tensor, regions: Tensor, visual: Tensor, tokens: list[int]
) -> tuple[Tensor, Tensor]:
    """Return p [T, V] and g [T] of one example: cls [H], regions [n, H], visual [n, D]."""
    fused = [
        torch.tanh(affine(decoder.fuse_regions, v)) * torch.tanh(affine(decoder.fuse_question, cls))
        for v in visual
    ]
    mean = sum(fused[1:], start=fused[0]) / len(fused)
    h1 = h2 = torch.zeros_like(cls)
    distributions, gates = [], []
    for last in [0, *tokens[:-1]]:
        word = decoder.embedding.weight[last]
        h1 = gru(decoder.attention_rnn, torch.cat([mean, h2, word]), h1)
        scores = torch.stack(
            [
                affine(
                    decoder.attention_score,
                    torch.tanh(affine(decoder.attention_query, h1) + f),
                )[0]
                for f in fused
            ]
        )
        attention = torch.softmax(scores, 0)
        seen = sum((a * v for a, v in zip(attention, visual, strict=True)), torch.zeros(()))
        attended = torch.tanh(affine(decoder.attended, seen)) * torch.tanh(
            affine(decoder.question, cls)
        )
        h2 = gru(decoder.language_rnn, torch.cat([attended, h1]), h2)
        g = torch.sigmoid(affine(decoder.gate, h2)[0])
        y = torch.softmax(affine(decoder.output, h2), 0)
        similarity = torch.softmax(torch.stack([h2 @ v for v in regions]), 0)
        mapping = torch.zeros(len(y), len(regions), dtype=y.dtype)
        for i in range(len(regions)):
            mapping[decoder.sizes.words + i, i] = 1
        distributions.append(g * y + (1 - g) * mapping @ similarity)
        gates.append(g)
    return torch.stack(distributions), torch.stack(gates)


def rex_losses(
    p: Tensor, g: Tensor, answer: Tensor, right: int, tokens: list[int], first_region: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return answer, explanation and gate loss of one example; `answer` is its distribution."""
    steps = range(len(tokens))
    explanation = sum((-torch.log(p[t, tokens[t]]) for t in steps), torch.zeros(())) / len(tokens)
    words = [t for t in steps if tokens[t] < first_region]
    pointed = [t for t in steps if tokens[t] >= first_region]
    share_of_words = len(words) / len(tokens)
    gate = sum((-(1 - share_of_words) * torch.log(g[t]) for t in words), torch.zeros(()))
    gate = gate + sum((-share_of_words * torch.log(1 - g[t]) for t in pointed), torch.zeros(()))
    return -torch.log(answer[right]), explanation, gate
