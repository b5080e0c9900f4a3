"""What can go wrong with a machine while a run trains, said in one line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from rex.errors import InputError
from rex.files import full_disk_told

_FULL = {
    # what a GPU's libraries say of it: the driver (also of pinning), cuBLAS and cuDNN, NCCL
    "out of memory": "the GPU's memory",
    "alloc_failed": "the GPU's memory",
    "failed to cuda": "the GPU's memory",
    # the CPU's: torch has no error of its own for it
    "can't allocate memory": "the memory",
}
"""Part of a RuntimeError's message, in small letters, to what is full."""

_LEFT = ("connection closed by peer", "connection reset by peer", "remote process exited")
"""What Gloo and NCCL say when another process is gone."""


@contextmanager
def run_folder(folder: Path) -> Iterator[None]:
    """Make a run's folder, and take it away where bad input has left nothing in it."""
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except InputError:
        with suppress(OSError):  # it holds something
            if made:
                os.removedirs(folder)
        raise


_SMALLER_PARTS = "raise training.accumulation and start again: it goes on where it was saved"


@contextmanager
def plain_failures(folder: Path, *, smaller: str = _SMALLER_PARTS) -> Iterator[None]:
    """Turn running out of memory or disk space into an InputError that says what to do.

    So is the end of another process of the run, which has told its reason itself. Started again,
    the run in `folder` goes on from its last saved state. `smaller`: the cure for full memory.
    """
    try:
        with full_disk_told(folder):
            yield
    except (MemoryError, RuntimeError) as error:
        if (memory := _full(error)) is not None:
            raise InputError(
                f"{memory} is full",
                file=folder,
                cure=smaller,
            ) from None
        if any(part in str(error).lower() for part in _LEFT):
            raise InputError(
                "another process of this run has ended",
                file=folder,
                cure="see what it said, and start all of them again",
            ) from None
        raise


def _full(error: Exception) -> str | None:
    """Return which memory an error says is full."""
    if isinstance(error, MemoryError):
        return "the memory"
    if isinstance(error, torch.OutOfMemoryError):
        return "the GPU's memory"
    message = str(error).lower()
    return next((memory for part, memory in _FULL.items() if part in message), None)
