"""REX: words and regions mixed by a gate (Chen and Zhao, CVPR 2022)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from rex.models.attentive import AttentiveDecoder, Memory
from rex.models.backbones import Encoding
from rex.models.decoder import MASKED, DecoderSizes, MethodSettings, Prediction, widened
from rex.models.vocabulary import END


class RexDecoder(AttentiveDecoder):
    """p = g · softmax(W h₂) + (1 − g) · M softmax(h₂ᵀ v_i), with g = σ(w · h₂).

    M maps region i to the token `#i`. Region tokens are the last of the vocabulary, in the order
    of the regions, so M is a slice. All is computed in log space: p underflows where a sure gate
    is wrong, and its logarithm must still have a gradient.
    """

    has_gate = True
    scores_regions = True

    def __init__(self, sizes: DecoderSizes, settings: MethodSettings | None = None) -> None:
        super().__init__(sizes, settings)
        self.gate = nn.Linear(sizes.hidden, 1)

    def predict(self, language: Tensor, scores: Tensor, encoding: Encoding) -> Prediction:
        """Mix the word distribution with the similarity of h₂ to the regions' outputs."""
        gate = widened(self.gate(language).squeeze(-1))
        similarity = widened(torch.bmm(language, encoding.regions.transpose(1, 2)))
        similarity = similarity.masked_fill(~encoding.region_mask[:, None], MASKED)
        pointed = similarity.log_softmax(dim=-1) + functional.logsigmoid(-gate)[..., None]
        written = widened(self.output(language)).log_softmax(dim=-1)
        written = written + functional.logsigmoid(gate)[..., None]
        # regions past those of this batch can't be pointed at
        words, end = self.sizes.words, self.sizes.words + similarity.shape[-1]
        mixed = torch.logaddexp(written[..., words:end], pointed)
        return Prediction(
            torch.cat([written[..., :words], mixed, written[..., end:]], dim=-1), gate
        )


class CompatRexDecoder(RexDecoder):
    """REX as its published code has it, with what differs from the paper.

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
        return memory._replace(later=functional.linear(total, memory.weights[0]))
