"""Running the workflow in a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def prepare(folder: Path) -> Path:
    """Lay out a working directory; the code stays where it is."""
    folder.mkdir()
    shutil.copy(ROOT / "config.yaml", folder)
    shutil.copytree(ROOT / "config", folder / "config")
    return folder


def command(*arguments: str) -> list[str]:
    return [
        "snakemake",
        *("--snakefile", str(ROOT / "Snakefile"), "--cores", "2"),
        *("--configfile", "config/smoke.yaml", "--rerun-incomplete", *arguments),
    ]


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=folder, capture_output=True, text=True, timeout=3600, check=False
    )
