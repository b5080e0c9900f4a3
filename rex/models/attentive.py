"""The attentive recurrent decoder of the paper, which its methods share.

At each step an attention GRU looks at the regions, and a language GRU writes. A method
(`methods/`) says how the next token is predicted from their states. Notation, with V the regions
as the transformer received them, q its output at [CLS], and y the last token's embedding:

    F_i  = tanh(W_v V_i) ∘ tanh(W_q q)                       (fused regions)
    h₁   = GRU₁([mean F; h₂; y], h₁)
    a    = softmax_i(w · tanh(W_h h₁ + F_i))                  (attention)
    h₂   = GRU₂([tanh(U_v Σ a_i V_i) ∘ tanh(U_q q); h₁], h₂)
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from rex.models.backbones import Encoding
from rex.models.decoder import (
    MASKED,
    Decoder,
    DecoderSizes,
    MethodSettings,
    Prediction,
    previous_tokens,
    widened,
)


class GatedRecurrentUnit(nn.Module):
    """A GRU as first published (Cho et al. 2014): the reset gate acts before the state's matrix.

        z = σ(W_z x + U_z s)    r = σ(W_r x + U_r s)    m = tanh(W_m x + U_m (r ∘ s))
        s' = (1 − z) ∘ s + z ∘ m

    The input's share W x is computed outside, so that what is known of an input beforehand (all
    words of a teacher-forced explanation, say) is projected in one product for all steps.
    PyTorch's GRUCell resets after the matrix: another function, that published weights do not fit.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.input = nn.Linear(input_size, 3 * hidden_size)
        self.gates = nn.Linear(hidden_size, 2 * hidden_size, bias=False)
        self.memory = nn.Linear(hidden_size, hidden_size, bias=False)

    def weights(self, precision: torch.dtype) -> tuple[Tensor, ...]:
        """Return W by the parts of x that are H wide, [3H, H] each, in one precision."""
        return torch.split(self.input.weight.to(precision), self.hidden_size, dim=1)

    def forward(self, projected: Tensor, state: Tensor) -> Tensor:
        """Return the next state [B, H], from W x without bias [B, 3H] and the state [B, H]."""
        size = self.hidden_size
        projected = projected + self.input.bias
        gates = torch.sigmoid(projected[..., : 2 * size] + self.gates(state))
        update, reset = gates.chunk(2, dim=-1)
        memory = torch.tanh(projected[..., 2 * size :] + self.memory(reset * state))
        return state + update * (memory - state)


class Memory(NamedTuple):
    """What stays the same while an explanation is written."""

    encoding: Encoding
    visual: Tensor
    """[B, R, D]: V, in the precision of the products."""
    weights: tuple[Tensor, ...]
    """What the attention GRU multiplies mean F, h₂ and y by, [3H, H] each."""
    fused: Tensor
    """[B, R, H]: F, the regions fused with the question."""
    question: Tensor
    """[B, H]: tanh(U_q q)."""
    context: Tensor
    """[B, 3H]: what F adds to the attention GRU's gates at the first step."""
    later: Tensor
    """The same at later steps (another thing in the published code alone)."""


class RecurrentState(NamedTuple):
    """What changes from step to step."""

    attention: Tensor
    """[B, H]: h₁, the attention GRU's state."""
    language: Tensor
    """[B, H]: h₂, the language GRU's."""
    context: Tensor
    """[B, 3H]: what F adds to the attention GRU's gates at the next step."""

    def select(self, rows: Tensor) -> RecurrentState:
        """Return the states of these rows, [N] int64."""
        return RecurrentState(*(part[rows] for part in self))


