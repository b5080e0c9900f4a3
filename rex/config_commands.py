"""`rex config`: the defaults, the schema, and the checked configuration of a workflow."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rex.command_line import Subparsers, add_station, add_verb


def add_commands(stations: Subparsers) -> None:
    """Add `rex config defaults|schema|write`."""
    verbs = add_station(stations, "config", "the configuration and its schema")
    for name, run, purpose in (
        ("defaults", _defaults, "write config.yaml: every key, its default and its meaning"),
        ("schema", _schema, "write the JSON schema of a configuration"),
        ("write", _write, "check a configuration and write it with all defaults filled in"),
    ):
        verb = add_verb(verbs, name, run, help=purpose, example=f"rex config {name} --out FILE")
        verb.add_argument("--out", type=Path, required=True, metavar="FILE")


def _defaults(arguments: argparse.Namespace) -> None:
    from rex.config_files import config_yaml
    from rex.files import write_text

    write_text(arguments.out, config_yaml())


def _schema(arguments: argparse.Namespace) -> None:
    from rex.config_files import config_schema
    from rex.files import write_text

    write_text(arguments.out, json.dumps(config_schema(), indent=1) + "\n")


def _write(arguments: argparse.Namespace) -> None:
    import yaml

    from rex.config_files import config_values, read_config
    from rex.files import write_text

    config = read_config(arguments.config)
    write_text(arguments.out, yaml.safe_dump(config_values(config), sort_keys=False))
