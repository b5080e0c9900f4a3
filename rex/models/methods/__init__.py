"""The compared methods, a file each; `rex.experiment.METHODS` names them."""

from __future__ import annotations

import dataclasses
import importlib
import math
import typing
from collections.abc import Mapping
from typing import Any

from rex.errors import InputError
from rex.experiment import METHODS, MethodValue
from rex.models.decoder import Decoder, MethodSettings


def decoder_class(method: str, mode: str = "fixed") -> type[Decoder] | None:
    """Return the decoder of a method in a mode (`fixed` or `compat`); None: it does not explain.

    Raises KeyError for an unknown method.
    """
    path = METHODS[method].decoder_of(mode)
    if path is None:
        return None
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def method_settings(
    method: str, given: Mapping[str, Any] | None = None, *, file: str = "configuration"
) -> MethodSettings:
    """Return the settings of a method: its defaults, what `METHODS` says, then what is `given`.

    Raises InputError for one that the method does not have, for a value of another type than its
    default, for a count (a whole number) below 1 or a weight below 0, unless the default is as low,
    and for a default that no configuration could hold.
    """
    decoder = decoder_class(method)
    settings = MethodSettings if decoder is None else decoder.Settings
    defaults = _defaults(settings)
    values = {**METHODS[method].options, **(given or {})}
    for name, value in values.items():
        place = f"methods.{method}.{name}"
        if name not in defaults:
            cure = f"one of {', '.join(defaults)}"
            raise InputError("no such setting", file=file, place=place, cure=cure)
        kind = type(defaults[name])
        if type(value) is not kind and not (kind is float and type(value) is int):
            cure = f"give a value like {defaults[name]!r}"
            if type(value) is str:
                cure += " (a number without a dot, as 1e-4, is text to YAML)"
            raise InputError(f"{value!r} is not of its type", file=file, place=place, cure=cure)
        if kind in (bool, str):
            continue
        least = min(int(kind is int), defaults[name])
        if not least <= value < math.inf:
            cure = f"give {least} or more, like {defaults[name]!r}"
            raise InputError(f"{value!r} is out of range", file=file, place=place, cure=cure)
    return settings(**values)


def _defaults(settings: type[MethodSettings]) -> dict[str, Any]:
    """Return a settings class's defaults; raises InputError for one that cannot be a setting."""
    defaults: dict[str, Any] = {entry.name: entry.default for entry in dataclasses.fields(settings)}
    for name, value in defaults.items():
        known = type(value) in typing.get_args(MethodValue)
        if not known or (type(value) is float and not math.isfinite(value)):
            raise InputError(
                "a setting's default is a finite number, a text, True or False",
                file=settings.__module__,
                place=f"{settings.__name__}.{name}",
                cure="give such a default",
            )
    return defaults
