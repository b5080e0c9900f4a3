"""The device that a job computes on, and the number format of its matrix products."""

from __future__ import annotations

import torch

from rex.config import ComputeSettings
from rex.errors import InputError


def find_device(compute: ComputeSettings) -> torch.device:
    """Return the device to compute on; raises InputError where it is to be a GPU, without one."""
    found = torch.cuda.is_available()
    if compute.device == "cuda" and not found:
        raise InputError(
            "PyTorch finds no usable GPU",
            file="config",
            place="compute.device",
            cure="set it to cpu or auto, or install PyTorch for your GPU",
        )
    return torch.device("cuda" if found and compute.device != "cpu" else "cpu")


def product_format(device: torch.device) -> torch.dtype:
    """Return bfloat16 where the device has instructions for its products, else float32."""
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:  # without them a CPU emulates bf16, at a tenth of the speed
        capabilities = torch.cpu.get_capabilities()
        names = ("avx512_bf16", "amx_bf16", "bf16")
        fast = any(bool(capabilities.get(name)) for name in names)
    return torch.bfloat16 if fast else torch.float32
