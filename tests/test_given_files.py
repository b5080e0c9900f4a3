from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import yaml

from rex.config import ModelSettings, RegionSettings, WorldSettings
from rex.config_files import config_values, parse_config
from rex.errors import InputError
from rex.given_files import check_given_files, check_world, named_files
from rex.world.folder import record_file


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"source": "gqa", "data": "data/gqa"},
            "data: data/gqa is not there; get GQA: rex gqa fetch data/gqa",
        ),
        (
            {"evaluation": {"foreign": [{"name": "a", "file": "a.jsonl", "format": "qwen"}]}},
            "evaluation.foreign.0.format: no format 'qwen'; one of jsonl",
        ),
        (
            {"evaluation": {"foreign": [{"name": "a", "file": "a.jsonl"}]}},
            "evaluation.foreign.0.file: a.jsonl is not there; name what the model answered",
        ),
        (
            {"evaluation": {"upper_bound": "bounds.json"}},
            "evaluation.upper_bound: bounds.json is not there; check the path",
        ),
        (
            {"regions": {"weights": "mine.pkl"}},
            "regions.weights: mine.pkl is not there; check the path",
        ),
    ],
)
def test_a_file_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: dict[str, object], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as told:
        check_given_files(parse_config(values), "mine.yaml")
    assert str(told.value).startswith(f"mine.yaml: {said}")


def _own_data(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "train_questions.json").write_text("{}")


def test_a_world_does_not_take_the_place_of_what_is_none(tmp_path: Path) -> None:
    _own_data(tmp_path / "mine")
    with pytest.raises(InputError) as told:
        check_world(parse_config({"data": str(tmp_path / "mine")}), "mine.yaml")
    assert str(told.value) == (
        f"mine.yaml: data: {tmp_path}/mine is there, and is not a world made by REX; "
        "set source to gqa to use what is there, or name another folder"
    )
    check_world(parse_config({"data": str(tmp_path / "mine"), "source": "gqa"}), "mine.yaml")
    check_world(parse_config({"data": str(tmp_path / "none")}), "mine.yaml")


def test_a_world_of_other_results_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = parse_config({"dataset": "first", "data": "data/world", "world": {"seed": 2}})
    record_file(Path("data/world")).parent.mkdir(parents=True)
    record = {"settings": dataclasses.asdict(first.world)}
    record_file(Path("data/world")).write_text(json.dumps(record))
    Path("results/first").mkdir(parents=True)
    Path("results/first/config.yaml").write_text(yaml.safe_dump(config_values(first)))

    check_world(dataclasses.replace(first, dataset="second"), "second.yaml")
    # its own world may change
    check_world(dataclasses.replace(first, world=WorldSettings()), "first.yaml")
    other = dataclasses.replace(first, dataset="second", world=WorldSettings())
    with pytest.raises(InputError, match=r"data: data/world is the world of results/first, "):
        check_world(other, "second.yaml")
    check_world(dataclasses.replace(other, data="data/second"), "second.yaml")


def _put(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    return folder


def test_all_that_is_read_of_a_data_set_must_be_there(tmp_path: Path) -> None:
    data = _put(
        tmp_path / "own",
        *(f"questions/{split}_balanced_questions.json" for split in ("train", "val")),
        *(f"sceneGraphs/{split}_sceneGraphs.json" for split in ("train", "val")),
        "answers.jsonl",
    )
    theirs = {"name": "theirs", "file": str(data / "answers.jsonl")}
    values = {"source": "gqa", "data": str(data), "evaluation": {"splits": ["val"]}}
    check_given_files(parse_config(values), "own.yaml")
    _put(data, "ood/ood_testdev_all.json", "ood/ood_val_all.json", "ood/ood_val_head.json")
    with pytest.raises(InputError, match=r"data: .*ood_val_tail\.json is not there; get it, or"):
        check_given_files(parse_config(values), "own.yaml")
    _put(data, "ood/ood_val_tail.json")
    check_given_files(parse_config(values), "own.yaml")
    with pytest.raises(InputError, match=r"testdev_.*there; .* evaluation: {splits: \[val\]}"):
        check_given_files(parse_config(values | {"evaluation": {}}), "own.yaml")
    # a row of another model may be of a split that no run is measured on
    values["evaluation"] = {"splits": ["val"], "foreign": [theirs | {"split": "testdev"}]}
    with pytest.raises(InputError, match=r"data: .*testdev_.*\.json is not there; get GQA"):
        check_given_files(parse_config(values), "own.yaml")


@pytest.mark.parametrize(
    ("key", "lacking"), [("features_from", "config.json"), ("vocabulary", "objects_vocab.txt")]
)
def test_a_folder_must_have_what_is_read_of_it(tmp_path: Path, key: str, lacking: str) -> None:
    config = parse_config({"regions": {key: str(_put(tmp_path / "folder", "README.md"))}})
    with pytest.raises(InputError, match=rf"regions\.{key}: .*{lacking} is not there"):
        check_given_files(config, "own.yaml")


def test_of_a_named_folder_what_is_read_is_an_input(tmp_path: Path) -> None:
    words = ["objects_vocab.txt", "attributes_vocab.txt"]
    weights = ["config.json", "vocab.txt", "model.safetensors"]
    detector = _put(tmp_path / "detector", *words, "README.md", "weights.pkl")
    model = _put(tmp_path / "model", *weights, "README.md", "preprocessor_config.json")
    config = parse_config(
        {
            "regions": {"vocabulary": str(detector), "features_from": str(model)},
            "model": {"pretrained": str(model), "word_pieces": str(model / "vocab.txt")},
        }
    )

    def named(section: RegionSettings | ModelSettings, *keys: str) -> list[str]:
        return [str(Path(file).relative_to(tmp_path)) for file in named_files(section, *keys)]

    assert named(config.regions, "vocabulary") == [f"detector/{name}" for name in words]
    assert named(config.regions, "features_from") == [
        "model/config.json",
        "model/preprocessor_config.json",
        "model/model.safetensors",
    ]
    assert named(config.model, "pretrained") == [f"model/{name}" for name in weights]
    assert named(config.model, "word_pieces") == ["model/vocab.txt"]
    hub = parse_config({"model": {"pretrained": "bert-base-uncased"}})
    assert named_files(hub.model, "pretrained", "word_pieces") == []
