from __future__ import annotations

import itertools
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from rex.cli import main
from rex.config import Config, EvaluationSettings, compared
from rex.config_files import (
    config_schema,
    config_values,
    config_yaml,
    exit_unless_readable,
    parse_config,
    read_config,
    read_settings,
    read_workflow_config,
)
from rex.config_limits import check_experiment
from rex.errors import InputError
from rex.experiment import METHODS, SETTINGS
from rex.training.objectives import objective_of

ROOT = Path(__file__).parents[1]


def test_config_yaml_is_what_the_classes_say() -> None:
    assert (ROOT / "config.yaml").read_text() == config_yaml(), (
        "run: rex config defaults --out config.yaml"
    )


def test_the_schema_is_what_the_classes_say() -> None:
    path = ROOT / "workflow/schemas/config.schema.json"
    assert json.loads(path.read_text()) == config_schema(), f"run: rex config schema --out {path}"


@pytest.mark.parametrize("key", ["data", "training", "training.epochs"])
def test_a_key_without_a_docstring_is_named(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = config_schema()
    entry = schema["properties"][key.partition(".")[0]]
    if "$ref" in entry:
        entry = schema["$defs"]["TrainingSettings"]
    if "." in key:
        entry = entry["properties"]["epochs"]
    del entry["description"]
    monkeypatch.setattr("rex.config_files.config_schema", lambda: schema)
    with pytest.raises(InputError, match=rf"^rex/config\.py: {key}: has no docstring; write"):
        config_yaml()


def test_config_yaml_holds_every_default() -> None:
    assert yaml.safe_load(config_yaml()) == config_values(Config())


@pytest.mark.parametrize(
    "path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name
)
def test_every_shipped_configuration_is_valid(path: Path) -> None:
    check_experiment(read_config(path), path)


def test_perfect_regions_are_not_asked_of_testdev() -> None:
    values = {"regions": {"selection": "scene-graphs"}}
    with pytest.raises(InputError, match=r"regions.selection: testdev has no scene graphs"):
        check_experiment(parse_config(values), "mine.yaml")
    check_experiment(parse_config({**values, "evaluation": {"splits": ["val"]}}), "mine.yaml")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {
                "regions": {
                    "selection": "scene-graphs",
                    "features": {"train": "a", "val": "a", "label": "theirs"},
                },
                "evaluation": {"splits": ["val"]},
            },
            "regions.selection: imported features have regions of their own",
        ),
        ({"regions": {"detector": "detectron2"}}, "regions.detector_config: detectron2 is what"),
        ({"regions": {"detector": "bottom-up"}}, "regions.weights: the public detector is not"),
        ({"data": "data/{x}"}, "data: 'data/{x}' has braces, which Snakemake fills in; rename it"),
        ({"data": "."}, "data: the world would take the place of the results, which are in ."),
        ({"data": "results"}, "data: the world would take the place of the results"),
    ],
)
def test_settings_of_an_experiment_that_contradict_one_another(
    values: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError) as caught:
        check_experiment(parse_config(values), "mine.yaml")
    assert str(caught.value).startswith(f"mine.yaml: {said}")
    assert caught.value.cure


def test_features_of_testdev_are_asked_for_only_where_it_is_measured() -> None:
    values = {"regions": {"features": {"train": "a", "val": "a", "label": "mine"}}}
    with pytest.raises(InputError, match=r"regions.features.testdev: testdev is measured"):
        check_experiment(parse_config(values), "config")
    measured = parse_config({**values, "evaluation": {"splits": ["val"]}})
    check_experiment(measured, "config")
    # a job's part of it: what is measured is not said
    part = {name: value for name, value in config_values(measured).items() if name != "evaluation"}
    assert parse_config(part).regions == measured.regions


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


