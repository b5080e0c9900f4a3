"""HDF5 files that point out of themselves: refused in one line, and never followed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from rex.cli import main
from rex.errors import InputError
from rex.regions.importing import source_of
from rex.regions.store import RegionStore

from .test_store import header, image, write

Damage = Callable[[h5py.File, str, h5py.Dataset], object]


def external_link(file: h5py.File, name: str, old: h5py.Dataset) -> None:
    file[name] = h5py.ExternalLink("/etc/other.h5", "/boxes")


def soft_link(file: h5py.File, name: str, old: h5py.Dataset) -> None:
    file[name] = h5py.SoftLink("/nowhere")


def virtual(file: h5py.File, name: str, old: h5py.Dataset) -> None:
    layout = h5py.VirtualLayout(old.shape, old.dtype)
    layout[...] = h5py.VirtualSource("/etc/other.h5", "features", old.shape)
    file.create_virtual_dataset(name, layout)


def external_storage(file: h5py.File, name: str, old: h5py.Dataset) -> None:
    size = int(np.prod(old.shape)) * old.dtype.itemsize
    file.create_dataset(name, old.shape, old.dtype, external=[("/etc/hostname", 0, size)])


def group(file: h5py.File, name: str, old: h5py.Dataset) -> None:
    file.create_group(name)


def words(file: h5py.File, name: str, old: h5py.Dataset) -> None:
    file[name] = [b"many"] * 3


DAMAGES = [
    pytest.param("boxes", external_link, "'/etc/other.h5', and links are not", id="external"),
    pytest.param("image_ids", external_link, "image_ids is a link to", id="external ids"),
    pytest.param("boxes", soft_link, "boxes is a link to '/nowhere'", id="soft"),
    pytest.param("features", virtual, "features are in other files", id="virtual"),
    pytest.param("features", external_storage, "features are in other files", id="raw file"),
    pytest.param("boxes", group, "boxes is not a dataset", id="group"),
    pytest.param("num_boxes", words, "num_boxes is of type", id="words"),
]


@pytest.mark.parametrize(("name", "by", "said"), DAMAGES)
def test_a_store_that_points_elsewhere_is_refused(
    tmp_path: Path,
    name: str,
    by: Damage,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "store.h5"
    write(path, header(), [image(4, 5, seed) for seed in range(3)])
    with h5py.File(path, "r+") as file:
        old = file[name]
        del file[name]
        by(file, name, old)
    with pytest.raises(InputError, match=said):
        RegionStore(path)
    assert main(["regions", "verify", str(path)]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"{path}: not a valid region store (")
    assert len(printed.splitlines()) == 1


def test_gqa_objects_that_point_elsewhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "gqa_objects_info.json").write_text(
        '{"1": {"width": 9, "height": 9, "objectsNum": 1, "file": 0, "idx": 0}}'
    )
    with h5py.File(tmp_path / "gqa_objects_0.h5", "w") as file:
        file["features"] = h5py.ExternalLink("/etc/other.h5", "/features")
        file["bboxes"] = np.zeros((1, 100, 4), np.float32)
    with pytest.raises(InputError, match="features is a link"):
        source_of(tmp_path).layout()
