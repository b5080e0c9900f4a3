"""REX as its published code has it."""

from __future__ import annotations

from rex.models.backbones import Encoding
from rex.models.decoder import Memory
from rex.models.methods.rex import RexDecoder


class CompatRexDecoder(RexDecoder):
    """The published decoder, with what differs from the paper.

    The attention GRU continues h₂ instead of its own state, and sees the mean of the fused regions
    at the first step but their sum later.
    """

    continues_own_state = False

    def remember(self, encoding: Encoding) -> Memory:
        """Compute what all steps share; later steps see the sum of the fused regions."""
        memory = super().remember(encoding)
        total = (memory.fused * encoding.region_mask[..., None]).sum(dim=1)
        return memory._replace(later=self.attention_rnn.project(total, 0))