def test_a_file_that_would_run_code_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("__use_yte__: true\n?if 1/0:\n  dataset: a\n")
    with pytest.raises(SystemExit) as left:
        exit_unless_readable([path])
    assert left.value.code == 2
    assert "__use_yte__: is a template of YTE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"training:\n\tepochs: 2", "line 2: not valid YAML (found character"),
        (b"\xff\xfea\x00", "not valid YAML ('utf-8' codec"),
        (b"- dataset", "holds no settings"),
        (b"seed: [1\nb: 2", "line 2: not valid YAML (expected ',' or ']'"),
        (b"data: 2001-99-99", "not valid YAML (month must be in 1..12)"),
    ],
)
def test_what_cannot_be_read_is_one_line_and_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(SystemExit) as left:
        exit_unless_readable([path])
    assert left.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{path}: {said}")
    assert "; " in line


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.yaml"):
        read_config(tmp_path / "absent.yaml")


def test_a_configuration_may_be_given_as_json() -> None:
    assert read_config('{"training": {"epochs": 3}}').training.epochs == 3
    with pytest.raises(InputError, match=r"--config.*line 1"):
        read_config('{"training": ')


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"world": {"train_images": -3}}, "world.train_images: -3 is too small; give 1 or more"),
        ({"world": {"width": 0}}, "world.width: 0 is too small; give 32 or more"),
        ({"training": {"learning_rate": 0}}, "training.learning_rate: 0 is too small"),
        (
            {"training": {"learning_rate": float("nan")}},
            "training.learning_rate: Input should be a finite number",
        ),
        (
            {"training": {"learning_rate": float("inf")}},
            "training.learning_rate: Input should be a finite number",
        ),
        (
            {"training": {"learning_rate": "1e-4"}},
            "training.learning_rate: Input should be a valid number (found '1e-4'); "
            "write 1.0e-4: YAML takes 1e-4 for text",
        ),
        (
            {"methods": {"reader": {"layers": [2]}}},
            "methods.reader.layers: [2] is not a number, text, true or false",
        ),
        ({"training": {"epochs": True}}, "training.epochs: Input should be a valid integer"),
        (
            {"training": {"batch_size": "32"}},
            "training.batch_size: Input should be a valid",
        ),
        ({"training": {"epochs": 2.0}}, "training.epochs: Input should be a valid integer"),
        ({"model": {"boxes": 1}}, "model.boxes: Input should be a valid boolean"),
        (
            {"experiment": {"runs": [{"setting": "all", "method": "rex"}]}},
            "experiment.runs.0.setting: Input should be",
        ),
        (
            {"experiment": {"runs": [{"setting": "multi-task", "method": "rec"}]}},
            "experiment.runs.0.method: Input should be 'backbone', 'backbone-tags'",
        ),
        (
            {"experiment": {"runs": [{"setting": "multi-task", "method": "backbone"}]}},
            "experiment.runs.0: method 'backbone' has no decoder",
        ),
        ({"training": {"holdout": 1}}, "training.holdout: 1 is too large; give a number below 1"),
        ({"training": {"weight_decay": -1}}, "training.weight_decay: -1 is too small; give 0"),
        (
            {"training": {"decay": "linear", "patience": 3}},
            "training.patience: would cut off a learning rate that falls until the last epoch",
        ),
        ({"training": {"decay": "cosine"}}, "training.decay: Input should be 'step' or 'linear'"),
        ({"training": {"warmup": 1.5}}, "training.warmup: 1.5 is too large; give 1 or less"),
        ({"methods": {"rec": {}}}, "methods.rec: no such method; one of backbone"),
        (
            {"methods": {"backbone-tags": {"programs": True}}},
            "methods.backbone-tags.programs: method 'backbone-tags' has no decoder",
        ),
        ({"compute": {"gpus": 2}}, "compute.gpus: 2 GPUs are used only where compute.device is"),
        (
            {"experiment": {"runs": [{"setting": "transfer-1", "method": "regions-only"}]}},
            "experiment.runs.0: method 'regions-only' writes no explanations",
        ),
        ({"dataset": "../x"}, "dataset: '../x' is not a name"),
        ({"dataset": ""}, "dataset: is empty; give a value"),
        ({"data": ""}, "data: is empty; give a value"),
        ({"regions": {"weights": " "}}, "regions.weights: is empty; give a value"),
        (
            {"evaluation": {"foreign": [{"name": "theirs", "file": ""}]}},
            "evaluation.foreign.0.file: is empty; give a value",
        ),
        ({"model": {"hidden_size": 10, "heads": 4}}, "model.heads: 4 heads do not divide"),
        ({"experiment": {"seeds": []}}, "experiment.seeds: [] are not seeds"),
        ({"experiment": {"seeds": [0, 0]}}, "experiment.seeds: [0, 0] are not seeds"),
        ({"experiment": {"runs": []}}, "experiment.runs: nothing is trained; name a setting"),
        ({"evaluation": {"splits": []}}, "evaluation.splits: [] is without val, or names"),
        ({"evaluation": {"splits": ["testdev"]}}, "evaluation.splits: ['testdev'] is without val"),
        ({"evaluation": {"splits": ["val", "val"]}}, "evaluation.splits: ['val', 'val'] is"),
        (
            {"experiment": {"seeds": [2**63]}},
            "experiment.seeds.0: 9223372036854775808 is too large; give 4294967295 or less",
        ),
        (
            {"regions": {"seed": 2**63}},
            "regions.seed: 9223372036854775808 is too large; give 4294967295 or less",
        ),
        ({"experiment": {"seeds": [-1]}}, "experiment.seeds.0: -1 is too small; give 0 or more"),
    ],
)
def test_values_that_make_no_sense(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_config(values)
    assert str(caught.value).startswith(f"config: {said}")
    assert caught.value.cure


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("layer: 3", "layer: no such setting; one of tags"),
        ("layers: 2.5", "layers: 2.5 is not of its type; give a value like 2"),
        ("layers: two", "layers: 'two' is not of its type; give a value like 2"),
    ],
)
def test_what_a_method_does_not_have_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str, said: str
) -> None:
    path, out = tmp_path / "mine.yaml", tmp_path / "written.yaml"
    path.write_text(f"methods: {{reader: {{{given}}}}}")
    assert main(["config", "write", "--config", str(path), "--out", str(out)]) == 2
    assert capsys.readouterr().err.startswith(f"{path}: methods.reader.{said}")
    assert not out.exists()


