"""The whole chain at GQA's size: what each station takes, and what grows faster than its input.

Writes a data set of GQA's counts, times SCALE, in GQA's formats (`full_size_data.py`) and runs the
workflow of `config/gqa.yaml` on it with a small transformer and training cut to some steps, so that
every other station works as on GQA. Then the runs of the whole grid, copies of two that were
trained, go into tables, figures and the gallery. Time and memory are those of the workflow's
benchmark files, and of the processes themselves.

    python -m benchmarks.full_size --scale 1.0 --train-all --out full.json
    python -m benchmarks.full_size --scale 0.01 --out small.json
    python -m benchmarks.full_size --compare small.json full.json
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from benchmarks.full_size_data import COUNTS, FEATURES, write_data
from benchmarks.programs import run
from rex.config_files import read_config
from rex.experiment import METHODS, PRIOR_OF_FEW, REFERENCE
from rex.files import read_json, write_json
from rex.grid import Results

ROOT = Path(__file__).parents[1]
DATASET = "full-size"
TRAINED = (("answer-only", "backbone"), ("multi-task", "rex"))
"""What is trained; the other runs of the grid are copies of one of these."""
TRAIN_ALL = "explain all of train"
APART = ("train", "predict", TRAIN_ALL)
"""What is not among the stations that are to take 40 minutes in all."""
STATIONS = (
    *("train_detector", "extract_regions", "merge_regions", "import_regions"),
    *("explain", "gather_explanations", "explanation_card", "vocabulary"),
    *("train", "predict", "answer_prior", "random_regions", "evaluate"),
    *("tables", "figures", "gallery"),
)
"""The rules that are measured, in order."""
ALL_QUESTIONS = 14_305_356
"""Of GQA's `train_all_questions`."""
MEMORY_GOAL = 4096.0
"""MiB of one station."""
FASTER = 1.15
"""An exponent above this is more than noise: the station grows faster than its input."""
NOTICEABLE = 10.0
"""Seconds below which a station's start is most of its time."""

Costs = dict[str, dict[str, float]]


def configuration(steps: int) -> dict[str, Any]:
    """Return `config/gqa.yaml` with a small transformer and training of so many steps."""
    values: dict[str, Any] = yaml.safe_load((ROOT / "config" / "gqa.yaml").read_text("utf-8"))
    values |= {"dataset": DATASET, "data": "data"}
    features = values["regions"]["features"]
    for split in ("train", "val", "testdev"):
        features[split] = f"data/features/{Path(features[split]).name}"
    values["regions"] |= {"vocabulary": "data/detector", "feature_size": FEATURES}
    small = {"hidden_size": 64, "layers": 1, "heads": 2, "intermediate_size": 128}
    values["model"] |= {"pretrained": None, "word_pieces": None, **small}
    # what is held out is measured after each epoch: a thousandth is enough here
    values["training"] |= {"max_steps": steps, "holdout": 0.001}
    values["compute"] = {"device": "cpu"}
    return values


def workflow(folder: Path, values: Mapping[str, Any], cores: int) -> float:
    """Run the workflow in `folder` on the runs that are trained; return its seconds."""
    shutil.copy(ROOT / "config.yaml", folder)
    runs = [{"setting": setting, "method": method} for setting, method in TRAINED]
    trained = {**values, "experiment": {"runs": runs, "seeds": [0]}}
    (folder / "trained.yaml").write_text(yaml.safe_dump(trained), "utf-8")
    (folder / "grid.yaml").write_text(yaml.safe_dump(dict(values)), "utf-8")
    command = ["snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", str(cores)]
    command += ["--configfile", "trained.yaml", "--rerun-incomplete", "--logger", "rex"]
    began = time.monotonic()
    subprocess.run(command, cwd=folder, check=True, env=environment())
    return time.monotonic() - began


