"""Configuration files: read, checked, and written from the typed settings."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import typing
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rex.config import Config, ExperimentSettings
from rex.config_limits import check_limits
from rex.errors import InputError, exit_on_bad_input
from rex.experiment import METHODS

if TYPE_CHECKING:
    import pydantic

_POWER_OF_TEN = re.compile(r"([-+]?\d+)(\.\d*)?[eE]([-+]?)(\d+)")


def parse_config(values: Mapping[str, Any], *, file: str | PathLike[str] | None = None) -> Config:
    """Check `values` (as read from YAML) and fill in the defaults.

    Raises InputError that names the key when one is unknown or its value is wrong.
    """
    import json

    import pydantic

    try:
        # as JSON: there, pydantic takes a list for a tuple even where it is strict
        text = json.dumps(values, default=str)
        config = _adapter().validate_json(text)
    except (ValueError, RecursionError) as error:
        if not isinstance(error, pydantic.ValidationError):
            raise InputError(
                f"not a configuration ({error})", file=file or "config", cure="correct it"
            ) from None
        place, problem, cure = _first_problem(error)
        raise InputError(problem, file=file or "config", place=place, cure=cure) from None
    config = _default_runs(config)
    check_limits(config, file or "config")
    return config


@functools.cache
def _adapter() -> pydantic.TypeAdapter[Config]:
    """Return what checks a configuration: it takes longer to make than to use."""
    import pydantic

    return pydantic.TypeAdapter(Config)


def _default_runs(config: Config) -> Config:
    """Leave out of the default runs those of methods that the model's mode does not have."""
    if config.experiment.runs != ExperimentSettings().runs:
        return config
    mode = config.model.mode
    runs = tuple(run for run in config.experiment.runs if METHODS[run.method].exists_in(mode))
    return dataclasses.replace(config, experiment=dataclasses.replace(config.experiment, runs=runs))


def _first_problem(error: pydantic.ValidationError) -> tuple[str, str, str]:
    """Return place, problem and cure of one of the errors."""
    unknown = "unexpected_keyword_argument"
    # a key that is mistyped is missing, too: say which it is
    first = min(error.errors(), key=lambda entry: entry["type"] != unknown)
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == unknown:
        return place, "unknown key", f"known here: {', '.join(_known_keys(first['loc']))}"
    given, bounds = first["input"], first.get("ctx", {})
    cure = "see config.yaml for every key, with its default and meaning"
    number = _POWER_OF_TEN.fullmatch(given) if isinstance(given, str) else None
    if number and first["type"] != "int_type":
        whole, part, sign, power = number.groups()
        cure = f"write {whole}{part or '.0'}e{sign or '+'}{power}: YAML takes {given} for text"
    if first["loc"][:1] == ("methods",) and len(first["loc"]) > 3:
        # one error for each of the types that a setting may have
        place = ".".join(map(str, first["loc"][:3]))
        return place, f"{given!r} is not a number, text, true or false", cure
    for name, problem, advice in (
        ("ge", "too small", "give {} or more"),
        ("gt", "too small", "give a number above {}"),
        ("le", "too large", "give {} or less"),
        ("lt", "too large", "give a number below {}"),
    ):
        if name in bounds:
            return place, f"{given} is {problem}", advice.format(f"{bounds[name]:.10g}")
    return place, f"{first['msg']} (found {given!r})", cure


def read_config(source: str | PathLike[str] | None) -> Config:
    """Read a configuration: a YAML file, or its contents as JSON text; none: the defaults.

    Keys that are left out have their defaults. Raises InputError.
    """
    if source is None:
        return Config()
    return parse_config(read_settings(source), file=source_name(source))


def read_workflow_config(source: str | PathLike[str] | None) -> Config:
    """Read the configuration of a workflow in this folder: `config.yaml`, and `source` over it.

    Raises InputError.
    """
    given = [*filter(os.path.exists, ["config.yaml"]), *([] if source is None else [source])]
    values: dict[str, Any] = {}
    for one in given:
        values = _over(values, read_settings(one))
    return parse_config(values, file=" + ".join(str(source_name(one)) for one in reversed(given)))


