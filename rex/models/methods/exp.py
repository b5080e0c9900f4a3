"""EXP: words linked to regions by the decoder's attention (after Wu and Mooney 2018)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from rex.models.backbones import Encoding
from rex.models.decoder import MASKED, AttentiveDecoder, DecoderSizes, Prediction, widened


class ExpDecoder(AttentiveDecoder):
    """p = softmax([W h₂; a]): a region token is as likely as the attention on its region is high.

    One softmax over the words' scores and the attention's: there is no gate, and what is pointed
    at is what is looked at. Which published method the paper calls EXP is not certain.
    """

    def __init__(self, sizes: DecoderSizes) -> None:
        super().__init__(sizes)
        self.output = nn.Linear(sizes.hidden, sizes.words)

    def predict(self, language: Tensor, scores: Tensor, encoding: Encoding) -> Prediction:
        """Put the attention's scores beside those of the words."""
        missing = self.sizes.regions - scores.shape[-1]
        pointed = functional.pad(widened(scores), (0, missing), value=MASKED)
        written = widened(self.output(language))
        return Prediction(torch.cat([written, pointed], dim=-1).log_softmax(dim=-1), None)
