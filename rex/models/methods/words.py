"""Region tokens as ordinary words: the control that says what mapping regions to words brings."""

from __future__ import annotations

from torch import Tensor, nn

from rex.models.attentive import AttentiveDecoder
from rex.models.backbones import Encoding
from rex.models.decoder import DecoderSizes, MethodSettings, Prediction, widened


class WordsDecoder(AttentiveDecoder):
    """p = softmax(W h₂) over words and region tokens alike."""

    def __init__(self, sizes: DecoderSizes, settings: MethodSettings | None = None) -> None:
        super().__init__(sizes, settings)
        self.output = nn.Linear(sizes.hidden, sizes.tokens)

    def predict(self, language: Tensor, scores: Tensor, encoding: Encoding) -> Prediction:
        """Predict a token; that `#i` is region i must be learnt."""
        return Prediction(widened(self.output(language)).log_softmax(dim=-1), None)
