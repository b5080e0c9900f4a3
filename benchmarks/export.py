"""Speed of `rex explain export`, beside `json.dumps` of its rows, and of `rex.reward`.

Input is made as `benchmarks/programs.py` makes it. The baseline reads the rows that were written
and takes the time of `json.dumps` alone, in this process.

    python benchmarks/export.py --questions 1000000 --format qwen2.5-vl
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
import time
from pathlib import Path

from benchmarks.programs import best, show, write_input
from rex.exchange.formats import FORMATS
from rex.exchange.record import ExportedQuestion, explain
from rex.exchange.templates import reply
from rex.gqa.json_entries import iter_entries
from rex.gqa.scene_graph_index import SceneGraphIndex
from rex.programs.errors import Skip
from rex.reward import Reward

GOAL = 120.0
"""Seconds for a million questions on two cores."""


def main() -> None:
    """Make the input, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=1_000_000)
    parser.add_argument("--format", nargs="+", default=["qwen2.5-vl"])
    parser.add_argument("--template", default="explanation-answer")
    parser.add_argument("--reward", type=int, default=5000, help="replies to score; 0: none")
    parser.add_argument("--order", choices=("mixed", "grouped"), default="mixed")
    parser.add_argument("--world", type=Path, default=Path("data/world"))
    parser.add_argument("--sample", type=Path, default=Path("../shared/gqa-sample"))
    arguments = parser.parse_args()
    number = arguments.questions
    with tempfile.TemporaryDirectory() as folder:
        questions, scene_graphs, _ = write_input(Path(folder), number, arguments)
        print(f"{number:,} questions, two processes")
        print(f"{'':<22}{'wall s':>8}{'cpu s':>8}{'MiB':>7}{'questions/s/core':>18}")
        for name in arguments.format:
            out = Path(folder) / name
            export = ["-m", "rex.cli", "explain", "export", "--questions", str(questions)]
            export += ["--scene-graphs", str(scene_graphs), "--format", name]
            export += ["--template", arguments.template, "--processes", "2", "--out", str(out)]
            cost = best(1, export)
            show(name, cost, number, cores=2)
            line = f"goal {GOAL:g}: {'met' if cost.wall * 1e6 / number <= GOAL else 'NOT met'}"
            if out.is_file():
                seconds = dumping(out)
                line += f"; json.dumps of the rows: {seconds:.2f} s, ratio {cost.cpu / seconds:.1f}"
            print(f"{'':<22}{line}", flush=True)
        if arguments.reward:
            scoring(questions, scene_graphs, arguments.reward)


def scoring(questions: Path, scene_graphs: Path, number: int) -> None:
    """Print how many true replies a core scores a second, one by one and in batches."""
    graphs = SceneGraphIndex(scene_graphs)
    names, texts = [], []
    for name, asked in iter_entries(questions, ExportedQuestion, entry="question", cure=""):
        with contextlib.suppress(Skip):
            one = explain(name, asked, graphs.get(asked.image_id), with_steps=False)
            said = reply(one, "explanation-answer")
            texts.append(FORMATS["pixels"].text(said, one.boxes(), one.width, one.height))
            names.append(name)
        if len(names) == number:
            break
    reward = Reward.read(questions, scene_graphs)
    for size in (1, 16):
        start = time.process_time()
        for place in range(0, len(names), size):
            reward(texts[place : place + size], question_id=names[place : place + size])
        speed = len(names) / (time.process_time() - start)
        print(f"reward, batches of {size:<3}{speed:40,.0f} replies/s/core", flush=True)


def dumping(file: Path) -> float:
    """Return the seconds that `json.dumps` takes for the rows of a file."""
    seconds = 0.0
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            start = time.perf_counter()
            json.dumps(row)
            seconds += time.perf_counter() - start
    return seconds


if __name__ == "__main__":
    main()
