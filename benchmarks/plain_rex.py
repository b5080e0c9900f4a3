"""The baseline of `training.py`: REX written straight down, eager, in float32.

As a careful reader of the paper would write it first: one layer a gate, inputs joined at every
step, the mapping M a matrix, one-hot targets, probabilities whose logarithm is taken at the end,
everything padded to the longest that is allowed, always all steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

EPSILON = 1e-16


class PlainGru(nn.Module):
    """A gated recurrent unit, gate by gate."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.x = nn.ModuleList(nn.Linear(input_size, hidden_size) for _ in range(3))
        self.h = nn.ModuleList(nn.Linear(hidden_size, hidden_size) for _ in range(3))

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        """Return the next state [B, H]."""
        z = torch.sigmoid(self.x[0](x) + self.h[0](state))
        r = torch.sigmoid(self.x[1](x) + self.h[1](state))
        memory = torch.tanh(self.x[2](x) + self.h[2](r * state))
        return (1 - z) * state + z * memory


class PlainRex(nn.Module):
    """VisualBERT, answer head and decoder."""

    def __init__(self, transformer: Any, *, features: int, answers: int, tokens: int) -> None:
        super().__init__()
        hidden: int = transformer.config.hidden_size
        self.transformer = transformer
        self.answers = nn.Linear(hidden, answers)
        self.embedding = nn.Embedding(tokens, hidden)
        self.att_q, self.att_h = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)
        self.att_v, self.v_fc = nn.Linear(features, hidden), nn.Linear(features, hidden)
        self.att, self.q_fc = nn.Linear(hidden, 1), nn.Linear(hidden, hidden)
        self.att_rnn = PlainGru(3 * hidden, hidden)
        self.language_rnn = PlainGru(2 * hidden, hidden)
        self.words, self.gate = nn.Linear(hidden, tokens), nn.Linear(hidden, 1)
        mapping = torch.zeros(tokens, 36)
        mapping[tokens - 36 :] = torch.eye(36)
        self.mapping = nn.Parameter(mapping, requires_grad=False)

    def forward(
        self, images: Tensor, pieces: Tensor, targets: Tensor | None, steps: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return p(answer) [B, A], p(token) [B, T, V] and g [B, T].

        With one-hot `targets` [B, T, V] the true tokens are fed, else those that are predicted.
        """
        output = self.transformer(
            input_ids=pieces, attention_mask=(pieces != 0).long(), visual_embeds=images
        ).last_hidden_state
        cls, regions = output[:, 0], output[:, -36:]
        fused = torch.tanh(self.att_v(images)) * torch.tanh(self.att_q(cls)).unsqueeze(1)
        h1 = h2 = word = torch.zeros_like(cls)
        question = torch.tanh(self.q_fc(cls))
        tokens, gates = [], []
        for step in range(steps):
            h1 = self.att_rnn(torch.cat([fused.mean(1), h2, word], dim=-1), h1)
            attention = torch.softmax(
                self.att(torch.tanh(self.att_h(h1).unsqueeze(1).expand_as(fused) + fused)), dim=1
            )
            seen = torch.bmm(attention.transpose(1, 2), images).squeeze(1)
            h2 = self.language_rnn(
                torch.cat([torch.tanh(self.v_fc(seen)) * question, h1], dim=-1), h2
            )
            gate = torch.sigmoid(self.gate(h2))
            similarity = torch.softmax(
                torch.bmm(h2.unsqueeze(1), regions.transpose(1, 2)).squeeze(1), dim=-1
            )
            mapping = self.mapping.unsqueeze(0).expand(len(h2), -1, -1)
            pointed = torch.bmm(mapping, similarity.unsqueeze(-1)).squeeze(-1)
            p = gate * torch.softmax(self.words(h2), dim=-1) + (1 - gate) * pointed
            tokens.append(p)
            gates.append(gate)
            last = (p if targets is None else targets[:, step]).argmax(dim=-1)
            word = self.embedding(last)
        return (
            torch.softmax(self.answers(cls), dim=-1),
            torch.stack(tokens, dim=1),
            torch.cat(gates, dim=1),
        )


def plain_loss(outputs: tuple[Tensor, Tensor, Tensor], batch: dict[str, Tensor]) -> Tensor:
    """Answer, explanation and gate loss from probabilities and one-hot targets."""
    answer, tokens, gate = outputs
    answer_loss = -(batch["answers"] * torch.log(answer.clamp(EPSILON, 1))).sum(-1).mean()
    losses = -(batch["tokens"] * torch.log(tokens.clamp(EPSILON, 1))).sum(-1) * batch["mask"]
    explanation_loss = (losses.sum(-1) / batch["mask"].sum(-1)).mean()
    words = batch["gates"].mean(-1, keepdim=True)
    gate_loss = -(
        (1 - words) * batch["gates"] * torch.log(gate.clamp(EPSILON, 1))
        + words * (1 - batch["gates"]) * torch.log((1 - gate).clamp(EPSILON, 1))
    )
    return answer_loss + explanation_loss + gate_loss.sum(-1).mean()


def plain_batch(
    examples: Any, rows: Any, *, answers: int, tokens: int, pieces: int, steps: int
) -> dict[str, Tensor]:
    """Read a batch question by question: padded to `pieces` and `steps`, targets one-hot."""
    questions = examples.questions
    images, texts, one_answer, one_tokens, masks, gates = [], [], [], [], [], []
    for row in rows:
        images.append(examples.store.features([examples.images[row]])[0].astype(np.float32))
        ids = questions.pieces.row(row)[:pieces]
        texts.append(np.array(ids + [0] * (pieces - len(ids))))
        answer, token = np.zeros(answers, np.float32), np.zeros((steps, tokens), np.float32)
        answer[questions.answers[row]] = 1
        mask, gate = np.zeros(steps, np.float32), np.ones(steps, np.float32)
        for step, number in enumerate(questions.explanations.row(row)[:steps]):
            token[step, number] = mask[step] = 1
            gate[step] = number < tokens - 36
        one_answer.append(answer)
        one_tokens.append(token)
        masks.append(mask)
        gates.append(gate)
    columns: dict[str, list[Any]] = {
        "images": images,
        "pieces": texts,
        "answers": one_answer,
        "tokens": one_tokens,
        "mask": masks,
        "gates": gates,
    }
    return {name: torch.from_numpy(np.stack(column)) for name, column in columns.items()}
