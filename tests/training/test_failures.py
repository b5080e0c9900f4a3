from __future__ import annotations

import dataclasses
import errno
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from rex.errors import InputError
from rex.experiment import RunName
from rex.training.checkpoints import save_tensors
from rex.training.failures import plain_failures
from rex.training.run import RunFiles, predict_run, train_run

from .toy import CONFIG

NAME = RunName(setting="answer-only", method="backbone", seed=0)


def test_a_full_disk_is_told_and_nothing_is_lost(
    toy: RunFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = dataclasses.replace(toy, out=tmp_path / "run")
    calls = 0

    def fails_once(path: Path, values: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        save_tensors(path, values)

    monkeypatch.setattr("rex.training.loop.save_tensors", fails_once)
    config = dataclasses.replace(
        CONFIG, training=dataclasses.replace(CONFIG.training, save_every=2)
    )
    with pytest.raises(InputError, match=r"run.*the disk is full"):
        train_run(config, files, NAME)
    assert (files.out / "resume.pt").exists()
    assert len(train_run(config, files, NAME)) == 2


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        torch.AcceleratorError("CUDA error: out of memory"),  # of pinning
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        torch.distributed.DistBackendError(
            "NCCL error in: ProcessGroupNCCL.cpp:77, unhandled cuda error\n"
            "Last error:\nFailed to CUDA calloc 6291456 bytes"
        ),
    ],
    ids=["torch", "pinning", "cuBLAS", "cuDNN", "NCCL"],
)
def test_full_gpu_memory_is_told(tmp_path: Path, error: Exception) -> None:
    with (
        pytest.raises(InputError, match=r"the GPU's memory is full.*training\.accumulation"),
        plain_failures(tmp_path),
    ):
        raise error


def test_a_process_that_is_left_alone_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="another process"), plain_failures(tmp_path):
        raise RuntimeError("[pair.cc:547] Connection closed by peer [127.0.0.1]:1234")


def test_full_memory_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the memory is full"), plain_failures(tmp_path):
        torch.empty(2**60)
    with pytest.raises(InputError, match="the memory is full"), plain_failures(tmp_path):
        raise MemoryError
    with pytest.raises(RuntimeError, match="shape"), plain_failures(tmp_path):
        torch.zeros(2, 3) @ torch.zeros(2, 3)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("size", [10, 10**6])
def test_a_disk_that_is_really_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(
        "rex.training.checkpoints.whole_file", lambda path: nullcontext(Path("/dev/full"))
    )
    with pytest.raises(InputError, match="the disk is full"), plain_failures(tmp_path):
        save_tensors(tmp_path / "resume.pt", {"model": torch.zeros(size)})


def test_other_failures_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), plain_failures(tmp_path):
        raise PermissionError(errno.EACCES, "no")


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_an_image_with_features_that_are_not_finite_is_named_by_predict(
    toy: RunFiles, tmp_path: Path, value: float
) -> None:
    files = dataclasses.replace(toy, out=tmp_path / "run")
    train_run(CONFIG, files, NAME)
    spoilt = tmp_path / "spoilt.h5"
    shutil.copy(toy.regions, spoilt)
    with h5py.File(spoilt, "r+") as file:
        file["features"][3, 0, 0] = value
        image_id = file["image_ids"][3].decode()
    with pytest.raises(InputError, match=f"image {image_id}: features are infinite or not numbers"):
        predict_run(
            CONFIG, files.out, questions=toy.questions, regions=spoilt, out=tmp_path / "p.parquet"
        )
    assert not (tmp_path / "p.parquet").exists()


def test_full_memory_in_predicting_is_told(
    toy: RunFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = dataclasses.replace(toy, out=tmp_path / "run")
    train_run(CONFIG, files, NAME)

    def full(*_: object, **options: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr("rex.models.model.ExplainedAnswering.decide", full)
    out = tmp_path / "p.parquet"
    with pytest.raises(InputError, match=r"memory is full; lower evaluation\.batch_size or"):
        predict_run(CONFIG, files.out, questions=toy.questions, regions=toy.regions, out=out)


@pytest.mark.parametrize(
    "content",
    [[1], {"a": 1}, {"identity": {}, "state": {"epochs": 1}}],
    ids=["list", "else", "state"],
)
def test_a_state_that_is_none_is_told(toy: RunFiles, tmp_path: Path, content: Any) -> None:
    files = dataclasses.replace(toy, out=tmp_path / "run")
    files.out.mkdir()
    save_tensors(files.out / "resume.pt", content)
    with pytest.raises(InputError, match=r"resume\.pt: not the state of a training; delete it"):
        train_run(CONFIG, files, NAME)
