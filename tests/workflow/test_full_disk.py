"""Disks that are full, at each station, or only to be read: `REX_DISKS=1`, as root.

A disk of a few MB is filled by the workflow; each time it fails the disk grows a little.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .running import ROOT, command, prepare
from .test_kills import models, nothing_is_finished_early, runs, tables

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.slow,
    pytest.mark.xdist_group("workflow"),
    pytest.mark.skipif("REX_DISKS" not in os.environ, reason="REX_DISKS=1, as root, runs it"),
]

FIRST, MORE = 200, 2500
"""KB of the disk at first, and by which it grows."""


def mount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", options, "-t", "tmpfs", "rex", str(place)], check=True)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A working directory whose `data`, `results` and temporary files lie on disks of their own."""
    folder = prepare(tmp_path / "folder")
    disks = [folder / "disk", folder / "temporary"]
    for disk in disks:
        disk.mkdir()
        mount(disk, f"size={FIRST}k")
    for name in ("data", "results"):
        (disks[0] / name).mkdir()
        (folder / name).symlink_to(disks[0] / name)
        # Snakemake removes an empty folder, and stumbles where that is a link
        (disks[0] / name / "kept").touch()
    try:
        yield folder
    finally:
        for disk in disks:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)


def snakemake(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the workflow; return its exit code and what the terminal shows."""
    done = subprocess.run(
        command("--workflow-profile", str(ROOT / "workflow/profiles/default"), *arguments),
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder / "temporary")},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    return done.returncode, done.stderr


def run_as_the_disk_grows(folder: Path, disk: Path, most: int) -> list[str]:
    """Run the workflow until it is done; return which jobs failed, in order."""
    failed: list[str] = []
    ended: set[str] = set()
    for number in range(1, most):
        code, said = snakemake(folder)
        for log in folder.glob("results/smoke/logs/train_*.log"):
            text = log.read_text()
            # what has been trained to its end, and saved, is not trained again
            assert log.name not in ended or ": epoch " not in text, text
            run = folder / "results/smoke/runs" / "/".join(log.stem.split("_")[1:])
            if ": epoch 2 " in text and (run / "resume.pt").exists():
                ended.add(log.name)
        nothing_is_finished_early(folder)
        if code == 0:
            print(f"{len(failed)} failures: {failed}")
            return failed
        assert "Traceback" not in said, said
        failures = re.findall(r"FAILED (.*)\n((?:  .*\n)*)", said)
        assert failures, said
        for title, told in failures:
            failed.append(title)
            print(f"{FIRST + (number - 1) * MORE} KB: {title}: {told.strip()[-200:]}")
            assert re.search(r"full|No space left", told), said
        subprocess.run(
            ["mount", "-o", f"remount,size={FIRST + number * MORE}k", str(disk)], check=True
        )
    raise AssertionError(f"not done at {most * MORE} KB: {failed}")


def commands(folder: Path) -> dict[str, str]:
    """Return a command of each kind that the workflow runs, by its verb."""
    planned = subprocess.run(
        command("--forceall", "--dry-run", "--printshellcmds"),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.findall(
        r"^ *(?:Shell command: )?(rex ([a-z]+(?: [a-z][a-z-]+)?) .*)$", planned.stdout, re.M
    )
    lines = {verb: line for line, verb in reversed(found)}
    # a world that is there already is left as it is
    lines["world make"] = lines["world make"].replace("--out data/smoke", "--out data/other")
    return lines


def contents(folder: Path) -> dict[Path, bytes]:
    """Return what the files of a folder hold, but logs and what is hidden."""
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "logs" and not path.name.startswith(".")
    }


def test_every_command_on_a_full_disk(finished: Path, tmp_path: Path) -> None:
    """It says so in a line, and what was there is there as it was."""
    folder = tmp_path / "folder"
    folder.mkdir()
    mount(folder, "size=400m")
    try:
        subprocess.run(["cp", "-a", f"{finished}/.", str(folder)], check=True)
        lines = commands(folder)
        assert len(lines) >= 14, lines
        for part in ("regions", "explanations"):  # what is removed when it is joined
            for whole in (folder / "results/smoke" / part).glob("*.[hp]*"):
                shard = whole.parent / f"shards/{whole.stem}-1-of-1{whole.suffix}"
                shard.parent.mkdir(exist_ok=True)
                shutil.copy(whole, shard)
        subprocess.run(
            ["dd", "if=/dev/zero", f"of={folder}/filler", "bs=4k"], stderr=subprocess.DEVNULL
        )
        before = contents(folder / "results")
        for verb, line in lines.items():
            done = subprocess.run(
                line,
                shell=True,
                cwd=folder,
                env={**os.environ, "REX_TRACKING": "results/smoke/mlflow.db"},
                capture_output=True,
                text=True,
            )
            last = done.stderr.strip().rpartition("\n")[2]
            print(f"{verb}: {done.returncode}: {last[-160:]}")
            assert done.returncode == 2, done.stderr
            assert re.search(r"full|No space left", last), done.stderr
            assert "Traceback" not in done.stderr
            assert not last.startswith("a file:"), verb
            assert contents(folder / "results") == before
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_at_each_station(folder: Path, finished: Path) -> None:
    mount(folder / "temporary", "remount,size=100m")
    failed = run_as_the_disk_grows(folder, folder / "disk", most=40)
    stations = {title.split()[0] for title in failed}
    assert {"draw", "train", "merge"} <= stations, failed
    assert tables(folder) == tables(finished)
    assert runs(folder) == runs(finished)
    assert models(folder) == models(finished)


def test_a_full_temporary_folder(folder: Path, finished: Path) -> None:
    mount(folder / "disk", "remount,size=200m")
    mount(folder / "temporary", "remount,size=4k")
    (folder / "temporary/full").write_bytes(bytes(4096))
    run_as_the_disk_grows(folder, folder / "temporary", most=5)
    assert tables(folder) == tables(finished)
    assert runs(folder) == runs(finished)


def test_results_that_are_only_to_be_read(finished: Path, tmp_path: Path) -> None:
    """What is done is seen to be; what is not is told in a line; a run can be asked and predict."""
    folder = tmp_path / "folder"
    subprocess.run(["cp", "-a", str(finished), str(folder)], check=True)
    results = folder / "results"
    subprocess.run(["mount", "--bind", str(results), str(results)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(results)], check=True)
        done = subprocess.run(command(), cwd=folder, capture_output=True, text=True)
        assert "Nothing to be done" in done.stderr + done.stdout, done.stderr
        forced = subprocess.run(
            command("--forcerun", "vocabulary"), cwd=folder, capture_output=True, text=True
        )
        assert forced.returncode != 0
        assert "Write-protected output files for rule vocabulary" in forced.stderr, forced.stderr
        assert "Traceback" not in forced.stderr, forced.stderr
        run = "results/smoke/runs/multi-task/rex/seed0"
        for words in (
            "status --config config/smoke.yaml",
            f"predict --run {run} --questions data/smoke/questions/val_balanced_questions.json "
            "--regions results/smoke/regions/val.h5 --out predicted.parquet",
        ):
            subprocess.run(["rex", *words.split()], cwd=folder, check=True)
    finally:
        subprocess.run(["umount", str(results)], check=True)
