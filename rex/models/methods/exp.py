"""EXP: words linked to regions by the decoder's attention (after Wu and Mooney 2018)."""

from __future__ import annotations

from torch import Tensor, nn

from rex.models.attentive import AttentiveDecoder
from rex.models.backbones import Encoding
from rex.models.decoder import DecoderSizes, MethodSettings, Prediction, disjoint


class ExpDecoder(AttentiveDecoder):
    """p = softmax([W h₂; a]): a region token is as likely as the attention on its region is high.

    One softmax over the words' scores and the attention's: there is no gate, and what is pointed
    at is what is looked at. Which published method the paper calls EXP is not certain.
    """

    def __init__(self, sizes: DecoderSizes, settings: MethodSettings | None = None) -> None:
        super().__init__(sizes, settings)
        self.output = nn.Linear(sizes.hidden, sizes.words)

    def predict(self, language: Tensor, scores: Tensor, encoding: Encoding) -> Prediction:
        """Put the attention's scores beside those of the words."""
        return disjoint(self.output(language), scores, None, self.sizes.regions)
