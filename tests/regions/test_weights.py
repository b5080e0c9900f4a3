"""Checkpoints: every array arrives, and nothing in a file is run."""

from __future__ import annotations

import collections
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rex.config import RegionSettings
from rex.errors import InputError
from rex.regions.annotations import ClassLists, read_vocabulary
from rex.regions.weights import classes_of, read_checkpoint

from .test_bottom_up import build, narrow

VOCABULARY = Path(__file__).parents[2].resolve() / "../shared/bottom-up-sample"


@pytest.fixture(scope="module")
def arrays() -> dict[str, Any]:
    """The arrays of a narrow bottom-up detector, all different."""
    draw = np.random.default_rng(0)
    model = build(narrow())
    return {
        name: draw.normal(size=tuple(value.shape)).astype(np.float32)
        for name, value in model.state_dict().items()
        if not name.startswith("pixel_") and "cell_anchors" not in name
    }


def save(path: Path, arrays: dict[str, Any], protocol: int = 2) -> None:
    if path.suffix == ".pkl":
        content = {"model": arrays, "__author__": "Caffe", "matching_heuristics": True}
        path.write_bytes(pickle.dumps(content, protocol=protocol))
    else:
        torch.save(
            {"model": {name: torch.as_tensor(value) for name, value in arrays.items()}}, path
        )


@pytest.mark.parametrize("suffix", [".pkl", ".pth"])
def test_every_array_arrives(tmp_path: Path, arrays: dict[str, Any], suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    save(path, arrays)
    model = build(narrow())
    read_checkpoint(path).load_into(model)
    loaded = model.state_dict()
    for name, value in arrays.items():
        np.testing.assert_array_equal(loaded[name].numpy(), value, err_msg=name)


@pytest.mark.parametrize("protocol", [2, 4])
def test_flat_and_ordered_files_and_buffers_are_read(
    tmp_path: Path, arrays: dict[str, Any], protocol: int
) -> None:
    path = tmp_path / "weights.pkl"
    flat = collections.OrderedDict(arrays)
    flat["pixel_mean"] = np.zeros((3, 1, 1), dtype=np.float32)
    flat["proposal_generator.anchor_generator.cell_anchors.0"] = np.zeros((12, 4))
    path.write_bytes(pickle.dumps(flat, protocol=protocol))
    read_checkpoint(path).load_into(build(narrow()))


def test_what_does_not_fit_is_named(tmp_path: Path, arrays: dict[str, Any]) -> None:
    score = "roi_heads.box_predictor.cls_score.weight"
    changes: list[tuple[dict[str, Any], str]] = [
        ({name: value for name, value in arrays.items() if name != score}, f"{score} is missing"),
        ({**arrays, "more.weight": np.zeros(2)}, "more.weight is not in the model"),
        ({**arrays, score: np.zeros((4, 64))}, rf"{score} is \[4, 64\], the model has \[3, 64\]"),
        ({"a": np.zeros(1)}, r"and \d+ more"),
    ]
    path = tmp_path / "weights.pkl"
    for changed, said in changes:
        save(path, changed)
        model = build(narrow())
        before = {name: value.clone() for name, value in model.state_dict().items()}
        with pytest.raises(InputError, match=said):
            read_checkpoint(path).load_into(model)
        # nothing of it was loaded
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


class Malicious:
    """Its unpickling would make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("suffix", [".pkl", ".pth"])
def test_a_malicious_pickle_is_refused_without_running(tmp_path: Path, suffix: str) -> None:
    victim, path = tmp_path / "victim", tmp_path / f"weights{suffix}"
    content = {"model": {"a": np.zeros(1), "b": Malicious(victim)}}
    if suffix == ".pkl":
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path)
    with pytest.raises(InputError, match="not a checkpoint of arrays") as caught:
        read_checkpoint(path)
    assert "open" in str(caught.value) or "numpy" in str(caught.value)
    assert not victim.exists()


def test_other_ways_to_reach_code_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pkl"
    for harmful in (
        b"cos\nsystem\n(S'true'\ntR.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"\x80\x04\x8c\x05numpy\x8c\x09testing.x\x93.",
        b"cnumpy\nload\n.",
    ):
        path.write_bytes(harmful)
        with pytest.raises(InputError, match="asks for"):
            read_checkpoint(path)


@pytest.mark.parametrize(
    "content", [[1, 2], {"model": 3}, {"model": {}}, {"model": {"a": "text"}}, {"a": np.array("b")}]
)
def test_a_pickle_of_something_else_is_named(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "weights.pkl"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(InputError, match="not a checkpoint of arrays"):
        read_checkpoint(path)


def test_classes_of_weights_without_names(tmp_path: Path, arrays: dict[str, Any]) -> None:
    path = tmp_path / "weights.pkl"
    save(path, arrays)
    checkpoint = read_checkpoint(path)
    assert classes_of(checkpoint, RegionSettings()) == ClassLists(("0", "1"), ("0", "1", "2"))
    (tmp_path / "objects_vocab.txt").write_text("Cup,mug\nape\n")
    (tmp_path / "attributes_vocab.txt").write_text("red\nbig\nold\n")
    named = RegionSettings(vocabulary=str(tmp_path))
    assert classes_of(checkpoint, named) == ClassLists(("cup", "ape"), ("red", "big", "old"))
    (tmp_path / "attributes_vocab.txt").write_text("red\n")
    with pytest.raises(InputError, match=r"lists 2 objects and 1 attributes, .* have 2 and 3"):
        classes_of(checkpoint, named)
    with pytest.raises(InputError, match="no such file"):
        read_vocabulary(tmp_path / "nowhere")


@pytest.mark.skipif(not VOCABULARY.exists(), reason="the bottom-up sample is not here")
def test_the_public_class_lists() -> None:
    classes = read_vocabulary(VOCABULARY)
    assert (len(classes.object_names), len(classes.attribute_names)) == (1600, 400)
