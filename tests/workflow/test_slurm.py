"""The Slurm profile on a Slurm of one node, without accounting: `make test-slurm`, as root."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from .running import ROOT, prepare
from .slurm_node import restart_controller, run, slurm_node
from .test_kills import models, runs, tables

PROFILE = ROOT / "workflow/profiles/slurm"

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.slow,
    pytest.mark.xdist_group("workflow"),
    pytest.mark.skipif("REX_SLURM" not in os.environ, reason="make test-slurm runs it"),
]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with slurm_node(tmp_path_factory.mktemp("slurm")) as folder:
        yield folder


def start(folder: Path, *arguments: str, profile: Path = PROFILE) -> subprocess.Popen[str]:
    """Start the workflow as docs/cluster.md says."""
    return subprocess.Popen(
        [
            *("snakemake", "--snakefile", str(ROOT / "Snakefile")),
            *("--workflow-profile", str(profile), "--configfile", "config/smoke.yaml"),
            *("--set-scatter", "regions=2", "explanations=2", *arguments),
        ],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "told.txt").open("a"),
        text=True,
    )


def job_of(rule: str) -> str | None:
    """Return the number of a running job of a rule (and of a run), which its comment names.

    Jobs that are one to the cluster have a name of their own: `measure_…`.
    """
    listed = run("squeue", "--noheader", "--states=RUNNING", "--format=%i %k").splitlines()
    found = [line.split()[0] for line in listed if line.split()[1].startswith(f"rule_{rule}")]
    return found[0] if found else None


def training(method: str, folder: Path) -> int | None:
    """Return the process that trains a method in a folder, once MLflow knows of it."""
    if not any(folder.glob(f"results/smoke/runs/*/{method}/seed0/mlflow.json")):
        return None
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            command = path.read_text(errors="replace").replace("\0", " ")
            # others may train on this machine
            ours = (path.parent / "cwd").resolve() == folder.resolve()
            if ours and "/bin/rex train " in command and f"--method {method} " in command:
                return int(path.parent.name)
    return None


def limit_time(folder: Path) -> bool:
    """Let a training run into its time limit: stopped, it is there until that comes."""
    process, job = training("backbone", folder), job_of("train_wildcards_answer-only_backbone")
    if process is None or job is None:
        return False
    os.kill(process, signal.SIGSTOP)
    run("scontrol", "update", f"JobId={job}", "TimeLimit=1")
    return True


def kill_inside(folder: Path) -> bool:
    process = training("reader", folder)
    if process is not None:
        os.kill(process, signal.SIGKILL)
    return process is not None


def cancel(rule: str, *options: str) -> Callable[[Path], bool]:
    def cancelled(folder: Path) -> bool:
        job = job_of(rule)
        if job is not None:
            run("scancel", *options, job)
        return job is not None

    return cancelled


def disturb(
    workflow: subprocess.Popen[str], folder: Path, left: dict[str, Callable[[Path], bool]]
) -> None:
    """Do to a workflow what is left to do, each thing when its moment comes."""
    deadline = time.monotonic() + 2400
    while workflow.poll() is None and time.monotonic() < deadline:
        for name in [name for name, done in left.items() if done(folder)]:
            del left[name]
        time.sleep(0.2)


def test_a_workflow_whose_jobs_are_disturbed_ends_in_the_same_tables(
    slurm: Path, finished: Path, tmp_path: Path
) -> None:
    """Each disturbance but the last is survived: what fails is started once more."""
    folder = prepare(tmp_path / "slurm")
    failures = [
        "FAILED train multi-task/rex/seed0",
        "FAILED train answer-only/backbone/seed0",
        "FAILED train multi-task/reader/seed0",
        "FAILED measure_reference_answer-prior_0_val",
    ]

    def restart(folder: Path) -> bool:
        if job_of("measure") is None:
            return False
        restart_controller(slurm)
        return True

    def interrupt(folder: Path) -> bool:  # Ctrl+C
        told = (folder / "told.txt").read_text()
        if len(left) > 1 or not all(failure in told for failure in failures):
            return False
        if job_of("measure") is None:
            return False
        workflow.send_signal(signal.SIGINT)
        return True

    left = {
        "cancelled extraction": cancel("extract_regions", "--signal=KILL", "--full"),
        "cancelled training": cancel("train_wildcards_multi-task_rex"),
        "cancelled group": cancel("measure_reference_answer-prior_0_val"),
        "time limit": limit_time,
        "kill -9": kill_inside,
        "slurmctld": restart,
        "Ctrl+C": interrupt,
    }
    workflow = start(folder)
    try:
        disturb(workflow, folder, left)
        told = (folder / "told.txt").read_text()
        assert left == {}, told[-8000:]
        assert workflow.wait(timeout=120) != 0
        assert run("squeue", "--noheader", "--states=PENDING,RUNNING") == ""
        workflow = start(folder)
        assert workflow.wait(timeout=2400) == 0, (folder / "told.txt").read_text()[-8000:]
    finally:
        workflow.kill()
    assert tables(folder) == tables(finished)
    assert runs(folder) == runs(finished)
    assert models(folder) == models(finished)


def test_bad_input_is_not_tried_again(slurm: Path, tmp_path: Path) -> None:
    folder = prepare(tmp_path / "bad")
    (folder / "bad.pth").write_text("no weights")
    path = folder / "config/smoke.yaml"
    values = yaml.safe_load(path.read_text())
    values["regions"]["weights"] = "bad.pth"
    path.write_text(yaml.safe_dump(values))
    workflow = start(folder, "--", "results/smoke/regions/testdev.h5")
    try:
        assert workflow.wait(timeout=600) == 1
    finally:
        workflow.kill()
    told = (folder / "told.txt").read_text()
    assert "bad.pth: " in told
    assert "bad input at the first attempt; not tried again" in told


def test_a_node_that_is_too_small_is_told_before_anything_is_submitted(
    slurm: Path, tmp_path: Path
) -> None:
    folder = prepare(tmp_path / "small")
    assert start(folder, "--set-resources", "train:mem_mb=64000").wait(timeout=120) == 2
    told = (folder / "told.txt").read_text()
    assert "the default partition: train: a job asks for 64000 MB, 1 CPUs" in told
    assert "the largest have 6000 MB, 2 CPUs, 1 GPUs, no time limit" in told
    assert "draw the world" not in told
