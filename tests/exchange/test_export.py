"""`rex explain export`: what is written says what the record says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from rex.cli import main
from rex.exchange.formats import TEMPLATES, Format
from rex.exchange.layouts import LISTS, ROWS
from rex.exchange.marked import read_marked
from rex.exchange.record import Explained, ExportedQuestion, explain
from rex.exchange.templates import reply
from rex.gqa.json_entries import iter_entries
from rex.gqa.layout import Layout
from rex.gqa.scene_graph_index import SceneGraphIndex
from rex.programs.errors import Skip
from tests.exchange.test_formats import by_format, half_quantum
from tests.gqa.sample import QUESTIONS, SCENE_GRAPHS, needs_sample


def run(world: Layout, out: Path, *options: object, code: int = 0) -> list[Any]:
    """Export the world's train questions; return the rows."""
    split = "train"
    arguments = ["--questions", world.questions(split), "--scene-graphs", world.scene_graphs(split)]
    command = ["explain", "export", *arguments, "--out", out, *options]
    assert main([str(one) for one in command]) == code
    if code or out.is_dir():
        return []
    text = out.read_text(encoding="utf-8")
    if text.startswith("["):
        return json.loads(text)
    return [json.loads(line) for line in text.splitlines()]


def check_round_trip(explained: Explained, written: Format, template: str) -> None:
    """Check that a reply comes back with its words, objects and boxes."""
    said = reply(explained, template)
    boxes, size = explained.boxes(), (explained.width, explained.height)
    marked = read_marked(
        written.text(said, boxes, *size), boxes_first=written.phrase.startswith("{boxes}")
    )
    assert marked.text == said.text
    assert len(marked.mentions) == len(said.spans)
    for mention, naming in zip(marked.mentions, said.spans, strict=True):
        assert mention.start in (naming.start, -1)
        assert mention.end in (naming.end, -1)
        near = half_quantum(written, *size)
        for numbers, name in zip(mention.boxes, naming.objects, strict=True):
            found = written.pixels(numbers, *size)
            for place, edge in enumerate(boxes[name]):
                side = size[place % 2]
                gap = abs(found[place] - min(max(edge, 0), side))
                # at most a whole step: the last bin, and cells that share a row or a column
                assert gap <= 2 * near[place % 2] + 1e-6


@by_format
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_explanation_of_the_world_comes_back(
    explained: list[Explained], written: Format, template: str
) -> None:
    for one in explained:
        check_round_trip(one, written, template)


@needs_sample
@by_format
def test_every_explanation_of_the_sample_comes_back(written: Format) -> None:
    graphs = SceneGraphIndex(SCENE_GRAPHS)
    count = 0
    for name, asked in iter_entries(QUESTIONS, ExportedQuestion, entry="question", cure=""):
        try:
            found = explain(name, asked, graphs.get(asked.image_id))
        except Skip:
            continue
        count += 1
        check_round_trip(found, written, "steps")
    assert count


def test_spans_are_the_words_that_name_objects(explained: list[Explained]) -> None:
    names = Counter[str]()
    for one in explained:
        words = one.sentence.text.split(" ")
        for naming in one.sentence.spans:
            phrase = one.sentence.text[naming.start : naming.end]
            tokens = " ".join(words[slice(*naming.tokens)])
            assert tokens.rstrip(".") == phrase
            names[phrase] += 1
    assert len(names) > 10


def test_steps_end_in_the_explanation(explained: list[Explained]) -> None:
    for one in explained:
        assert one.steps[-1].sentence == one.sentence
        assert one.steps[-1].value == one.entailed_answer
        assert [step.operation for step in one.steps] == list(one.operations)


@pytest.mark.parametrize("layout", sorted(ROWS))
def test_every_layout_holds_every_question(
    world: Layout, tmp_path: Path, explained: list[Explained], layout: str
) -> None:
    chosen = "swift" if layout == "swift" else "qwen3-vl"
    rows = run(world, tmp_path / "out.json", "--format", chosen, "--layout", layout)
    assert len(rows) == len(explained)
    assert (tmp_path / "out.json").read_text().startswith("[" if layout in LISTS else "{")
    assert [row["question_id"] for row in rows] == [one.question_id for one in explained]
    for row, one in zip(rows, explained, strict=True):
        text = json.dumps(row, ensure_ascii=False)
        assert f"images/{one.image_id}.jpg" in text
        assert one.question.replace('"', '\\"') in text


def test_swift_marks_are_as_many_as_its_lists(
    world: Layout, tmp_path: Path, explained: list[Explained]
) -> None:
    rows = run(world, tmp_path / "out.jsonl", "--format", "swift")
    for row, one in zip(rows, explained, strict=True):
        said = row["messages"][1]["content"]
        boxes, names = row["objects"]["bbox"], row["objects"]["ref"]
        assert said.count("<bbox>") == len(boxes)
        assert said.count("<ref-object>") == len(names)
        whole = one.boxes()
        named = [name for naming in one.sentence.spans for name in naming.objects]
        assert [tuple(box) for box in boxes] == [whole[name] for name in named]
        for name in names:
            said = said.replace("<ref-object>", name, 1)
        assert said.replace("<bbox>", "") == reply(one, "explanation-answer").text


def test_nothing_that_is_read_is_overwritten(world: Layout, tmp_path: Path) -> None:
    before = world.scene_graphs("train").read_bytes()
    run(world, world.scene_graphs("train"), code=2)
    run(world, tmp_path / "out", "--dropped", tmp_path / "out", code=2)
    assert world.scene_graphs("train").read_bytes() == before
    assert not (tmp_path / "out").exists()


