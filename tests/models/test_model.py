"""Every method as one model: what it reads counts, and what it learns has a gradient."""

from __future__ import annotations

import dataclasses
from typing import Literal

import pytest
import torch
from torch import Tensor

from rex.config import TrainingSettings
from rex.experiment import METHODS, SETTINGS, refusal
from rex.models.batch import Batch
from rex.models.methods import method_settings
from rex.models.model import ExplainedAnswering
from rex.models.vocabulary import Vocabulary
from rex.training.objectives import Counts, losses
from tests.training.toy import CONFIG

VOCABULARY = Vocabulary(
    answers=("red", "green", "yes"),
    words=("cat", "is", "red", "green"),
    pieces=("[PAD]", "[UNK]", "[CLS]", "[SEP]", "cat", "red", "green"),
    regions=4,
    object_pieces=((4,), (4, 5)),
    attribute_pieces=((5,), (6,)),
    program_words=("select:", "cat", ";", "query:", "color"),
)
FEATURES = 5
Backbone = Literal["visualbert", "lxmert"]


def make_model(method: str, backbone: Backbone) -> ExplainedAnswering:
    torch.manual_seed(0)
    model = ExplainedAnswering(
        method,
        dataclasses.replace(CONFIG.model, backbone=backbone, dropout=0.0, decoder_dropout=0.0),
        VOCABULARY,
        feature_size=FEATURES,
        question_length=5,
        explanation_length=6,
    )
    for weight in model.parameters():  # some begin at zero, and hide what is before them
        torch.nn.init.normal_(weight, std=0.5)
    return model.eval()


def make_batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    region = VOCABULARY.first_region
    return Batch(
        pieces=torch.tensor([[2, 4, 5, 3, 0], [2, 6, 4, 5, 3]]),
        features=torch.randn(2, 4, FEATURES, generator=generator),
        boxes=torch.rand(2, 4, 6, generator=generator),
        num_boxes=torch.tensor([4, 4]),
        objects=torch.tensor([[0, 1, -1, 0], [1, 0, 0, -1]]),
        attributes=torch.tensor([[0, 1, 1, -1], [1, -1, 0, 0]]),
        answers=torch.tensor([0, 1]),
        explanations=torch.tensor([[region, 3, 4, 0], [region + 1, 3, 2, 0]]),
        programs=torch.tensor([[2, 3, 4, 5, 6, 0]] * 2),
    )


def said(model: ExplainedAnswering, batch: Batch) -> list[Tensor]:
    """Return all that a model says of a batch, its state put back."""
    torch.manual_seed(0)
    output = model(batch, explain=True)
    written = [one for one in (output.explanation, output.program) if one is not None]
    return [output.answers, *(one.log_probabilities for one in written), *output.own.values()]


def changes(model: ExplainedAnswering, **parts: Tensor) -> bool:
    before, after = (
        said(model, batch) for batch in (make_batch(), dataclasses.replace(make_batch(), **parts))
    )
    return any(not torch.equal(one, other) for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize("backbone", ["visualbert", "lxmert"])
@pytest.mark.parametrize("method", METHODS)
def test_what_a_method_reads_counts_and_nothing_else(method: str, backbone: Backbone) -> None:
    model, batch = make_model(method, backbone), make_batch()
    assert changes(model, pieces=batch.pieces.flip(0))
    assert changes(model, features=batch.features.flip(1))
    assert changes(model, boxes=batch.boxes.flip(1))
    tags = method_settings(method).tags
    assert changes(model, objects=batch.objects.flip(1)) is tags
    assert changes(model, attributes=batch.attributes.flip(1)) is tags


def test_answers_that_are_nearly_as_likely_are_told_apart() -> None:
    """In bf16 they would tie, and the first, the commoner one, would be given."""
    model = make_model("backbone", "visualbert")
    with torch.no_grad():
        model.answer_head.weight.zero_()
        model.answer_head.bias.copy_(torch.tensor([10.0, 10.01, 0.0]))
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        learnt = model(make_batch(), explain=False).answers
        decided = model.decide(make_batch()).answers
    assert learnt.argmax(dim=1).tolist() == decided.argmax(dim=1).tolist() == [1, 1]


@pytest.mark.parametrize("setting", ["answer-only", "explanation-only", "multi-task"])
@pytest.mark.parametrize("method", METHODS)
def test_what_is_learnt_has_a_gradient(method: str, setting: str) -> None:
    """Else several processes wait for it in vain, or a part that was meant to learn does not."""
    if refusal(setting, method, "fixed"):
        pytest.skip("not trained so")
    model, objective = make_model(method, "visualbert"), SETTINGS[setting]
    explain = objective.explanations and model.decoder is not None
    model.train().learn(answers=objective.answers, explanations=explain)
    batch = make_batch()
    with torch.autocast("cpu", torch.bfloat16):
        output = model(batch, explain=explain, answers=objective.answers)
    parts = losses(
        output,
        batch,
        Counts(2, 2, 2),
        first_region=model.first_region,
        compat=False,
        objective=objective,
        settings=TrainingSettings(),
    )
    torch.autograd.backward(parts["loss"])
    unread = {
        ".".join(name.split(".")[:2])
        for name, weight in model.named_parameters()
        if weight.requires_grad and weight.grad is None
    }
    assert not unread or model.has_unread_weights
    # VCIN answers through its link; without answers, nothing is linked to them or read off for them
    instead = {"answer_head.weight", "answer_head.bias"}
    assert unread <= (instead if objective.answers else {"decoder.link", "decoder.read"})


@pytest.mark.parametrize("method", METHODS)
def test_what_writes_explains_unless_it_has_not_learnt_to(method: str) -> None:
    model, entry = make_model(method, "visualbert"), METHODS[method]
    explained = model.decide(make_batch()).explanations is not None
    assert explained == (entry.decoder is not None and entry.writes)
    decision = model.decide(make_batch(), explain=False)
    assert decision.explanations is None
    assert decision.programs is None
    assert decision.answers.shape == (2, 3)