def environment() -> dict[str, str]:
    """Return the environment in which `rex` is this checkout's."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


def stations(benchmarks: Path) -> Costs:
    """Return what each station takes, its jobs together.

    Seconds, and those of the processor, are summed; memory is that of the largest job, in MiB.
    """
    found: Costs = {}
    for path in sorted(benchmarks.rglob("*.tsv")):
        matching = [name for name in STATIONS if f"{path.stem}_".startswith(f"{name}_")]
        if not matching:
            continue
        [line] = csv.DictReader(path.read_text("utf-8").splitlines(), delimiter="\t")
        cost = found.setdefault(
            max(matching, key=len), dict.fromkeys(("seconds", "cpu", "MiB", "jobs"), 0.0)
        )
        cost["seconds"] += float(line["s"])
        cost["cpu"] += _number(line["cpu_time"])
        cost["MiB"] = max(cost["MiB"], _number(line["max_rss"]))
        cost["jobs"] += 1
    return {name: found[name] for name in STATIONS if name in found}


def _number(text: str) -> float:
    """Read a figure of a benchmark file; a job that ended at once has none."""
    return 0.0 if text in ("NA", "-") else float(text)


def copy_runs(folder: Path) -> int:
    """Give each run of the grid the files of a trained one, under its own name; return how many.

    The prior of few questions gets those of the prior of all.
    """
    results = Results.of(read_config(folder / "grid.yaml"))
    whole = Results(results.config, folder / results.folder)
    experiment = whole.config.experiment
    copies = [
        (entry.setting, entry.method, TRAINED[METHODS[entry.method].decoder is not None])
        for entry in experiment.runs
    ]
    copies.append((REFERENCE, PRIOR_OF_FEW, (REFERENCE, "answer-prior")))
    for setting, method, trained in copies:
        source = whole.run(*trained, 0)
        for seed in experiment.seeds:
            target = whole.run(setting, method, seed)
            if target == source:
                continue
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, copy_function=os.link)
            name = {"setting": setting, "method": method, "seed": seed}
            for metrics in (target / "metrics").glob("*.json"):
                made = read_json(metrics)
                metrics.unlink()  # it is the source's file, too
                write_json(metrics, {**made, **name})
    return len(whole.runs())


def report_grid(folder: Path) -> Costs:
    """Return what tables, figures, gallery and status of the whole grid take."""
    results = Results.of(read_config(folder / "grid.yaml"))
    where = str(results.folder)
    shared = ["--config", "grid.yaml", "--results", where]
    shown = [str(path / "predictions" / "val.parquet") for path in results.shown_runs()]
    gallery = ["--questions", "data/questions/val_balanced_questions.json"]
    gallery += ["--images", "data/images", "--regions", str(results.region_store("val"))]
    gallery += ["--scene-graphs", "data/sceneGraphs/val_sceneGraphs.json"]
    gallery += ["--explanations", f"{where}/explanations/val.parquet", "--predictions", *shown]
    commands = {
        "tables": ["tables", *shared, "--out", "grid/tables"],
        "figures": ["figures", *shared, "--out", "grid/figures"],
        "gallery": ["gallery", "--config", "grid.yaml", *gallery, "--out", "grid/index.html"],
        "status": ["status", *shared],
    }
    costs = {}
    for name, command in commands.items():
        costs[f"{name} of the grid"] = _cost(["-m", "rex.cli", *command])
    snakemake = ["-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
    costs["report"] = _cost([*snakemake, "--configfile", "trained.yaml", "--report", "r.html"])
    return costs


def explain_all(folder: Path, cores: int) -> Costs:
    """Return what explaining a folder of as many questions as `train_all_questions` takes, or more.

    Its files are links to that of the balanced questions: what is explained again costs as much.
    """
    results = Results.of(read_config(folder / "grid.yaml"))
    questions = folder / "train_all"
    shutil.rmtree(questions, ignore_errors=True)
    questions.mkdir()
    for number in range(math.ceil(ALL_QUESTIONS / COUNTS["train"][0])):
        balanced = folder / "data" / "questions" / "train_balanced_questions.json"
        (questions / f"train_all_questions_{number}.json").symlink_to(balanced)
    command = ["explain", "build", "--questions", str(questions), "--processes", str(cores)]
    command += ["--scene-graphs", "data/sceneGraphs/train_sceneGraphs.json"]
    command += ["--regions", str(results.region_store("train")), "--out", "train_all.parquet"]
    return {TRAIN_ALL: _cost(["-m", "rex.cli", *command])}


def _cost(arguments: list[str]) -> dict[str, float]:
    found = run(arguments)
    return {"seconds": found.wall, "cpu": found.cpu, "MiB": found.memory, "jobs": 1.0}


def measure(
    folder: Path, scale: float, steps: int, cores: int, *, train_all: bool
) -> dict[str, Any]:
    """Make the data, run everything, print what each station takes, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    counts = write_data(folder, scale)
    made = ", ".join(f"{name} {q:,} about {i:,} images" for name, (q, i) in counts.items())
    print(f"scale {scale:g}: {made}; written in {time.monotonic() - began:.0f} s", flush=True)
    values = configuration(steps)
    seconds = workflow(folder, values, cores)
    costs = stations(folder / "results" / DATASET / "benchmarks")
    runs = copy_runs(folder)
    os.chdir(folder)
    os.environ.update(environment())
    costs |= report_grid(folder)
    if train_all:
        costs |= explain_all(folder, cores)
    print(f"{'station':<24}{'jobs':>6}{'seconds':>10}{'CPU s':>10}{'MiB':>8}")
    for name, cost in costs.items():
        note = "  over 4 GB" if cost["MiB"] > MEMORY_GOAL else ""
        line = f"{name:<24}{cost['jobs']:6.0f}{cost['seconds']:10.1f}{cost['cpu']:10.1f}"
        print(f"{line}{cost['MiB']:8.0f}{note}")
    others = sum(cost["seconds"] for name, cost in costs.items() if name not in APART)
    print(
        f"all but training and prediction: {others:.0f} s of jobs; the workflow {seconds:.0f} s on "
        f"{cores} cores; {runs} runs in the grid's tables"
    )
    return {"scale": scale, "counts": counts, "steps": steps, "runs": runs, "stations": costs}


