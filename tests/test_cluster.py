"""What jobs ask of a cluster follows the configuration."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Literal

import pytest
import torch

from benchmarks.paper_size import PAPER, vocabulary
from rex.cluster import (
    NodeShare,
    check_nodes,
    listed_nodes,
    most_parameters,
    parameters,
    parts,
    read_nodes,
    request,
)
from rex.config import Config
from rex.config_files import read_config
from rex.errors import InputError
from rex.models.methods import method_settings
from rex.models.model import ExplainedAnswering

ROOT = Path(__file__).parents[1]
RULES = ("train", "predict", "train_detector", "extract_regions", "explain", "evaluate", "tables")


@pytest.mark.parametrize("rule", RULES)
def test_the_smoke_configuration_asks_for_little_and_gqa_for_more(rule: str) -> None:
    smoke, gqa = (read_config(ROOT / f"config/{name}.yaml") for name in ("smoke", "gqa"))
    little, much = request(smoke, rule), request(gqa, rule)
    assert 1000 <= little.memory_mb <= 3000
    assert 15 <= little.minutes <= 45
    assert much.memory_mb > little.memory_mb
    assert much.minutes >= little.minutes


def test_the_table_of_the_documentation() -> None:
    page = (ROOT / "docs/cluster.md").read_text()
    configs = [read_config(ROOT / name) for name in ("config/smoke.yaml", "config.yaml")]
    configs.append(read_config(ROOT / "config/gqa.yaml"))
    for rule in RULES[:-1]:
        split = "val" if rule in ("predict", "evaluate") else "train"
        cut = rule in ("extract_regions", "explain")
        found = [
            request(each, rule, split=split, shards=parts(each, rule) if cut else 1)
            for each in configs
        ]
        cells = [f"{each.memory_mb / 1000:.1f} GB, {each.minutes} min" for each in found]
        (line,) = [line for line in page.splitlines() if line.startswith(f"| `{rule}`")]
        assert [cell.strip() for cell in line.split("|")[2:-1]] == cells


LISTED = """\
all*|6000|2|gpu:1|infinite
long|64000|16|(null)|7-00:00:00
long|256000|64|gpu:a100:4(S:0-1),shard:8|1-12:30:00
"""


def test_nodes_are_read_as_slurm_lists_them() -> None:
    nodes = read_nodes(LISTED)
    assert nodes[""] == nodes["all"] == [NodeShare(6000, 2, 1, math.inf)]
    assert nodes["long"] == [NodeShare(64000, 16, 0, 10080), NodeShare(256000, 64, 4, 2190)]
    assert read_nodes("a|1|1|(null)|n/a") == {"a": [NodeShare(1, 1, 0, math.inf)]}
    assert read_nodes("a|1|1|(null)|45:30") == {"a": [NodeShare(1, 1, 0, 45.5)]}


@pytest.mark.parametrize("command", ["", "#!/bin/sh\necho no cluster >&2; exit 1\n"])
def test_where_slurm_lists_no_nodes_a_line_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    if command:
        (tmp_path / "sinfo").write_text(command)
        (tmp_path / "sinfo").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert listed_nodes() == {}
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("sizes of nodes not checked: ")
    assert ("no cluster" if command else "sinfo") in line


@pytest.mark.parametrize(
    ("asked", "partition", "fits"),
    [
        (NodeShare(6000, 2, 1, 9999), "", True),
        (NodeShare(6001, 2, 1, 9999), "", False),
        (NodeShare(64000, 16, 0, 9999), "long", True),
        (NodeShare(64000, 16, 1, 9999), "long", False),  # no one node has all of it
        (NodeShare(64000, 16, 1, 2000), "all,long", True),
        (NodeShare(64000, 16, 1, 2000), "not-listed", True),  # Slurm will say
    ],
)
def test_what_no_node_has_is_told(asked: NodeShare, partition: str, fits: bool) -> None:
    if fits:
        check_nodes(read_nodes(LISTED), "train", asked, partition)
        return
    with pytest.raises(InputError, match=r"train: a job asks for .* the largest have"):
        check_nodes(read_nodes(LISTED), "train", asked, partition)


def test_each_gpu_has_a_process_that_loads_everything() -> None:
    gqa = read_config(ROOT / "config/gqa.yaml")
    four = dataclasses.replace(gqa, compute=dataclasses.replace(gqa.compute, gpus=4))
    alone, together = request(gqa, "train").memory_mb, request(four, "train").memory_mb
    assert 4 * alone - 2_000 <= together <= 4 * alone  # each is rounded up to half a GB
    assert request(four, "predict") == request(gqa, "predict")
    assert request(gqa, "predict").memory_mb > 4_000 + 1_500  # the driver, and the libraries


def test_shards_and_small_shares_take_less_time() -> None:
    gqa = read_config(ROOT / "config/gqa.yaml")
    for rule in ("explain", "extract_regions"):
        assert request(gqa, rule, shards=4).minutes < request(gqa, rule).minutes
    few = request(gqa, "train", setting="transfer-1")
    assert few.minutes < request(gqa, "train", setting="multi-task").minutes
    cpu = dataclasses.replace(gqa, compute=dataclasses.replace(gqa.compute, device="cpu"))
    assert request(cpu, "train").minutes > 50 * request(gqa, "train").minutes


@pytest.mark.parametrize("backbone", ["visualbert", "lxmert"])
def test_parameters_are_about_those_of_the_model(
    backbone: Literal["visualbert", "lxmert"],
) -> None:
    named = read_config(ROOT / "config/gqa.yaml").model
    settings = dataclasses.replace(named, backbone=backbone, pretrained=None)
    words = dataclasses.replace(vocabulary(PAPER), pieces=("piece",) * 30_522)
    real = {}
    for method in ("rex", "pro-vcin"):
        options = method_settings(method, {"program_layers": 6} if method == "pro-vcin" else {})
        with torch.device("meta"):
            model = ExplainedAnswering(
                method, settings, words, feature_size=2048, question_length=35, options=options
            )
        real[method] = sum(weight.numel() for weight in model.parameters())
    settings = dataclasses.replace(settings, word_pieces="bert")
    assert parameters(settings) == pytest.approx(real["rex"], rel=0.1)
    assert most_parameters(settings) == pytest.approx(real["pro-vcin"], rel=0.1)
    assert parameters(Config().model) < 5e6