class AttentiveDecoder(Decoder):
    """The family: `predict` is what a method adds."""

    continues_own_state = True
    """Whether the attention GRU continues h₁ (the published code: h₂)."""
    scores_regions = False
    """Whether W h₂, the method's `output`, scores region tokens, too, as if they were words."""

    def __init__(self, sizes: DecoderSizes, settings: MethodSettings | None = None) -> None:
        super().__init__(sizes, settings)
        hidden_size, feature_size = sizes.hidden, sizes.features
        self.embedding = nn.Embedding(sizes.tokens, hidden_size)
        self.fuse_regions = nn.Linear(feature_size, hidden_size)
        self.fuse_question = nn.Linear(hidden_size, hidden_size)
        self.attention_rnn = GatedRecurrentUnit(3 * hidden_size, hidden_size)
        self.attention_query = nn.Linear(hidden_size, hidden_size)
        self.attention_score = nn.Linear(hidden_size, 1, bias=False)
        self.attended = nn.Linear(feature_size, hidden_size)
        self.question = nn.Linear(hidden_size, hidden_size)
        self.language_rnn = GatedRecurrentUnit(2 * hidden_size, hidden_size)
        self.dropout = nn.Dropout(sizes.dropout)
        scored = sizes.tokens if self.scores_regions else sizes.words
        self.output = nn.Linear(hidden_size, scored)

    def predict(self, language: Tensor, scores: Tensor, encoding: Encoding) -> Prediction:
        """Predict the token after h₂.

        `language` is h₂ [B, T, H]; `scores` are the attention's scores of the regions before the
        softmax, [B, T, R].
        """
        raise NotImplementedError

    def forward(self, encoding: Encoding, explanations: Tensor) -> Prediction:
        """Predict each token of the explanations [B, T] from those before it (teacher forcing)."""
        memory = self.remember(encoding)
        state = self.start(memory)
        language, scores = [], []
        for word in self.project_words(previous_tokens(explanations), memory).unbind(dim=1):
            state, seen = self.step(word, state, memory)
            language.append(state.language)
            scores.append(seen)
        states = self.dropout(torch.stack(language, dim=1))
        return self.predict(states, torch.stack(scores, dim=1), encoding)

    def remember(self, encoding: Encoding) -> Memory:
        """Compute what all steps share."""
        asked = torch.tanh(self.fuse_question(encoding.cls))
        fused = torch.tanh(self.fuse_regions(encoding.visual)) * asked[:, None]
        weights = encoding.region_mask.to(fused.dtype)
        weights = weights / weights.sum(dim=1, keepdim=True).clamp(min=1)
        mean = torch.bmm(weights[:, None], fused).squeeze(1)
        # cast once: autocast would cast slices of weights, and V, at each step
        parts = self.attention_rnn.weights(fused.dtype)
        visual = encoding.visual.to(fused.dtype)
        question = torch.tanh(self.question(encoding.cls))
        context = functional.linear(mean, parts[0])
        return Memory(encoding, visual, parts, fused, question, context, context)

    def start(self, memory: Memory) -> RecurrentState:
        """Return the state before the first step: zeros, in the weights' own precision."""
        zeros = torch.zeros_like(memory.question, dtype=self.embedding.weight.dtype)
        return RecurrentState(zeros, zeros, memory.context)

    def advance(
        self, last: Tensor, state: RecurrentState, memory: Memory
    ) -> tuple[RecurrentState, Prediction]:
        """Predict the token after `last` [N]."""
        state, scores = self.step(self.project_words(last, memory), state, memory)
        states = self.dropout(state.language)[:, None]
        prediction = self.predict(states, scores[:, None], memory.encoding)
        gate = None if prediction.gate is None else prediction.gate[:, 0]
        return state, Prediction(prediction.log_probabilities[:, 0], gate)

    def project_words(self, tokens: Tensor, memory: Memory) -> Tensor:
        """Return what the last tokens [B, ...] add to the attention GRU's gates, [B, ..., 3H]."""
        embedded = self.dropout(self.embedding(tokens))
        return functional.linear(embedded, memory.weights[2])

    def step(
        self, word: Tensor, state: RecurrentState, memory: Memory
    ) -> tuple[RecurrentState, Tensor]:
        """Advance one step: the new state, and the attention's scores [B, R] before the softmax."""
        rnn = self.attention_rnn
        gates = state.context + word + functional.linear(state.language, memory.weights[1])
        attention = rnn(gates, state.attention if self.continues_own_state else state.language)
        compared = torch.tanh(self.attention_query(attention)[:, None] + memory.fused)
        scores = widened(self.attention_score(compared).squeeze(-1))
        scores = scores.masked_fill(~memory.encoding.region_mask, MASKED)
        weights = torch.softmax(scores, dim=-1)
        seen = torch.bmm(weights[:, None].to(memory.visual.dtype), memory.visual).squeeze(1)
        fused = torch.tanh(self.attended(seen)) * memory.question
        language_input = functional.linear(
            torch.cat([fused, attention], dim=-1), self.language_rnn.input.weight
        )
        language = self.language_rnn(language_input, state.language)
        return RecurrentState(attention, language, memory.later), scores
