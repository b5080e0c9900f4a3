"""The data set of GQA's counts is whole, and what its stations take is read and compared."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from benchmarks import full_size, full_size_data
from rex.config import WorldSettings
from rex.config_files import parse_config, read_config
from rex.explanations.building import BuildSettings, build_explanations
from rex.files import read_json, write_json
from rex.gqa.checking import check_file
from rex.gqa.layout import OOD_PARTS, Layout
from rex.grid import Results
from rex.regions.importing import import_features
from rex.regions.store import RegionStore

SMALL = WorldSettings(
    train_images=3, val_images=3, testdev_images=2, questions_per_image=5, width=64, height=48
)
SPLITS = ("train", "val", "testdev")
LEAST = 60
"""Questions and images that are written at any scale."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full-size")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(full_size_data, "WORLD", SMALL)
        patch.setattr(full_size_data, "COUNTS", dict.fromkeys(SPLITS, (7 * LEAST, LEAST)))
        counts = full_size_data.write_data(folder, 1.0)
    assert counts == dict.fromkeys(SPLITS, (7 * LEAST, LEAST))
    return folder / "data"


def entries(path: Path) -> dict[str, Any]:
    pairs: list[tuple[str, Any]] = json.loads(path.read_text(), object_pairs_hook=list)
    # a name that stands twice would be one question fewer
    assert len(dict(pairs)) == len(pairs)
    return json.loads(path.read_text())


