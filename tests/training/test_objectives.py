"""Each loss is a mean over what is learnt by it."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from rex.config import TrainingSettings
from rex.errors import InputError
from rex.experiment import SETTINGS
from rex.models.batch import Batch
from rex.models.decoder import Output, Prediction
from rex.training.objectives import Counts, losses


def _losses(
    own: dict[str, Tensor], program: Prediction | None = None, setting: str = "multi-task"
) -> dict[str, Tensor]:
    none = torch.zeros(4)
    batch = Batch(*(none for _ in dataclasses.fields(Batch)))
    return losses(
        Output(none, None, own, program),
        dataclasses.replace(batch, programs=torch.zeros(4, 1, dtype=torch.int64)),
        Counts(answers=4, explanations=2, programs=4),
        first_region=0,
        compat=False,
        objective=SETTINGS[setting],
        settings=TrainingSettings(),
    )


def test_losses_of_a_method_are_means_over_explanations_and_programs() -> None:
    """Of four questions two have an explanation, and all a program."""
    program = Prediction(-torch.tensor([1.0, 1, 1, 3])[:, None, None], None)
    own = {
        "answer_loss": torch.tensor([1.0, 2, 3, 4]),
        "read_loss": torch.tensor([3.0, 0, 5, 0]),
    }
    found = _losses(own, program)
    means = {"answer_loss": 2.5, "read_loss": 4.0, "program_loss": 1.5, "loss": 8.0}
    assert {name: float(value) for name, value in found.items()} == pytest.approx(means)


@pytest.mark.parametrize(
    ("name", "shape", "setting", "said"),
    [
        ("loss", (4,), "multi-task", "loss: is the name of a common loss; "),
        ("explanation_loss", (4,), "multi-task", "explanation_loss: is the name of a common loss"),
        ("program_loss", (4,), "multi-task", "program_loss: is the name of a common loss"),
        ("answer_loss", (4,), "explanation-only", "answer_loss: no answers are learnt here; "),
        ("own_loss", (), "multi-task", "own_loss: has the shape [], where the batch has 4"),
        ("own_loss", (4, 3), "multi-task", "own_loss: has the shape [4, 3], where the batch has 4"),
        ("answer_loss", (3,), "multi-task", "answer_loss: has the shape [3], where"),
    ],
)
def test_a_loss_that_would_not_be_learnt_as_meant_is_refused(
    name: str, shape: tuple[int, ...], setting: str, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        _losses({name: torch.ones(shape)}, setting=setting)
    assert str(caught.value).startswith(f"the method's learn: {said}")
