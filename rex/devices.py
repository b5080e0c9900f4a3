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


def choose_device(compute: ComputeSettings) -> torch.device:
    """Return the device to compute on, and set the CPU threads of a training run.

    Raises InputError when it is to be a GPU, and there is none. A GPU multiplies float32 matrices
    in TF32 from then on (10 bits of mantissa, as fp16 has).
    """
    torch.set_num_threads(compute.training_threads)
    torch.backends.cuda.matmul.allow_tf32 = True
    # H100 and later prefer cuDNN's attention, which plans for each new shape; lengths vary here
    torch.backends.cuda.enable_cudnn_sdp(False)
    return find_device(compute)


def choose_precision(precision: str, device: torch.device) -> torch.dtype:
    """Return the format of the matrix products that `precision` means on `device`."""
    if precision == "auto":
        return product_format(device)
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]


def autocast(precision: torch.dtype, device: torch.device) -> torch.autocast:
    """Return the context in which a model runs with `precision`."""
    return torch.autocast(device.type, precision, enabled=precision != torch.float32)
