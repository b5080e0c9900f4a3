"""A method's settings: its defaults, its line in METHODS, the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from rex.errors import InputError
from rex.experiment import METHODS, SETTINGS, refusal, settings_given
from rex.models.decoder import MethodSettings
from rex.models.methods import method_settings
from rex.models.methods.reader import Reader, ReaderSettings


def test_a_variant_differs_from_its_decoder_s_defaults_by_its_line() -> None:
    assert method_settings("reader") == ReaderSettings()
    assert method_settings("reader-no-copy") == ReaderSettings(copy=False)
    assert method_settings("backbone-tags") == MethodSettings(tags=True)


def test_what_is_given_comes_last() -> None:
    settings = method_settings("reader-no-copy", {"layers": 1, "copy": True})
    assert settings == ReaderSettings(layers=1)


def test_a_variant_has_what_its_method_is_given_but_for_its_own_options() -> None:
    given = {"reader": {"layers": 4, "copy": True}, "reader-not-told": {"layers": 3}}
    made = {
        method: method_settings(method, settings_given(method, given))
        for method in ("reader", "reader-no-copy", "reader-not-told", "rex")
    }
    assert made["reader"] == ReaderSettings(layers=4)
    assert made["reader-no-copy"] == ReaderSettings(layers=4, copy=False)
    assert made["reader-not-told"] == ReaderSettings(layers=3, told=False)
    assert made["rex"] == MethodSettings()


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.variant_of])
def test_a_variant_decodes_as_its_method(name: str) -> None:
    variant = METHODS[name]
    assert variant.options
    assert variant.variant_of is not None
    assert METHODS[variant.variant_of].decoder == variant.decoder
    assert METHODS[variant.variant_of].variant_of is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"layer": 1}, "methods.reader.layer: no such setting"),
        ({"layers": True}, "True is not of its type"),
        ({"layers": "2"}, "'2' is not of its type"),
        ({"layers": 0}, r"methods\.reader\.layers: 0 is out of range; give 1 or more, like 2"),
        ({"candidates": -1}, "-1 is out of range"),
    ],
)
def test_what_is_not_a_setting_is_named(given: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        method_settings("reader", given)


def test_a_weight_is_not_negative() -> None:
    for value in (-1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="out of range; give 0 or more"):
            method_settings("vcin", {"kl": value})


@dataclass(frozen=True, kw_only=True)
class _Wide(MethodSettings):
    pooling: str = "mean"
    memories: int = 0
    bias: float = -1.5


def test_texts_and_low_defaults_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reader, "Settings", _Wide)
    assert method_settings("reader") == _Wide()
    # as a checkpoint gives them
    assert method_settings("reader", vars(_Wide())) == _Wide()
    assert method_settings("reader", {"pooling": "max"}) == _Wide(pooling="max")
    for given, said in (
        ({"memories": -1}, "give 0 or more"),
        ({"bias": -2.0}, r"give -1\.5 or more"),
        ({"bias": "1e-4"}, r"like -1\.5 \(a number without a dot, as 1e-4, is text to YAML"),
        ({"pooling": 2}, "give a value like 'mean'"),
    ):
        with pytest.raises(InputError, match=said):
            method_settings("reader", given)


def test_a_default_that_cannot_be_a_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Without(MethodSettings):
        width: int

    @dataclass(frozen=True, kw_only=True)
    class Nothing(MethodSettings):
        width: int | None = None

    @dataclass(frozen=True, kw_only=True)
    class Endless(MethodSettings):
        width: float = float("inf")

    @dataclass(frozen=True, kw_only=True)
    class Several(MethodSettings):
        width: list[int] = field(default_factory=list)

    made: tuple[Any, ...] = (Without, Nothing, Endless, Several)
    for settings in made:
        monkeypatch.setattr(Reader, "Settings", settings)
        with pytest.raises(InputError) as caught:
            method_settings("reader")
        assert str(caught.value).startswith(f"{__name__}: {settings.__name__}.width: a setting's")


def test_whole_numbers_are_numbers() -> None:
    assert vars(method_settings("vcin", {"kl": 2}))["kl"] == 2


def test_what_answers_by_explaining_is_not_taught_answers_alone() -> None:
    refused = refusal("answer-only", "vcin", "fixed")
    assert refused is not None
    assert "answers by explaining" in refused[0]
    assert all(refusal(setting, "reader", "fixed") is None for setting in SETTINGS)
