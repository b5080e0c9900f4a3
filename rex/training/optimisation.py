"""The optimisers, their learning rate, and the random numbers that a run draws."""

from __future__ import annotations

import torch
from torch import nn

from rex.config import TrainingSettings
from rex.muon import Muon


def build_optimizers(
    model: nn.Module, settings: TrainingSettings, precision: torch.dtype
) -> list[torch.optim.Optimizer]:
    """Return what the weights that are learnt are learnt with; a group's `rate` scales its steps.

    Adam as in the paper (betas 0.9 and 0.999), its arithmetic fused into one pass; with
    `optimizer: muon` the matrices of linear layers are Muon's, whose products have `precision`.
    """
    trained = {id(weight): weight for weight in model.parameters() if weight.requires_grad}
    matrices = []
    if settings.optimizer == "muon":
        layers = (module for module in model.modules() if isinstance(module, nn.Linear))
        matrices = [w for layer in layers if (w := trained.pop(id(layer.weight), None)) is not None]
    rate = settings.learning_rate
    found: list[torch.optim.Optimizer] = [
        torch.optim.Adam(
            [{"params": list(trained.values()), "rate": 1.0}],
            lr=rate,
            betas=(0.9, 0.999),
            fused=True,
        )
    ]
    if matrices:
        group = {"params": matrices, "rate": settings.muon_rate}
        # in half precision without bfloat16's range the iteration would not be safe
        products = precision if precision == torch.bfloat16 else torch.float32
        found.append(Muon([group], lr=rate, precision=products))
    return found


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
    if device.type == "cuda" and "cuda" in states:  # not where a CPU has gone before
        torch.cuda.set_rng_state(states["cuda"], device)
