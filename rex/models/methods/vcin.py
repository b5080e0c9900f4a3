"""VCIN: answer and explanation linked by a latent variable (Xue, Qian and Xu, ICCV 2023).

Written after what the public code does (LivXue/VCIN, commit efb632e): a transformer with a gate
over words and regions, and an answer that is drawn from what an encoder makes of the explanation.
Its defects are left out: what follows END is not encoded, and losses are averaged per explanation,
as for the other methods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from rex.models.backbones import Encoding
from rex.models.batch import IGNORED, Batch
from rex.models.decoder import (
    MASKED,
    Decision,
    DecoderSizes,
    MethodSettings,
    Output,
    Prediction,
    Write,
    disjoint,
    widened,
)
from rex.models.transformer import (
    Attention,
    FeedForward,
    Keys,
    TransformerDecoder,
    padded_regions,
    together,
    token_vectors,
)
from rex.models.vocabulary import END


@dataclass(frozen=True, kw_only=True)
class VcinSettings(MethodSettings):
    """VCIN's settings."""

    layers: int = 4
    """Blocks of the decoder."""
    heads: int = 4
    """Attention heads, half as wide as the hidden size each."""
    link: bool = True
    """Whether the answer depends on the explanation; without, the answer head decides."""
    samples: int = 4
    """Draws of the latent variable an answer is learnt from."""
    kl: float = 1.0
    """Weight of the divergence between what the true and the written explanation mean."""


class OffByOne(Attention):
    """Attention that may look at nothing: a_j = exp(s_j − m) / (1 + Σ exp(s_k − m)), m = max s.

    Its weights and its output have dropout.
    """

    def __init__(self, sizes: DecoderSizes, heads: int) -> None:
        super().__init__(sizes.hidden, heads, sizes.hidden // 2)
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, x: Tensor, known: Keys, mask: Tensor | None = None) -> Tensor:
        """Attend from x [N, T, H]; `mask` [N or 1, 1, T or 1, M] bool: what may be looked at."""
        return self.dropout(super().forward(x, known, mask))

    def attend(self, query: Tensor, known: Keys, mask: Tensor | None) -> Tensor:
        """Return the values seen, [N, heads, T, width]."""
        scores = widened(query @ known.keys.transpose(-1, -2)) / query.shape[-1] ** 0.5
        if mask is not None:
            scores = scores.masked_fill(~mask, MASKED)
        shares = (scores - scores.amax(dim=-1, keepdim=True)).exp()
        shares = self.dropout(shares / (1 + shares.sum(dim=-1, keepdim=True)))
        return shares.to(known.values.dtype) @ known.values


class SelfAttention(nn.Module):
    """x += Attn(LN x); x += W₂ gelu(W₁ LN x)."""

    def __init__(self, sizes: DecoderSizes, heads: int) -> None:
        super().__init__()
        hidden = sizes.hidden
        self.norm, self.inner_norm = nn.LayerNorm(hidden), nn.LayerNorm(hidden)
        self.attention = OffByOne(sizes, heads)
        self.inner = FeedForward(hidden, hidden)
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, x: Tensor, before: Keys | None, mask: Tensor | None) -> tuple[Tensor, Keys]:
        """Return the next x [N, T, H], and what later tokens attend to of x."""
        normed = self.norm(x)
        tokens = self.attention.remember(normed)
        if before is not None:
            tokens = before.join(tokens)
        x = x + self.attention(normed, tokens, mask)
        return x + self.dropout(self.inner(self.inner_norm(x))), tokens


class _Tokens(nn.Module):
    """Embeds words by a table, `#i` by the backbone's output at region i, and places."""

    def __init__(self, sizes: DecoderSizes) -> None:
        super().__init__()
        self.words = nn.Embedding(sizes.words, sizes.hidden, padding_idx=END)
        self.begin = nn.Parameter(torch.randn(sizes.hidden) * sizes.hidden**-0.5)
        self.positions = nn.Parameter(torch.empty(sizes.length + 1, sizes.hidden))
        nn.init.xavier_uniform_(self.positions)

    def forward(self, tokens: Tensor, regions: Tensor, *, first: int = 0) -> Tensor:
        """Embed tokens [B, T] that stand at `first` and after; the very first is BOS."""
        x = token_vectors(tokens, self.words, regions)
        if first == 0:
            begin = self.begin.to(x.dtype).expand(len(x), 1, -1)
            x = torch.cat([begin, x[:, 1:]], dim=1)
        return x + self.positions[first : first + tokens.shape[1]]


