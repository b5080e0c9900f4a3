"""The pins of pip and of conda are the same, and installed."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import yaml

ENVS = Path(__file__).parents[1] / "envs"


def pins(name: str) -> list[str]:
    lines = (ENVS / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_conda_and_pip_pin_the_same() -> None:
    conda = yaml.safe_load((ENVS / "rex.yaml").read_text())
    assert conda["dependencies"][-1]["pip"] == pins("requirements.txt")


def test_every_pin_is_exact_and_installed() -> None:
    for pin in pins("requirements.txt") + pins("requirements-test.txt"):
        match = re.fullmatch(r"([\w.-]+)(?:\[\w+\])?==([\w.]+)", pin)
        assert match, f"not an exact pin: {pin}"
        # a build without CUDA adds a local part: 2.13.0+cpu
        assert version(match[1]).partition("+")[0] == match[2], pin
