"""Marking regions, against the sum over regions written out."""

from __future__ import annotations

import math

import pytest
import torch

from rex.models.batch import IGNORED
from rex.models.decoder import DecoderSizes
from rex.models.methods.regions_only import RegionMarker

from ..encodings import random_encoding
from .test_reader import make_batch

SIZES = DecoderSizes(words=6, regions=4, hidden=8, features=5)


def test_the_loss_is_class_balanced_over_the_regions_that_exist() -> None:
    torch.manual_seed(0)
    marker = RegionMarker(SIZES).double()
    counts = [4, 2, 3]
    encoding = random_encoding(counts, 1, regions=4, hidden=8, features=5)
    explanations = [[6, 2, 9, 0], [7, 2, 7, IGNORED], [3, 0, IGNORED, IGNORED]]
    named = [{0, 3}, {1}, set[int]()]
    batch = make_batch([0, 0, 0], explanations)
    output = marker.learn(encoding, batch, torch.zeros(3, 2), None, answers=True)  # type: ignore[arg-type]
    assert output.explanation is None
    with torch.no_grad():
        marks = torch.sigmoid(marker.mark(encoding.regions)).squeeze(-1).tolist()
    for row, (count, regions) in enumerate(zip(counts, named, strict=True)):
        share = len(regions) / count
        expected = -sum(
            (1 - share) * math.log(marks[row][i])
            if i in regions
            else share * math.log(1 - marks[row][i])
            for i in range(count)
        )
        assert float(output.own["region_loss"][row]) == pytest.approx(expected, rel=1e-5)
