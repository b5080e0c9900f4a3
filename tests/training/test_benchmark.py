"""The benchmarks run, on a model so small that their figures mean nothing."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import gpu, gpu_checks, paper_size, training
from benchmarks.paper_size import TINY
from rex.files import read_json
from rex.models.program_writer import LONGEST

from .test_imports import HEAVY, ROOT


@pytest.fixture(autouse=True)
def same_threads() -> object:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_training_compares_and_writes_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--threads", "1", "--batch-sizes", "3", "5", "--repeats", "2"]
    out = tmp_path / "figures.json"
    asked = [*options, "--methods", "rex", "vqae", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["training", *asked])
    training.main(TINY)
    printed = capsys.readouterr().out
    figures = read_json(out)
    speeds, peak = figures["speeds"], figures["matrix_speed"]
    assert set(speeds) == {"plain", "rex", "vqae"}
    for method, found in speeds.items():
        learnt, decoded = found["training"], found["decoding"]
        assert {learnt["batch"], decoded["batch"]} <= {3, 5}
        if method == "plain":
            continue
        assert learnt["operations"] > decoded["operations"] > 1000
        row = f"| {method} |"
        for what, measured in found.items():
            times = measured["samples"] / speeds["plain"][what]["samples"]
            share = measured["samples"] * measured["operations"] / peak
            row += f" {measured['samples']:.2f} | {times:.2f} | {share:.0%} |"
        assert f"{row}\n" in printed


@pytest.mark.parametrize("method", ["rex-programs", "reader", "pro-vcin"])
def test_methods_with_programs_are_measured_with_them(method: str) -> None:
    with paper_size.data(6, TINY, torch.device("cpu")) as examples:
        system = paper_size.Ours(TINY, examples, torch.float32, method=method)
        [batch] = system.load(paper_size.batches_of(examples, 6))
        learnt = system.model(batch, explain=True).program
        written = system.model.decide(batch).programs
    assert learnt is not None
    assert learnt.log_probabilities.shape[1:] == (
        int(examples.questions.programs.lengths.max()),  # type: ignore[union-attr]
        2 + TINY.program_words,
    )
    assert written is not None
    assert written.shape[1] == LONGEST


def test_the_gpu_benchmark_runs_where_nothing_else_is_installed(tmp_path: Path) -> None:
    """With every other library of the project blocked; transformers looks for some by itself."""
    out = tmp_path / "gpu.json"
    blocked = sorted(HEAVY - {"yaml", "PIL", "scipy"} | {"tokenizers", "omegaconf", "fvcore"})
    options = ["--device", "cpu", "--tiny", "--batch-sizes", "3"]
    options += ["--methods", "rex", "vqae", "backbone", "--out", str(out)]
    program = (
        f"import sys\n"
        f"for name in {blocked!r}: sys.modules[name] = None\n"
        f"sys.argv[1:] = {options!r}\n"
        f"from benchmarks import gpu\n"
        f"gpu.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    figures = read_json(out)
    assert figures["skipped"] == []
    measured = {(row["system"], row["batch"]) for row in figures["training"]}
    assert measured == {
        (name, 3) for name in ("rex", "plain float32", "plain TF32", "vqae", "backbone")
    }
    assert all(row["samples"] > 0 for row in figures["training"] + figures["decoding"])
    written = {row["system"] for row in figures["decoding"]}
    assert written == {"rex", "plain float32", "plain TF32", "vqae"}
    # the same device on both sides: float32 differs in nothing
    for row in figures["difference from a CPU"]:
        assert row["answers"] == row.get("explanation", 0.0) == row["gradient"] == 0.0
        assert 0 < row["rounded"] < 0.1
        assert row["within"] is True
    assert figures["repeatable"] is True
    assert set(figures["phases"]) >= {"loading", "transformer", "decoder and loss", "backward"}
    assert figures["kernels"]["matrix products"] > 0
    assert {row["part"] for row in figures["ratio"]} == {"training", "decoding"}
    assert f"{figures['ratio'][0]['ratio']:.2f} times plain float32" in done.stdout


def test_what_the_time_does_not_allow_is_skipped_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = gpu.Report(tmp_path / "gpu.json", budget=5)
    done: list[str] = []
    report.attempt("long", 6, done.append, "long")
    report.attempt("short", 1, done.append, "short")
    report.note("part", "line", 1.5)
    assert done == ["short"]
    assert "long: skipped, no time is left" in capsys.readouterr().out
    assert read_json(tmp_path / "gpu.json")["skipped"] == ["long"]


@pytest.mark.parametrize(("gradient", "verdict"), [(9e-5, "within"), (math.nan, "NOT within")])
def test_differences_from_a_cpu_are_held_to_tolerances(
    gradient: float,
    verdict: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = {"answers": 1e-5, "gradient": gradient, "rounded": 0.02}
    monkeypatch.setattr(gpu, "differences", lambda *_, **__: found)
    report = gpu.Report(tmp_path / "gpu.json", budget=math.inf)
    with paper_size.data(6, TINY, torch.device("cpu")) as examples:
        gpu.Bench(TINY, examples, report, [3]).against_cpu("rex", "visualbert")
    assert f": {verdict} the tolerances" in capsys.readouterr().out
    [row] = read_json(tmp_path / "gpu.json")["difference from a CPU"]
    assert row["within"] is (verdict == "within")


def test_a_figure_that_fails_costs_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = gpu.Report(tmp_path / "gpu.json", budget=math.inf)

    def full() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory\nand more")

    report.attempt("batch 2048", 1, full)
    assert report.skipped == ["batch 2048: OutOfMemoryError, CUDA out of memory"]
    assert "batch 2048: failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kernel", "kind"),
    [
        ("sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize128x128x64", "matrix products"),
        ("nvjet_tst_128x256_64x4_1x2_h_bz_coopA_TNT", "matrix products"),
        ("fmha_cutlassF_bf16_aligned_64x64_rf_sm80(AttentionKernel)", "attention"),
        ("void at::native::multi_tensor_apply_kernel<FusedAdamMathFunctor<float>>", "optimiser"),
        ("Memcpy HtoD (Pinned -> Device)", "copies"),
        ("void vectorized_elementwise_kernel<4, tanh_kernel_cuda>", "element by element"),
    ],
)  # fmt: skip
def test_kinds_of_kernels(kernel: str, kind: str) -> None:
    assert gpu_checks.kind_of(kernel) == kind


def test_the_means_are_those_of_the_questions() -> None:
    questions = paper_size.make_questions(20_000, paper_size.PAPER)
    assert questions.explanations.lengths.max() == paper_size.STEPS
    assert questions.pieces.lengths.mean() == pytest.approx(11.4, rel=0.01)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_no_gpu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu"])
    with pytest.raises(SystemExit, match="no GPU here"):
        gpu.main()
