"""A Slurm of one node on loopback, of Debian's packages: started, and ended, as root.

It has two CPUs and a fake GPU. With accounting, MariaDB and slurmdbd keep it, and jobs are charged
to the account `rex`, as on most sites. A machine that has a Slurm of its own is left alone.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.mlflow_server import folder_of

CONFIGURATION = Path("/etc/slurm/slurm.conf")
OURS = "# one node, for REX's tests"
ACCOUNT = "rex"


def run(*command: str) -> str:
    # a client waits for ever on a node that is down
    return subprocess.run(
        ["timeout", "30", *command], capture_output=True, text=True, check=True
    ).stdout


def until(holds: Callable[[], bool], seconds: float, said: Path) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, said.read_text()[-4000:] if said.exists() else said
        time.sleep(0.5)


def answers(*command: str) -> bool:
    return subprocess.run(["timeout", "30", *command], capture_output=True).returncode == 0


def files(folder: Path, *, accounting: bool) -> dict[str, str]:
    """Return what Slurm's files of configuration hold."""
    name = socket.gethostname()
    kept = """
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStorageEnforce=associations
JobAcctGatherType=jobacct_gather/linux"""
    written = {
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
SlurmdParameters=config_overrides{kept if accounting else ""}
NodeName={name} NodeAddr=127.0.0.1 CPUs=2 RealMemory=6000 Gres=gpu:1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
""",
        "cgroup.conf": "CgroupPlugin=cgroup/v1\n",
        "gres.conf": "Name=gpu File=/dev/zero\n",
    }
    if accounting:
        written["slurmdbd.conf"] = f"""{OURS}
AuthType=auth/munge
DbdHost=localhost
DbdAddr=127.0.0.1
SlurmUser=root
PidFile={folder}/slurmdbd.pid
LogFile={folder}/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=13306
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm
"""
    return written


@contextmanager
def munge() -> Iterator[None]:
    """Have munged run, which says who a client is."""
    if answers("pgrep", "-x", "munged"):
        yield
        return
    Path("/run/munge").mkdir(exist_ok=True)
    shutil.chown("/run/munge", "munge", "munge")
    run("su", "-s", "/bin/sh", "munge", "-c", "/usr/sbin/munged")
    try:
        yield
    finally:
        run("su", "-s", "/bin/sh", "munge", "-c", "/usr/sbin/munged --stop")


@contextmanager
def database() -> Iterator[None]:
    """A MariaDB of its own, with a user `slurm`."""
    with ExitStack() as running:
        place = running.enter_context(folder_of("mysql"))
        socket_file = f"--socket={place}/socket"
        run("mariadb-install-db", "--user=mysql", f"--datadir={place}/data", "--skip-test-db")
        server = subprocess.Popen(
            [
                *("mariadbd", "--no-defaults", "--user=mysql", f"--datadir={place}/data"),
                *("--bind-address=127.0.0.1", "--port=13306", f"--pid-file={place}/pid"),
                *("--innodb-buffer-pool-size=128M", f"--log-error={place}/errors.log"),
                socket_file,
            ]
        )
        running.callback(server.wait)
        running.callback(server.terminate)
        until(
            lambda: answers("mariadb", "--no-defaults", socket_file, "-e", "select 1"),
            60,
            place / "errors.log",
        )
        granted = "create user slurm@127.0.0.1 identified by 'slurm';"
        granted += "create database slurm; grant all on slurm.* to slurm@127.0.0.1"
        run("mariadb", "--no-defaults", socket_file, "-e", granted)
        yield


@contextmanager
def daemon(name: str, folder: Path) -> Iterator[None]:
    """Have one of Slurm's daemons run."""
    run(name)
    try:
        yield
    finally:
        os.kill(int((folder / f"{name}.pid").read_text()), 15)


def restart_controller(folder: Path) -> None:
    process = int((folder / "slurmctld.pid").read_text())
    os.kill(process, 15)
    until(lambda: not Path(f"/proc/{process}").exists(), 60, folder / "slurmctld.log")
    run("slurmctld")


def accounts() -> None:
    run("sacctmgr", "-i", "add", "cluster", "rex")
    run("sacctmgr", "-i", "add", "account", ACCOUNT, "cluster=rex")
    run("sacctmgr", "-i", "add", "user", "root", f"account={ACCOUNT}")


@contextmanager
def slurm_node(folder: Path, *, accounting: bool = False) -> Iterator[Path]:
    """Have a Slurm run; yields the folder with its logs. Skips where that cannot be."""
    needed = ["munged", "slurmctld", "slurmd"] + ["mariadbd", "slurmdbd"] * accounting
    if any(shutil.which(name) is None for name in needed) or os.geteuid():
        pytest.skip(f"needs root, and {', '.join(needed)} of Debian's packages")
    if CONFIGURATION.exists() and OURS not in CONFIGURATION.read_text():
        pytest.skip(f"{CONFIGURATION} is of another Slurm")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    written = files(folder, accounting=accounting)
    with ExitStack() as running:
        for name, text in written.items():
            path = CONFIGURATION.with_name(name)
            path.write_text(text)
            path.chmod(0o600 if name == "slurmdbd.conf" else 0o644)
            running.callback(path.unlink)
        running.enter_context(munge())
        if accounting:
            running.enter_context(database())
            running.enter_context(daemon("slurmdbd", folder))
            log = folder / "slurmdbd.log"
            until(lambda: answers("sacctmgr", "-n", "list", "cluster"), 60, log)
            accounts()
        running.enter_context(daemon("slurmctld", folder))
        running.enter_context(daemon("slurmd", folder))
        until(
            lambda: "idle" in run("sinfo", "--noheader", "--format=%t"),
            60,
            folder / "slurmctld.log",
        )
        try:
            yield folder
        finally:
            run("scancel", "--user=root")
            until(lambda: not run("squeue", "--noheader"), 60, folder / "slurmctld.log")
