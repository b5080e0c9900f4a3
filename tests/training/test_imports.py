"""What training needs is light: a machine with a GPU needs no detector, tracker or plotter."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {
    *("pyarrow", "pandas", "mlflow", "pydantic", "detectron2", "torchvision", "snakemake", "yaml"),
    *("matplotlib", "scipy", "sklearn", "PIL", "pycocotools", "pycocoevalcap", "sqlalchemy"),
}


def modules(folder: str) -> list[str]:
    package = folder.replace("/", ".")
    found = pkgutil.walk_packages([str(ROOT / folder)], prefix=f"{package}.")
    return [package, *(module.name for module in found)]


@pytest.mark.parametrize(
    "wanted",
    [
        modules("rex/models"),
        modules("rex/training"),
        ["rex.regions.store"],
        ["benchmarks.training", "benchmarks.gpu"],
    ],
    ids=["models", "training", "region store", "benchmarks"],
)
def test_nothing_heavy_is_imported(wanted: list[str]) -> None:
    program = (
        f"import importlib, sys\n"
        f"for name in {wanted!r}: importlib.import_module(name)\n"
        f"print(*sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
