"""The published decoder and its checkpoints, against a plain transcription of its code."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rex.config import ModelSettings
from rex.models.batch import IGNORED, Batch
from rex.models.losses import gate_losses
from rex.models.methods.rex import CompatRexDecoder
from rex.models.model import ExplainedAnswering
from rex.models.reference import convert_reference
from rex.models.vocabulary import Vocabulary

from .encodings import random_encoding

H, D, R = 8, 6, 3
VOCABULARY = Vocabulary(("yes", "no"), ("is", "red", "@1"), ("[PAD]", "a", "b", "c"), R)
PUBLISHED = ("#0", "#1", "#2", "@1", "red", "is")
SETTINGS = ModelSettings(
    mode="compat", hidden_size=H, layers=1, heads=2, intermediate_size=8, dropout=0.0
)


def new_model() -> ExplainedAnswering:
    return ExplainedAnswering(
        "rex", SETTINGS, VOCABULARY, feature_size=D, question_length=6
    ).double()


@pytest.fixture
def published() -> dict[str, Tensor]:
    """A checkpoint in the layout of `model_best.pth`, with random weights."""
    torch.manual_seed(5)
    v = len(PUBLISHED) + 1

    def linear(name: str, out: int, size: int) -> dict[str, Tensor]:
        return {f"{name}.weight": torch.randn(out, size) * 0.4, f"{name}.bias": torch.randn(out)}

    weights: dict[str, Tensor] = {}
    for name, (out, size) in {
        "sent_cls": (v, H),
        "ans_cls": (2, H),
        "att_q": (H, H),
        "att_v": (H, D),
        "att_h": (H, H),
        "att": (1, H),
        "q_fc": (H, H),
        "v_fc": (H, D),
        "language_fc": (v, H),
        "structure_gate": (1, H),
    }.items():
        weights |= linear(name, out, size)
    for unit, size in (("att_rnn", 3 * H), ("language_rnn", 2 * H)):
        for gate in ("update", "reset", "memory"):
            weights |= linear(f"{unit}.{gate}_x", H, size) | linear(f"{unit}.{gate}_h", H, H)
    weights["exp_embed.weight"] = torch.randn(v, H)
    weights["exp_embed.weight"][0] = 0  # its padding index
    weights["structure_mapping"] = torch.zeros(v, R)
    weights["structure_mapping"][1 : R + 1] = torch.eye(R)
    backbone = new_model().backbone.transformer
    for name, module in (("embedding", backbone.embeddings), ("bert_encoder", backbone.encoder)):
        for key, value in module.state_dict().items():
            weights[f"{name}.{key}"] = torch.randn_like(value)
    return {
        f"module.{name}" if name.startswith("att_q") else name: w.double()
        for name, w in weights.items()
    }


def transcribed(
    w: dict[str, Tensor], cls: Tensor, v: Tensor, img: Tensor, tokens: list[int]
) -> tuple[Tensor, Tensor]:
    """p [T, V] and g [T] of one example as the published forward pass computes them."""
    w = {name.removeprefix("module."): value for name, value in w.items()}

    def fc(name: str, x: Tensor) -> Tensor:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def gru(name: str, x: Tensor, state: Tensor) -> Tensor:
        z = torch.sigmoid(fc(f"{name}.update_x", x) + fc(f"{name}.update_h", state))
        r = torch.sigmoid(fc(f"{name}.reset_x", x) + fc(f"{name}.reset_h", state))
        memory = torch.tanh(fc(f"{name}.memory_x", x) + fc(f"{name}.memory_h", r * state))
        return (1 - z) * state + z * memory

    fused = torch.tanh(fc("att_v", img)) * torch.tanh(fc("att_q", cls))
    h_2 = word = torch.zeros(H, dtype=torch.float64)
    x_1 = torch.cat([fused.mean(0), h_2, word])
    distributions, gates = [], []
    for token in tokens:
        h_1 = gru("att_rnn", x_1, h_2)
        attention = torch.softmax(fc("att", torch.tanh(fc("att_h", h_1) + fused)), 0)
        seen = torch.tanh(fc("v_fc", (attention * img).sum(0))) * torch.tanh(fc("q_fc", cls))
        h_2 = gru("language_rnn", torch.cat([seen, h_1]), h_2)
        gate = torch.sigmoid(fc("structure_gate", h_2))
        mapped = torch.zeros(len(PUBLISHED) + 1, dtype=torch.float64)
        mapped[1 : R + 1] = torch.softmax(v @ h_2, 0)
        p = gate * torch.softmax(fc("language_fc", h_2), 0) + (1 - gate) * mapped
        distributions.append(p)
        gates.append(gate[0])
        x_1 = torch.cat([fused.sum(0), h_2, w["exp_embed.weight"][token]])
    return torch.stack(distributions), torch.stack(gates)


def test_a_published_checkpoint_is_loaded_and_behaves(published: dict[str, Tensor]) -> None:
    model = new_model()
    missing, unexpected = model.load_state_dict(
        convert_reference(published, VOCABULARY, PUBLISHED), strict=False
    )
    assert not unexpected
    # the published code sees features as they are; so do ours
    assert {name.split(".")[1] for name in missing} == {"feature_mean", "feature_scale"}
    model.eval()

    their_tokens = [2, 6, 5]  # #1 is red
    batch = Batch(
        pieces=torch.tensor([[1, 2, 3]]),
        features=torch.randn(1, R, D, dtype=torch.float64),
        boxes=torch.rand(1, R, 6, dtype=torch.float64),
        num_boxes=torch.tensor([R]),
        objects=torch.full((1, R), -1),
        attributes=torch.full((1, R), -1),
        answers=torch.tensor([0]),
        explanations=torch.tensor([[VOCABULARY.token_id(t) for t in ("#1", "is", "red")]]),
    )
    with torch.no_grad():
        output = model(batch, explain=True)
        encoding = model.backbone(batch)
        p, g = transcribed(
            published, encoding.cls[0], encoding.regions[0], batch.features[0], their_tokens
        )
    assert output.explanation is not None
    ours = output.explanation.log_probabilities[0].exp()
    for number, token in enumerate(PUBLISHED, start=1):
        assert torch.allclose(ours[:, VOCABULARY.token_id(token)], p[:, number], rtol=1e-6)
    assert torch.allclose(ours[:, 0], p[:, 0], rtol=1e-6)
    assert not ours[:, 1].any()  # unknown words are never written
    assert torch.allclose(torch.sigmoid(output.explanation.gate[0]), g, rtol=1e-6)


def test_the_published_decoder_goes_on_after_the_end(published: dict[str, Tensor]) -> None:
    model = new_model()
    model.load_state_dict(convert_reference(published, VOCABULARY, PUBLISHED), strict=False)
    decoder = model.eval().decoder
    assert decoder is not None
    encoding = random_encoding([R] * 2, 0, regions=R, hidden=H, features=D)
    ours = [VOCABULARY.token_id(token) for token in ("#1", "red")]
    explanations = torch.tensor([[*ours, 0, IGNORED, IGNORED], [IGNORED] * 5])
    with torch.no_grad():
        gate = decoder(encoding, explanations).gate
    assert gate is not None
    for i, tokens in enumerate(([2, 5, 0, 0, 0], [0] * 5)):
        _, g = transcribed(
            published, encoding.cls[i], encoding.regions[i], encoding.visual[i], tokens
        )
        assert torch.allclose(torch.sigmoid(gate[i]), g, rtol=1e-6)


def test_the_published_end_is_zeros_that_are_not_learnt() -> None:
    model = new_model()
    decoder = model.decoder
    assert isinstance(decoder, CompatRexDecoder)
    encoding = random_encoding([R] * 1, 0, regions=R, hidden=H, features=D)
    tokens = torch.tensor([[2, 0, IGNORED]])
    likely = decoder(encoding, tokens).log_probabilities
    torch.autograd.backward(likely.gather(-1, tokens.clamp(min=0)[..., None]).sum())
    gradient = decoder.embedding.weight.grad
    assert gradient is not None
    assert not decoder.embedding.weight[0].any()
    assert not gradient[0].any()
    assert gradient[2].any()


def test_a_missing_weight_is_named(published: dict[str, Tensor]) -> None:
    del published["att_rnn.reset_h.bias"]
    with pytest.raises(KeyError, match=r"att_rnn.reset_h.bias"):
        convert_reference(published, VOCABULARY, PUBLISHED)


def test_the_published_gate_loss_counts_padding() -> None:
    gate = torch.zeros(1, 4)
    explanations = torch.tensor([[5, 2, IGNORED, IGNORED]])  # a region, a word
    # half words, half regions: two tokens, each weighted 1/2
    assert gate_losses(gate, explanations, 5).tolist() == pytest.approx([0.6931472])
    # with padding three of four are words: 3 weighted 1/4, 1 weighted 3/4
    assert gate_losses(gate, explanations, 5, padding=True).tolist() == pytest.approx(
        [0.6931472 * 1.5]
    )


@pytest.mark.parametrize("name", ["structure_mapping", "module.structure_mapping"])
@pytest.mark.parametrize("wrong", ["trained", "permuted", "of a word", "of more regions"])
def test_a_map_to_other_tokens_is_refused(
    published: dict[str, Tensor], name: str, wrong: str
) -> None:
    mapping = published.pop("structure_mapping")
    mapping = {
        "trained": mapping + 0.01,
        "permuted": mapping[:, [1, 0, 2]],
        "of a word": mapping.roll(1, dims=0),
        "of more regions": torch.eye(len(PUBLISHED) + 1, R + 1).roll(1, dims=0).double(),
    }[wrong]
    with pytest.raises(ValueError, match="to other tokens than theirs"):
        convert_reference({**published, name: mapping}, VOCABULARY, PUBLISHED)
