"""Tables that are nearly LXMERT's: a header, NUL bytes, numbers that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rex.cli import main
from rex.errors import InputError
from rex.regions.lxmert_tsv import COLUMNS, SHORT_COLUMNS, export_tsv
from rex.regions.store import RegionStore

from .test_importing import bring
from .test_store import header, image, write


def make(folder: Path, *, spoilt: float | None = None) -> list[bytes]:
    """Return the lines of a table of four images, the third with a number that is `spoilt`."""
    images = [image(3, 5, seed) for seed in range(4)]
    if spoilt is not None:
        images[2].features[1, 1] = spoilt
    write(folder / "good.h5", header(4, 3, 5, feature_type="float32"), images)
    export_tsv(RegionStore(folder / "good.h5"), folder / "table.tsv")
    return (folder / "table.tsv").read_bytes().splitlines()


def bring_lines(folder: Path, lines: list[bytes]) -> tuple[list[str], RegionStore]:
    (folder / "table.tsv").write_bytes(b"\n".join(lines) + b"\n")
    problems = bring(folder / "table.tsv", folder / "r.h5")
    return [str(problem) for problem in problems], RegionStore(folder / "r.h5")


@pytest.mark.parametrize("nuls", [1, 100])
def test_a_line_that_starts_with_nul_bytes_is_named_and_the_rest_kept(
    tmp_path: Path, nuls: int, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = make(tmp_path)
    lines[1] = b"\0" * nuls + lines[1]
    (problem,), store = bring_lines(tmp_path, lines)
    assert "table.tsv: line 2: its image id holds NUL bytes" in problem
    assert store.image_ids == ["im é0", "im é2", "im é3"]
    out = str(tmp_path / "again.h5")
    assert main(["regions", "import", str(tmp_path / "table.tsv"), "--out", out]) == 0
    assert "line 2: its image id holds NUL bytes" in capsys.readouterr().err


def test_an_empty_image_id_is_named(tmp_path: Path) -> None:
    lines = make(tmp_path)
    lines[3] = lines[3][lines[3].index(b"\t") :]
    (problem,), store = bring_lines(tmp_path, lines)
    assert "line 4: has no image id" in problem
    assert len(store) == 3


@pytest.mark.parametrize("end", [b"", b"\r"])
def test_a_header_is_skipped(tmp_path: Path, end: bytes) -> None:
    lines = make(tmp_path)
    problems, store = bring_lines(tmp_path, ["\t".join(COLUMNS).encode() + end, *lines])
    assert problems == []
    good = RegionStore(tmp_path / "good.h5")
    assert store.image_ids == good.image_ids
    np.testing.assert_array_equal(store.features(range(4)), good.features(range(4)))


def test_the_header_of_a_short_table_is_skipped(tmp_path: Path) -> None:
    fields = [line.split(b"\t") for line in make(tmp_path)]
    names = "\t".join(SHORT_COLUMNS).replace("img_", "image_").encode()
    short = [b"\t".join([f[0], f[2], f[1], *f[7:]]) for f in fields]
    problems, store = bring_lines(tmp_path, [names, *short])
    assert problems == []
    assert len(store) == 4


def test_a_header_in_another_order_is_refused(tmp_path: Path) -> None:
    names = "\t".join([COLUMNS[0], COLUMNS[2], COLUMNS[1], *COLUMNS[3:]]).encode()
    with pytest.raises(InputError, match=r"line 1: names columns img_id, img_w, img_h, .* reorder"):
        bring_lines(tmp_path, [names, *make(tmp_path)])


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_an_image_with_features_that_are_not_finite_is_named(tmp_path: Path, value: float) -> None:
    (problem,), store = bring_lines(tmp_path, make(tmp_path, spoilt=value))
    assert "image im é2: features are infinite or not numbers" in problem
    assert store.without_regions == {"im é2": problem}


@pytest.mark.parametrize("size", [b"99999999999999", b"-5"])
def test_an_image_with_an_impossible_size_is_named(tmp_path: Path, size: bytes) -> None:
    lines = make(tmp_path)
    fields = lines[0].split(b"\t")
    lines[0] = b"\t".join([fields[0], fields[1], size, *fields[3:]])
    (problem,), _ = bring_lines(tmp_path, lines)
    assert "image im é0: its size is given as" in problem
