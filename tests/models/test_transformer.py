"""Attention on a CPU in half precision, which takes its parts, against the fused kernel."""

from __future__ import annotations

import torch
from torch.nn import functional

from rex.models.transformer import Attention, Keys, causal


def test_the_parts_are_the_fused_kernel() -> None:
    torch.manual_seed(0)
    attention = Attention(8, 2, 4)
    query, keys, values = torch.randn(3, 5, 2, 6, 4).bfloat16()
    for mask in (None, causal(6, torch.device("cpu")), torch.rand(5, 1, 1, 6) < 0.8):
        parts = attention.attend(query, Keys(keys, values), mask)
        fused = functional.scaled_dot_product_attention(
            query.float(), keys.float(), values.float(), attn_mask=mask
        )
        seen = torch.ones(5, dtype=torch.bool) if mask is None else mask.expand(5, 1, -1, 6).any(-1)
        rows = seen.reshape(5, -1).all(dim=1)
        assert parts.dtype == torch.bfloat16
        assert torch.allclose(parts[rows].float(), fused[rows], atol=2e-2)
