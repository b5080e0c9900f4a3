"""REX as its published code has it."""

from __future__ import annotations

from torch import nn

from rex.models.attentive import Memory
from rex.models.backbones import Encoding
from rex.models.decoder import DecoderSizes, MethodSettings
from rex.models.methods.rex import RexDecoder
from rex.models.vocabulary import END


class CompatRexDecoder(RexDecoder):
    """The published decoder, with what differs from the paper.

    The attention GRU continues h₂ instead of its own state, and sees the mean of the fused regions
    at the first step but their sum later. END, which also begins an explanation, is embedded as
    zeros that are not learnt (it is the published embedding's padding).
    """

    continues_own_state = False

    def __init__(self, sizes: DecoderSizes, settings: MethodSettings | None = None) -> None:
        super().__init__(sizes, settings)
        self.embedding.padding_idx = END
        nn.init.zeros_(self.embedding.weight[END])

    def remember(self, encoding: Encoding) -> Memory:
        """Compute what all steps share; later steps see the sum of the fused regions."""
        memory = super().remember(encoding)
        total = (memory.fused * encoding.region_mask[..., None]).sum(dim=1)
        return memory._replace(later=self.attention_rnn.project(total, 0))
