"""The Slurm profile where jobs are charged to an account: `make test-slurm`, as root."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .running import prepare
from .slurm_node import ACCOUNT, run, slurm_node
from .test_kills import runs, tables
from .test_slurm import PROFILE, cancel, disturb, start

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.slow,
    pytest.mark.xdist_group("workflow"),
    pytest.mark.skipif("REX_SLURM" not in os.environ, reason="make test-slurm runs it"),
]


@pytest.fixture
def accounted(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "node").mkdir()
    with slurm_node(tmp_path / "node", accounting=True) as folder:
        yield folder


def test_jobs_are_charged_to_an_account(accounted: Path, finished: Path, tmp_path: Path) -> None:
    folder, profile = prepare(tmp_path / "slurm"), tmp_path / "profile"
    shutil.copytree(PROFILE, profile)
    text = (profile / "config.yaml").read_text()
    for line, ours in (
        ("slurm-status-command: squeue", "slurm-status-command: sacct"),
        ("# slurm_account: yours", f"slurm_account: {ACCOUNT} #"),
    ):
        assert line in text
        text = text.replace(line, ours)
    (profile / "config.yaml").write_text(text)
    left = {"cancelled training": cancel("train_wildcards_multi-task_rex")}
    workflow = start(folder, profile=profile)
    try:
        disturb(workflow, folder, left)
        assert left == {}
        assert workflow.wait(timeout=120) == 0, (folder / "told.txt").read_text()[-8000:]
    finally:
        workflow.kill()
    assert tables(folder) == tables(finished)
    assert runs(folder) == runs(finished)
    kept = run("sacct", "--allocations", "--noheader", "--parsable2", "--format=Account,State")
    states = [line.split("|") for line in kept.splitlines()]
    assert {account for account, _ in states} == {ACCOUNT}
    assert {state.split()[0] for _, state in states} == {"COMPLETED", "CANCELLED"}
    # of 46 jobs (the configuration is written where Snakemake runs) 9 predictions are in one with
    # their measures, 2 cards with the explanations that they count; one is done again
    assert len(states) == 36
