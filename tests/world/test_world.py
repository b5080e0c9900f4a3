"""The folder of a world: GQA's layout and formats, whole, and the same for one seed."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import rex
from rex.cli import main
from rex.config import SPLITS, WorldSettings
from rex.errors import InputError
from rex.gqa.layout import Layout
from rex.gqa.questions import read_questions
from rex.gqa.scene_graphs import read_scene_graphs
from rex.world.folder import data_digest
from rex.world.make import make_world
from tests.world.conftest import TINY

SMALL = WorldSettings(train_images=4, val_images=2, testdev_images=2, questions_per_image=4, seed=3)


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_folder_has_gqas_layout(world: Layout) -> None:
    assert all(path.is_file() for path in world.annotation_files().values())
    assert not world.scene_graphs("testdev").exists()
    for split in SPLITS:
        questions = read_questions(world.questions(split)).values()
        images = getattr(TINY, f"{split}_images")
        assert len(questions) == images * TINY.questions_per_image
        for image_id in {question.image_id for question in questions}:
            with Image.open(world.image(image_id)) as image:
                assert image.size == (TINY.width, TINY.height)
                assert image.format == "JPEG"


def test_gqas_own_samples_have_the_same_fields(world: Layout) -> None:
    sample = (Path(__file__).parents[2] / "../shared/gqa-sample").resolve()
    if not sample.is_dir():
        pytest.skip("needs GQA's sample annotations")
    real = next(iter(json.loads((sample / "questions.json").read_text()).values()))
    graph = json.loads((sample / "sceneGraphs.json").read_text())["2412055"]
    ours = next(iter(json.loads(world.questions("train").read_text()).values()))
    graphs = json.loads(world.scene_graphs("train").read_text()).values()
    outdoors = next(one for one in graphs if "weather" in one)
    assert ours.keys() == real.keys()
    for field in ("types", "groups", "annotations"):
        assert ours[field].keys() == real[field].keys()
    assert ours["semantic"][0].keys() == real["semantic"][0].keys()
    assert outdoors.keys() == graph.keys()
    thing = next(iter(outdoors["objects"].values()))
    assert thing.keys() == next(iter(graph["objects"].values())).keys()


def test_ids_are_digits_and_unique_over_the_world(world: Layout) -> None:
    objects: Counter[str] = Counter()
    for split in ("train", "val"):
        for graph in read_scene_graphs(world.scene_graphs(split)).values():
            objects.update(list(graph.objects))
    questions: Counter[str] = Counter()
    for split in SPLITS:
        questions.update(list(read_questions(world.questions(split))))
    for ids in (objects, questions):
        assert max(ids.values()) == 1
        assert all(i.isdigit() for i in ids)


def test_boxes_lie_in_the_image_and_are_large_enough(world: Layout) -> None:
    for graph in read_scene_graphs(world.scene_graphs("train")).values():
        assert 4 <= len(graph.objects) <= 10
        for thing in graph.objects.values():
            assert thing.x >= 0
            assert thing.y >= 0
            assert thing.x + thing.w <= graph.width
            assert thing.y + thing.h <= graph.height
            assert min(thing.w, thing.h) >= 13


def test_relations_name_objects_of_the_image_and_agree(world: Layout) -> None:
    inverse = {
        "to the left of": "to the right of",
        "to the right of": "to the left of",
        "in front of": "behind",
        "behind": "in front of",
        "near": "near",
    }
    for graph in read_scene_graphs(world.scene_graphs("train")).values():
        for object_id, thing in graph.objects.items():
            for relation in thing.relations:
                other = graph.objects[relation.object]
                if relation.name in inverse:
                    back = [(r.name, r.object) for r in other.relations]
                    assert (inverse[relation.name], object_id) in back
                if relation.name == "to the left of":
                    assert thing.center[0] < other.center[0]


def test_entailed_and_equivalent_questions_exist(world: Layout) -> None:
    questions = json.loads(world.questions("train").read_text())
    entailed = 0
    for key, question in questions.items():
        assert key in question["equivalent"]
        assert key not in question["entailed"]
        for other in (*question["entailed"], *question["equivalent"]):
            assert questions[other]["imageId"] == question["imageId"]
        entailed += len(question["entailed"])
    assert entailed


def test_one_seed_gives_one_world_whatever_the_number_of_processes(tmp_path: Path) -> None:
    settings = replace(SMALL, train_images=17)
    make_world(tmp_path / "one", settings, processes=1)
    make_world(tmp_path / "two", settings, processes=2)
    assert _digests(tmp_path / "one") == _digests(tmp_path / "two")
    make_world(tmp_path / "other", replace(SMALL, seed=4), processes=1)
    assert _digests(tmp_path / "one") != _digests(tmp_path / "other")


def test_making_it_again_does_nothing_and_other_settings_replace_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "world"
    make_world(out, SMALL, processes=1)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    make_world(out, SMALL, processes=1)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    make_world(out, replace(SMALL, val_images=1), processes=1)
    assert len(read_scene_graphs(Layout(out).scene_graphs("val"))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["world"]


def test_a_world_of_other_templates_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, record = tmp_path / "world", tmp_path / "world" / "world.json"
    make_world(out, SMALL, processes=1)
    # a world that does not say of what it was made is older than any change
    told = json.loads(record.read_text())
    now = told.pop("data")
    record.write_text(json.dumps(told))
    make_world(out, SMALL, processes=1)
    assert "data" not in json.loads(record.read_text())
    monkeypatch.setattr("rex.world.make.data_digest", lambda: "of other templates")
    record.write_text(json.dumps({**told, "data": now}))
    make_world(out, SMALL, processes=1)
    assert json.loads(record.read_text())["data"] == "of other templates"


def test_every_file_that_the_world_is_made_of_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = Path(rex.__file__).parent
    for file in package.rglob("*.yaml"):
        copy = tmp_path / file.relative_to(package)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    before = data_digest()
    monkeypatch.setattr("rex.world.folder._PACKAGE", tmp_path)
    assert data_digest() == before
    for name in ("gqa/words", "programs/words", "world/things", "world/questions/templates"):
        with (tmp_path / f"{name}.yaml").open("a") as stream:
            stream.write("# another line\n")
        assert data_digest() != before
        before = data_digest()


def test_a_world_that_lost_a_file_is_made_again(tmp_path: Path) -> None:
    out = tmp_path / "world"
    make_world(out, SMALL, processes=1)
    (out / "world.json").unlink()
    Layout(out).questions("val").unlink()
    make_world(out, SMALL, processes=1)
    assert Layout(out).questions("val").is_file()


def test_another_folder_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not a world"):
        make_world(tmp_path, SMALL, processes=1)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no more room")

    monkeypatch.setattr("rex.world.make._ask", fail)
    with pytest.raises(RuntimeError, match="no more room"):
        make_world(tmp_path / "world", SMALL, processes=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("writer", ["PIL.Image.Image.save", "rex.world.make.write_json"])
def test_a_full_disk_names_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer, full)
    with pytest.raises(OSError, match="No space left on device") as raised:
        make_world(tmp_path / "world", SMALL, processes=1)
    assert raised.value.filename == str(tmp_path / "world")
    assert list(tmp_path.iterdir()) == []


def test_commands_make_show_and_describe_a_world(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("world: {val_images: 2, testdev_images: 2, train_images: 4}\n")
    out = tmp_path / "world"
    arguments = ["--config", str(config), "--processes", "1", "--seed", "5", "--images", "2"]
    assert main(["world", "make", "--out", str(out), *arguments]) == 0
    assert len(read_scene_graphs(Layout(out).scene_graphs("train"))) == 2
    sheet = tmp_path / "sheet.png"
    assert main(["world", "show", str(out), "--out", str(sheet), "--images", "2", "--boxes"]) == 0
    with Image.open(sheet) as image:
        assert image.width > 2 * 320
    capsys.readouterr()
    assert main(["world", "card", str(out)]) == 0
    card = capsys.readouterr().out
    assert "| train | 2 |" in card
    assert main(["world", "make", "--out", str(tmp_path / "new"), "--seed", "-1"]) == 2
    assert main(["world", "card", str(tmp_path / "nothing")]) == 2


def test_the_card_replaces_its_part_of_a_document(
    tmp_path: Path, world: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "world.md"
    assert main(["world", "card", str(world.folder), "--into", str(page)]) == 2
    said = "cannot be read (No such file or directory); name a Markdown file with the lines"
    assert said in capsys.readouterr().err
    page.write_text("# Before\n")
    assert main(["world", "card", str(world.folder), "--into", str(page)]) == 2
    page.write_text(
        "# Before\n<!-- made by `rex world card`: do not edit -->\nearlier text\n"
        "<!-- end of what `rex world card` made -->\nafter\n"
    )
    for _ in range(2):
        assert main(["world", "card", str(world.folder), "--into", str(page)]) == 0
    text = page.read_text()
    assert text.startswith("# Before\n")
    assert text.endswith("\nafter\n")
    assert "earlier text" not in text
    assert text.count("## Things") == 1
