"""Checkpoints of the published code, for `compat` mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from rex.models.decoder import MASKED
from rex.models.vocabulary import END, UNKNOWN, Vocabulary

_LAYERS = {
    "exp_embed": "embedding",
    "att_v": "fuse_regions",
    "att_q": "fuse_question",
    "att_h": "attention_query",
    "att": "attention_score",
    "v_fc": "attended",
    "q_fc": "question",
    "language_fc": "output",
    "structure_gate": "gate",
}
"""Layer of the published code to layer of the decoder."""

_UNITS = {"att_rnn": "attention_rnn", "language_rnn": "language_rnn"}


def convert_reference(
    weights: Mapping[str, Tensor], vocabulary: Vocabulary, tokens: Sequence[str]
) -> dict[str, Tensor]:
    """Return weights of the published code (`model_best.pth`) under this project's names.

    `tokens` are the words and region tokens of its `exp2idx.json` in the order of their ids, from
    1 (0 ends an explanation); `vocabulary` numbers the same ones, so rows are put in its order.
    What the published model has and never uses (`sent_cls`, the attention score's constant) is
    left out; M is fixed. Raises KeyError naming a weight or token that is missing, and ValueError
    where M (`structure_mapping`) maps region i to anything but `#i`: it was trained, or is of other
    tokens.
    """
    for prefix in ("", "module."):
        mapping = weights.get(f"{prefix}structure_mapping")
        if mapping is not None and not _is_fixed(mapping, tokens):
            raise ValueError(
                "structure_mapping maps regions to other tokens than theirs: it was trained by "
                "mistake, as older versions of torch ignored that it should not be, or it is of "
                "another exp2idx.json"
            )
    order = _order(vocabulary, tokens)
    converted: dict[str, Tensor] = {}
    for name, value in weights.items():
        layer, _, rest = name.removeprefix("module.").partition(".")
        if layer == "embedding":
            converted[f"backbone.transformer.embeddings.{rest}"] = value
        elif layer == "bert_encoder":
            converted[f"backbone.transformer.encoder.{rest}"] = value
        elif layer == "ans_cls":
            converted[f"answer_head.{rest}"] = value
        elif layer in _LAYERS and (layer, rest) != ("att", "bias"):
            ours = f"{_LAYERS[layer]}.{rest}"
            if layer in ("exp_embed", "language_fc"):
                value = value[order]
                # a word that the published vocabulary does not have: never written
                value[UNKNOWN] = MASKED if ours == "output.bias" else 0
            converted[f"decoder.{ours}"] = value
    for theirs, ours in _UNITS.items():
        converted |= _unit(weights, theirs, f"decoder.{ours}")
    return converted


def _is_fixed(mapping: Tensor, tokens: Sequence[str]) -> bool:
    """Return whether M [END and tokens, R] is 1 where region i meets `#i`, and 0 elsewhere."""
    regions = [f"#{number}" for number in range(mapping.shape[1])]
    fixed = [[float(token == region) for region in regions] for token in ("", *tokens)]
    return torch.equal(mapping, mapping.new_tensor(fixed))


def _order(vocabulary: Vocabulary, tokens: Sequence[str]) -> Tensor:
    """Return the published id of each of our token ids (of UNKNOWN: any)."""
    theirs = {token: number for number, token in enumerate(tokens, start=1)}
    known = range(UNKNOWN + 1, vocabulary.tokens)
    return torch.tensor([END, END, *(theirs[vocabulary.token(number)] for number in known)])


def _unit(weights: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    """Return a recurrent unit: one matrix a gate there, stacked here, with one bias for both."""

    def of(gate: str, part: str) -> Tensor:
        return weights[f"{theirs}.{gate}.{part}"]

    gates = ("update", "reset", "memory")
    return {
        f"{ours}.input.weight": torch.cat([of(f"{gate}_x", "weight") for gate in gates]),
        f"{ours}.input.bias": torch.cat(
            [of(f"{gate}_x", "bias") + of(f"{gate}_h", "bias") for gate in gates]
        ),
        f"{ours}.gates.weight": torch.cat([of(f"{gate}_h", "weight") for gate in gates[:2]]),
        f"{ours}.memory.weight": of("memory_h", "weight"),
    }
