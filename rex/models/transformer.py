"""Decoders that are transformers: what is attended to is computed once."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from rex.models.backbones import Encoding
from rex.models.decoder import Decoder, Prediction, previous_tokens


class Keys(NamedTuple):
    """What is attended to, [N, heads, M, width] each."""

    keys: Tensor
    values: Tensor

    def select(self, rows: Tensor) -> Keys:
        """Return those of these rows, [N] int64."""
        return Keys(self.keys[rows], self.values[rows])

    def join(self, later: Keys) -> Keys:
        """Return these, and later ones behind them."""
        return Keys(*(torch.cat(pair, dim=2) for pair in zip(self, later, strict=True)))


class Attention(nn.Module):
    """Multi-head attention (Vaswani et al. 2017), `heads` of `width` each."""

    def __init__(self, hidden: int, heads: int, width: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(hidden, heads * width)
        self.memory = nn.Linear(hidden, 2 * heads * width)
        self.output = nn.Linear(heads * width, hidden)

    def remember(self, memory: Tensor) -> Keys:
        """Return keys and values of what is attended to, [N, M, H]."""
        return Keys(*(self._heads(part) for part in self.memory(memory).chunk(2, dim=-1)))

    def forward(self, x: Tensor, known: Keys, mask: Tensor | None = None) -> Tensor:
        """Attend from x [N, T, H]; `mask` [N or 1, 1, T or 1, M] bool: what may be looked at."""
        seen = self.attend(self._heads(self.query(x)), known, mask)
        return self.output(seen.transpose(1, 2).flatten(2))

    def attend(self, query: Tensor, known: Keys, mask: Tensor | None) -> Tensor:
        """Return the values seen, [N, heads, T, width].

        In half precision a CPU takes six to eight times as long for the gradient of the fused
        kernel as for that of its parts (benchmarks/attention.py).
        """
        if query.device.type != "cpu" or query.dtype.itemsize > 2:
            return functional.scaled_dot_product_attention(
                query, known.keys, known.values, attn_mask=mask
            )
        scores = query @ known.keys.transpose(-1, -2) / query.shape[-1] ** 0.5
        if mask is not None:
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        return scores.softmax(dim=-1) @ known.values

    def _heads(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)


class FeedForward(nn.Sequential):
    """H → `inner` → H with a GELU between."""

    def __init__(self, hidden: int, inner: int) -> None:
        super().__init__(nn.Linear(hidden, inner), nn.GELU(), nn.Linear(inner, hidden))


class DecoderLayer(nn.Module):
    """Self-attention, attention to a memory, feed-forward: x += f(LayerNorm x) each."""

    def __init__(self, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(3))
        self.to_tokens = Attention(hidden, heads, hidden // heads)
        self.to_memory = Attention(hidden, heads, hidden // heads)
        self.forwards = FeedForward(hidden, 4 * hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, before: Keys | None, mask: Tensor | None, seen: Keys, seen_mask: Tensor
    ) -> tuple[Tensor, Keys]:
        """Return the next x [N, T, H], and what later tokens attend to of x."""
        normed = self.norms[0](x)
        tokens = self.to_tokens.remember(normed)
        if before is not None:
            tokens = before.join(tokens)
        x = x + self.dropout(self.to_tokens(normed, tokens, mask))
        x = x + self.dropout(self.to_memory(self.norms[1](x), seen, seen_mask))
        return x + self.dropout(self.forwards(self.norms[2](x))), tokens


def remembered(layers: nn.ModuleList, memory: Tensor) -> tuple[Keys, ...]:
    """Return a memory [N, M, H] as each of `DecoderLayer`s attends to it."""
    return tuple(layer.to_memory.remember(memory) for layer in layers)  # type: ignore[union-attr, operator]


class Written(NamedTuple):
    """The state of a transformer decoder: what each layer attends to of the tokens so far."""

    layers: tuple[Keys, ...]

    @property
    def length(self) -> int:
        """Tokens so far."""
        return self.layers[0].keys.shape[2] if self.layers else 0

    def select(self, rows: Tensor) -> Written:
        """Return the states of these rows, [N] int64."""
        return Written(tuple(layer.select(rows) for layer in self.layers))


class TransformerDecoder(Decoder):
    """The family: all steps at once in training, one after another when writing.

    A method adds `remember`, and three functions that both ways share.
    """

    @abstractmethod
    def embed(self, tokens: Tensor, memory: Any, *, first: int) -> Tensor:
        """Embed what steps `first` and after are told, [N, T], as [N, T, H]; END at step 0."""

    @abstractmethod
    def transform(
        self, x: Tensor, before: tuple[Keys, ...], mask: Tensor | None, memory: Any
    ) -> tuple[Tensor, tuple[Keys, ...]]:
        """Return the states [N, T, H], and what each layer lets later tokens attend to.

        `before` is that of the tokens before; `mask` [T, T] bool: what may be looked at.
        """

    @abstractmethod
    def predict(self, states: Tensor, memory: Any) -> Prediction:
        """Predict the next tokens from states [N, T, H]."""

    def start(self, memory: Any) -> Written:
        """Return the state before the first step: nothing is written."""
        return Written(())

    def advance(self, last: Tensor, state: Written, memory: Any) -> tuple[Written, Prediction]:
        """Predict the token after `last` [N]."""
        x = self.embed(last[:, None], memory, first=state.length)
        x, layers = self.transform(x, state.layers, None, memory)
        prediction = self.predict(x, memory)
        gate = None if prediction.gate is None else prediction.gate[:, 0]
        return Written(layers), Prediction(prediction.log_probabilities[:, 0], gate)

    def forward(self, encoding: Encoding, explanations: Tensor) -> Prediction:
        """Predict each token of the explanations [B, T] from those before it, all at once."""
        memory = self.remember(encoding)
        return self.predict(self.states(memory, explanations), memory)

    def states(self, memory: Any, explanations: Tensor) -> Tensor:
        """Return the states [B, T, H] that predict each token of the explanations [B, T]."""
        x = self.embed(previous_tokens(explanations), memory, first=0)
        return self.transform(x, (), causal(x.shape[1], x.device), memory)[0]


class LayeredDecoder(TransformerDecoder):
    """Made of `DecoderLayer`s; its memory has `seen`, what each sees of it, and a `mask`."""

    layers: nn.ModuleList
    norm: nn.LayerNorm

    def transform(
        self, x: Tensor, before: tuple[Keys, ...], mask: Tensor | None, memory: Any
    ) -> tuple[Tensor, tuple[Keys, ...]]:
        """Pass through all layers."""
        tokens = []
        for number, (layer, seen) in enumerate(zip(self.layers, memory.seen, strict=True)):
            x, known = layer(x, before[number] if before else None, mask, seen, memory.mask)
            tokens.append(known)
        return self.norm(x), tuple(tokens)


def together(encoding: Encoding) -> tuple[Tensor, Tensor]:
    """Return words and regions [B, Q + R, H], and which exist, [B, 1, 1, Q + R] bool."""
    mask = torch.cat([encoding.word_mask, encoding.region_mask], dim=1)
    return torch.cat([encoding.words, encoding.regions], dim=1), mask[:, None, None]


def causal(length: int, device: torch.device) -> Tensor:
    """Return which of `length` tokens each may look at, itself and those before it, [T, T] bool."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


def padded_regions(regions: Tensor, count: int) -> Tensor:
    """Return regions [B, R, H] with zeros behind them up to `count`, so that any may be named."""
    return functional.pad(regions, (0, 0, 0, count - regions.shape[1]))


def token_vectors(tokens: Tensor, words: nn.Embedding, regions: Tensor) -> Tensor:
    """Embed tokens [B, T]: a word by its row, `#i` by region i's vector of `regions` [B, R, H]."""
    first = words.num_embeddings
    number = (tokens - first).clamp(min=0)
    pointed = regions.gather(1, number[..., None].expand(-1, -1, regions.shape[-1]))
    written: Tensor = words(tokens.clamp(max=first - 1))
    return torch.where((tokens >= first)[..., None], pointed.to(written.dtype), written)
