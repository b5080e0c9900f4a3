"""Pickles of numpy arrays in plain containers, read so that nothing in them can run."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import IO, Any

import numpy as np

_CLASSES = {
    ("collections", "OrderedDict"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("_codecs", "encode"),  # how Python 3 writes bytes for Python 2
}
"""All that such a pickle names."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _CLASSES:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which arrays do not need")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_pickle(file: IO[bytes]) -> Any:
    """Return what a pickle holds; raises UnpicklingError for anything but arrays and containers."""
    return _Unpickler(file, encoding="latin1").load()


def read_pickled_array(path: Path) -> Any:
    """Return the one object of a `.npy` of objects; raises ValueError where it is none."""
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f"is of version {version} of the format")
        shape, _, kind = np.lib.format.read_array_header_1_0(file)
        if shape != () or not kind.hasobject:
            raise ValueError(f"holds an array of shape {shape}, not one object")
        found = read_pickle(file)
    if not isinstance(found, np.ndarray) or found.shape != ():
        raise ValueError("holds no array of one object")
    return found.item()
