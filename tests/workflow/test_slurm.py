"""The Slurm profile on a one-node Slurm without accounting: `make test-slurm`, as root.

Starts munge, slurmctld and slurmd of Debian's `slurm-wlm` on loopback, with two CPUs and a fake
GPU, and ends them. A machine that has a Slurm of its own is left alone.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from .running import ROOT, prepare
from .test_kills import runs, tables

CONFIGURATION = Path("/etc/slurm/slurm.conf")
OURS = "# one node, for REX's tests"

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.slow,
    pytest.mark.xdist_group("workflow"),
    pytest.mark.skipif("REX_SLURM" not in os.environ, reason="make test-slurm runs it"),
]


def node(folder: Path) -> dict[str, str]:
    """Return what the files of a one-node Slurm hold."""
    name = socket.gethostname()
    return {
        "slurm.conf": f"""{OURS}
ClusterName=rex
SlurmctldHost={name}(127.0.0.1)
AuthType=auth/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
GresTypes=gpu
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmdParameters=config_overrides
NodeName={name} NodeAddr=127.0.0.1 CPUs=2 RealMemory=6000 Gres=gpu:1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
""",
        "cgroup.conf": "CgroupPlugin=cgroup/v1\n",
        "gres.conf": "Name=gpu File=/dev/zero\n",
    }


def run(*command: str) -> str:
    # a client waits for ever on a node that is down
    return subprocess.run(
        ["timeout", "30", *command], capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    missing = [name for name in ("munged", "slurmctld", "slurmd") if shutil.which(name) is None]
    if missing or os.geteuid():
        pytest.skip("needs root and Debian's slurm-wlm and munge")
    if CONFIGURATION.exists() and OURS not in CONFIGURATION.read_text():
        pytest.skip(f"{CONFIGURATION} is of another Slurm")
    folder = tmp_path_factory.mktemp("slurm")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    for name, text in node(folder).items():
        CONFIGURATION.with_name(name).write_text(text)
    Path("/run/munge").mkdir(exist_ok=True)
    shutil.chown("/run/munge", "munge", "munge")
    own_munge = subprocess.run(["pgrep", "-x", "munged"], capture_output=True).returncode != 0
    if own_munge:
        run("su", "-s", "/bin/sh", "munge", "-c", "/usr/sbin/munged")
    run("slurmctld")
    run("slurmd")
    try:
        deadline = time.monotonic() + 60
        while "idle" not in run("sinfo", "--noheader", "--format=%t"):
            assert time.monotonic() < deadline, (folder / "slurmctld.log").read_text()
            time.sleep(0.5)
        yield
    finally:
        run("scancel", "--user=root")
        deadline = time.monotonic() + 30
        while run("squeue", "--noheader") and time.monotonic() < deadline:
            time.sleep(0.5)
        for name in ("slurmd", "slurmctld"):
            os.kill(int((folder / f"{name}.pid").read_text()), 15)
        if own_munge:
            run("su", "-s", "/bin/sh", "munge", "-c", "/usr/sbin/munged --stop")
        for name in node(folder):
            CONFIGURATION.with_name(name).unlink()


def start(folder: Path) -> subprocess.Popen[str]:
    """Start the workflow as docs/cluster.md says."""
    return subprocess.Popen(
        [
            *("snakemake", "--snakefile", str(ROOT / "Snakefile")),
            *("--workflow-profile", str(ROOT / "workflow/profiles/slurm")),
            *("--configfile", "config/smoke.yaml"),
            *("--set-scatter", "regions=2", "explanations=2"),
        ],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "told.txt").open("w"),
        text=True,
    )


def job_of(rule: str) -> str | None:
    """Return the number of a running job of a rule, which its comment names."""
    listed = run("squeue", "--noheader", "--states=RUNNING", "--format=%i %k").splitlines()
    found = [
        line.split()[0] for line in listed if line.split()[1].startswith(f"rule_{rule}_wildcards")
    ]
    return found[0] if found else None


def test_a_workflow_whose_jobs_are_disturbed_ends_in_the_same_tables(
    slurm: None, finished: Path, tmp_path: Path
) -> None:
    folder = prepare(tmp_path / "slurm")
    workflow = start(folder)
    try:
        # each is started once more
        left = {"train": ["scancel"], "extract_regions": ["scancel", "--signal=KILL", "--full"]}
        deadline = time.monotonic() + 1800
        while workflow.poll() is None and time.monotonic() < deadline:
            for rule in list(left):
                job = job_of(rule)
                if job is not None:
                    run(*left.pop(rule), job)
            time.sleep(0.2)
        told = (folder / "told.txt").read_text()
        assert workflow.wait(timeout=1) == 0, told[-8000:]
    finally:
        workflow.kill()
    assert left == {}
    assert tables(folder) == tables(finished)
    assert runs(folder) == runs(finished)
    assert "FAILED train multi-task/rex/seed0" in told or "FAILED train answer-only" in told


def test_bad_input_is_not_tried_again(slurm: None, tmp_path: Path) -> None:
    folder = prepare(tmp_path / "bad")
    (folder / "bad.pth").write_text("no weights")
    path = folder / "config/smoke.yaml"
    values = yaml.safe_load(path.read_text())
    values["regions"]["weights"] = "bad.pth"
    path.write_text(yaml.safe_dump(values))
    workflow = start(folder)
    try:
        assert workflow.wait(timeout=600) == 1
    finally:
        workflow.kill()
    told = (folder / "told.txt").read_text()
    assert "bad.pth: " in told
    assert "bad input at the first attempt; not tried again" in told
