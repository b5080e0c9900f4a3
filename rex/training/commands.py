"""The verbs of this station."""

from __future__ import annotations

from rex.command_line import Subparsers


def add_commands(stations: Subparsers) -> None:
    """Add the station's verbs."""
