"""VQA-E: a textual explanation, no link between words and regions (Li et al., ECCV 2018)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from rex.models.attentive import AttentiveDecoder
from rex.models.backbones import Encoding
from rex.models.decoder import MASKED, DecoderSizes, MethodSettings, Prediction, widened


class VqaEDecoder(AttentiveDecoder):
    """p = softmax(W h₂) over words alone; objects are written by their names."""

    names_objects = True

    def __init__(self, sizes: DecoderSizes, settings: MethodSettings | None = None) -> None:
        super().__init__(sizes, settings)
        self.output = nn.Linear(sizes.hidden, sizes.words)

    def predict(self, language: Tensor, scores: Tensor, encoding: Encoding) -> Prediction:
        """Predict a word; region tokens are impossible."""
        written = widened(self.output(language)).log_softmax(dim=-1)
        return Prediction(functional.pad(written, (0, self.sizes.regions), value=MASKED), None)