def test_llama_factory_is_told_of_the_file(world: Layout, tmp_path: Path) -> None:
    (tmp_path / "dataset_info.json").write_text('{"theirs": {"file_name": "theirs.json"}}')
    layout = ("--format", "qwen2-vl", "--layout", "llama-factory")
    run(world, tmp_path / "gqa_rex.jsonl", *layout)
    info = json.loads((tmp_path / "dataset_info.json").read_text())
    assert info["theirs"] == {"file_name": "theirs.json"}
    assert info["gqa_rex"]["file_name"] == "gqa_rex.jsonl"
    assert info["gqa_rex"]["columns"] == {"messages": "messages", "images": "images"}
    assert info["gqa_rex"]["tags"]["assistant_tag"] == "assistant"


def test_parquet_holds_the_record(
    world: Layout, tmp_path: Path, explained: list[Explained]
) -> None:
    run(world, tmp_path / "set", "--format", "datasets", "--split", "val")
    (file,) = (tmp_path / "set" / "data").iterdir()
    assert file.name == "val-00000-of-00001.parquet"
    rows = pq.read_table(file).to_pylist()
    lines = run(world, tmp_path / "out.jsonl")
    assert rows == lines
    head = yaml.safe_load((tmp_path / "set" / "README.md").read_text().split("---")[1])
    (config,) = head["configs"]
    assert config["data_files"] == [{"split": "val", "path": "data/val-*"}]


def test_shards_and_processes_change_no_row(world: Layout, tmp_path: Path) -> None:
    whole = run(world, tmp_path / "all.jsonl", "--processes", 2)
    assert whole == run(world, tmp_path / "one.jsonl")
    parts = []
    for number in range(1, 4):
        out = tmp_path / f"{number}.jsonl"
        # a small file is one piece: it is in one of the shards
        code = main(
            [
                *("explain", "export", "--questions", str(world.questions("train"))),
                *("--scene-graphs", str(world.scene_graphs("train"))),
                *("--shard", f"{number}/3", "--out", str(out)),
            ]
        )
        assert code == 0
        parts += [json.loads(line) for line in out.read_text().splitlines()]
    assert parts == whole


def test_shares_are_nested(world: Layout, tmp_path: Path) -> None:
    def ids(percent: float) -> set[str]:
        rows = run(world, tmp_path / "out.jsonl", "--share", percent)
        return {row["question_id"] for row in rows}

    small, large, whole = ids(20), ids(60), ids(100)
    assert small < large < whole
    assert 0.1 < len(small) / len(whole) < 0.3


def test_filters(world: Layout, tmp_path: Path, explained: list[Explained]) -> None:
    rows = run(world, tmp_path / "out.jsonl", "--operation", "compare", "same", "--longest", 3)
    wanted = [
        one.question_id
        for one in explained
        if {"compare", "same"} & set(one.operations) and len(one.operations) <= 3
    ]
    assert [row["question_id"] for row in rows] == wanted
    assert wanted


def test_phrasings_are_drawn_by_the_seed(world: Layout, tmp_path: Path) -> None:
    asked = [
        [
            row["messages"][0]["content"]
            for row in run(world, tmp_path / "o", "--format", "qwen3-vl", "--seed", seed)
        ]
        for seed in (1, 1, 2)
    ]
    assert asked[0] == asked[1] != asked[2]


def test_what_is_not_clean_is_dropped_and_listed(world: Layout, tmp_path: Path) -> None:
    questions = json.loads(world.questions("train").read_text())
    names = list(questions)
    questions[names[0]]["answer"] = "no such answer"
    questions[names[1]]["imageId"] = "nowhere"
    file = tmp_path / "questions.json"
    file.write_text(json.dumps(questions))
    listed, out = tmp_path / "dropped.jsonl", tmp_path / "out.jsonl"
    command = ["explain", "export", "--questions", str(file), "--scene-graphs"]
    command += [str(world.scene_graphs("train")), "--out", str(out), "--dropped", str(listed)]
    assert main([*command, "--only-clean"]) == 0
    assert [json.loads(line) for line in listed.read_text().splitlines()] == [
        {"question_id": names[0], "reason": "another answer"},
        {"question_id": names[1], "reason": "no scene graph"},
    ]
    assert len(out.read_text().splitlines()) == len(names) - 2
    assert main(command) == 0
    assert len(out.read_text().splitlines()) == len(names) - 1


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--format", "swift", "--layout", "messages"), "format swift has no layout messages"),
        (("--layout", "swift"), "layout swift has no format jsonl"),
        (("--operation", "guess"), "no operation 'guess'"),
        (("--split", "a/b"), "'a/b' is not a name of a split"),
        (("--images", "data/images"), "'data/images' does not say where the image's id stands"),
        (("--share", "nan"), "a share of nan percent"),
        (("--share", "101"), "a share of 101 percent"),
        (("--preference", "dpo"), "layout records holds no false replies of kind dpo"),
        (("--longest", "1"), "no question is left to export"),
    ],
)
def test_what_cannot_be_is_one_line(
    world: Layout,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    problem: str,
) -> None:
    run(world, tmp_path / "out", *options, code=2)
    assert problem in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_neither_torch_nor_detectron_is_needed(world: Layout, tmp_path: Path) -> None:
    arguments = ["explain", "export", "--questions", str(world.questions("train"))]
    arguments += ["--scene-graphs", str(world.scene_graphs("train"))]
    program = (
        "import sys\n"
        "for name in ('torch', 'detectron2', 'transformers', 'h5py'): sys.modules[name] = None\n"
        "from rex.cli import main\n"
        f"sys.exit(main({[*arguments, '--out', str(tmp_path / 'out')]!r}))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert (tmp_path / "out").exists()
