"""The decoder's two recurrent layers over a whole explanation, with their gradient by hand.

`AttentiveDecoder.step` is one step of the same; here all steps of a teacher-forced explanation are
one node of autograd's graph. That is some three times faster on a CPU: the gradient of each matrix
is one product over all steps instead of a sum of one a step, the gradients of regions gather in
place, and a row takes part only as long as its explanation lasts. Names are those of `decoder.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class Weights(NamedTuple):
    """The matrices and biases of the two layers, stacked as in `gru.py`."""

    context: Tensor
    """[3H, H]: h₂ to the attention GRU's gates."""
    attention_gates: Tensor
    attention_memory: Tensor
    query: Tensor
    query_bias: Tensor
    score: Tensor
    """[1, H]: w."""
    attended: Tensor
    attended_bias: Tensor
    language: Tensor
    """[3H, 2H]: attended regions and h₁ to the language GRU's gates."""
    language_bias: Tensor
    language_gates: Tensor
    language_memory: Tensor


class Inputs(NamedTuple):
    """What differs from batch to batch."""

    words: Tensor
    """[B, T, 3H]: what the words add to the attention GRU's gates, bias included."""
    first: Tensor
    """[B, 3H]: what the fused regions add at the first step."""
    later: Tensor
    """[B, 3H]: the same at later steps."""
    fused: Tensor
    """[B, R, H]: F."""
    visual: Tensor
    """[B, R, D]: V."""
    question: Tensor
    """[B, H]: tanh(U_q q)."""


class _Step(NamedTuple):
    """What the gradient needs of a step."""

    state: Tensor
    """What the attention GRU continued."""
    language_before: Tensor
    z1: Tensor
    r1: Tensor
    m1: Tensor
    attention: Tensor
    compared: Tensor
    """[n, R, H]: tanh(W_h h₁ + F)."""
    share: Tensor
    """[n, R]: a."""
    seen: Tensor
    """[n, D]: Σ a_i V_i."""
    attended: Tensor
    """[n, H]: tanh(U_v seen)."""
    z2: Tensor
    r2: Tensor
    m2: Tensor


class _Deltas(NamedTuple):
    """Gradients with respect to what the nonlinearities of a step were applied to."""

    gates1: Tensor
    """[n, 3H]: update, reset and memory of the attention GRU."""
    query: Tensor
    attended: Tensor
    seen: Tensor
    gates2: Tensor
    """[n, 3H]: those of the language GRU."""


