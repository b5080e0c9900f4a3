"""The profiles name rules and scatter processes that the workflow has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOW = Path(__file__).parents[1] / "workflow"
RULES = "\n".join(path.read_text() for path in sorted((WORKFLOW / "rules").glob("*.smk")))
PROFILES = sorted((WORKFLOW / "profiles").glob("*/config.yaml"))


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_what_a_profile_names_is_there(path: Path) -> None:
    profile: dict[str, Any] = yaml.safe_load(path.read_text())
    rules = set(re.findall(r"^ *rule (\w+):", RULES, re.MULTILINE))
    scattered = set(re.findall(r"^scattergather:\n    (\w+)=", RULES, re.MULTILINE))
    assert {*profile.get("set-resources", {}), *profile.get("set-threads", {})} <= rules
    assert set(profile.get("set-scatter", {})) <= scattered


def test_slurm_cuts_the_long_work_into_jobs() -> None:
    profile = yaml.safe_load((WORKFLOW / "profiles/slurm/config.yaml").read_text())
    assert profile["executor"] == "slurm"
    assert min(profile["set-scatter"][name] for name in ("regions", "explanations")) > 1