def compare(small: Mapping[str, Any], large: Mapping[str, Any]) -> list[str]:
    """Return a line a station: the exponents of time and memory between two scales.

    The time is the processor's, so that other work on the machine counts little.
    """
    ratio = large["scale"] / small["scale"]
    lines = [f"{'station':<24}{'CPU s':>20}{'exponent':>10}{'MiB':>20}{'exponent':>10}"]
    for name, cost in large["stations"].items():
        before = small["stations"].get(name)
        if before is None:
            continue
        line, faster = f"{name:<24}", False
        for unit in ("cpu", "MiB"):
            old, new = max(before[unit], 0.01), max(cost[unit], 0.01)
            exponent = math.log(new / old) / math.log(ratio)
            line += f"{f'{old:.1f} -> {new:.1f}':>20}{exponent:10.2f}"
            faster |= exponent > FASTER and (unit == "MiB" or new > NOTICEABLE)
        lines.append(line + ("  faster than its input" if faster else ""))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--scale", type=float, default=1.0, help="of GQA's counts (default: 1)")
    parser.add_argument("--steps", type=int, default=200, help="of training, each run")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--train-all", action="store_true", help="explain 16 times as many, too")
    parser.add_argument("--folder", type=Path, default=Path("full-size"), help="to work in")
    parser.add_argument("--out", type=Path, help="write the figures as JSON, too")
    parser.add_argument("--compare", type=Path, nargs=2, metavar="JSON", help="of two scales")
    arguments = parser.parse_args()
    if arguments.compare:
        print("\n".join(compare(*(json.loads(path.read_text()) for path in arguments.compare))))
        return
    out = arguments.out and arguments.out.absolute()
    found = measure(
        arguments.folder.absolute(),
        arguments.scale,
        arguments.steps,
        arguments.cores,
        train_all=arguments.train_all,
    )
    if out:
        write_json(out, found)


if __name__ == "__main__":
    main()
