from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pytest

from rex.cli import main
from rex.explanations.question_batch import Explainer
from rex.explanations.table import schema
from rex.files import made_by, parquet_provenance, read_parquet, write_parquet
from rex.regions.store import RegionStore
from tests.gqa.sample import (
    QUESTIONS,
    SAMPLE,
    SCENE_GRAPHS,
    VAL_QUESTIONS,
    needs_sample,
    question_entry,
    scene_graph_entry,
)


def write_regions(path: Path, boxes: dict[str, list[list[float]]], regions: int = 4) -> None:
    """Write a region store whose features say nothing."""
    count = len(boxes)
    shape = (count, regions)
    arrays: dict[str, np.ndarray] = {
        "features": np.zeros((*shape, 2), np.float16),
        "boxes": np.zeros((*shape, 4), np.float32),
        "scores": np.zeros(shape, np.float32),
        "object_ids": np.full(shape, -1, np.int32),
        "attribute_ids": np.full(shape, -1, np.int32),
        "num_boxes": np.array([len(rows) for rows in boxes.values()], np.int32),
        "image_sizes": np.array([(100, 80)] * count, np.int32).reshape(-1, 2),
    }
    for row, image in enumerate(boxes.values()):
        arrays["boxes"][row, : len(image)] = np.reshape(image, (-1, 4))
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array)
        file.create_dataset("image_ids", data=list(boxes), dtype=h5py.string_dtype())
        file.attrs.update({"signature": "{}", "object_names": "[]", "attribute_names": "[]"})


