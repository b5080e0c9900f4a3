"""`rex regions`: train a detector, extract regions, and bring in or look at region stores."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rex.command_line import Subparsers, add_station, add_verb, positive, shard_argument
from rex.config import Config
from rex.errors import InputError
from rex.regions.conventions import BOXES, ENCODINGS

_logger = logging.getLogger("rex.regions")


def add_commands(stations: Subparsers) -> None:
    """Add `rex regions train|extract|merge|import|export|info|verify|show`."""
    verbs = add_station(stations, "regions", "detect regions and describe them by features")
    _add_detector(verbs)
    _add_import(verbs)
    _add_stores(verbs)


def _add_detector(verbs: Subparsers) -> None:
    train = add_verb(
        verbs,
        _train,
        "rex regions train --data data/world --out results/world/regions/detector.pth "
        "--report results/world/regions/report.json",
    )
    train.path("--data", "DIR", "in GQA's layout")
    train.path("--out", "PTH", "the trained detector")
    train.optional_path("--report", "JSON", "its measures on val")
    extract = add_verb(
        verbs,
        _extract,
        "rex regions extract --images data/world/images "
        "--questions data/world/questions/val_balanced_questions.json "
        "--weights results/world/regions/detector.pth --out results/world/regions/val.h5",
    )
    option = extract.add_argument
    extract.path("--images", "DIR", "<imageId>.jpg")
    extract.path("--questions", "JSON")
    extract.path("--weights", "FILE", ".pth or .pkl")
    extract.path("--out", "H5")
    option(
        "--boxes",
        choices=("detected", "scene-graphs"),
        help="scene-graphs: describe the annotated objects, an upper bound (default: what "
        "regions.selection says)",
    )
    extract.optional_path("--scene-graphs", "JSON", "of the images")
    shard: dict[str, Any] = {"type": shard_argument, "default": (1, 1), "dest": "part"}
    option("--shard", **shard, metavar="K/N", help="process only the K-th of N parts")
    workers = "worker processes (default: compute.detector_threads; 0: none)"
    option("--workers", type=int, metavar="N", help=workers)
    option(
        "--strict",
        action="store_true",
        help="stop at the first unreadable image (default: store it without regions and list it)",
    )


def _add_import(verbs: Subparsers) -> None:
    bring = add_verb(verbs, _import, "rex regions import train2014_obj36.tsv --out regions.h5")
    option = bring.add_argument
    bring.path(
        "source",
        "SOURCE",
        ".tsv or .zip (LXMERT), .hdf5 (UpDn), or a folder: of VinVL's features.tsv, of "
        "gqa_objects_info.json, of .npz, .npy or .pth",
    )
    bring.path("--out", "H5")
    option(
        "--label",
        default="bottom-up",
        help="detector and settings that made them; only stores of one label can be combined",
    )
    bring.optional_path("--vocabulary", "DIR", "objects_vocab.txt, attributes_vocab.txt")
    bring.optional_path("--images", "DIR", "if features lack sizes")
    option("--boxes", choices=tuple(BOXES), default="xyxy", help="how they are written")
    encoding = "of the features in tables, which do not tell it"
    option("--encoding", choices=tuple(ENCODINGS), default="float32", help=encoding)
    bring.optional_path(
        "--ids",
        "JSON",
        "which image each id of the file is: a dictionary, or Visual Genome's image_data.json",
    )
    option(
        "--dtype",
        dest="feature_type",
        choices=("float16", "float32"),
        default="float16",
        help="float32 is exact and takes twice the space",
    )


def _add_stores(verbs: Subparsers) -> None:
    merge = add_verb(verbs, _merge, "rex regions merge part1.h5 part2.h5 --out train.h5")
    merge.path("parts", "H5", nargs="+")
    merge.path("--out", "H5")
    export = add_verb(verbs, _export, "rex regions export regions.h5 --out regions.tsv")
    export.path("--out", "TSV")
    info = add_verb(verbs, _info, "rex regions info results/world/regions/val.h5")
    verify = add_verb(
        verbs,
        _verify,
        "rex regions verify results/world/regions/val.h5 "
        "--questions data/world/questions/val_balanced_questions.json",
    )
    verify.optional_path("--questions", "JSON")
    for verb in (export, info, verify):
        verb.path("store", "H5")
    show = add_verb(
        verbs,
        _show,
        "rex regions show data/world/images/1000000.jpg "
        "--store results/world/regions/train.h5 --out pictures",
    )
    show.path("images", "IMAGE", "<imageId>.jpg", nargs="+")
    show.path("--store", "H5")
    show.path("--out", "DIR", "for the PNG files")
    best = "draw only the N best"
    show.add_argument("--most", type=positive, default=36, metavar="N", help=best)


def _train(config: Config, **files: Any) -> None:
    """Train the detector on the scene graphs of a data set, and evaluate it."""
    from rex.regions.training import train_detector

    measures = train_detector(config, **files)
    for name in ("ap50", "coverage", "object_accuracy", "attribute_accuracy") if measures else ():
        value = measures and measures[name]
        _logger.info("%s on val: %s", name, "none" if value is None else f"{value:.1f} %")


def _extract(config: Config, **arguments: Any) -> None:
    """Extract the regions of the images of questions into a region store."""
    from rex.regions.extraction import extract_regions
    from rex.regions.inspection import warn_unreadable

    warn_unreadable(extract_regions(config, **arguments))


def _merge(parts: Sequence[Path], out: Path) -> None:
    """Join the region stores of several shards into one."""
    from rex.regions.inspection import warn_unreadable
    from rex.regions.merging import merge

    warn_unreadable(merge(parts, out).values())


def _import(**arguments: Any) -> None:
    """Import features that others extracted into a region store."""
    from rex.regions.importing import import_features
    from rex.regions.inspection import warn_unreadable

    warn_unreadable(import_features(**arguments))


def _export(store: Path, out: Path) -> None:
    """Write a region store as LXMERT's TSV."""
    from rex.regions.lxmert_tsv import export_tsv
    from rex.regions.store import RegionStore

    export_tsv(RegionStore(store), out)


def _info(store: Path) -> None:
    """Print a summary of a region store."""
    import yaml

    from rex.regions.inspection import information
    from rex.regions.store import RegionStore

    print(yaml.safe_dump(information(RegionStore(store)), sort_keys=False), end="")


def _verify(store: Path, questions: Path | None) -> None:
    """Check a region store, and that it contains the images of questions."""
    from rex.gqa.questions import iter_questions
    from rex.regions.inspection import verify
    from rex.regions.store import RegionStore

    regions, wanted = RegionStore(store), set[str]()
    if questions is not None:
        wanted = {question.image_id for _, question in iter_questions(questions)}
    findings = verify(regions, wanted)
    for finding in findings:
        _logger.warning("%s", finding)
    if findings:
        problem = f"{len(findings)} kinds of problems, listed above"
        raise InputError(problem, file=store, cure="extract or import it again")
    asked = f", all {len(wanted)} that are asked about" if wanted else ""
    _logger.info("sound: %d images%s", len(regions), asked)


def _show(images: Sequence[Path], store: Path, out: Path, most: int) -> None:
    """Draw the regions of images, with the names of classes and attributes."""
    from rex.regions.inspection import draw_store
    from rex.regions.store import RegionStore

    for picture in draw_store(images, RegionStore(store), out, most):
        _logger.info("%s", picture)
