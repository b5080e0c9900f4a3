"""`config/gqa.yaml` on data in GQA's formats, with imported features and a pretrained backbone.

The annotations are those of the smoke configuration's world; the features come as LXMERT's authors
publish theirs (train and val in one ZIP file), the backbone as a folder of weights with BERT's
kind of `vocab.txt`. Sizes and epochs alone are smaller than the configuration's.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from rex.cli import main
from rex.regions.store import RegionStore
from rex.training.checkpoints import load_checkpoint

from .running import ROOT, prepare

pytestmark = [pytest.mark.workflow, pytest.mark.slow, pytest.mark.xdist_group("workflow")]


def write_features(source: Path, folder: Path) -> None:
    """Write the stores below `source` as `vg_gqa_obj36.zip` and `gqa_testdev_obj36.zip`."""
    folder.mkdir()
    tables = {}
    for split in ("train", "val", "testdev"):
        out = folder / f"{split}.tsv"
        assert main(["regions", "export", str(source / f"{split}.h5"), "--out", str(out)]) == 0
        tables[split] = out.read_text()
        out.unlink()
    for name, text in (
        ("vg_gqa_obj36", tables["train"] + tables["val"]),
        ("gqa_testdev_obj36", tables["testdev"]),
    ):
        with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"vg_gqa_imgfeat/{name}.tsv", text)


def write_class_names(store: RegionStore, folder: Path) -> None:
    folder.mkdir()
    (folder / "objects_vocab.txt").write_text("\n".join(store.object_names))
    (folder / "attributes_vocab.txt").write_text("\n".join(store.attribute_names))


def write_backbone(pieces: list[str], features: int, folder: Path) -> None:
    """Write a small VisualBERT with random weights, and the word pieces that it knows."""
    from transformers import VisualBertConfig, VisualBertModel

    # BERT's vocabulary has unused rows before its special pieces, too
    pieces = [pieces[0], "[unused0]", *pieces[1:]]
    VisualBertModel(
        VisualBertConfig(
            vocab_size=len(pieces),
            hidden_size=32,
            visual_embedding_dim=features,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            pad_token_id=0,
        )
    ).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")


def small(values: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration with a small backbone, few epochs, and one run a kind."""
    values["regions"]["feature_size"] = 256
    values["model"] |= {"pretrained": "backbone", "word_pieces": "backbone"}
    values["training"] |= {"epochs": 1, "decay_epoch": 1}
    values["transfer"] |= {"epochs": 1, "decay_epoch": 1}
    kinds = ("explanation-only", "transfer-10")
    values["experiment"] = {
        "runs": [
            run
            for run in values["experiment"]["runs"]
            if run["setting"] in kinds or run["method"] == "vqae"
        ],
        "seeds": [0],
    }
    # that explanations are scored as published, too, is shown by the smoke configuration
    values["evaluation"]["compat"] = False
    values["compute"] = {"device": "cpu"}
    return values


def test_the_chain_on_gqa_with_imported_features_and_a_pretrained_backbone(
    finished: Path, tmp_path: Path
) -> None:
    folder = prepare(tmp_path / "gqa")
    made = finished / "results/smoke"
    data = folder / "data/gqa"
    data.mkdir(parents=True)
    for part in ("questions", "sceneGraphs", "ood", "images"):
        (data / part).symlink_to(finished / "data/smoke" / part)
    write_features(made / "regions", data / "features")
    store = RegionStore(made / "regions/val.h5")
    write_class_names(store, data / "detector")
    pieces = json.loads((made / "vocabulary.json").read_text())["question_pieces"]
    write_backbone(pieces, store.feature_size, folder / "backbone")
    values = small(yaml.safe_load((ROOT / "config/gqa.yaml").read_text()))
    (folder / "small.yaml").write_text(yaml.safe_dump(values))

    done = workflow(folder)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]

    results = folder / "results/gqa"
    assert sorted(path.name for path in (results / "regions").glob("*.h5")) == [
        *("imported-0.h5", "imported-1.h5")
    ]
    for run in values["experiment"]["runs"]:
        place = results / "runs" / run["setting"] / run["method"] / "seed0"
        assert load_checkpoint(place / "checkpoint.pt").words().pieces[1] == "[unused0]"
        scores = json.loads((place / "metrics/val.json").read_text())["scores"]
        assert (scores["accuracy"]["value"] is not None) == (run["setting"] != "explanation-only")
        assert scores["cider"]["value"] is not None
    assert table(results, "explanations").count("VQA-E") >= 1
    assert "| REX | explanation-only | here, 1 seed |" in table(results, "explanations")
    assert "| REX | transfer-10 | here, 1 seed |" in table(results, "answers")

    # what is written into files that the configuration names is read anew
    assert planned(folder) == set()
    write_more(folder / "backbone/vocab.txt")
    assert {"train", "predict"} <= planned(folder)
    assert "import_regions" not in planned(folder)
    write_more(data / "detector/objects_vocab.txt")
    assert "import_regions" in planned(folder)


def workflow(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the workflow on the small configuration, without the network."""
    return subprocess.run(
        [
            "snakemake",
            *("--snakefile", str(ROOT / "Snakefile"), "--cores", "2"),
            *("--configfile", "small.yaml", *arguments),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )


def write_more(path: Path) -> None:
    path.write_text(path.read_text() + "more\n")


def planned(folder: Path) -> set[str]:
    """Return the rules that would run."""
    told = workflow(folder, "--dry-run", "--quiet", "reason")
    assert told.returncode == 0, told.stderr
    jobs = re.findall(r"^(\w+) +\d+$", told.stdout + told.stderr, re.MULTILINE)
    return set(jobs) - {"total"}


def table(results: Path, name: str) -> str:
    return (results / f"tables/{name}.md").read_text()