def test_what_changes_nothing_tells_no_runs_apart() -> None:
    training = config_values(Config())["training"]
    told = compared(training)
    assert training.keys() - told.keys() == {"decay", "weight_decay"}
    changed = training | {"decay": "linear", "weight_decay": 0.01}
    assert compared(changed) == changed


def test_every_number_has_a_limit() -> None:
    definitions = config_schema()["$defs"]
    sections = config_schema()["properties"]
    limited = {
        f"{section}.{key}"
        for section, entry in sections.items()
        if "$ref" in entry
        for key, values in definitions[entry["$ref"].rpartition("/")[2]]["properties"].items()
        if {"minimum", "exclusiveMinimum"} & set(str(values).replace("'", " ").split())
    }
    numbers = {
        f"{section}.{key}"
        for section, values in config_values(Config()).items()
        if isinstance(values, dict)
        for key, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    assert numbers <= limited


def test_the_workflow_hands_on_every_key_of_evaluation() -> None:
    """Rules name what their commands depend on; other sections are handed on whole."""
    rules = "".join(
        path.read_text() for path in sorted((ROOT / "workflow" / "rules").glob("*.smk"))
    )
    for field in fields(EvaluationSettings):
        assert f"evaluation.{field.name}" in rules, f"name it in `configuration`: {field.name}"


def test_the_grid_takes_what_training_takes() -> None:
    for mode, setting, method in itertools.product(("fixed", "compat"), SETTINGS, METHODS):
        grid = {"runs": [{"setting": setting, "method": method}]}
        values = {"model": {"mode": mode}, "experiment": grid}
        try:
            objective_of(setting, method, mode)
        except InputError:
            with pytest.raises(InputError, match=r"experiment\.runs\.0: (no )?method"):
                parse_config(values)
        else:
            parse_config(values)


def test_the_keys_of_a_file_without_defaults(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("training:\n  epochs: 3\nmade_by: me\n")
    assert read_settings(path) == {"training": {"epochs": 3}}
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory\)"):
        read_settings(tmp_path)


def test_a_pretrained_backbone_has_its_own_heads() -> None:
    assert parse_config({"model": {"heads": 3, "pretrained": "folder"}}).model.heads == 3


def test_a_rate_that_may_be_left_out_makes_sense_where_it_is_given() -> None:
    with pytest.raises(InputError, match=r"explanation_learning_rate: 0 is too small"):
        parse_config({"training": {"explanation_learning_rate": 0}})


def test_the_mode_names_both_parts_where_they_differ() -> None:
    compat = {"mode": "compat"}
    assert parse_config({}).mode == "fixed"
    both = parse_config({"model": compat, "explanations": compat})
    assert both.mode == "compat"
    # the reader is a default run, but not as the published code has it
    assert [run.method for run in both.experiment.runs] == ["backbone", "rex"]
    assert parse_config({"explanations": compat}).mode == "explanations compat, model fixed"


RUN = {"setting": "multi-task", "method": "rex"}


@pytest.mark.parametrize(
    ("values", "place", "known"),
    [
        ({"worlds": {}}, "worlds", "dataset"),
        ({"training": {"epoch": 1}}, "training.epoch", "epochs"),
        ({"regions": {"features": {"tran": "a"}}}, "regions.features.tran", "train, val, testdev"),
        (
            {"experiment": {"runs": [RUN, RUN, RUN, {"setting": "multi-task", "metod": "rex"}]}},
            "experiment.runs.3.metod",
            "setting, method",
        ),
    ],
)
def test_an_unknown_key_names_the_known_ones(
    values: dict[str, object], place: str, known: str
) -> None:
    with pytest.raises(InputError, match=f"{place}: unknown key; known here: .*{known}"):
        parse_config(values)


def test_a_file_that_is_nested_too_deep_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "deep.yaml"
    path.write_text("[" * 5000)
    with pytest.raises(InputError, match=r"deep\.yaml: nested too deeply"):
        read_config(path)


@pytest.mark.parametrize(
    "text", ["training: {epochs: 1, epochs: 2}", '{"training": {"epochs": 1, "epochs": 2}}']
)
def test_a_key_that_stands_twice_in_one_line_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text(text)
    for source in (path, text) if text.startswith("{") else (path,):
        with pytest.raises(InputError, match=r"line 1: the key 'epochs' stands here twice"):
            read_config(source)


def test_a_key_that_stands_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text("training:\n  epochs: 3\n  batch_size: 4\n  epochs: 5\n")
    with pytest.raises(InputError, match=r"twice\.yaml: line 4: the key 'epochs'.*on line 2"):
        read_config(path)


def test_limits_are_in_the_schema() -> None:
    training = config_schema()["$defs"]["TrainingSettings"]["properties"]
    assert training["epochs"]["minimum"] == 1
    assert training["learning_rate"]["exclusiveMinimum"] == 0
    assert training["holdout"]["exclusiveMaximum"] == 1
    run = config_schema()["$defs"]["ExperimentRun"]["properties"]
    assert run["method"]["enum"] == list(METHODS)


def test_a_workflow_reads_the_configuration_of_its_folder_and_what_it_is_given_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_workflow_config(None) == Config()
    Path("config.yaml").write_text("{dataset: mine, training: {epochs: 7, batch_size: 8}}")
    assert read_workflow_config(None).dataset == "mine"
    config = read_workflow_config("{training: {epochs: 9}, experiment: {seeds: [4]}}")
    assert (config.dataset, config.experiment.seeds) == ("mine", (4,))
    assert (config.training.epochs, config.training.batch_size) == (9, 8)
    with pytest.raises(InputError, match=r"^--config \+ config\.yaml: data: is empty"):
        read_workflow_config("{data: ''}")
