"""A backbone, an answer head and a method's explanation decoder as one model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from rex.config import ModelSettings
from rex.models.backbones import Encoding, Sizes, build_backbone
from rex.models.batch import Batch
from rex.models.decoder import Decision, Decoder, DecoderSizes, MethodSettings, Output, widened
from rex.models.methods import decoder_class, method_settings
from rex.models.program_writer import LONGEST, ProgramWriter
from rex.models.search import write
from rex.models.vocabulary import Vocabulary

_CONJUNCTIONS = ("and", "but", "nor")


class ExplainedAnswering(nn.Module):
    """Answers questions about images and, with a decoder, explains the answers.

    `options` are the method's settings, those left out as `METHODS` has them.
    """

    def __init__(
        self,
        method: str,
        settings: ModelSettings,
        vocabulary: Vocabulary,
        *,
        feature_size: int,
        question_length: int,
        explanation_length: int = 20,
        options: MethodSettings | None = None,
        transformer: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        sizes = Sizes(len(vocabulary.pieces), feature_size, question_length)
        self.options = options or method_settings(method)
        self.backbone = build_backbone(settings, sizes, transformer)
        if self.options.tags:
            self.backbone.read_tags((vocabulary.object_pieces, vocabulary.attribute_pieces))
        hidden_size = self.backbone.hidden_size
        self.first_region = vocabulary.first_region
        self.explanation_length = explanation_length
        self.mode = settings.mode
        self.answer_head = nn.Linear(hidden_size, len(vocabulary.answers))
        self.decoder: Decoder | None = None
        if decoder := decoder_class(method, settings.mode):
            self.decoder = decoder(
                DecoderSizes(
                    words=vocabulary.first_region,
                    regions=vocabulary.regions,
                    hidden=hidden_size,
                    features=feature_size,
                    answers=len(vocabulary.answers),
                    length=explanation_length,
                    dropout=settings.decoder_dropout,
                    copies=vocabulary.copies(),
                    conjunctions=tuple(map(vocabulary.token_id, _CONJUNCTIONS)),
                    program_words=vocabulary.program_words,
                ),
                self.options,
            )
        self.programs: ProgramWriter | None = None
        if self.options.programs and self.decoder is not None:
            words = 2 + len(vocabulary.program_words)
            self.programs = ProgramWriter(hidden_size, words, dropout=settings.decoder_dropout)

    @property
    def has_unread_weights(self) -> bool:
        """Whether it may have weights that no loss depends on, and that never get a gradient."""
        decoder = self.decoder
        unread = decoder is not None and decoder.has_unread_weights
        return self.backbone.has_unread_weights or unread

    def learn(self, *, answers: bool, explanations: bool) -> None:
        """Say what is learnt; the parts that serve nothing else keep their weights.

        They must have no gradient: several processes would wait for it for ever.
        """
        self.answer_head.requires_grad_(answers)
        for part in (self.decoder, self.programs):
            if part is not None:
                part.requires_grad_(explanations)

    def forward(self, batch: Batch, *, explain: bool, answers: bool = True) -> Output:
        """Return answer logits and, if `explain`, the teacher-forced explanation.

        `answers` says whether answers are learnt.
        """
        encoding = self.backbone(batch)
        seen = self._answer(encoding)
        if not explain or self.decoder is None:
            return Output(seen, None, {})
        reading = self._with_program(encoding) if self.decoder.reads_programs else encoding
        greedy = partial(write, self.decoder, length=self.explanation_length)
        output = self.decoder.learn(reading, batch, seen, greedy, answers=answers)
        if self.programs is not None and batch.programs is not None:
            output = output._replace(program=self.programs(encoding, batch.programs))
        return output

    def decide(
        self, batch: Batch, *, beams: int = 1, answers: bool = True, explain: bool = True
    ) -> Decision:
        """Answer and explain; `answers` and `explain` say what the model has learnt."""
        encoding = self.backbone(batch)
        seen = self._answer(encoding)
        if self.decoder is None or not explain:
            return Decision(seen, None)
        encoding = self._with_program(encoding)
        searched = partial(write, self.decoder, length=self.explanation_length, beams=beams)
        decision = self.decoder.decide(encoding, seen, searched, answers=answers)
        return decision._replace(programs=encoding.program)

    def _answer(self, encoding: Encoding) -> Tensor:
        """Return the answers' logits [B, A] in float32: half precision makes ties of them."""
        with torch.autocast(encoding.cls.device.type, enabled=False):
            seen: Tensor = self.answer_head(widened(encoding.cls))
        return seen

    def _with_program(self, encoding: Encoding) -> Encoding:
        if self.programs is None:
            return encoding
        training = self.programs.training
        self.programs.eval()  # what is read in training is written as it will be later
        written = write(self.programs, encoding, length=LONGEST)
        self.programs.train(training)
        # older versions of PyTorch take the casts made without gradients for those with them
        torch.clear_autocast_cache()
        return encoding._replace(program=written.tokens)
