"""The whole chain at GQA's size: what each station takes, and what grows faster than its input.

Writes a data set of GQA's counts, times SCALE, in GQA's formats (`full_size_data.py`) and runs the
workflow of `config/gqa.yaml` on it with a small transformer and training cut to some steps, so that
every other station works as on GQA. Then the runs of the whole grid, copies of two that were
trained, go into tables, figures and the gallery, at the smallest scale also those of other numbers
of seeds. Time and memory are those of the workflow's benchmark files, and of the processes
themselves.

    python -m benchmarks.full_size --scales 0.02 1 --seeds 1 3 10 --out full.json --plot scale.svg
    python -m benchmarks.full_size --measured full.json --plot scale.svg
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks.full_size_data import COUNTS, FEATURES, write_data
from benchmarks.programs import run
from benchmarks.scale_plot import draw
from rex.config_files import read_config
from rex.experiment import METHODS, PRIOR_OF_FEW, REFERENCE
from rex.files import read_json, write_json
from rex.gqa.layout import Layout
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


def grid(folder: Path, values: Mapping[str, Any], seeds: Sequence[int]) -> dict[str, Any]:
    """Return how many runs the grid with these seeds has, and what reports of copies take."""
    experiment = {**values["experiment"], "seeds": list(seeds)}
    text = yaml.safe_dump({**values, "experiment": experiment})
    (folder / "grid.yaml").write_text(text, "utf-8")
    return {"runs": copy_runs(folder), "stations": report_grid(folder)}


def report_grid(folder: Path) -> Costs:
    """Return what tables, figures, gallery and status of the whole grid take."""
    data = Layout("data")
    results = Results.of(read_config(folder / "grid.yaml"))
    where = str(results.folder)
    shared = ["--config", "grid.yaml", "--results", where]
    shown = [str(path / "predictions" / "val.parquet") for path in results.shown_runs()]
    gallery = ["--questions", str(data.questions("val")), "--images", str(data.images())]
    gallery += ["--regions", str(results.region_store("val"))]
    gallery += ["--scene-graphs", str(data.scene_graphs("val"))]
    gallery += ["--explanations", f"{where}/explanations/val.parquet", "--predictions", *shown]
    commands = {
        "tables": ["tables", *shared, "--out", "grid/tables"],
        "figures": ["figures", *shared, "--out", "grid/figures"],
        "gallery": ["gallery", "--config", "grid.yaml", *gallery, "--out", "grid/index.html"],
        "status": ["status", *shared],
    }
    return {
        f"{name} of the grid": _cost(["-m", "rex.cli", *command])
        for name, command in commands.items()
    }


def report() -> Costs:
    """Return what Snakemake's report of the runs that were trained takes."""
    snakemake = ["-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
    return {"report": _cost([*snakemake, "--configfile", "trained.yaml", "--report", "r.html"])}


def explain_all(folder: Path, cores: int) -> Costs:
    """Return what explaining a folder of as many questions as `train_all_questions` takes, or more.

    Its files are links to that of the balanced questions: what is explained again costs as much.
    """
    results = Results.of(read_config(folder / "grid.yaml"))
    data, questions = Layout(folder / "data"), folder / "train_all"
    shutil.rmtree(questions, ignore_errors=True)
    questions.mkdir()
    for number in range(math.ceil(ALL_QUESTIONS / COUNTS["train"][0])):
        link = questions / f"train_all_questions_{number}.json"
        link.symlink_to(data.questions("train"))
    command = ["explain", "build", "--questions", str(questions), "--processes", str(cores)]
    command += ["--scene-graphs", str(data.scene_graphs("train"))]
    command += ["--regions", str(results.region_store("train")), "--out", "train_all.parquet"]
    return {TRAIN_ALL: _cost(["-m", "rex.cli", *command])}


def _cost(arguments: list[str]) -> dict[str, float]:
    found = run(arguments)
    return {"seconds": found.wall, "cpu": found.cpu, "MiB": found.memory, "jobs": 1.0}


def measure(
    folder: Path, scale: float, steps: int, cores: int, *, train_all: bool, seeds: Sequence[int]
) -> dict[str, Any]:
    """Make the data, run everything, print what each station takes, and return it.

    Reports are made of the grid as it is, and of the grids with these numbers of seeds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    counts = write_data(folder, scale)
    made = ", ".join(f"{name} {q:,} about {i:,} images" for name, (q, i) in counts.items())
    print(f"scale {scale:g}: {made}; written in {time.monotonic() - began:.0f} s", flush=True)
    values = configuration(steps)
    seconds = workflow(folder, values, cores)
    costs = stations(folder / "results" / DATASET / "benchmarks")
    os.chdir(folder)
    os.environ.update(environment())
    grids = [grid(folder, values, range(count)) for count in seeds]
    whole = grid(folder, values, values["experiment"]["seeds"])
    costs |= whole["stations"] | report()
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
        f"{cores} cores; {whole['runs']} runs in the grid's tables"
    )
    found = {"scale": scale, "counts": counts, "steps": steps, "runs": whole["runs"]}
    return {**found, "stations": costs, "grids": grids}


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
    scales = "of GQA's counts, one after the other (default: 1)"
    parser.add_argument("--scales", type=float, nargs="+", default=[1.0], help=scales)
    seeds = "at the smallest scale, report the grid with so many seeds, too"
    parser.add_argument("--seeds", type=int, nargs="+", default=[], help=seeds)
    parser.add_argument("--steps", type=int, default=200, help="of training, each run")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--train-all", action="store_true", help="explain 16 times as many, too")
    parser.add_argument("--folder", type=Path, default=Path("full-size"), help="to work in")
    parser.add_argument("--measured", type=Path, metavar="JSON", help="take what --out wrote")
    parser.add_argument("--out", type=Path, help="write the figures as JSON, too")
    parser.add_argument("--plot", type=Path, help="draw the figures, too: a .svg or .png")
    arguments = parser.parse_args()
    # measuring changes the working directory
    folder, out, plot = (
        path and path.absolute() for path in (arguments.folder, arguments.out, arguments.plot)
    )
    measured = read_json(arguments.measured) if arguments.measured else []
    for scale in () if arguments.measured else sorted(arguments.scales):
        found = measure(
            folder / f"{scale:g}",
            scale,
            arguments.steps,
            arguments.cores,
            train_all=arguments.train_all,
            seeds=() if measured else arguments.seeds,
        )
        measured.append(found)
        if out:
            write_json(out, measured)
    if len(measured) > 1:
        print("\n".join(compare(measured[0], measured[-1])))
    if plot:
        draw(measured, plot)


if __name__ == "__main__":
    main()
