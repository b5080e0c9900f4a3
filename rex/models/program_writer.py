"""Writing a question's program from its words, beside whatever method explains the answer."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from rex.models.backbones import Encoding
from rex.models.decoder import DecoderSizes, Prediction, widened
from rex.models.transformer import DecoderLayer, Keys, LayeredDecoder, remembered

LONGEST = 64
"""Tokens of a program that are learnt and written; GQA's longest have about 50."""
_HEADS = 4


class _Memory(NamedTuple):
    seen: tuple[Keys, ...]
    mask: Tensor
    """[B, 1, 1, Q] bool: word pieces that exist."""


class ProgramWriter(LayeredDecoder):
    """A transformer of one layer that looks at the question's words alone, not at the image."""

    def __init__(self, hidden: int, words: int, *, dropout: float = 0.0) -> None:
        super().__init__(DecoderSizes(words=words, regions=0, hidden=hidden, features=0))
        self.embedding = nn.Embedding(words, hidden)
        self.positions = nn.Embedding(LONGEST, hidden)
        self.layers = nn.ModuleList([DecoderLayer(hidden, _HEADS, dropout)])
        self.norm = nn.LayerNorm(hidden)
        self.output = nn.Linear(hidden, words)
        for table in (self.embedding, self.positions):
            nn.init.normal_(table.weight, std=hidden**-0.5)

    def remember(self, encoding: Encoding) -> _Memory:
        """Compute what all steps share."""
        mask = encoding.word_mask[:, None, None]
        return _Memory(remembered(self.layers, encoding.words), mask)

    def embed(self, tokens: Tensor, memory: _Memory, *, first: int) -> Tensor:
        """Embed tokens [N, T] and their places."""
        placed: Tensor = self.embedding(tokens)
        return placed + self.positions.weight[first : first + tokens.shape[1]]

    def predict(self, states: Tensor, memory: _Memory) -> Prediction:
        """Predict the next tokens from states [N, T, H]."""
        return Prediction(widened(self.output(states)).log_softmax(dim=-1), None)
