"""What a method brings: its decoder, its settings, its losses, its choice of answer.

Training, beam search, checkpoints, prediction and `rex ask` know a method by this interface alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from rex.models.backbones import Encoding
from rex.models.batch import Batch
from rex.models.vocabulary import END

MASKED = -1e9
"""Score of what must not be chosen: finite, so that no sum or difference of scores is undefined."""


def widened(scores: Tensor) -> Tensor:
    """Return scores in float32 at least: logarithms of sums don't bear half precision."""
    return scores.to(torch.promote_types(scores.dtype, torch.float32))


class Prediction(NamedTuple):
    """The next token's distribution."""

    log_probabilities: Tensor
    """[..., V]."""
    gate: Tensor | None
    """[...]: logit of g, the probability that a word is written; None: the method has no gate."""


class Explanations(NamedTuple):
    """What a decoder wrote."""

    tokens: Tensor
    """[B, T] int64: token ids, IGNORED from END on."""
    gates: Tensor | None
    """[B, T]: g at each token; None: the method has no gate."""
    log_probabilities: Tensor
    """[B]: of the whole explanation, its END included where it ends."""

    def select(self, rows: Tensor) -> Explanations:
        """Return the explanations of these rows, [N] int64."""
        return Explanations(*(None if part is None else part[rows] for part in self))  # type: ignore[arg-type]


class Write(Protocol):
    """Writes explanations, by greedy or beam search as the run is configured."""

    def __call__(self, encoding: Encoding, memory: Any = None, /) -> Explanations:
        """Write; `memory` is what the decoder remembers of the encoding, where that is known.

        For beams such a memory has `repeat(times)`, as the encoding has.
        """


class Output(NamedTuple):
    """What the model says about a batch with its explanations given."""

    answers: Tensor
    """[B, A]: logits."""
    explanation: Prediction | None
    """Of each token of the explanations; None: not asked for, or the method writes none."""
    own: dict[str, Tensor]
    """Losses [B] of the method's own, weighted, to be summed and divided by the number of
    explanations; `answer_loss` stands in the place of the common one, where answers are learnt."""
    program: Prediction | None = None
    """Of each token of the questions' programs; None: they are not learnt."""


class Decision(NamedTuple):
    """What the model answers, and how it explains that."""

    answers: Tensor
    """[B, A]: logits."""
    explanations: Explanations | None
    """None: the method writes none."""
    alternatives: Alternatives | None = None
    """What it would answer otherwise, where programs may say which explanations hold good."""
    programs: Tensor | None = None
    """[B, P] int64: the question's program as written by the model, IGNORED from END on."""


class Alternatives(NamedTuple):
    """K answers, each with an explanation."""

    candidates: Tensor
    """[B, K] int64: classes."""
    scores: Tensor
    """[B, K]: logits."""
    explanations: Explanations
    """Of all [B · K]."""

    def decision(self, answers: int) -> Decision:
        """Choose the answer with the highest score, of `answers` classes."""
        batch, count = self.scores.shape
        logits = self.scores.new_full((batch, answers), MASKED)
        first = torch.arange(batch, device=self.scores.device) * count
        return Decision(
            logits.scatter(1, self.candidates, self.scores),
            self.explanations.select(first + self.scores.argmax(dim=1)),
        )


@dataclass(frozen=True, kw_only=True)
class DecoderSizes:
    """What a decoder's layers are as wide as, and what it knows of the vocabulary."""

    words: int
    """END, UNKNOWN and the words."""
    regions: int
    """The region tokens that follow them."""
    hidden: int
    """H: states, and the transformer's outputs."""
    features: int
    """D: the regions as the transformer received them."""
    answers: int = 1
    """A: classes of answers."""
    length: int = 20
    """T: tokens of the longest explanation, END included."""
    dropout: float = 0.0
    """Dropout probability in the decoder."""
    copies: tuple[int, ...] = (0,)
    """The explanation word that each word piece of a question spells; UNKNOWN: none."""
    conjunctions: tuple[int, ...] = ()
    """The words "and", "but", "nor"."""
    program_words: tuple[str, ...] = ()
    """Tokens of programs, from id 2 on; none: programs are not written."""

    @property
    def tokens(self) -> int:
        """V: words and region tokens."""
        return self.words + self.regions


