from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rex.errors import InputError
from rex.locks import locked

ROOT = Path(__file__).parents[1]


def holder(target: Path) -> subprocess.Popen[str]:
    """Start a process that takes the lock of `target`, says so, and keeps it."""
    program = f"""
import os, time
from rex.locks import locked
with locked({str(target)!r}):
    if not os.fork():  # as a DataLoader's workers do, it outlives its parent
        print(os.getpid(), flush=True)
    time.sleep(60)
"""
    return subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_lock_says_who_has_it_and_dies_with_it(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "target"
    if kind == "folder":
        target.mkdir()
    process = holder(target)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        with (
            pytest.raises(
                InputError, match=rf"target: in use by process {process.pid} on .* \(-c,"
            ),
            locked(target, wait=False),
        ):
            pass
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    try:
        with locked(target, wait=False) as waited:
            assert not waited
    finally:
        os.kill(child, signal.SIGKILL)


def test_the_lock_of_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    with locked(tmp_path / "runs" / "store.h5", wait=False):
        assert [path.name for path in (tmp_path / "runs").iterdir()] == [".store.h5.lock"]


def test_many_processes_count_without_a_loss(tmp_path: Path) -> None:
    """The file of a lock goes with it; whoever waited at the old one must not have it too."""
    program = f"""
from pathlib import Path
from rex.locks import locked
counter = Path({str(tmp_path / "counter")!r})
for _ in range(50):
    with locked(counter):
        counter.write_text(str(int(counter.read_text()) + 1))
"""
    (tmp_path / "counter").write_text("0")
    started = [subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) for _ in range(4)]
    assert [process.wait() for process in started] == [0] * 4
    assert (tmp_path / "counter").read_text() == "200"
    assert [path.name for path in tmp_path.iterdir()] == ["counter"]


def test_where_nothing_may_be_written_no_lock_is_pretended(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()
    with pytest.raises(OSError, match=r"\.lock"), locked(tmp_path):
        pass
