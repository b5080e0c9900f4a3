"""HDF5 files of any origin, read without leaving the file: links and virtual data are refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
import numpy.typing as npt

from rex.errors import InputError


@contextmanager
def open_hdf5(
    path: Path,
    *,
    kind: str = "HDF5 file",
    missing: str = "check the path",
    damaged: str = "fetch it again",
) -> Iterator[h5py.File]:
    """Open a file for reading; raises InputError with a cure for a missing or a damaged one."""
    try:
        with h5py.File(path, "r") as file:
            yield file
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError("no such file", file=path, cure=missing) from None
    except Exception as error:  # what is read of a damaged file can raise nearly anything
        raise InputError(f"not a valid {kind} ({error})", file=path, cure=damaged) from None


def own_dataset(file: h5py.File, name: str) -> h5py.Dataset:
    """Return a dataset whose numbers lie in `file` itself.

    Raises ValueError when there is none, or when it is a link or points to another file: an HDF5
    file could otherwise have any other file of the system read.
    """
    link = file.get(name, getlink=True)
    if link is None:
        raise ValueError(f"no dataset {name!r}")
    if not isinstance(link, h5py.HardLink):
        target = getattr(link, "filename", None) or link.path
        raise ValueError(f"{name} is a link to {target!r}, and links are not followed")
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset):
        raise ValueError(f"{name} is not a dataset")
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"the values of {name} are in other files, which are not read")
    return dataset


def memory_map(path: Path, dataset: h5py.Dataset, mode: Literal["r", "r+"]) -> npt.NDArray[Any]:
    """Map a contiguous dataset of the file `path` into memory.

    Raises OSError where it is to be written and the disk has no room for it.
    """
    if not dataset.size:  # nothing to map
        return np.zeros(dataset.shape, dataset.dtype)
    offset = dataset.id.get_offset()
    if mode == "r+":  # written where there is no room, a map ends the process: SIGBUS
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), offset, dataset.nbytes)
    return np.memmap(path, dataset.dtype, mode=mode, offset=offset, shape=dataset.shape)
