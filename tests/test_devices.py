"""Which device is chosen, and which number format."""

from __future__ import annotations

import pytest
import torch

from rex.config import ComputeSettings
from rex.devices import choose_device, choose_precision
from rex.errors import InputError

CPU = torch.device("cpu")


def test_names_of_precisions() -> None:
    assert choose_precision("fp32", CPU) == torch.float32
    assert choose_precision("bf16", CPU) == torch.bfloat16
    assert choose_precision("fp16", CPU) == torch.float16
    assert choose_precision("auto", CPU) in (torch.float32, torch.bfloat16)


def test_a_device_that_is_not_there_is_not_chosen() -> None:
    threads = torch.get_num_threads()
    chosen = choose_device(ComputeSettings(device="auto", training_threads=1))
    torch.set_num_threads(threads)
    assert chosen.type == ("cuda" if torch.cuda.is_available() else "cpu")
    if chosen.type == "cpu":
        with pytest.raises(InputError, match=r"compute\.device: PyTorch finds no usable GPU"):
            choose_device(ComputeSettings(device="cuda"))
