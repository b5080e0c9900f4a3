"""The compared methods, a file each; `rex.experiment.METHODS` names them."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from typing import Any

from rex.errors import InputError
from rex.experiment import METHODS
from rex.models.decoder import Decoder, MethodSettings


def decoder_class(method: str, mode: str = "fixed") -> type[Decoder] | None:
    """Return the decoder of a method in a mode (`fixed` or `compat`); None: it does not explain.

    Raises KeyError for an unknown method.
    """
    path = METHODS[method].decoder_of(mode)
    if path is None:
        return None
    module, _, name = path.partition(":")
    decoder: type[Decoder] = getattr(importlib.import_module(module), name)
    return decoder


def method_settings(
    method: str, given: Mapping[str, Any] | None = None, *, file: str = "configuration"
) -> MethodSettings:
    """Return the settings of a method: its defaults, what `METHODS` says, then what is `given`.

    Raises InputError for one that the method does not have, for a value of another type, and for a
    count (a whole number) below 1 or a weight below 0.
    """
    decoder = decoder_class(method)
    settings = MethodSettings if decoder is None else decoder.Settings
    defaults = vars(settings())
    values = {**METHODS[method].options, **(given or {})}
    for name, value in values.items():
        place = f"methods.{method}.{name}"
        if name not in defaults:
            cure = f"one of {', '.join(defaults)}"
            raise InputError("no such setting", file=file, place=place, cure=cure)
        kind = type(defaults[name])
        if type(value) is not kind and not (kind is float and type(value) is int):
            cure = f"give a value like {defaults[name]!r}"
            raise InputError(f"{value!r} is not of its type", file=file, place=place, cure=cure)
        least = int(kind is int)
        if kind is not bool and not least <= value < math.inf:
            cure = f"give {least} or more, like {defaults[name]!r}"
            raise InputError(f"{value!r} is out of range", file=file, place=place, cure=cure)
    return settings(**values)
