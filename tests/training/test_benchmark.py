"""The benchmark runs, on a model so small that its figures mean nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import training as benchmark
from rex.config import ModelSettings
from rex.files import read_json
from rex.training.dataset import Examples


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


def test_operations_are_those_that_are_computed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Against PyTorch's own count of a forward pass."""
    size = ModelSettings(
        hidden_size=24, layers=2, heads=2, intermediate_size=40, boxes=False, dropout=0.0
    )
    changes = {"BASE": size, "FEATURES": 16, "IMAGES": 4, "PIECES": 2000, "WORDS": 60}
    for name, value in changes.items():
        monkeypatch.setattr(benchmark, name, value)
    words = benchmark.vocabulary()
    questions = benchmark.make_questions(16, words)
    examples = Examples(questions, benchmark.make_store(tmp_path / "r.h5"))
    batch = examples.batch(np.arange(len(questions)))
    ours = benchmark.Ours(examples, words, torch.device("cpu"))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        ours.model.eval()(batch, explain=True)
    steps = batch.explanations.shape[1]
    # padding is computed, too
    counted = benchmark.operations(batch.pieces.shape[1], steps)
    assert counted / 3 == pytest.approx(counter.get_total_flops() / len(batch))


def test_the_means_are_those_of_the_questions() -> None:
    questions = benchmark.make_questions(20_000, benchmark.vocabulary())
    assert questions.pieces.lengths.mean() == pytest.approx(benchmark.MEAN_PIECES, rel=0.01)
    assert questions.explanations.lengths.max() == benchmark.STEPS


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_no_gpu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["training", "--device", "cuda"])
    with pytest.raises(SystemExit, match="no GPU here"):
        benchmark.main()
