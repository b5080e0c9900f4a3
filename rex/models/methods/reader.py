"""The reader: it reads the question, and its own explanation, before it answers.

Unlike REX's decoder, its transformer sees the question's words and may copy them, embeds `#i` by
what region i holds, and is told an answer or not. An answer is given at sight and read off a free
explanation; answer and explanation are chosen together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from rex.models.backbones import Encoding
from rex.models.batch import IGNORED, Batch
from rex.models.decoder import (
    MASKED,
    Alternatives,
    Decision,
    DecoderSizes,
    Explanations,
    MethodSettings,
    Output,
    Prediction,
    Write,
    disjoint,
    widened,
)
from rex.models.transformer import (
    DecoderLayer,
    Keys,
    LayeredDecoder,
    padded_regions,
    remembered,
    together,
    token_vectors,
)
from rex.models.vocabulary import END


@dataclass(frozen=True, kw_only=True)
class ReaderSettings(MethodSettings):
    """The reader's settings; each part can be left out, as a control."""

    tags: bool = True
    programs: bool = True
    layers: int = 2
    """Layers of the decoder."""
    heads: int = 4
    """Attention heads of a layer."""
    boxes: bool = True
    """Whether `#i` is embedded with region i's box."""
    copy: bool = True
    """Whether words of the question may be copied."""
    told: bool = True
    """Whether half of the explanations are learnt with their answer told."""
    read: bool = True
    """Whether the answer is also read off the explanation."""
    candidates: int = 4
    """The likeliest answers at sight among which the explanation decides."""
    agree: bool = True
    """Whether one that follows from its explanation, by the predicted program, goes first."""
    repeats: bool = False
    """Whether a word may stand on both sides of and, but, nor."""


class _Memory(NamedTuple):
    """What stays the same while an explanation is written."""

    encoding: Encoding
    seen: tuple[Keys, ...]
    """Words and regions, as each layer attends to them."""
    mask: Tensor
    """[B, 1, 1, Q + R] bool: words and regions that exist."""
    first: Tensor
    """[B, H]: the answer that is told, or that none is."""
    regions: Tensor
    """[B, R', H]: the embedding of each region token."""
    pointed: Tensor
    """[B, R, H]: the keys that are pointed at."""
    copied: Tensor
    """[B, Q, H]: the keys of the question's words."""
    targets: Tensor
    """[B, Q] int64: the explanation word that each word piece spells; UNKNOWN: none."""

    def repeat(self, times: int) -> _Memory:
        """Repeat each row `times` times, neighbours first, as an encoding does."""
        rows = torch.arange(len(self.mask), device=self.mask.device).repeat_interleave(times)
        seen = tuple(keys.select(rows) for keys in self.seen)
        return _Memory(self.encoding.repeat(times), seen, *(part[rows] for part in self[2:]))


