"""Each loss is a mean over what is learnt by it."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from rex.config import TrainingSettings
from rex.experiment import SETTINGS
from rex.models.batch import Batch
from rex.models.decoder import Output, Prediction
from rex.training.objectives import Counts, losses


def test_losses_of_a_method_are_means_over_explanations_and_programs() -> None:
    """Of four questions two have an explanation, and all a program."""
    none = torch.zeros(4)
    batch = Batch(*(none for _ in dataclasses.fields(Batch)))
    batch = dataclasses.replace(batch, programs=torch.zeros(4, 1, dtype=torch.int64))
    program = Prediction(-torch.tensor([1.0, 1, 1, 3])[:, None, None], None)
    own = {
        "answer_loss": torch.tensor([1.0, 2, 3, 4]),
        "read_loss": torch.tensor([3.0, 0, 5, 0]),
    }
    found = losses(
        Output(none, None, own, program),
        batch,
        Counts(answers=4, explanations=2, programs=4),
        first_region=0,
        compat=False,
        objective=SETTINGS["multi-task"],
        settings=TrainingSettings(),
    )
    means = {"answer_loss": 2.5, "read_loss": 4.0, "program_loss": 1.5, "loss": 8.0}
    assert {name: float(value) for name, value in found.items()} == pytest.approx(means)
