"""Attention of transformers' VisualBERT and LXMERT by PyTorch's fused kernels, on a GPU.

Both classes compute scores, softmax, dropout and sum one after another, and have no choice of it.
On a CPU that is the faster way at both the demo's and the paper's size, so there it stays.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_CROSSES = {"VisualBertSelfAttention": False, "LxmertAttention": True}
"""Transformers' class to whether it is given what is looked at, too."""

_LEAST = -1e30
"""What is added to a score that does not count: no score is left beside it."""


def pays(device: torch.device) -> bool:
    """Return whether the fused kernels are the faster ones on a device."""
    return device.type == "cuda"


def attend(layer: Any, hidden: Tensor, context: Tensor, mask: Tensor | None) -> Tensor:
    """Return what `hidden` [B, T, H] sees of `context` [B, M, H], [B, T, H].

    `layer` holds the matrices and the dropout; `mask` [B, 1, 1, M] is added to the scores.
    """

    def heads(part: Tensor) -> Tensor:
        return part.view(*part.shape[:2], layer.num_attention_heads, -1).transpose(1, 2)

    query = heads(layer.query(hidden))
    if mask is not None:
        # an image without regions has nothing to be seen: the mask must not become infinite in
        # half precision, nor where a kernel scales it (pytorch/pytorch issue 110213)
        mask = mask.to(query.dtype).clamp(min=max(_LEAST, torch.finfo(query.dtype).min))
    seen = functional.scaled_dot_product_attention(
        query,
        heads(layer.key(context)),
        heads(layer.value(context)),
        attn_mask=mask,
        dropout_p=layer.dropout.p if layer.training else 0.0,
    )
    return seen.transpose(1, 2).flatten(2)


class _Fused(nn.Module):
    """Stands before one of transformers' classes."""

    def forward(self, hidden: Tensor, *others: Any, **options: Any) -> Any:
        """Return what is seen [B, T, H], in a tuple."""
        if not pays(hidden.device):
            return super().forward(hidden, *others, **options)
        context, mask = others[:2] if self.crosses else (hidden, others[0])
        return (attend(self, hidden, context, mask),)

    crosses: bool


@functools.cache
def _fused(kind: Any) -> Any:
    name = kind.__name__
    return type(f"Fused{name}", (_Fused, kind), {"crosses": _CROSSES[name]})


def fuse_attention(transformer: nn.Module) -> None:
    """Give a transformer's attention layers the fused way; weights and their names stay."""
    for layer in transformer.modules():
        kind: Any = type(layer)
        if kind.__name__ in _CROSSES:
            layer.__class__ = _fused(kind)
