"""Marks the regions that an explanation names, and writes no word.

The control that tells explaining from being told where to look.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from rex.models.backbones import Encoding
from rex.models.batch import Batch
from rex.models.decoder import Decision, Decoder, DecoderSizes, MethodSettings, Output, Write


class RegionMarker(Decoder):
    """p(region i is named) = σ(w · v_i), learnt with a binary cross-entropy.

    The loss of an explanation is the sum over its image's regions, each class weighted by the share
    of the other, as REX's gate has it.
    """

    def __init__(self, sizes: DecoderSizes, settings: MethodSettings | None = None) -> None:
        super().__init__(sizes, settings)
        self.mark = nn.Linear(sizes.hidden, 1)

    def learn(
        self, encoding: Encoding, batch: Batch, seen: Tensor, write: Write, *, answers: bool
    ) -> Output:
        """Return the answers, and the loss of the marks."""
        marks = self.mark(encoding.regions).squeeze(-1).float()
        tokens = batch.explanations - self.sizes.words
        named = functional.one_hot(tokens.clamp(min=-1) + 1, self.sizes.regions + 1).amax(dim=1)
        named = named[:, 1 : 1 + marks.shape[1]].to(marks.dtype)
        exists = encoding.region_mask.to(marks.dtype)
        share = named.sum(dim=1, keepdim=True) / exists.sum(dim=1, keepdim=True).clamp(min=1)
        losses = -(
            (1 - share) * named * functional.logsigmoid(marks)
            + share * (exists - named) * functional.logsigmoid(-marks)
        )
        return Output(seen, None, {"region_loss": losses.sum(dim=1)})

    def decide(self, encoding: Encoding, seen: Tensor, write: Write, *, answers: bool) -> Decision:
        """Answer; there is no explanation."""
        return Decision(seen, None)
