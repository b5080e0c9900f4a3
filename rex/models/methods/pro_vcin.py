"""Pro-VCIN: VCIN that also reads the question's program (Xue, Qian and Xu, TPAMI 2024).

Written after what the public code does (LivXue/VCIN, commit efb632e). The program is the one that
the model itself writes (`rex.models.program_writer`), in training too; the public code takes those
of another system. Its layers attend to the outputs at the regions; the public code's to the outputs
of the backbone's last layers, one each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from rex.models.backbones import Encoding
from rex.models.decoder import DecoderSizes
from rex.models.methods.vcin import OffByOne, SelfAttention, VcinDecoder, VcinSettings
from rex.models.transformer import together

STEPS = 9
"""Steps of a program that are read, its last."""
SLOTS = 8
"""Tokens of a step that are read: its operation and argument."""
_ARROW = "->"
_OPERAND = re.compile(r"\[(\d{1,3})\]")
"""A step whose results are taken."""


@dataclass(frozen=True, kw_only=True)
class ProVcinSettings(VcinSettings):
    """Pro-VCIN's settings."""

    programs: bool = True
    program_layers: int = 2
    """Layers that read the program (the public code has 6 beside its backbone of 19)."""


class ProVcinDecoder(VcinDecoder):
    """VCIN whose memory holds the steps of the program beside words and regions."""

    Settings = ProVcinSettings
    reads_programs = True
    settings: ProVcinSettings

    def __init__(self, sizes: DecoderSizes, settings: ProVcinSettings | None = None) -> None:
        super().__init__(sizes, settings)
        self.program = _ProgramReader(sizes, self.settings.heads, self.settings.program_layers)

    def known(self, encoding: Encoding) -> tuple[Tensor, Tensor]:
        """Return words, regions and steps, and which exist."""
        known, mask = together(encoding)
        if encoding.program is None:
            return known, mask
        steps, exist = self.program(encoding)
        joined = torch.cat([mask, exist[:, None, None]], dim=-1)
        return torch.cat([known, steps], dim=1), joined


class _ProgramReader(nn.Module):
    """Each step attends to those that it takes results of, then to the regions."""

    def __init__(self, sizes: DecoderSizes, heads: int, layers: int) -> None:
        super().__init__()
        hidden = sizes.hidden
        words = ("END", "UNKNOWN", *sizes.program_words)
        self.embedding = nn.Embedding(len(words), hidden, padding_idx=0)
        self.step = nn.Linear(SLOTS * hidden, hidden)
        self.layers = nn.ModuleList(SelfAttention(sizes, heads) for _ in range(layers))
        self.to_regions = nn.ModuleList(OffByOne(sizes, heads) for _ in range(layers))
        self.arrow = words.index(_ARROW) if _ARROW in words else -1
        found = [_OPERAND.fullmatch(word) for word in words]
        operands = [-1 if match is None else int(match[1]) for match in found]
        self.register_buffer("operands", torch.tensor(operands), persistent=False)

    operands: Tensor

    def forward(self, encoding: Encoding) -> tuple[Tensor, Tensor]:
        """Return the steps [B, S, H] of `encoding.program`, and which exist [B, S]."""
        assert encoding.program is not None
        slots, reads = steps_of(encoding.program, self.arrow, self.operands)
        exist = (slots > 0).any(dim=-1)
        x = self.step(self.embedding(slots).flatten(2))
        seen = encoding.region_mask[:, None, None]
        for layer, to_regions in zip(self.layers, self.to_regions, strict=True):
            x, _ = layer(x, None, reads[:, None])
            known = to_regions.remember(encoding.regions)  # type: ignore[operator]
            x = x + to_regions(x, known, seen)
        return x, exist


def steps_of(program: Tensor, arrow: int, operands: Tensor) -> tuple[Tensor, Tensor]:
    """Split programs [B, P] into the tokens of their steps, and what each step reads.

    `operands` [W] is the step that a token takes results of (`[0]`), -1: none. Returns slots
    [B, STEPS, SLOTS] int64 (0: nothing), and [B, STEPS, STEPS] bool: step i reads step j, or
    itself. What exceeds that is left out: of the steps the first, since the last ones answer.
    """
    batch = len(program)
    device = program.device
    token = program.clamp(min=0)
    ends = token == arrow
    step = ends.cumsum(dim=1)
    operand = operands[token]
    said = (token > 1) & ~ends & (operand < 0)
    place = said.cumsum(dim=1) - 1
    # counted from the step's first: what was said before it
    before = torch.where(ends, place + 1, 0).cummax(dim=1).values
    place = place - before
    # a place before the first, since a program may have no tokens at all
    last = functional.pad(step * said, (1, 0)).amax(dim=1, keepdim=True)
    lost = (last - STEPS + 1).clamp(min=0)
    step, operand = step - lost, operand - lost
    kept = said & (step >= 0) & (place < SLOTS)
    # what is left out goes to one place behind, which is cut off
    slots = token.new_zeros(batch, STEPS * SLOTS + 1)
    slots.scatter_(1, torch.where(kept, step * SLOTS + place, STEPS * SLOTS), token)
    slots = slots[:, :-1].view(batch, STEPS, SLOTS)
    takes = (operand >= 0) & (operand < STEPS) & (step >= 0) & (step < STEPS)
    reads = torch.zeros(batch, STEPS * STEPS + 1, dtype=torch.bool, device=device)
    reads.scatter_(1, torch.where(takes, step * STEPS + operand, STEPS * STEPS), True)
    own = torch.eye(STEPS, dtype=torch.bool, device=device)
    return slots, reads[:, :-1].view(batch, STEPS, STEPS) | own
