"""The optimisers, their learning rate, and the random numbers that a run draws."""

from __future__ import annotations

from typing import Any

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
    `weight_decay` spares vectors: biases and LayerNorm's weights.
    """
    trained = {id(weight): weight for weight in model.parameters() if weight.requires_grad}
    matrices = []
    if settings.optimizer == "muon":
        layers = (module for module in model.modules() if isinstance(module, nn.Linear))
        matrices = [w for layer in layers if (w := trained.pop(id(layer.weight), None)) is not None]
    rate, decay = settings.learning_rate, settings.weight_decay
    rest = list(trained.values())
    groups: list[dict[str, Any]] = [{"params": rest, "rate": 1.0}]
    if decay:
        tables = [weight for weight in rest if weight.ndim > 1]
        vectors = [weight for weight in rest if weight.ndim <= 1]
        groups = [
            {"params": tables, "rate": 1.0, "weight_decay": decay},
            {"params": vectors, "rate": 1.0, "weight_decay": 0.0},
        ]
    adam = torch.optim.AdamW if decay else torch.optim.Adam
    found: list[torch.optim.Optimizer] = [adam(groups, lr=rate, betas=(0.9, 0.999), fused=True)]
    if matrices:
        group = {"params": matrices, "rate": settings.muon_rate}
        # in half precision without bfloat16's range the iteration would not be safe
        products = precision if precision == torch.bfloat16 else torch.float32
        found.append(Muon([group], lr=rate, precision=products, weight_decay=decay))
    return found


def learning_rate(step: int, *, steps_per_epoch: int, settings: TrainingSettings) -> float:
    """Return the learning rate of a step (from 0): risen by the warm-up, fallen by the decay."""
    warmup = settings.warmup * settings.epochs * steps_per_epoch
    rising = min(1.0, (step + 1) / warmup) if warmup else 1.0
    if settings.decay == "linear":
        steps = settings.epochs * steps_per_epoch
        falling = (steps - step) / max(steps - warmup, 1.0)
        return settings.learning_rate * min(rising, falling)
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
