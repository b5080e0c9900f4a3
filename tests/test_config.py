from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from rex.config import (
    Config,
    check_experiment,
    config_schema,
    config_values,
    config_yaml,
    parse_config,
    read_config,
)
from rex.errors import InputError

ROOT = Path(__file__).parents[1]


def test_config_yaml_is_what_the_classes_say() -> None:
    assert (ROOT / "config.yaml").read_text() == config_yaml(), (
        "run: rex config defaults --out config.yaml"
    )


def test_the_schema_is_what_the_classes_say() -> None:
    path = ROOT / "workflow/schemas/config.schema.json"
    assert json.loads(path.read_text()) == config_schema(), f"run: rex config schema --out {path}"


def test_config_yaml_holds_every_default() -> None:
    assert yaml.safe_load(config_yaml()) == config_values(Config())


@pytest.mark.parametrize(
    "path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name
)
def test_every_shipped_configuration_is_valid(path: Path) -> None:
    check_experiment(read_config(path))


def test_perfect_regions_are_not_asked_of_testdev() -> None:
    values = {"regions": {"selection": "scene-graphs"}}
    with pytest.raises(InputError, match=r"regions.selection: testdev has no scene graphs"):
        check_experiment(parse_config(values))
    check_experiment(parse_config({**values, "evaluation": {"splits": ["val"]}}))


def test_values_survive_a_round_trip() -> None:
    config = parse_config({"dataset": "other", "experiment": {"seeds": [3, 4]}})
    assert parse_config(config_values(config)) == config
    assert config.experiment.seeds == (3, 4)


def test_an_unknown_key_is_named_with_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("training:\n  epoch: 3\n")
    with pytest.raises(InputError) as caught:
        read_config(path)
    line = str(caught.value)
    assert str(path) in line
    assert "training.epoch" in line
    assert "epochs" in line
    assert "\n" not in line


def test_a_wrong_value_is_named() -> None:
    with pytest.raises(InputError, match=r"training\.epochs.*'many'"):
        parse_config({"training": {"epochs": "many"}})


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("training:\n  epochs: [3\nmodel: 4\n")
    with pytest.raises(InputError, match="line 3"):
        read_config(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.yaml"):
        read_config(tmp_path / "absent.yaml")


def test_a_configuration_may_be_given_as_json() -> None:
    assert read_config('{"training": {"epochs": 3}}').training.epochs == 3
    with pytest.raises(InputError, match=r"--config.*line 1"):
        read_config('{"training": ')


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("training", {"epochs": 0}),
        ("training", {"batch_size": 0}),
        ("training", {"accumulation": 0}),
        ("training", {"learning_rate": float("nan")}),
        ("training", {"questions_together": 0}),
        ("transfer", {"epochs": -1}),
        ("evaluation", {"beams": 0}),
        ("model", {"heads": 3}),
        ("compute", {"training_threads": 0}),
    ],
)
def test_a_value_without_meaning_is_named(section: str, values: dict[str, float]) -> None:
    with pytest.raises(InputError, match=rf"config: {section}\.{next(iter(values))}: "):
        parse_config({section: values})


def test_a_pretrained_backbone_has_its_own_heads() -> None:
    assert parse_config({"model": {"heads": 3, "pretrained": "folder"}}).model.heads == 3