@dataclass(frozen=True, kw_only=True)
class MethodSettings:
    """The settings that every method has; a method's own class adds its own."""

    tags: bool = False
    """Whether the backbone reads what the detector takes each region for."""
    programs: bool = False
    """Whether the model also learns to write the question's program, from its words."""


class Decoder(nn.Module):
    """Writes explanations token by token; subclasses are the methods.

    A subclass needs `remember`, `start` and `advance`, and overrides what it does better: `forward`
    (all steps at once), `learn` (losses of its own), `decide` (how answer and explanation are
    chosen together).
    """

    Settings: ClassVar[type[MethodSettings]] = MethodSettings
    """Its settings, given in `METHODS` and in the configuration's section `methods`."""
    names_objects = False
    """Whether objects are written by their names; otherwise by region tokens `#i`."""
    has_gate = False
    """Whether predictions come with a gate."""
    reads_programs = False
    """Whether it reads the question's program as the model writes it (`encoding.program`)."""
    has_unread_weights = False
    """Whether some setting leaves weights, its own or the answer head's, without a gradient."""

    def __init__(self, sizes: DecoderSizes, settings: Any = None) -> None:
        super().__init__()
        self.sizes = sizes
        self.settings = settings or self.Settings()

    def remember(self, encoding: Encoding) -> Any:
        """Compute what all steps share."""
        raise NotImplementedError

    def start(self, memory: Any) -> Any:
        """Return the state before the first step; it has `select(rows)`, as beams are reordered."""
        raise NotImplementedError

    def advance(self, last: Tensor, state: Any, memory: Any) -> tuple[Any, Prediction]:
        """Predict the token after `last` [N] (END at the first step): the new state, and [N, V]."""
        raise NotImplementedError

    def forward(self, encoding: Encoding, explanations: Tensor) -> Prediction:
        """Predict each token of the explanations [B, T] from those before it (teacher forcing)."""
        memory = self.remember(encoding)
        state = self.start(memory)
        predictions = []
        for last in previous_tokens(explanations).unbind(dim=1):
            state, prediction = self.advance(last, state, memory)
            predictions.append(prediction)
        scores, gates = zip(*predictions, strict=True)
        return Prediction(
            torch.stack(scores, dim=1), torch.stack(gates, dim=1) if self.has_gate else None
        )

    def forbid(self, written: Tensor) -> Tensor | None:
        """Return a token [N] that must not follow those written [N, t], -1: any may; None: all."""
        return None

    def learn(
        self, encoding: Encoding, batch: Batch, seen: Tensor, write: Write, *, answers: bool
    ) -> Output:
        """Return what is learnt of a batch; `seen` [B, A] are the answer head's logits.

        `answers` says whether answers are learnt; `write` is for what is judged on explanations of
        its own.
        """
        return Output(seen, self(encoding, batch.explanations), {})

    def decide(self, encoding: Encoding, seen: Tensor, write: Write, *, answers: bool) -> Decision:
        """Choose answers and explanations; `seen` [B, A] are the answer head's logits."""
        return Decision(seen, write(encoding))


def previous_tokens(explanations: Tensor) -> Tensor:
    """Return what each step of explanations [B, T] is told: END, then all tokens but the last."""
    start = explanations.new_full((len(explanations), 1), END)
    return torch.cat([start, explanations[:, :-1].clamp(min=END)], dim=1)


def disjoint(written: Tensor, pointed: Tensor, gate: Tensor | None, regions: int) -> Prediction:
    """Return words and regions as one distribution in which neither has a share of the other's.

    `written` [..., W] and `pointed` [..., R] are scores; with a `gate` (a logit [...]) each is
    normalised by itself, without they are normalised together. The vocabulary has `regions` region
    tokens; those past the batch's regions can't be pointed at.
    """
    written, pointed = widened(written), widened(pointed)
    if gate is not None:
        gate = widened(gate)
        sure = nn.functional.logsigmoid
        written = written.log_softmax(dim=-1) + sure(gate)[..., None]
        pointed = pointed.log_softmax(dim=-1) + sure(-gate)[..., None]
    missing = regions - pointed.shape[-1]
    joined = torch.cat([written, nn.functional.pad(pointed, (0, missing), value=MASKED)], dim=-1)
    return Prediction(joined if gate is not None else joined.log_softmax(dim=-1), gate)
