"""A backbone, an answer head and a method's explanation decoder as one model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor, nn

from rex.config import ModelSettings
from rex.models.backbones import Encoding, Sizes, build_backbone
from rex.models.batch import Batch
from rex.models.decoder import AttentiveDecoder, DecoderSizes, Prediction
from rex.models.methods import decoder_class
from rex.models.vocabulary import Vocabulary


class Output(NamedTuple):
    """What the model says about a batch with its explanations given."""

    answers: Tensor
    """[B, A]: logits."""
    explanation: Prediction | None
    """Of each token of the explanations; None: not asked for."""


class ExplainedAnswering(nn.Module):
    """Answers questions about images and, with a decoder, explains the answers."""

    def __init__(
        self,
        method: str,
        settings: ModelSettings,
        vocabulary: Vocabulary,
        *,
        feature_size: int,
        question_length: int,
        transformer: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        sizes = Sizes(len(vocabulary.pieces), feature_size, question_length)
        self.backbone = build_backbone(settings, sizes, transformer)
        hidden_size = self.backbone.hidden_size
        self.first_region = vocabulary.first_region
        self.mode = settings.mode
        self.answer_head = nn.Linear(hidden_size, len(vocabulary.answers))
        self.decoder: AttentiveDecoder | None = None
        if decoder := decoder_class(method, settings.mode):
            self.decoder = decoder(
                DecoderSizes(
                    words=vocabulary.first_region,
                    regions=vocabulary.regions,
                    hidden=hidden_size,
                    features=feature_size,
                    dropout=settings.decoder_dropout,
                )
            )

    def encode(self, batch: Batch) -> tuple[Encoding, Tensor]:
        """Return the encoding of a batch and the answer logits [B, A]."""
        encoding = self.backbone(batch)
        return encoding, self.answer_head(encoding.cls)

    def forward(self, batch: Batch, *, explain: bool) -> Output:
        """Return answer logits and, if `explain`, the teacher-forced explanation."""
        encoding, answers = self.encode(batch)
        explanation = None
        if explain and self.decoder is not None:
            explanation = self.decoder(encoding, batch.explanations)
        return Output(answers, explanation)
