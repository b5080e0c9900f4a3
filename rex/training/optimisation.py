"""The optimiser, its learning rate, and the number format of the matrix products."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch.nn import Parameter

from rex.config import ComputeSettings, TrainingSettings
from rex.errors import InputError


def choose_device(compute: ComputeSettings) -> torch.device:
    """Return the device to compute on, and set the CPU threads of a training run.

    Raises InputError when it is to be a GPU, and there is none. A GPU multiplies float32 matrices
    in TF32 from then on (10 bits of mantissa, as fp16 has).
    """
    torch.set_num_threads(compute.training_threads)
    torch.backends.cuda.matmul.allow_tf32 = True
    found = torch.cuda.is_available()
    if compute.device == "cuda" and not found:
        raise InputError(
            "no GPU that this PyTorch can use",
            file="config",
            place="compute.device",
            cure="set it to cpu or auto, or install PyTorch for your GPU",
        )
    return torch.device("cuda" if found and compute.device != "cpu" else "cpu")


def choose_precision(precision: str, device: torch.device) -> torch.dtype:
    """Return the format of the matrix products that `precision` means on `device`."""
    if precision == "auto":
        # without such instructions a CPU emulates bf16, at a tenth of the speed
        fast = torch.cuda.is_bf16_supported() if device.type == "cuda" else _cpu_multiplies_bf16()
        return torch.bfloat16 if fast else torch.float32
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]


def _cpu_multiplies_bf16() -> bool:
    capabilities = torch.cpu.get_capabilities()
    return any(bool(capabilities.get(name)) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def autocast(precision: torch.dtype, device: torch.device) -> torch.autocast:
    """Return the context in which a model runs with `precision`."""
    return torch.autocast(device.type, precision, enabled=precision != torch.float32)


def build_optimizer(
    parameters: Iterable[Parameter], settings: TrainingSettings
) -> torch.optim.Optimizer:
    """Return Adam as in the paper (betas 0.9 and 0.999), its arithmetic fused into one pass."""
    return torch.optim.Adam(
        list(parameters), lr=settings.learning_rate, betas=(0.9, 0.999), fused=True
    )


def learning_rate(step: int, *, steps_per_epoch: int, settings: TrainingSettings) -> float:
    """Return the learning rate of a step (from 0): risen by the warm-up, fallen by the decay."""
    warmup = settings.warmup * settings.epochs * steps_per_epoch
    rising = min(1.0, (step + 1) / warmup) if warmup else 1.0
    decayed = step >= (settings.decay_epoch - 1) * steps_per_epoch
    return settings.learning_rate * rising * (settings.decay_factor if decayed else 1.0)


def generator_state(device: torch.device) -> dict[str, torch.Tensor]:
    """Return the state of the random generators that this process draws dropout from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def restore_generator(states: dict[str, torch.Tensor], device: torch.device) -> None:
    """Set the random generators to a state that `generator_state` returned."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
