"""REX without its gate: the control that says what the gate brings."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rex.models.attentive import AttentiveDecoder
from rex.models.backbones import Encoding
from rex.models.decoder import MASKED, DecoderSizes, MethodSettings, Prediction, disjoint


class PointerDecoder(AttentiveDecoder):
    """p = softmax([W h₂; h₂ᵀ v_i]): one softmax over words and regions."""

    def __init__(self, sizes: DecoderSizes, settings: MethodSettings | None = None) -> None:
        super().__init__(sizes, settings)
        self.output = nn.Linear(sizes.hidden, sizes.words)

    def predict(self, language: Tensor, scores: Tensor, encoding: Encoding) -> Prediction:
        """Put the similarity of h₂ to the regions' outputs beside the words' scores."""
        similarity = torch.bmm(language, encoding.regions.transpose(1, 2))
        similarity = similarity.float().masked_fill(~encoding.region_mask[:, None], MASKED)
        return disjoint(self.output(language), similarity, None, self.sizes.regions)
