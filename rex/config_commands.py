"""`rex config`: the defaults, the schema, and the checked configuration of a workflow."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path

from rex.command_line import Subparsers, add_station, add_verb
from rex.config import Config
from rex.files import write_text


def add_commands(stations: Subparsers) -> None:
    """Add `rex config defaults|schema|write`."""
    verbs = add_station(stations, "config", "the configuration and its schema")
    for run in (_defaults, _schema, _write):
        verb = add_verb(verbs, run, f"rex config {run.__name__.strip('_')} --out FILE")
        verb.path("--out", "FILE")


def _defaults(out: Path) -> None:
    """Write config.yaml: every key, its default and its meaning."""
    from rex.config_files import config_yaml

    write_text(out, config_yaml())


def _schema(out: Path) -> None:
    """Write the JSON schema of a configuration."""
    from rex.config_files import config_schema

    write_text(out, json.dumps(config_schema(), indent=1) + "\n")


def _write(out: Path, config: Config, config_file: str | None) -> None:
    """Check a configuration and write it with all defaults filled in."""
    import yaml

    from rex.config_files import config_values, source_name

    check_methods(config, source_name(config_file or "config"))
    write_text(out, yaml.safe_dump(config_values(config), sort_keys=False))


def check_methods(config: Config, file: str | PathLike[str]) -> None:
    """Raise InputError when a method does not have a setting that it is given.

    The methods' own files know which they have, and load PyTorch.
    """
    if not config.methods:
        return
    from rex.models.methods import method_settings

    for name, given in config.methods.items():
        method_settings(name, given, file=str(file))