class Recurrence(torch.autograd.Function):
    """Call `apply(own, masked, mask, rows, dtype, *Inputs, *Weights)`.

    Returns h₂ [B, T, H] and the attention's scores before the softmax [B, T, R].
    `own`: whether the attention GRU continues its own state (else h₂); `mask` [B, R]: regions that
    exist, `masked` the score of those that don't; `rows`: how many rows each step is computed for,
    never more than at the step before; `dtype`: the format of the matrix products. Rows that have
    ended are 0.
    """

    @staticmethod
    def forward(
        ctx: Any,
        own: bool,
        masked: float,
        mask: Tensor,
        rows: Sequence[int],
        dtype: torch.dtype,
        *tensors: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Run all steps."""
        with torch.autocast(mask.device.type, enabled=False):
            return Recurrence._forward(ctx, own, masked, mask, rows, dtype, tensors)

    @staticmethod
    def _forward(
        ctx: Any,
        own: bool,
        masked: float,
        mask: Tensor,
        rows: Sequence[int],
        dtype: torch.dtype,
        tensors: tuple[Tensor, ...],
    ) -> tuple[Tensor, Tensor]:
        inputs, weights = Inputs(*tensors[:6]), Weights(*tensors[6:])
        all_visual = inputs.visual.to(dtype)
        cast = Weights(*(weight.to(dtype) for weight in weights))
        size = weights.score.shape[1]
        count, length = inputs.words.shape[:2]
        state = language = weights.score.new_zeros(count, size)
        states = weights.score.new_zeros(length, count, size)
        scores = weights.score.new_zeros(length, count, mask.shape[1])
        steps = []
        for t, n in enumerate(rows):
            language = language[:n]
            state = state[:n] if own else language
            context = inputs.later if t else inputs.first
            gates = inputs.words[:n, t] + context[:n] + _times(language, cast.context)
            z1, r1, m1, state_after = _gru(
                gates, state, cast.attention_gates, cast.attention_memory
            )
            query = _times(state_after, cast.query) + weights.query_bias
            compared = torch.tanh(inputs.fused[:n] + query.to(inputs.fused.dtype)[:, None])
            score = (compared @ weights.score[0].to(compared.dtype)).to(states.dtype)
            score = score.masked_fill(~mask[:n], masked)
            share = torch.softmax(score, dim=-1)
            seen = torch.bmm(share[:, None].to(dtype), all_visual[:n]).squeeze(1)
            seen = seen.to(share.dtype)
            attended = torch.tanh(_times(seen, cast.attended) + weights.attended_bias)
            read = torch.cat([attended * inputs.question[:n], state_after], dim=-1)
            z2, r2, m2, language_after = _gru(
                _times(read, cast.language) + weights.language_bias,
                language,
                cast.language_gates,
                cast.language_memory,
            )
            steps.append(
                _Step(
                    *(state, language, z1, r1, m1, state_after, compared, share, seen, attended),
                    *(z2, r2, m2),
                )
            )
            state, language = state_after, language_after
            states[t, :n] = language
            scores[t, :n] = score
        ctx.save_for_backward(mask, all_visual, *inputs, *weights)
        ctx.own, ctx.rows, ctx.dtype, ctx.steps = own, rows, dtype, steps
        return states.transpose(0, 1), scores.transpose(0, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of inputs and weights."""
        mask, all_visual, *tensors = ctx.saved_tensors
        inputs, weights = Inputs(*tensors[:6]), Weights(*tensors[6:])
        cast = Weights(*(weight.to(ctx.dtype) for weight in weights))
        steps: list[_Step] = ctx.steps
        gradient = _InputGradients(inputs, weights.score.dtype)
        to_state = to_language = weights.score.new_zeros(0, weights.score.shape[1])
        score_gradient = torch.zeros_like(weights.score)
        deltas: list[_Deltas] = []
        for t in range(len(steps) - 1, -1, -1):
            step, n = steps[t], ctx.rows[t]
            to_language = _grown(to_language, n) + outputs[0][:n, t]
            gates2, read, back2 = _gru_backward(
                to_language, step.language_before, (step.z2, step.r2, step.m2), cast, language=True
            )
            to_attended, to_attention = read.chunk(2, dim=-1)
            gradient.question[:n] += to_attended * step.attended
            attended = to_attended * inputs.question[:n] * (1 - step.attended**2)
            seen = _times(attended, cast.attended.T)
            to_share = torch.bmm(all_visual[:n], seen.to(ctx.dtype)[..., None]).squeeze(-1)
            to_share = to_share.to(step.share.dtype)
            to_score = step.share * (to_share - (step.share * to_share).sum(-1, keepdim=True))
            to_score = to_score + outputs[1][:n, t] * mask[:n]
            compared = step.compared
            flat = to_score.to(compared.dtype)
            score_gradient += flat.reshape(1, -1) @ compared.reshape(-1, compared.shape[-1])
            # in place: `compared` is not needed again
            slope = compared.mul_(compared).neg_().add_(1)
            slope.mul_(weights.score[0].to(slope.dtype)).mul_(flat[..., None])
            gradient.fused[:n] += slope
            query = slope.sum(dim=1).to(to_score.dtype)
            to_attention = to_attention + _times(query, cast.query.T) + _grown(to_state, n)
            gates1, back_language, back1 = _gru_backward(
                to_attention, step.state, (step.z1, step.r1, step.m1), cast, language=False
            )
            gradient.words[:n, t] = gates1
            (gradient.later if t else gradient.first)[:n] += gates1
            to_language = back2 + back_language
            if ctx.own:
                to_state = back1
            else:
                to_language = to_language + back1
            deltas.append(_Deltas(gates1, query, attended, seen, gates2))
        deltas.reverse()
        gradient.add_visual(steps, deltas)
        found = _weight_gradients(inputs, steps, deltas, score_gradient, ctx.dtype)
        ctx.steps = None
        return (None, None, None, None, None, *gradient.all(inputs), *found)


def _times(x: Tensor, weight: Tensor) -> Tensor:
    """Return W x in the precision of x, multiplied in that of W."""
    return (x.to(weight.dtype) @ weight.T).to(x.dtype)


def _grown(x: Tensor, rows: int) -> Tensor:
    """Return x with rows of zeros for those that had ended at the step after."""
    return nn.functional.pad(x, (0, 0, 0, rows - len(x)))


def _gru(
    projected: Tensor, state: Tensor, gates: Tensor, memory: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return z, r, m and the next state of a gated recurrent unit (`gru.py`)."""
    size = state.shape[-1]
    z, r = torch.sigmoid(projected[:, : 2 * size] + _times(state, gates)).chunk(2, dim=-1)
    m = torch.tanh(projected[:, 2 * size :] + _times(r * state, memory))
    return z, r, m, state + z * (m - state)


def _gru_backward(
    to_next: Tensor,
    state: Tensor,
    gate_values: tuple[Tensor, Tensor, Tensor],
    cast: Weights,
    *,
    language: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of a unit's gates [n, 3H], of its input and of its state."""
    z, r, m = gate_values
    gates, memory, matrix = (
        (cast.language_gates, cast.language_memory, cast.language)
        if language
        else (cast.attention_gates, cast.attention_memory, cast.context)
    )
    to_m = to_next * z * (1 - m * m)
    to_kept = _times(to_m, memory.T)
    to_gates = torch.cat(
        [to_next * (m - state) * z * (1 - z), to_kept * state * r * (1 - r)], dim=-1
    )
    to_state = to_next * (1 - z) + to_kept * r + _times(to_gates, gates.T)
    to_all = torch.cat([to_gates, to_m], dim=-1)
    return to_all, _times(to_all, matrix.T), to_state


class _InputGradients:
    """Gathers the gradients of the inputs over the steps."""

    def __init__(self, inputs: Inputs, dtype: torch.dtype) -> None:
        zeros = [torch.zeros_like(part, dtype=dtype) for part in inputs]
        self.words, self.first, self.later, self.fused, self.visual, self.question = zeros

    def add_visual(self, steps: list[_Step], deltas: list[_Deltas]) -> None:
        """Add Σ a ⊗ (gradient of what was seen), one product over all steps."""
        count = len(self.visual)
        shares = torch.stack([_grown(step.share, count) for step in steps], dim=2)
        seen = torch.stack([_grown(delta.seen, count) for delta in deltas], dim=1)
        self.visual = torch.bmm(shares, seen)

    def all(self, inputs: Inputs) -> list[Tensor]:
        """Return the gradients in the order and precision of the inputs."""
        found = (self.words, self.first, self.later, self.fused, self.visual, self.question)
        return [part.to(given.dtype) for part, given in zip(found, inputs, strict=True)]


def _weight_gradients(
    inputs: Inputs, steps: list[_Step], deltas: list[_Deltas], score: Tensor, dtype: torch.dtype
) -> Weights:
    """Return the gradients of the weights, one product over all rows of all steps each."""
    gates1, query, attended, _, gates2 = (torch.cat(part) for part in zip(*deltas, strict=True))
    size = query.shape[-1]
    state = torch.cat([step.state for step in steps])
    before = torch.cat([step.language_before for step in steps])
    kept1 = torch.cat([step.r1 * step.state for step in steps])
    kept2 = torch.cat([step.r2 * step.language_before for step in steps])
    attention = torch.cat([step.attention for step in steps])
    seen = torch.cat([step.seen for step in steps])
    read = torch.cat([step.attended * inputs.question[: len(step.attended)] for step in steps])

    def outer(delta: Tensor, x: Tensor) -> Tensor:
        return (delta.to(dtype).T @ x.to(dtype)).to(score.dtype)

    return Weights(
        context=outer(gates1, before),
        attention_gates=outer(gates1[:, : 2 * size], state),
        attention_memory=outer(gates1[:, 2 * size :], kept1),
        query=outer(query, attention),
        query_bias=query.sum(dim=0),
        score=score,
        attended=outer(attended, seen),
        attended_bias=attended.sum(dim=0),
        language=outer(gates2, torch.cat([read, attention], dim=-1)),
        language_bias=gates2.sum(dim=0),
        language_gates=outer(gates2[:, : 2 * size], before),
        language_memory=outer(gates2[:, 2 * size :], kept2),
    )