def _over(values: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with others in their places; sections are merged, as Snakemake does."""
    merged = dict(values)
    for key, value in others.items():
        there = merged.get(key)
        if isinstance(there, dict) and isinstance(value, dict):
            merged[key] = _over(there, value)
        else:
            merged[key] = value
    return merged


def read_settings(source: str | PathLike[str]) -> dict[str, Any]:
    """Return the keys that a configuration gives, unchecked. Raises InputError."""
    import yaml

    file = source_name(source)
    try:
        # JSON is YAML, so one reader serves both
        text = str(source) if _inline(source) else Path(source).read_text(encoding="utf-8")
        # parsed once: the nodes say where a key stands, the values are made from them
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        _refuse_repeated_keys(node, file)
        values = None if node is None else loader.construct_document(node)
    except FileNotFoundError:
        raise InputError("no such file", file=file, cure="check the path") from None
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", file=file, cure="name a YAML file"
        ) from None
    # impossible dates, and numbers of thousands of digits, raise errors of Python's own
    except (yaml.YAMLError, ValueError, AttributeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError(
            f"not valid YAML ({getattr(error, 'problem', error)})",
            file=file,
            place=None if mark is None else f"line {mark.line + 1}",
            cure="correct the line",
        ) from None
    except RecursionError:
        raise InputError("nested too deeply", file=file, cure="is it a configuration?") from None
    if not isinstance(values, dict):
        raise InputError("holds no settings", file=file, cure="see config.yaml for an example")
    values.pop("made_by", None)
    return values


def exit_unless_readable(files: Iterable[str | PathLike[str]]) -> None:
    """Exit with code 2, after one line, where Snakemake would not read a file, or would run it."""
    with exit_on_bad_input():
        for file in files:
            if "__use_yte__" in read_settings(file):
                raise InputError(
                    "is a template of YTE, which runs code",
                    file=file,
                    place="__use_yte__",
                    cure="write the values",
                )


def _refuse_repeated_keys(node: Any, file: str | PathLike[str]) -> None:
    """Raise InputError for a key that stands twice in one mapping: YAML takes the last silently."""
    import yaml

    if isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            _refuse_repeated_keys(entry, file)
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if isinstance(key, yaml.ScalarNode):
            if key.value in lines:
                first = lines[key.value]
                raise InputError(
                    f"the key {key.value!r} stands here "
                    + ("twice" if first == line else f"and on line {first}"),
                    file=file,
                    place=f"line {line}",
                    cure="keep one of them",
                )
            lines[key.value] = line
        _refuse_repeated_keys(value, file)


def _inline(source: str | PathLike[str]) -> bool:
    return str(source).lstrip().startswith("{")


def source_name(source: str | PathLike[str]) -> str | PathLike[str]:
    """Return what messages call a configuration: its file, or `--config` where it is JSON text."""
    return "--config" if _inline(source) else source


def config_values(config: Config) -> dict[str, Any]:
    """Return the configuration as plain dicts, lists and scalars, for YAML or JSON."""
    import json

    return json.loads(json.dumps(dataclasses.asdict(config)))


def config_schema() -> dict[str, Any]:
    """Return the JSON schema (2020-12) of a configuration file."""
    schema = _adapter().json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def config_yaml() -> str:
    """Return the text of `config.yaml`: every key with its default and, above it, its meaning.

    Raises InputError for a key without a docstring.
    """
    import yaml

    schema = config_schema()
    definitions: dict[str, Any] = schema["$defs"]
    lines = [
        "# The embedded default: the small world, on CPU. Every key is here with its default.",
        "# Made by `rex config defaults`; the source is rex/config.py.",
    ]
    for name, value in config_values(Config()).items():
        entry = schema["properties"][name]
        if "$ref" in entry:
            section = definitions[entry["$ref"].rpartition("/")[2]]
            lines += ["", *_comment(section, name), f"{name}:"]
            for key, inner in value.items():
                field = section["properties"][key]
                lines += [f"  {line}" for line in _comment(field, f"{name}.{key}")]
                text = yaml.safe_dump(inner, default_flow_style=True, width=10_000, sort_keys=False)
                lines.append(f"  {key}: {text.splitlines()[0]}")
        else:
            lines += ["", *_comment(entry, name)]
            lines += yaml.safe_dump({name: value}).splitlines()
    return "\n".join(lines) + "\n"


def _comment(entry: Mapping[str, Any], key: str) -> list[str]:
    """Return what the schema says of a key, each line as a comment. Raises InputError."""
    if "description" not in entry:
        cure = "write what it means below it"
        raise InputError("has no docstring", file="rex/config.py", place=key, cure=cure)
    return [f"# {line}" for line in entry["description"].splitlines()]


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    """Return the keys allowed where the unknown key `location` stands."""
    section: Any = Config
    for part in location[:-1]:
        if isinstance(part, str):
            section = _dataclass_in(typing.get_type_hints(section)[part])
    return [entry.name for entry in dataclasses.fields(section)]


def _dataclass_in(hint: Any) -> Any:
    """Return the dataclass that a type is, or that its entries or alternatives are of."""
    if dataclasses.is_dataclass(hint):
        return hint
    return next(filter(None, map(_dataclass_in, typing.get_args(hint))), None)