@pytest.mark.parametrize("split", SPLITS)
def test_questions_are_as_many_as_asked_for_and_name_what_is_there(made: Path, split: str) -> None:
    layout = Layout(made)
    questions = entries(layout.questions(split))
    assert len(questions) == 7 * LEAST
    assert len({entry["imageId"] for entry in questions.values()}) == LEAST
    assert "questions" in check_file(layout.questions(split))
    for question_id, entry in questions.items():
        assert entry["equivalent"]
        image = int(question_id) // 40
        assert {int(other) // 40 for other in entry["equivalent"] + entry["entailed"]} == {image}
        assert str(2_000_000 + image) == entry["imageId"]
    # mixed: an image's questions do not stand together
    images = [entry["imageId"] for entry in questions.values()]
    assert sum(one == other for one, other in itertools.pairwise(images)) < LEAST


def test_programs_run_on_their_scene_graphs(made: Path, tmp_path: Path) -> None:
    layout = Layout(made)
    for split in ("train", "val"):
        graphs = layout.scene_graphs(split)
        assert len(entries(graphs)) == LEAST
        settings = BuildSettings(scene_graphs=graphs)
        counts = build_explanations(
            [layout.questions(split)], tmp_path / f"{split}.parquet", settings
        )
        assert counts["ok"] == 7 * LEAST


def test_out_of_distribution_files_hold_questions_of_their_split(made: Path) -> None:
    layout = Layout(made)
    for split in ("val", "testdev"):
        asked = entries(layout.questions(split))
        parts = {part: entries(layout.ood_questions(split, part)) for part in OOD_PARTS}
        assert parts["all"].keys() == parts["head"].keys() | parts["tail"].keys()
        assert all(asked[name] == entry for name, entry in parts["all"].items())


def test_features_are_lxmerts(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "regions.h5"
    archive = made / "features" / "vg_gqa_obj36.zip"
    assert import_features(archive, out, vocabulary=made / "detector") == []
    store = RegionStore(out)
    assert len(store) == 2 * LEAST
    assert (store.regions, store.feature_size) == (36, 2048)
    graphs = entries(Layout(made).scene_graphs("train"))
    image_id, graph = next(iter(graphs.items()))
    row = store.rows([image_id])[0]
    thing = next(iter(graph["objects"].values()))
    assert store.object_names[store.object_ids[row, 0]] == thing["name"]
    assert store.boxes[row, 0] == pytest.approx(
        [thing["x"], thing["y"], thing["x"] + thing["w"], thing["y"] + thing["h"]], abs=9
    )


def test_data_that_was_written_is_left(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_size_data, "make_world", None)
    counts = full_size_data.write_data(made.parent, 1.0)
    assert counts["val"] == (7 * LEAST, LEAST)


def test_the_configuration_is_gqas_with_a_small_transformer() -> None:
    config = parse_config(full_size.configuration(200), file="full-size")
    assert config.training.max_steps == 200
    assert config.model.hidden_size == 64
    assert config.training.batch_size == 128
    assert len(Results.of(config).runs()) >= 33


@pytest.mark.slow
def test_all_questions_of_train_are_explained(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made.parent
    monkeypatch.chdir(folder)
    values = full_size.configuration(200)
    (folder / "grid.yaml").write_text(yaml.safe_dump(values))
    regions = Results.of(parse_config(values, file="full-size")).region_store("train")
    regions.parent.mkdir(parents=True)
    import_features(made / "features" / "vg_gqa_obj36.zip", regions)
    [cost] = full_size.explain_all(folder, cores=1).values()
    assert cost["seconds"] > 0
    rows = pq.read_table(folder / "train_all.parquet", columns=["question_id", "status"])
    assert len(rows) == 16 * 7 * LEAST
    assert len(set(rows["question_id"].to_pylist())) == 7 * LEAST


@pytest.mark.parametrize("seeds", [1, 5])
def test_every_row_of_the_grid_is_copied_and_reported(
    seeds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = full_size.configuration(200)
    results = Results(parse_config(values, file="full-size"), tmp_path / "results/full-size")
    references = [("reference", "answer-prior"), ("reference", "random-regions")]
    for setting, method in (*full_size.TRAINED, *references):
        for split in ("val", "testdev"):
            metrics = results.run(setting, method, 0) / "metrics" / f"{split}.json"
            write_json(metrics, {"setting": setting, "method": method, "seed": 0, "scores": {}})
    commands: list[str] = []
    monkeypatch.setattr(full_size, "_cost", lambda command: commands.append(command[2]))
    found = full_size.grid(tmp_path, values, range(seeds))
    assert found["runs"] == seeds * len(values["experiment"]["runs"])
    assert commands == ["tables", "figures", "gallery", "status"]
    config = read_config(tmp_path / "grid.yaml")
    assert len(config.experiment.seeds) == seeds
    for metrics in Results(config, results.folder).metrics():
        made = read_json(metrics)
        named = results.run(made["setting"], made["method"], made["seed"])
        assert metrics.parent.parent == named


def test_stations_are_read_and_compared(tmp_path: Path) -> None:
    header = "s\th:m:s\tmax_rss\tcpu_time\n"
    light = tmp_path / "light"
    light.mkdir()
    for file, line in {
        tmp_path / "train_multi-task_rex_seed0.tsv": "30\t0:00:30\t900.5\t55.5\n",
        tmp_path / "train_detector.tsv": "99\t0:01:39\t1.0\t1.0\n",
        tmp_path / "explain_val_1-of-1.tsv": "8\t0:00:08\t100.0\t8.0\n",
        tmp_path / "explain_train_1-of-1.tsv": "12\t0:00:12\t300.0\t11.0\n",
        light / "explanation_card_val.tsv": "0.1\t0:00:00\tNA\t0.0\n",
    }.items():
        file.write_text(header + line)
    found = full_size.stations(tmp_path)
    assert list(found) == ["train_detector", "explain", "explanation_card", "train"]
    assert found["explain"] == {"seconds": 20.0, "cpu": 19.0, "MiB": 300.0, "jobs": 2.0}
    assert found["explanation_card"]["MiB"] == 0.0
    grown = {"seconds": 400.0, "cpu": 1900.0, "MiB": 300.0, "jobs": 2.0}
    small, large = (
        {"scale": scale, "stations": {"explain": cost}}
        for scale, cost in ((0.1, found["explain"]), (1.0, grown))
    )
    _, line = full_size.compare(small, large)
    assert line.split()[:6] == ["explain", "19.0", "->", "1900.0", "2.00", "300.0"]
    assert line.endswith("faster than its input")
    assert not full_size.compare(small, {**small, "scale": 1.0})[1].endswith("its input")


def test_one_command_measures_scales_and_seeds_and_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cost = {"seconds": 1.0, "cpu": 1.0, "MiB": 100.0, "jobs": 1.0}

    def measured(folder: Path, scale: float, *_: int, seeds: list[int], **__: bool) -> Any:
        assert folder == tmp_path / "full-size" / f"{scale:g}"
        grids = [{"runs": 17 * count, "stations": {"tables of the grid": cost}} for count in seeds]
        stations = {"explain": cost, "tables of the grid": cost}
        counts = {"val": (int(1000 * scale), 10)}
        return {"scale": scale, "counts": counts, "stations": stations, "grids": grids}

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(full_size, "measure", measured)
    asked = ["--scales", "1", "0.1", "--seeds", "1", "3", "--out", "made.json"]
    monkeypatch.setattr(sys, "argv", ["full_size", *asked, "--plot", "scale.svg"])
    full_size.main()
    assert [one["scale"] for one in read_json(Path("made.json"))] == [0.1, 1.0]
    assert [len(one["grids"]) for one in read_json(Path("made.json"))] == [2, 0]
    drawn = Path("scale.svg").read_text()
    assert all(f"<!-- {text} -->" in drawn for text in ("explain", "Questions", "Runs"))
    again = ["--measured", "made.json", "--plot", "again.svg"]
    monkeypatch.setattr(sys, "argv", ["full_size", *again])
    monkeypatch.setattr(full_size, "measure", None)
    full_size.main()
    assert "Runs" in Path("again.svg").read_text()
    assert capsys.readouterr().out.count("tables of the grid") == 2