class Reader(LayeredDecoder):
    """Words with probability g, copied or of the vocabulary; else a region is pointed at."""

    Settings = ReaderSettings
    has_gate = True
    has_unread_weights = True
    settings: ReaderSettings

    def __init__(self, sizes: DecoderSizes, settings: ReaderSettings | None = None) -> None:
        super().__init__(sizes, settings)
        hidden = sizes.hidden
        self.embedding = nn.Embedding(sizes.words, hidden)
        self.told = nn.Embedding(sizes.answers + 1, hidden)
        # the state that reads an explanation which was not ended stands one step further
        self.positions = nn.Embedding(sizes.length + 1, hidden)
        self.region = nn.Linear(hidden, hidden)
        self.box = nn.Linear(6, hidden) if self.settings.boxes else None
        self.layers = nn.ModuleList(
            DecoderLayer(hidden, self.settings.heads, sizes.dropout)
            for _ in range(self.settings.layers)
        )
        self.norm = nn.LayerNorm(hidden)
        self.gate = nn.Linear(hidden, 1)
        self.output = nn.Linear(hidden, sizes.words)
        self.point = nn.Linear(hidden, hidden)
        self.pointed = nn.Linear(hidden, hidden)
        if self.settings.copy:
            self.copy_gate = nn.Linear(hidden, 1)
            nn.init.constant_(self.copy_gate.bias, -2.0)
            self.copy = nn.Linear(hidden, hidden)
            self.copied = nn.Linear(hidden, hidden)
        if self.settings.read:
            self.read = nn.Sequential(
                nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, sizes.answers)
            )
        for table in (self.embedding, self.told, self.positions):
            nn.init.normal_(table.weight, std=hidden**-0.5)
        targets = torch.tensor(sizes.copies, dtype=torch.int64)
        self.register_buffer("copies", targets, persistent=False)
        conjunctions = torch.tensor(sizes.conjunctions, dtype=torch.int64)
        self.register_buffer("conjunctions", conjunctions, persistent=False)

    copies: Tensor
    conjunctions: Tensor

    def remember(self, encoding: Encoding) -> _Memory:
        """Compute what all steps share; `encoding.told` are the answers told, IGNORED: none."""
        seen, mask = together(encoding)
        regions = self.region(encoding.regions)
        if self.box is not None:
            regions = regions + self.box(encoding.boxes)
        told = encoding.told
        if told is None:
            told = torch.full_like(encoding.pieces[:, 0], IGNORED)
        return _Memory(
            encoding,
            remembered(self.layers, seen),
            mask,
            self.told(torch.where(told < 0, self.sizes.answers, told)),
            padded_regions(regions, self.sizes.regions),
            self.pointed(encoding.regions),
            self.copied(encoding.words) if self.settings.copy else encoding.words,
            self.copies[encoding.pieces.clamp(max=len(self.copies) - 1)],
        )

    def embed(self, tokens: Tensor, memory: _Memory, *, first: int) -> Tensor:
        """Embed what steps are told; the very first is told the answer."""
        x = token_vectors(tokens, self.embedding, memory.regions)
        if first == 0:
            x = torch.cat([memory.first[:, None].to(x.dtype), x[:, 1:]], dim=1)
        return x + self.positions.weight[first : first + tokens.shape[1]]

    def predict(self, states: Tensor, memory: _Memory) -> Prediction:
        """Mix the vocabulary, what may be copied, and the regions, for states [B, T, H]."""
        scale = math.sqrt(self.sizes.hidden)
        written = widened(self.output(states)).log_softmax(dim=-1)
        if self.settings.copy:
            written = self._with_copies(written, states, memory)
        similarity = torch.bmm(self.point(states), memory.pointed.transpose(1, 2)) / scale
        similarity = widened(similarity)
        similarity = similarity.masked_fill(~memory.encoding.region_mask[:, None], MASKED)
        gate = self.gate(states).squeeze(-1)
        return disjoint(written, similarity, gate, self.sizes.regions)

    def _with_copies(self, written: Tensor, states: Tensor, memory: _Memory) -> Tensor:
        """Return log [(1 − c) p(word) + c · copied(word)], [B, T, W], from log p(word)."""
        similarity = torch.bmm(self.copy(states), memory.copied.transpose(1, 2))
        similarity = widened(similarity) / math.sqrt(self.sizes.hidden)
        spelt = memory.targets > 1  # neither END nor UNKNOWN
        attention = similarity.masked_fill(~spelt[:, None], MASKED).softmax(dim=-1)
        targets = memory.targets[:, None].expand_as(attention)
        copied = torch.zeros_like(written).scatter_add(-1, targets, attention)
        gate = widened(self.copy_gate(states))
        # a question without a word to copy copies nothing
        gate = gate.masked_fill(~spelt.any(dim=1)[:, None, None], MASKED)
        return torch.logaddexp(
            written + functional.logsigmoid(-gate),
            copied.clamp(min=1e-30).log() + functional.logsigmoid(gate),
        )

    def forbid(self, written: Tensor) -> Tensor | None:
        """Return the word before a conjunction, which must not follow it ("red and red")."""
        if self.settings.repeats or written.shape[1] < 2:
            return None
        joined = torch.isin(written[:, -1], self.conjunctions)
        return torch.where(joined, written[:, -2], -1)

    def learn(
        self, encoding: Encoding, batch: Batch, seen: Tensor, write: Write, *, answers: bool
    ) -> Output:
        """Tell half of the explanations their answer; read it off the others."""
        free = torch.ones_like(batch.answers, dtype=torch.bool)
        if self.training and answers and self.settings.told:
            free = torch.rand(len(free), device=free.device) < 0.5
        memory = self.remember(encoding._replace(told=batch.answers.masked_fill(free, IGNORED)))
        length = batch.explanations.shape[1]
        # only an explanation as long as may be can have been cut, and needs a step to be read at
        cut = int(length >= self.sizes.length)
        states = self.states(memory, functional.pad(batch.explanations, (0, cut), value=IGNORED))
        own = {}
        if answers and self.settings.read:
            read = self._read_at_end(states, batch.explanations)
            explained = (batch.explanations != IGNORED).any(dim=1)
            targets = batch.answers.masked_fill(~free | ~explained, IGNORED)
            losses = functional.cross_entropy(read, targets, ignore_index=IGNORED, reduction="none")
            # where half are told, the other half stands for all
            own["read_loss"] = losses * (2 if self.settings.told else 1)
        return Output(seen, self.predict(states[:, :length], memory), own)

    def decide(self, encoding: Encoding, seen: Tensor, write: Write, *, answers: bool) -> Decision:
        """Take the answer a, of the likeliest at sight, that is likeliest also when read.

        For each its explanation is written, told a (or one for all, where nothing is told); a
        maximises log p(a at sight) + log p(a read off that explanation, as if it were free).
        """
        if not answers:
            return Decision(seen, write(encoding))
        at_sight = widened(seen).log_softmax(dim=-1)
        chosen = self.settings.read or self.settings.agree
        count = min(self.settings.candidates, seen.shape[1]) if chosen else 1
        scores, candidates = at_sight.topk(count, dim=-1)
        # the candidates share all but the answer that is told
        free = self.remember(encoding).repeat(count)
        told = self.told(candidates.flatten()) if self.settings.told else free.first
        explanations = write(free.encoding, free._replace(first=told))
        if self.settings.read:
            read = self._read_off(free, explanations)
            scores = scores + read.gather(1, candidates.view(-1, 1)).view_as(scores)
        alternatives = Alternatives(candidates, scores, explanations)
        decision = alternatives.decision(at_sight.shape[1])
        return decision._replace(alternatives=alternatives) if self.settings.agree else decision

    def _read_off(self, memory: _Memory, explanations: Explanations) -> Tensor:
        """Return log p(answer) [N, A] as read off explanations, with a memory that tells none."""
        tokens = functional.pad(explanations.tokens, (0, 1), value=IGNORED)
        states = self.states(memory, tokens)
        return self._read_at_end(states, tokens).log_softmax(dim=-1)

    def _read_at_end(self, states: Tensor, tokens: Tensor) -> Tensor:
        """Return the answers' logits [N, A] at the state that has been told all tokens but END."""
        rows = torch.arange(len(states), device=states.device)
        return widened(self.read(states[rows, (tokens > END).sum(dim=1)]))
