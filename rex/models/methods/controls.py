"""What REX is compared with: decoders that differ from it in how the next token is predicted."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from rex.models.attentive import AttentiveDecoder
from rex.models.backbones import Encoding
from rex.models.decoder import MASKED, Prediction, disjoint, widened


class VqaEDecoder(AttentiveDecoder):
    """VQA-E (Li et al., ECCV 2018): p = softmax(W h₂) over words alone.

    Objects are written by their names: there is no link between words and regions.
    """

    names_objects = True

    def predict(self, language: Tensor, scores: Tensor, encoding: Encoding) -> Prediction:
        """Predict a word; region tokens are impossible."""
        written = widened(self.output(language)).log_softmax(dim=-1)
        return Prediction(functional.pad(written, (0, self.sizes.regions), value=MASKED), None)


class ExpDecoder(AttentiveDecoder):
    """EXP (after Wu and Mooney 2018): p = softmax([W h₂; a]), with the attention a on regions.

    One softmax over the words' scores and the attention's: there is no gate, and what is pointed
    at is what is looked at. Which published method the paper calls EXP is not certain.
    """

    def predict(self, language: Tensor, scores: Tensor, encoding: Encoding) -> Prediction:
        """Put the attention's scores beside those of the words."""
        return disjoint(self.output(language), scores, None, self.sizes.regions)


class PointerDecoder(AttentiveDecoder):
    """REX without its gate, which says what the gate brings: p = softmax([W h₂; h₂ᵀ v_i])."""

    def predict(self, language: Tensor, scores: Tensor, encoding: Encoding) -> Prediction:
        """Put the similarity of h₂ to the regions' outputs beside the words' scores."""
        similarity = torch.bmm(language, encoding.regions.transpose(1, 2))
        similarity = similarity.float().masked_fill(~encoding.region_mask[:, None], MASKED)
        return disjoint(self.output(language), similarity, None, self.sizes.regions)


class WordsDecoder(AttentiveDecoder):
    """Region tokens as ordinary words, which says what mapping brings: p = softmax(W h₂)."""

    scores_regions = True

    def predict(self, language: Tensor, scores: Tensor, encoding: Encoding) -> Prediction:
        """Predict a token; that `#i` is region i must be learnt."""
        return Prediction(widened(self.output(language)).log_softmax(dim=-1), None)
