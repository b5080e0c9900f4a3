"""The profiles name rules that the workflow has, and cut no work into other parts."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from snakemake_executor_plugin_slurm.validation import validate_slurm_extra

WORKFLOW = Path(__file__).parents[1] / "workflow"
RULES = "\n".join(path.read_text() for path in sorted((WORKFLOW / "rules").glob("*.smk")))
PROFILES = sorted((WORKFLOW / "profiles").glob("*/config.yaml"))


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_what_a_profile_names_is_there(path: Path) -> None:
    profile: dict[str, Any] = yaml.safe_load(path.read_text())
    rules = set(re.findall(r"^ *rule (\w+):", RULES, re.MULTILINE))
    assert {*profile.get("set-resources", {}), *profile.get("set-threads", {})} <= rules


def test_each_machine_cuts_work_into_the_same_parts() -> None:
    assert not any("set-scatter" in yaml.safe_load(path.read_text()) for path in PROFILES)


def test_slurm_takes_the_options_that_are_documented() -> None:
    pages = [WORKFLOW / "profiles/slurm/config.yaml", WORKFLOW.parent / "docs/cluster.md"]
    given = [re.findall(r"slurm_extra: \"'(.*?)'\"", page.read_text()) for page in pages]
    assert any(given)
    for extra in itertools.chain(*given):
        validate_slurm_extra(SimpleNamespace(resources=SimpleNamespace(slurm_extra=extra)))
