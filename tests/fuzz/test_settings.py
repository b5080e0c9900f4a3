"""Readers of YAML: the project's configuration and Detectron2's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from rex.config import RegionSettings
from rex.config_files import read_config
from rex.regions.annotations import ClassLists
from rex.regions.architectures import detector_config

from .fuzzing import OLD, damaged, replaced

Fuzz = Callable[..., None]
CONFIG = (OLD / "config.yaml").read_bytes()
ODD = st.sampled_from(
    [
        b"",
        b"- 1",
        b"a: &a [*a]",
        b"a: &a {b: *a}",
        b"? [1, 2]\n: 3",
        b"{a: 1, a: 2}",
        b"!!python/object/apply:os.abort []",
        b"x: !!binary =",
        b"x: !!timestamp 99999-99-99",
        b"x: 2001-99-99",
        b"x: 0x" + b"f" * 5000,
        b"x: " + b"1" * 5000,
        b"x: " + b"[" * 2000,
        b"a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c, *c]",
        b"<<: [1]\nmodel: {}",
        b"<<: {model: 3}",
        b"%YAML 9.9\n---\na: 1",
        b"--- 1\n--- 2",
        b"\xff\xfea\x00",
        b"\x00",
        b"{}",
    ]
)


def _dumped(value: Any) -> bytes:
    return yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "surrogatepass")


def test_configuration(fuzz: Fuzz, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"

    def write_and_read(content: bytes | str) -> None:
        if isinstance(content, str):
            read_config(content)
        else:
            path.write_bytes(content)
            read_config(path)

    texts = st.sampled_from(["{", "[" * 5000, '{"model": 1}', "{}", "null", '{"seed": NaN}'])
    changed = replaced(yaml.safe_load(CONFIG)).map(_dumped)
    fuzz(damaged(CONFIG) | ODD | changed | texts, write_and_read)


def test_detectors(fuzz: Fuzz, tmp_path: Path) -> None:
    path = tmp_path / "detector.yaml"
    whole = {
        "MODEL": {
            "META_ARCHITECTURE": "GeneralizedRCNN",
            "ROI_HEADS": {"NAME": "StandardROIHeads", "IN_FEATURES": ["p2"]},
        },
        "_BASE_": "base.yaml",
        "SOLVER": {"STEPS": [1, 2]},
    }
    settings = RegionSettings(detector="detectron2", detector_config=str(path))
    (tmp_path / "base.yaml").write_text("VERSION: 2\n")

    def write_and_read(content: bytes) -> None:
        path.write_bytes(content)
        detector_config(settings, ClassLists(("cup",), ("red",)), "cpu")

    fuzz(damaged(_dumped(whole)) | ODD | replaced(whole).map(_dumped), write_and_read)
