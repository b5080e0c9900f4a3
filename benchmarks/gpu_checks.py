"""Where a training step's time goes, whether it repeats itself, and how far it is from a CPU's."""

from __future__ import annotations

import re
from collections.abc import Callable

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from benchmarks.paper_size import Batches, Ours, Size, now
from rex.devices import autocast
from rex.models.batch import Batch
from rex.training.dataset import Examples

KINDS = {
    "attention": r"attention|fmha|flash|softmax_warp|sdpa",
    "matrix products": r"gemm|cutlass|cublas|nvjet|xmma|splitk|::mm|addmm|bmm",
    "optimiser": r"adam|multi_tensor|foreach|norm_kernel.*lpnorm",
    "normalisation": r"layer_norm|native_layer|gammabeta",
    "softmax and loss": r"softmax|nll|logsumexp|logaddexp",
    "dropout": r"dropout|bernoulli|philox",
    "gather and scatter": r"index|gather|scatter|embedding",
    "copies": r"copy|memcpy|memset|cat|fill",
    "reductions": r"reduce|sum",
}
"""Kind of kernel to what its name holds; the first that fits, else element by element."""


def kernels(system: Ours, batches: Batches, *, steps: int = 3) -> dict[str, float]:
    """Return the milliseconds of a step by kind of kernel, and the launches in a step.

    `busy` is the sum over all kinds; a step that takes longer waits for the CPU.
    """
    device, system.model = system.device, system.model.train()
    gpu = device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if gpu else [])]
    done = system.train((batches * (steps + 2))[: steps + 2])
    for _ in range(2):
        next(done)
    with profile(activities=activities) as profiler:
        began = now(device)
        for _ in done:
            pass
        wall = now(device) - began
    found = dict.fromkeys((*KINDS, "element by element"), 0.0)
    launches = 0
    for event in profiler.key_averages():
        on_gpu = str(event.device_type).endswith("CUDA")
        # the optimiser's step is annotated on the device too, over its kernels
        if on_gpu != gpu or event.key.startswith("Optimizer."):
            continue
        taken = event.self_device_time_total if gpu else event.self_cpu_time_total
        found[kind_of(event.key)] += taken / 1e3 / steps
        launches += event.count
    found = {name: taken for name, taken in found.items() if taken}
    return {
        "step": wall * 1e3 / steps,
        "busy": sum(found.values()),
        **found,
        "launches": launches / steps,
    }


def kind_of(kernel: str) -> str:
    """Return the kind of a kernel by its name."""
    matching = (kind for kind, names in KINDS.items() if re.search(names, kernel, re.IGNORECASE))
    return next(matching, "element by element")


def phases(system: Ours, batches: Batches, *, steps: int = 5) -> dict[str, float]:
    """Return the milliseconds of each phase of a step, the device waited for after each."""
    device, system.model = system.device, system.model.train()
    names = ("loading", "transformer", "decoder and loss", "backward", "optimiser")
    taken = dict.fromkeys(names, 0.0)
    transformer: list[float] = []
    hook = system.model.backbone.register_forward_hook(lambda *_: transformer.append(now(device)))
    loaded = system.load((batches * (steps + 2))[: steps + 2])
    for step in range(steps + 2):
        times = [now(device)]
        batch = next(loaded)
        times.append(now(device))
        loss = system.loss(batch)
        times += [transformer.pop(), now(device)]
        system.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        times.append(now(device))
        system.update()
        times.append(now(device))
        if step >= 2:
            for name, begin, end in zip(names, times, times[1:], strict=False):
                taken[name] += (end - begin) * 1e3 / steps
    hook.remove()
    return taken


def repeats_itself(make: Callable[[], Ours], batches: Batches) -> bool:
    """Return whether the same steps, dropout included, end in the same weights bit for bit."""
    ends = []
    for _ in range(2):
        system = make()
        torch.manual_seed(1)
        for _ in system.train(batches):
            pass
        ends.append([value.detach().clone() for value in system.model.parameters()])
    return all(torch.equal(one, other) for one, other in zip(*ends, strict=True))


def differences(
    size: Size, examples: Examples, rows: Batches, *, method: str, backbone: str
) -> dict[str, float]:
    """Return how far a device's results are from a CPU's, of the same weights, without dropout.

    `answers` and `explanation` are the largest differences of the answer head's logits and of
    log-probabilities in float32 (TF32 off), `gradient` is that of the gradient relative to its
    norm; `rounded` is the largest difference of the logits in bf16.
    """
    system = Ours(size, examples, torch.float32, method=method, backbone=backbone)
    torch.backends.cuda.matmul.allow_tf32 = False
    system.model.eval()
    [placed] = system.load(rows)
    there = _outputs(system, placed)
    system.precision = torch.bfloat16
    with torch.no_grad(), autocast(system.precision, system.device):
        rounded = system.model(placed, explain=False).answers.float().cpu()
    system.device, system.precision = torch.device("cpu"), torch.float32
    system.model.cpu()
    here = _outputs(system, placed.to(system.device))
    torch.backends.cuda.matmul.allow_tf32 = True
    found = {
        name: float((there[name] - value).abs().max())
        for name, value in here.items()
        if name != "gradient"
    }
    gradient = here["gradient"]
    found["gradient"] = float((there["gradient"] - gradient).norm() / gradient.norm())
    return {**found, "rounded": float((rounded - here["answers"]).abs().max())}


def _outputs(system: Ours, batch: Batch) -> dict[str, Tensor]:
    """Return answers' logits, log-probabilities (at least -50) and the gradient, on the CPU."""
    torch.manual_seed(2)
    with torch.no_grad():
        found = {"answers": system.model(batch, explain=False).answers.cpu()}
        explanation = system.model(batch, explain=system.objective.explanations).explanation
    if explanation is not None:
        found["explanation"] = explanation.log_probabilities.clamp(min=-50).cpu()
    system.optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(system.loss(batch))
    grown = [
        value.grad.flatten().cpu() for value in system.model.parameters() if value.grad is not None
    ]
    return {**found, "gradient": torch.cat(grown)}
