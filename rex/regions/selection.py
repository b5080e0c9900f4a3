"""Which of the detector's proposals become the regions of an image."""

from __future__ import annotations

import torch

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Overlaps (IoU) above which the weaker of two boxes goes, from strict to lenient."""


def fixed_number(boxes: torch.Tensor, scores: torch.Tensor, regions: int) -> torch.Tensor:
    """Return the indices of `regions` boxes, best first; fewer only if there are no more boxes.

    `boxes` [N, 4] and `scores` [N]: each proposal's refined box and score of its best class.
    Suppression disregards classes, at the first threshold that leaves enough boxes (the rule of
    the public bottom-up detector, as LXMERT and REX use it).
    """
    from torchvision.ops import nms

    for threshold in THRESHOLDS:
        kept: torch.Tensor = nms(boxes, scores, threshold)
        if len(kept) >= regions:
            break
    if len(kept) < regions:
        # too few even at the most lenient threshold: take the best of the suppressed ones as well
        rest = torch.argsort(scores, descending=True, stable=True)
        rest = rest[~torch.isin(rest, kept)]
        kept = torch.cat([kept, rest])
        kept = kept[torch.argsort(scores[kept], descending=True, stable=True)[:regions]]
    return kept[:regions]


LEAST = 10
"""Regions that an adaptive selection keeps in any case."""
CONFIDENT = 0.2
"""Score from which an adaptive selection keeps a region."""
CLASS_OVERLAP = 0.3
"""Overlap (IoU) above which the weaker of two boxes of one class goes."""


def adaptive_number(
    boxes: torch.Tensor, scores: torch.Tensor, classes: torch.Tensor, most: int
) -> torch.Tensor:
    """Return the indices of the confident boxes, best first: 10 to `most` (Anderson et al. 2018).

    `boxes` [N, 4], `scores` [N] and `classes` [N]: each proposal's refined box, and its best class.
    """
    from torchvision.ops import batched_nms

    kept: torch.Tensor = batched_nms(boxes.float(), scores, classes, CLASS_OVERLAP)
    confident = int((scores[kept] >= CONFIDENT).sum())
    return kept[: min(max(confident, LEAST), most)]
