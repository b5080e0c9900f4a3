"""The benchmark runs, on a model so small that its figures mean nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from benchmarks import training as benchmark
from rex.config import ModelSettings
from rex.files import read_json


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    size = ModelSettings(hidden_size=16, layers=1, heads=2, intermediate_size=16)
    for name, value in {"BASE": size, "FEATURES": 8, "IMAGES": 4, "PIECES": 2000}.items():
        monkeypatch.setattr(benchmark, name, value)


@pytest.fixture(autouse=True)
def same_threads() -> object:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_it_compares_and_writes_its_figures(
    small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--device", "cpu", "--threads", "1", "--batch-sizes", "3", "5", "--repeats", "2"]
    out = tmp_path / "figures.json"
    monkeypatch.setattr(sys, "argv", ["training", *options, "--out", str(out)])
    benchmark.main()
    printed = capsys.readouterr().out
    figures = read_json(out)
    for what in ("training", "decoding"):
        found = figures[what]
        assert found["batch"] in (3, 5)
        assert found["ratio"] == pytest.approx(found["samples"] / found["plain"])
        assert f"{what}: {found['ratio']:.2f} times the plain implementation" in printed
    assert "no GPU was measured" in printed


def test_a_batch_that_does_not_fit_is_left_out(
    small: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measure = benchmark.measure

    def full(make: object, size: int, repeats: int, device: torch.device) -> dict[str, float]:
        if size > 3:
            raise torch.OutOfMemoryError
        return measure(make, size, repeats, device)  # type: ignore[arg-type]

    monkeypatch.setattr(benchmark, "measure", full)
    best = benchmark.best_of(benchmark.Ours, [3, 64], 1, torch.device("cpu"))
    assert {size for _, size in best.values()} == {3}
    assert "batch    64  does not fit" in capsys.readouterr().out


def test_operations_are_counted_by_hand() -> None:
    """A sample at paper size: twice the products of the encoder, three times for the gradient."""
    length, h = 11.4 + 36, 768
    encoder = 12 * (length * 12 * h * h + 2 * length * length * h)
    assert benchmark.operations(11.4) == pytest.approx(6 * encoder, rel=0.12)
    assert benchmark.operations(11.4) > 6 * encoder


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_no_gpu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["training", "--device", "cuda"])
    with pytest.raises(SystemExit, match="no GPU here"):
        benchmark.main()
