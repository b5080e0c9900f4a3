"""What can go wrong with a machine while a run trains, said in one line."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from rex.errors import InputError


@contextmanager
def plain_failures(folder: Path) -> Iterator[None]:
    """Turn running out of memory or disk space into an InputError that says what to do.

    Nothing is lost: started again, the run in `folder` goes on from its last saved state.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            memory = "the GPU's memory"
        elif isinstance(error, MemoryError) or "can't allocate memory" in str(error):
            memory = "the memory"  # of the CPU: torch has no error of its own for it
        else:
            raise
        raise InputError(
            f"{memory} is full",
            file=folder,
            cure="raise training.accumulation or lower training.batch_size, and start it again",
        ) from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise InputError(
            "the disk is full",
            file=folder,
            cure="make room and start it again: it goes on where it was",
        ) from None
