"""HDF5 files of any origin, read without leaving the file: links and virtual data are refused."""

from __future__ import annotations

import math
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from rex.errors import InputError, readable


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
        with readable(path, missing=missing, folder="name a file"), h5py.File(path, "r") as file:
            yield file
    except InputError:
        raise
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


def writable_map(path: Path, dataset: h5py.Dataset) -> npt.NDArray[Any]:
    """Map a contiguous dataset of the file `path` into memory, to be written.

    Raises OSError where the disk has no room for it.
    """
    if not dataset.size:  # nothing to map
        return np.zeros(dataset.shape, dataset.dtype)
    offset = dataset.id.get_offset()
    # written where there is no room, a map ends the process: SIGBUS
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), offset, dataset.nbytes)
    return np.memmap(path, dataset.dtype, mode="r+", offset=offset, shape=dataset.shape)


class RowReader:
    """Reads rows of a contiguous dataset of the file `path`, each by one call of the system.

    Through a memory map the system would read around each row, too (eight times as much where rows
    of 147 KB are taken at random), and count what it keeps as this process's memory.
    """

    def __init__(self, path: Path, dataset: h5py.Dataset) -> None:
        self._rows, *self._shape = dataset.shape
        self._type = dataset.dtype
        self._size = dataset.dtype.itemsize * math.prod(self._shape)
        self._offset = dataset.id.get_offset()
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def read(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Return `rows` (any order, repeats allowed) in a fresh array; threads may share a reader.

        Raises IndexError for a row that is not there, EOFError where the file ends before.
        """
        if rows.size and not 0 <= rows.min() <= rows.max() < self._rows:
            raise IndexError(f"rows {rows.min()} to {rows.max()} of {self._rows}")
        found = np.empty((len(rows), *self._shape), self._type)
        if not found.size:
            return found
        places = found.reshape(-1).view(np.uint8).data
        for start, row in zip(range(0, found.nbytes, self._size), rows.tolist(), strict=True):
            place = places[start : start + self._size]
            if os.preadv(self._file, [place], self._offset + row * self._size) < self._size:
                raise EOFError(f"it ends in row {row}")
        return found
