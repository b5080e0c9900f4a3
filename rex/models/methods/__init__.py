"""The decoders of the compared methods, a file each; `rex.experiment.METHODS` names them."""

from __future__ import annotations

import importlib

from rex.experiment import METHODS
from rex.models.decoder import AttentiveDecoder


def decoder_class(method: str, mode: str = "fixed") -> type[AttentiveDecoder] | None:
    """Return the decoder of a method in a mode (`fixed` or `compat`); None: it does not explain.

    Raises KeyError for an unknown method.
    """
    path = METHODS[method].decoder_of(mode)
    if path is None:
        return None
    module, _, name = path.partition(":")
    decoder: type[AttentiveDecoder] = getattr(importlib.import_module(module), name)
    return decoder