class _Memory(NamedTuple):
    """What stays the same while an explanation is written."""

    encoding: Encoding
    seen: tuple[Keys, ...]
    """Words and regions, as each block attends to them."""
    mask: Tensor
    """[B, 1, 1, Q + R] bool: words and regions that exist."""
    regions: Tensor
    """[B, R', H]: the embedding of each region token."""


class _Link(nn.Module):
    """The answer by way of what an explanation means: a diagonal Gaussian."""

    def __init__(self, sizes: DecoderSizes, heads: int) -> None:
        super().__init__()
        hidden = sizes.hidden
        self.tokens = _Tokens(sizes)
        self.layers = nn.ModuleList(SelfAttention(sizes, heads) for _ in range(2))
        self.shared = nn.Sequential(nn.Linear(hidden, hidden), nn.GELU())
        self.mean = nn.Linear(hidden, hidden)
        self.log_variance = nn.Linear(hidden, hidden)
        self.answer = nn.Sequential(
            nn.Linear(2 * hidden, 2 * hidden),
            nn.GELU(),
            nn.LayerNorm(2 * hidden),
            nn.Linear(2 * hidden, sizes.answers),
        )

    def meaning(self, explanations: Tensor, regions: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance [B, H] of explanations [B, T], IGNORED from END on."""
        tokens = functional.pad(explanations, (1, 0), value=END)
        exists = functional.pad(explanations != IGNORED, (1, 0), value=True)
        x = self.tokens(tokens.clamp(min=END), regions)
        for layer in self.layers:
            x, _ = layer(x, None, exists[:, None, None])
        shared = self.shared(x[:, 0])
        return widened(self.mean(shared)), widened(self.log_variance(shared))

    def forward(self, cls: Tensor, latent: Tensor) -> Tensor:
        """Return the answers' logits [..., A] of [CLS] and latent variables [..., H]."""
        logits: Tensor = self.answer(torch.cat([cls.expand_as(latent), latent], dim=-1))
        return widened(logits)


class VcinDecoder(TransformerDecoder):
    """Words with probability g, else a region is pointed at; the answer follows."""

    Settings = VcinSettings
    has_gate = True
    has_unread_weights = True
    settings: VcinSettings

    def __init__(self, sizes: DecoderSizes, settings: VcinSettings | None = None) -> None:
        super().__init__(sizes, settings)
        hidden, heads, count = sizes.hidden, self.settings.heads, self.settings.layers
        self.tokens = _Tokens(sizes)
        self.blocks = nn.ModuleList(SelfAttention(sizes, heads) for _ in range(count))
        self.to_memory = nn.ModuleList(OffByOne(sizes, heads) for _ in range(count))
        self.gate = nn.Sequential(
            nn.Linear(hidden, hidden), nn.GELU(), nn.LayerNorm(hidden), nn.Linear(hidden, 1)
        )
        self.output = nn.Sequential(
            nn.Linear(hidden, 2 * hidden),
            nn.GELU(),
            nn.LayerNorm(2 * hidden),
            nn.Linear(2 * hidden, sizes.words),
        )
        self.link = _Link(sizes, heads) if self.settings.link else None

    def remember(self, encoding: Encoding) -> _Memory:
        """Compute what all steps share."""
        known, mask = self.known(encoding)
        return _Memory(
            encoding,
            tuple(block.remember(known) for block in self.to_memory),  # type: ignore[operator]
            mask,
            padded_regions(encoding.regions, self.sizes.regions),
        )

    def known(self, encoding: Encoding) -> tuple[Tensor, Tensor]:
        """Return what the decoder attends to [B, M, H], and what of it exists [B, 1, 1, M]."""
        return together(encoding)

    def embed(self, tokens: Tensor, memory: _Memory, *, first: int) -> Tensor:
        """Embed what steps are told."""
        return self.tokens(tokens, memory.regions, first=first)

    def transform(
        self, x: Tensor, before: tuple[Keys, ...], mask: Tensor | None, memory: _Memory
    ) -> tuple[Tensor, tuple[Keys, ...]]:
        """Pass through all blocks; attention to words and regions comes without LayerNorm."""
        tokens = []
        layers = zip(self.blocks, self.to_memory, memory.seen, strict=True)
        for number, (block, to_memory, seen) in enumerate(layers):
            x, known = block(x, before[number] if before else None, mask)
            x = x + to_memory(x, seen, memory.mask)
            tokens.append(known)
        return x, tuple(tokens)

    def predict(self, states: Tensor, memory: _Memory) -> Prediction:
        """Gate between the words and the regions, which have no share of one another."""
        encoding = memory.encoding
        similarity = widened(torch.bmm(states, encoding.regions.transpose(1, 2)))
        similarity = similarity.masked_fill(~encoding.region_mask[:, None], MASKED)
        gate = self.gate(states).squeeze(-1)
        return disjoint(self.output(states), similarity, gate, self.sizes.regions)

    def learn(
        self, encoding: Encoding, batch: Batch, seen: Tensor, write: Write, *, answers: bool
    ) -> Output:
        """Learn the answer from what the decoder's likeliest tokens mean, drawn `samples` times.

        In training they follow the true tokens; held-out answers follow what is written freely.
        """
        prediction = self(encoding, batch.explanations)
        if self.link is None or not answers:
            return Output(seen, prediction, {})
        if not self.training:
            return Output(self._answer(encoding, write(encoding).tokens), prediction, {})
        regions = padded_regions(encoding.regions, self.sizes.regions)
        likeliest = ended(prediction.log_probabilities.argmax(dim=-1))
        mean, log_variance = self.link.meaning(likeliest, regions)
        true_mean, true_log_variance = self.link.meaning(
            ended(batch.explanations.clamp(min=END)), regions
        )
        noise = torch.randn(self.settings.samples, *mean.shape, device=mean.device)
        logits = self.link(encoding.cls, mean + (log_variance / 2).exp() * noise)
        losses = functional.cross_entropy(
            logits.flatten(0, 1),
            batch.answers.repeat(len(noise)),
            ignore_index=IGNORED,
            reduction="none",
        )
        own = {"answer_loss": losses.view(len(noise), -1).mean(dim=0)}
        if self.settings.kl:
            divergence = divergences(mean, log_variance, true_mean, true_log_variance)
            explained = (batch.explanations != IGNORED).any(dim=1)
            own["divergence_loss"] = self.settings.kl * divergence * explained
        return Output(logits.mean(dim=0), prediction, own)

    def decide(self, encoding: Encoding, seen: Tensor, write: Write, *, answers: bool) -> Decision:
        """Write the explanation, then answer from its mean."""
        explanations = write(encoding)
        if self.link is None or not answers:
            return Decision(seen, explanations)
        return Decision(self._answer(encoding, explanations.tokens), explanations)

    def _answer(self, encoding: Encoding, tokens: Tensor) -> Tensor:
        assert self.link is not None
        regions = padded_regions(encoding.regions, self.sizes.regions)
        mean, _ = self.link.meaning(tokens, regions)
        logits: Tensor = self.link(encoding.cls, mean)
        return logits


def ended(tokens: Tensor) -> Tensor:
    """Return tokens [B, T] with IGNORED from the first END on."""
    return tokens.masked_fill((tokens == END).cummax(dim=1).values, IGNORED)


def divergences(
    mean: Tensor, log_variance: Tensor, other_mean: Tensor, other_log_variance: Tensor
) -> Tensor:
    """Return KL(q ‖ p) [B] of diagonal Gaussians q, and p, the other."""
    ratio = log_variance - other_log_variance
    distance = (mean - other_mean) ** 2 / other_log_variance.exp()
    return (ratio.exp() - ratio - 1 + distance).sum(dim=-1) / 2