class World:
    """Files of a tiny data set, and the table built from them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.questions = folder / "questions.json"
        self.scene_graphs = folder / "graphs.json"
        self.out = folder / "explanations.parquet"

    def write(self, questions: dict[str, Any], graphs: dict[str, Any]) -> None:
        self.questions.write_text(json.dumps(questions))
        self.scene_graphs.write_text(json.dumps(graphs))

    def build(self, *more: str) -> int:
        files = ["--questions", str(self.questions), "--scene-graphs", str(self.scene_graphs)]
        return main(["explain", "build", *files, "--out", str(self.out), *more])

    def rows(self) -> list[dict[str, Any]]:
        return read_parquet(self.out).to_pylist()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_one_row_a_question_in_the_order_of_the_file(world: World) -> None:
    world.write(
        {
            "b": question_entry(),
            "a": question_entry(imageId="7"),
            "c": question_entry(
                semantic=[
                    {"operation": "select", "dependencies": [], "argument": "dog (99)"},
                    {"operation": "query", "dependencies": [0], "argument": "color"},
                ]
            ),
        },
        {"1": scene_graph_entry()},
    )
    assert world.build() == 0
    rows = world.rows()
    assert read_parquet(world.out).schema.names == schema().names
    assert [row["question_id"] for row in rows] == ["b", "a", "c"]
    assert [row["status"] for row in rows] == ["ok", "no scene graph", "object missing: 99"]
    assert rows[0] == {
        "question_id": "b",
        "image_id": "1",
        "status": "ok",
        "mode": "fixed",
        "raw": "(obj:11) is brown",
        "unpolished": "(obj:11) is brown",
        "sentence": "The dog is brown.",
        "text": None,
        "objects": ["11"],
        "regions": [],
        "bound": None,
        "operations": ["select", "query"],
        "answer": "brown",
        "entailed_answer": "brown",
        "left_out": [],
    }
    for row in rows[1:]:
        assert row["raw"] is None
        assert row["entailed_answer"] is None
        assert row["operations"] == ["select", "query"]
    provenance = parquet_provenance(world.out)
    assert provenance["command"] == "rex explain build"
    assert provenance["settings"]["mode"] == "fixed"
    assert provenance["settings"]["regions_signature"] is None


def test_tables_for_other_programs_hold_the_same(world: World) -> None:
    graph = scene_graph_entry()
    graph["objects"]["11"]["name"] = "=1+1"
    world.write({"a": question_entry(), "b": question_entry(imageId="7")}, {"1": graph})
    assert world.build() == 0
    rows = world.rows()
    world.out = world.folder / "explanations.jsonl"
    assert world.build() == 0
    assert [json.loads(line) for line in world.out.read_text().splitlines()] == rows
    world.out = world.folder / "explanations.csv"
    assert world.build() == 0
    with world.out.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["operations"] for line in lines] == ["select query"] * 2
    assert [line["sentence"] for line in lines] == [row["sentence"] or "" for row in rows]
    assert not any(cell.startswith("=") for line in lines for cell in line.values())


def test_regions_become_tokens(world: World) -> None:
    near = [
        {"operation": "select", "dependencies": [], "argument": "dog (11)"},
        {"operation": "verify rel", "dependencies": [0], "argument": "ball,near,o (12)"},
    ]
    place = [
        {"operation": "select", "dependencies": [], "argument": "ball (12)"},
        {"operation": "query", "dependencies": [0], "argument": "hposition"},
    ]
    questions = {
        "q1": question_entry(semantic=near, answer="yes"),
        "q2": question_entry(semantic=place, answer="right"),
        "q3": question_entry(semantic=place, answer="right", imageId="2"),
    }
    world.write(questions, {"1": scene_graph_entry(), "2": scene_graph_entry()})
    # the dog (10,10)-(30,40) is detected exactly, the ball (60,50)-(70,60) is not
    store = world.folder / "regions.h5"
    write_regions(store, {"1": [[60, 58, 70, 68], [10, 10, 30, 40]], "9": []})
    assert world.build("--regions", str(store)) == 0
    provenance = parquet_provenance(world.out)
    assert provenance["settings"]["regions_signature"] == RegionStore(store).signature
    first, second, third = world.rows()
    assert first["text"] == "#1 is near ball"
    assert first["objects"] == ["11", "12"]
    assert first["regions"] == [1, -1]
    # union of objects 600 + 100; the dog alone gives 600/700, with the ball's region 620/780
    assert first["bound"] == pytest.approx(600 / 700)
    assert second["text"] == "ball is located at @11"
    assert second["regions"] == [-1]
    assert second["bound"] == pytest.approx(20 / 180)
    assert third["text"] is None
    assert third["status"] == "ok"


def test_regions_of_a_resized_image_match_the_same_objects(world: World) -> None:
    near = [
        {"operation": "select", "dependencies": [], "argument": "dog (11)"},
        {"operation": "relate", "dependencies": [0], "argument": "ball,near,s (12)"},
        {"operation": "exist", "dependencies": [1], "argument": "?"},
    ]
    world.write({"q": question_entry(semantic=near, answer="yes")}, {"1": scene_graph_entry()})
    store = world.folder / "regions.h5"
    write_regions(store, {"1": [[60, 58, 70, 68], [10, 10, 30, 40]]})
    assert world.build("--regions", str(store)) == 0
    (whole,) = world.rows()
    assert whole["regions"] != []
    with h5py.File(store, "r+") as file:
        file["boxes"][:] *= np.array([2, 0.5, 2, 0.5])
        file["image_sizes"][:] = 200, 40
    assert world.build("--regions", str(store)) == 0
    assert world.rows() == [whole]


@pytest.mark.parametrize(
    ("semantic", "place", "problem"),
    [
        (
            [{"operation": "select", "dependencies": [0], "argument": "dog (11)"}],
            "question q2: semantic step 0",
            "1 dependencies",
        ),
        (
            [
                {"operation": "select", "dependencies": [], "argument": "dog (11)"},
                {"operation": "exist", "dependencies": [2], "argument": "?"},
            ],
            "question q2: semantic step 1",
            "depends on step 2",
        ),
        (
            [{"operation": "ponder", "dependencies": [], "argument": ""}],
            "question q2: semantic step 0",
            "unknown operation 'ponder'",
        ),
    ],
)
def test_malformed_programs_stop_the_build(
    world: World,
    capsys: pytest.CaptureFixture[str],
    semantic: list[dict[str, Any]],
    place: str,
    problem: str,
) -> None:
    world.write(
        {"q1": question_entry(), "q2": question_entry(semantic=semantic)},
        {"1": scene_graph_entry()},
    )
    assert world.build() == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"{world.questions}: {place}: " in error
    assert problem in error
    assert sorted(world.folder.iterdir()) == sorted([world.questions, world.scene_graphs])


def test_the_wrong_scene_graphs(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write({"q": question_entry()}, {"5": scene_graph_entry()})
    assert world.build() == 2
    assert "has no scene graph of any question's image" in capsys.readouterr().err
    assert not world.out.exists()


def test_the_wrong_regions(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write({"q": question_entry()}, {"1": scene_graph_entry()})
    store = world.folder / "regions.h5"
    write_regions(store, {"5": [[0, 0, 10, 10]]})
    assert world.build("--regions", str(store)) == 2
    assert "regions.h5: has no regions of any question's image" in capsys.readouterr().err
    assert not world.out.exists()


def test_truncated_and_missing_files(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write({"q": question_entry()}, {"1": scene_graph_entry()})
    whole = world.questions.read_text()
    world.questions.write_text(whole[: len(whole) // 2])
    assert world.build() == 2
    assert "not valid JSON" in capsys.readouterr().err
    world.questions.unlink()
    assert world.build() == 2
    assert f"{world.questions}: no such file" in capsys.readouterr().err
    assert not world.out.exists()


def test_the_same_input_gives_the_same_bytes(world: World) -> None:
    world.write({"q": question_entry()}, {"1": scene_graph_entry()})
    assert world.build() == 0
    first = world.out.read_bytes()
    assert world.build() == 0
    assert world.out.read_bytes() == first


def test_show(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write({"q": question_entry()}, {"1": scene_graph_entry()})
    files = ["--questions", str(world.questions), "--scene-graphs", str(world.scene_graphs)]
    assert main(["explain", "show", *files, "q"]) == 0
    out = capsys.readouterr().out
    assert "[1] query: color  ->  brown" in out
    assert "└─ [0] select: dog (11)  ->  dog (11)" in out
    assert "The dog is brown." in out
    assert main(["explain", "show", *files, "none"]) == 2
    assert "no question 'none'" in capsys.readouterr().err


@needs_sample
def test_all_real_questions_are_explained_by_what_entails_their_answer(tmp_path: Path) -> None:
    out = tmp_path / "e.parquet"
    files = ["--questions", str(QUESTIONS), "--scene-graphs", str(SCENE_GRAPHS)]
    assert main(["explain", "build", *files, "--out", str(out)]) == 0
    rows = read_parquet(out).to_pylist()
    assert len(rows) == 23
    assert all(row["status"] == "ok" for row in rows)
    assert [row["entailed_answer"] for row in rows] == [row["answer"] for row in rows]


@needs_sample
def test_questions_of_another_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--questions", str(VAL_QUESTIONS), "--scene-graphs", str(SCENE_GRAPHS)]
    assert main(["explain", "build", *files, "--out", str(tmp_path / "e.parquet")]) == 2
    assert "has no scene graph" in capsys.readouterr().err


def many(world: World, number: int) -> list[str]:
    """Write a data set of `number` questions on two images, and a region store."""
    kinds = [
        [("select", [], "dog (11)"), ("query", [0], "color")],
        [("select", [], "dog (11)"), ("verify rel", [0], "ball,near,o (12)")],
        [("select", [], "ball (12)"), ("query", [0], "hposition")],
        [("select", [], "ball (12)"), ("query", [0], "color")],
        [("select", [], "dogs (11,12)"), ("exist", [0], "?")],
    ]
    questions = {
        f"q{place}": question_entry(
            imageId=str(place % 3),
            semantic=[
                {"operation": operation, "dependencies": dependencies, "argument": argument}
                for operation, dependencies, argument in kinds[place % 5]
            ],
        )
        for place in range(number)
    }
    world.write(questions, {"0": scene_graph_entry(), "1": scene_graph_entry(width=90)})
    store = world.folder / "regions.h5"
    write_regions(store, {"0": [[10, 10, 30, 40]], "1": [[60, 50, 70, 61], [0, 0, 90, 80]]})
    return ["--regions", str(store)]


@pytest.mark.parametrize("mode", ["fixed", "compat"])
def test_neither_processes_nor_shards_change_the_bytes(world: World, mode: str) -> None:
    more = [*many(world, 3500), "--mode", mode]
    assert world.questions.stat().st_size > 2 << 20
    assert world.build(*more) == 0
    at_once = world.out.read_bytes()
    assert len(world.rows()) == 3500
    assert world.build(*more, "--processes", "2") == 0
    assert world.out.read_bytes() == at_once
    parts = []
    for number in (1, 2):
        part = world.folder / f"part{number}.parquet"
        world.out = part
        assert world.build(*more, "--shard", f"{number}/2") == 0
        assert 0 < len(world.rows()) < 3500
        parts.append(str(part))
    whole = world.folder / "whole.parquet"
    assert main(["explain", "gather", *parts, "--out", str(whole)]) == 0
    assert whole.read_bytes() == at_once


def test_shards_made_otherwise_are_refused(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    more = many(world, 10)
    assert world.build(*more) == 0
    other = world.folder / "other.parquet"
    other.write_bytes(world.out.read_bytes())
    assert world.build() == 0
    gathered = world.folder / "gathered.parquet"
    assert main(["explain", "gather", str(world.out), str(other), "--out", str(gathered)]) == 2
    assert "was made otherwise" in capsys.readouterr().err
    assert main(["explain", "gather", *[str(other)] * 2, "--out", str(gathered)]) == 2
    assert f"{other}: is given twice" in capsys.readouterr().err
    assert not gathered.exists()


@pytest.mark.parametrize("missing", ["scene graph", "regions"])
def test_shards_made_from_files_of_another_split_are_refused(
    world: World, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    more = many(world, 10)
    if missing == "regions":
        write_regions(world.folder / "regions.h5", {"5": [[0, 0, 10, 10]]})
    else:
        world.scene_graphs.write_text(json.dumps({"5": scene_graph_entry()}))
    whole = world.folder / "whole.parquet"
    parts = []
    for number in (1, 2):
        world.out = world.folder / f"part{number}.parquet"
        assert world.build(*more, "--shard", f"{number}/2") == 0
        parts.append(str(world.out))
    capsys.readouterr()
    assert main(["explain", "gather", *parts, "--out", str(whole)]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert f"has no {missing} of any question's image" in line
    assert not whole.exists()


def test_what_is_no_shard_is_refused(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    other = world.folder / "other.parquet"
    write_parquet(other, pa.table({"question_id": ["1"]}), provenance=made_by("something else"))
    assert main(["explain", "gather", str(other), "--out", str(world.out)]) == 2
    assert "other.parquet: not a shard of an explanation table" in capsys.readouterr().err


def test_a_folder_of_questions_is_an_input_like_any_other(world: World) -> None:
    many(world, 30)
    entries = list(json.loads(world.questions.read_text()).items())
    assert world.build() == 0
    expected = world.rows()
    folder = world.folder / "train_all_questions"
    folder.mkdir()
    for number in range(11):
        part = dict(entries[number * 3 : number * 3 + 3] if number < 10 else [])
        (folder / f"train_all_questions_{number}.json").write_text(json.dumps(part))
    world.questions = folder
    assert world.build() == 0
    assert world.rows() == expected


def test_errors_in_another_process(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    many(world, 20)
    entries = json.loads(world.questions.read_text())
    entries["q7"]["semantic"][1]["operation"] = "ponder"
    world.questions.write_text(json.dumps(entries))
    assert world.build("--processes", "2") == 2
    assert "question q7: semantic step 1: unknown operation 'ponder'" in capsys.readouterr().err
    entries["q7"]["semantic"][1]["operation"] = 7
    world.questions.write_text(json.dumps(entries))
    assert world.build("--processes", "2") == 2
    assert "question q7: field semantic[1].operation" in capsys.readouterr().err
    assert not world.out.exists()


@needs_sample
def test_compat_mode_reproduces_the_published_executor(tmp_path: Path) -> None:
    out = tmp_path / "e.parquet"
    files = ["--questions", str(QUESTIONS), "--scene-graphs", str(SCENE_GRAPHS)]
    assert main(["explain", "build", *files, "--mode", "compat", "--out", str(out)]) == 0
    expected = json.loads((SAMPLE / "reference_raw_explanations.json").read_text())
    rows = {row["question_id"]: row for row in read_parquet(out).to_pylist()}
    assert {question_id: row["unpolished"] for question_id, row in rows.items()} == expected
    assert all(row["status"] == "ok" for row in rows.values())
    wine = rows["11954688"]
    assert wine["raw"] == "(obj:389020) is to the right of left (obj:389036)"
    assert wine["entailed_answer"] is None


def test_compat_keeps_the_text_of_what_is_dropped_later(world: World) -> None:
    scene = [
        {"operation": "select", "dependencies": [], "argument": "scene"},
        {"operation": "query", "dependencies": [0], "argument": "weather"},
    ]
    world.write(
        {"1": question_entry(semantic=scene, answer="sunny"), "2": question_entry()},
        {"1": scene_graph_entry()},
    )
    assert world.build("--mode", "compat") == 0
    first, second = world.rows()
    assert first["status"] == "global scene question"
    assert first["unpolished"] == "there is no (obj*:scene)"
    assert first["raw"] is None
    assert second["raw"] == "(obj:11) is brown"
    assert world.build() == 0
    assert world.rows()[0]["sentence"] == "The weather is sunny."


def test_an_interrupted_build_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    more = many(world, 3500)
    before = sorted(world.folder.iterdir())
    taken = []

    def table(*arguments: Any) -> Any:
        taken.append(arguments)
        if len(taken) == 2:
            raise KeyboardInterrupt
        return whole(*arguments)

    whole = Explainer.table
    monkeypatch.setattr(Explainer, "table", table)
    assert world.build(*more) == 1
    assert len(taken) == 2
    assert sorted(world.folder.iterdir()) == before


MUG: tuple[str, str, list[int]] = ("select", "mug (1)", [])
MALFORMED = {
    "unknown operation": (1, [MUG, ("juggle", "red", [0])]),
    "unknown category": (1, [MUG, ("filter banana", "red", [0])]),
    "later step": (0, [("select", "mug (1)", [1]), ("exist", "?", [0])]),
    "no such step": (1, [MUG, ("exist", "?", [4])]),
    "negative step": (1, [MUG, ("exist", "?", [-1])]),
    "missing dependency": (1, [MUG, ("exist", "?", [])]),
    "too many dependencies": (2, [MUG, MUG, ("verify color", "red", [0, 1])]),
    "yes or no filtered": (2, [MUG, ("exist", "?", [0]), ("filter color", "red", [1])]),
    "a word judged": (2, [MUG, ("query", "name", [0]), ("exist", "?", [1])]),
    "nothing selected": (0, [("select", "", []), ("exist", "?", [0])]),
    "ids of nothing": (0, [("select", " (1)", []), ("exist", "?", [0])]),
    "no relation": (1, [MUG, ("relate", "mug", [0]), ("exist", "?", [1])]),
    "no direction": (1, [MUG, ("verify rel", "mug,on", [0])]),
    "another direction": (1, [MUG, ("verify rel", "mug,on,x (2)", [0])]),
    "an empty relation": (1, [MUG, ("relate", "mug, ,s (2)", [0])]),
    "several relations": (1, [MUG, ("relate", "mug,on|under,s (2)", [0])]),
    "no choice of relations": (1, [MUG, ("choose rel", "mug,on,s (2)", [0])]),
    "no choice": (1, [MUG, ("choose color", "red", [0])]),
    "half a choice": (1, [MUG, ("choose color", "red|", [0])]),
    "no word": (1, [MUG, ("verify color", " ", [0])]),
    "no negated word": (1, [MUG, ("filter color", "not( )", [0])]),
    "no category": (1, [MUG, ("query", "", [0])]),
    "no shared category": (1, [MUG, ("same", "", [0])]),
}


@pytest.mark.parametrize(("step", "program"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_program_is_the_same_line_everywhere(
    world: World, capsys: pytest.CaptureFixture[str], step: int, program: list[Any]
) -> None:
    steps = [{"operation": o, "argument": a, "dependencies": d} for o, a, d in program]
    world.write({"q7": question_entry(semantic=steps)}, {"1": scene_graph_entry()})
    lines = []
    for mode in ("fixed", "compat", ""):
        check = ["gqa", "check", str(world.questions)]
        assert (world.build("--mode", mode) if mode else main(check)) == 2
        lines.append(capsys.readouterr().err)
    assert len(set(lines)) == 1
    assert lines[0].count("\n") == 1
    assert f"{world.questions}: question q7: semantic step {step}: " in lines[0]
    assert not world.out.exists()


def test_a_program_may_be_text_alone(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    listed, text = question_entry(), question_entry()
    del text["semantic"]
    world.write({"list": listed, "text": text}, {"1": scene_graph_entry()})
    for mode in ("fixed", "compat"):
        assert world.build("--mode", mode) == 0
        one, other = ({**row, "question_id": ""} for row in world.rows())
        assert one == other
        assert one["status"] == "ok"
    assert main(["gqa", "check", str(world.questions)]) == 0
    assert "without a program" not in capsys.readouterr().out
    assert main(["explain", "stats", str(world.out), "--questions", str(world.questions)]) == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("select dog (11)", "semantic step 0: 'select dog (11)' is not"),
        ("select: dog (11)->query color [0]", "semantic step 1: 'query color [0]' is not"),
        ("select: dog (11)->query: color [1]", "semantic step 1: 'query' depends on step 1"),
    ],
)
def test_a_malformed_program_as_text(
    world: World, capsys: pytest.CaptureFixture[str], text: str, problem: str
) -> None:
    world.write({"q7": question_entry(semantic=[], semanticStr=text)}, {"1": scene_graph_entry()})
    for built in (True, False):
        assert (world.build() if built else main(["gqa", "check", str(world.questions)])) == 2
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert f"{world.questions}: question q7: " in told
        assert problem in told


def test_a_file_without_questions_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path)
    world.write({}, {"1": scene_graph_entry()})
    assert world.build() == 2
    assert "questions.json: holds no questions" in capsys.readouterr().err
    assert not world.out.exists()
