"""Random encodings, as a backbone would make them."""

from __future__ import annotations

import torch
from torch import Tensor

from rex.models.backbones import Encoding


def random_encoding(
    boxes: list[int], seed: int, *, regions: int, hidden: int, features: int, pieces: int = 3
) -> Encoding:
    """Draw the encoding of questions of 1 to 4 word pieces about images with so many `boxes`."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        drawn = torch.randn(*shape, generator=generator, dtype=torch.float64)
        return drawn.requires_grad_()

    b = len(boxes)
    numbers = torch.randint(1, pieces, (b, 4), generator=generator)
    lengths = torch.randint(1, 5, (b, 1), generator=generator)
    return Encoding(
        cls=draw(b, hidden),
        regions=draw(b, regions, hidden),
        visual=draw(b, regions, features),
        region_mask=torch.arange(regions) < torch.tensor(boxes)[:, None],
        boxes=torch.rand(b, regions, 6, generator=generator, dtype=torch.float64),
        words=draw(b, 4, hidden),
        pieces=numbers * (torch.arange(4) < lengths),
    )


def single(encoding: Encoding) -> Encoding:
    """Return an encoding in float32."""
    return encoding.map(lambda part: part.float() if part.is_floating_point() else part)
