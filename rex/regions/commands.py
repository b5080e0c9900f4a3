"""`rex regions`: train a detector, extract regions, and bring in or look at region stores."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from rex.command_line import Subparsers, add_station, add_verb, positive, shard_argument
from rex.errors import InputError
from rex.regions.conventions import BOXES, ENCODINGS

_logger = logging.getLogger("rex.regions")


def add_commands(stations: Subparsers) -> None:
    """Add `rex regions train|extract|merge|import|export|info|verify|show`."""
    verbs = add_station(stations, "regions", "detect regions and describe them by features")
    _add_train(verbs)
    _add_extract(verbs)
    _add_import(verbs)
    _add_stores(verbs)
    _add_show(verbs)


def _add_train(verbs: Subparsers) -> None:
    train = add_verb(
        verbs,
        "train",
        _train,
        help="train the detector on the scene graphs of a data set, and evaluate it",
        example="rex regions train --data data/world --out results/world/regions/detector.pth "
        "--report results/world/regions/report.json",
    )
    option = train.add_argument
    option("--data", type=Path, required=True, metavar="DIR", help="in GQA's layout")
    option("--out", type=Path, required=True, metavar="PTH", help="the trained detector")
    option("--report", type=Path, metavar="JSON", help="its measures on val")


def _add_extract(verbs: Subparsers) -> None:
    extract = add_verb(
        verbs,
        "extract",
        _extract,
        help="extract the regions of the images of questions into a region store",
        example="rex regions extract --images data/world/images "
        "--questions data/world/questions/val_balanced_questions.json "
        "--weights results/world/regions/detector.pth --out results/world/regions/val.h5",
    )
    option = extract.add_argument
    option("--images", type=Path, required=True, metavar="DIR", help="<imageId>.jpg")
    option("--questions", type=Path, required=True, metavar="JSON")
    option("--weights", type=Path, required=True, metavar="FILE", help=".pth or .pkl")
    option("--out", type=Path, required=True, metavar="H5")
    option(
        "--boxes",
        choices=("detected", "scene-graphs"),
        help="scene-graphs: describe the annotated objects, an upper bound (default: what "
        "regions.selection says)",
    )
    option("--scene-graphs", type=Path, metavar="JSON", help="of the images")
    option(
        "--shard",
        type=shard_argument,
        default=(1, 1),
        metavar="K/N",
        help="process only the K-th of N parts",
    )
    option(
        "--workers",
        type=int,
        metavar="N",
        help="worker processes (default: compute.detector_threads; 0: none)",
    )
    option(
        "--strict",
        action="store_true",
        help="stop at the first unreadable image (default: store it without regions and list it)",
    )


def _add_import(verbs: Subparsers) -> None:
    bring = add_verb(
        verbs,
        "import",
        _import,
        help="import features that others extracted into a region store",
        example="rex regions import train2014_obj36.tsv --out regions.h5",
    )
    option = bring.add_argument
    option(
        "source",
        type=Path,
        metavar="SOURCE",
        help=".tsv or .zip (LXMERT), .hdf5 (UpDn), or a folder: of VinVL's features.tsv, of "
        "gqa_objects_info.json or gqa_spatial_info.json, of .npz, .npy or .pth",
    )
    option("--out", type=Path, required=True, metavar="H5")
    option(
        "--label",
        default="bottom-up",
        help="detector and settings that made them; only stores of one label can be combined",
    )
    option("--vocabulary", type=Path, metavar="DIR", help="objects_vocab.txt, attributes_vocab.txt")
    option("--images", type=Path, metavar="DIR", help="if features lack sizes")
    option("--boxes", choices=tuple(BOXES), default="xyxy", help="how they are written")
    option(
        "--encoding",
        choices=tuple(ENCODINGS),
        default="float32",
        help="of the features in tables, which do not tell it",
    )
    option(
        "--ids",
        type=Path,
        metavar="JSON",
        help="which image each id of the file is: a dictionary, or Visual Genome's image_data.json",
    )
    option(
        "--dtype",
        choices=("float16", "float32"),
        default="float16",
        help="float32 is exact and takes twice the space",
    )


def _add_stores(verbs: Subparsers) -> None:
    merge = add_verb(
        verbs,
        "merge",
        _merge,
        help="join the region stores of several shards into one",
        example="rex regions merge part1.h5 part2.h5 --out train.h5",
    )
    merge.add_argument("parts", type=Path, nargs="+", metavar="H5")
    merge.add_argument("--out", type=Path, required=True, metavar="H5")
    export = add_verb(
        verbs,
        "export",
        _export,
        help="write a region store as LXMERT's TSV",
        example="rex regions export regions.h5 --out regions.tsv",
    )
    export.add_argument("--out", type=Path, required=True, metavar="TSV")
    info = add_verb(
        verbs,
        "info",
        _info,
        help="print a summary of a region store",
        example="rex regions info results/world/regions/val.h5",
    )
    verify = add_verb(
        verbs,
        "verify",
        _verify,
        help="check a region store, and that it contains the images of questions",
        example="rex regions verify results/world/regions/val.h5 "
        "--questions data/world/questions/val_balanced_questions.json",
    )
    verify.add_argument("--questions", type=Path, metavar="JSON")
    for verb in (export, info, verify):
        verb.add_argument("store", type=Path, metavar="H5")


def _add_show(verbs: Subparsers) -> None:
    show = add_verb(
        verbs,
        "show",
        _show,
        help="draw the regions of images, with the names of classes and attributes",
        example="rex regions show data/world/images/1000000.jpg "
        "--store results/world/regions/train.h5 --out pictures",
    )
    option = show.add_argument
    option("images", type=Path, nargs="+", metavar="IMAGE", help="<imageId>.jpg")
    option("--store", type=Path, required=True, metavar="H5")
    option("--out", type=Path, required=True, metavar="DIR", help="for the PNG files")
    option("--most", type=positive, default=36, metavar="N", help="draw only the N best")


def _train(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.regions.training import train_detector

    measures = train_detector(
        read_config(arguments.config), arguments.data, arguments.out, arguments.report
    )
    for name in ("ap50", "coverage", "object_accuracy", "attribute_accuracy") if measures else ():
        value = measures and measures[name]
        _logger.info("%s on val: %s", name, "none" if value is None else f"{value:.1f} %")


def _extract(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.regions.extraction import extract_regions
    from rex.regions.images import warn_unreadable

    warn_unreadable(
        extract_regions(
            read_config(arguments.config),
            images=arguments.images,
            questions=arguments.questions,
            weights=arguments.weights,
            out=arguments.out,
            part=arguments.shard,
            boxes=arguments.boxes,
            scene_graphs=arguments.scene_graphs,
            workers=arguments.workers,
            strict=arguments.strict,
        )
    )


def _merge(arguments: argparse.Namespace) -> None:
    from rex.regions.images import warn_unreadable
    from rex.regions.merging import merge

    warn_unreadable(merge(arguments.parts, arguments.out).values())


def _import(arguments: argparse.Namespace) -> None:
    from rex.regions.images import warn_unreadable
    from rex.regions.importing import import_features

    warn_unreadable(
        import_features(
            arguments.source,
            arguments.out,
            label=arguments.label,
            vocabulary=arguments.vocabulary,
            images=arguments.images,
            feature_type=arguments.dtype,
            boxes=arguments.boxes,
            encoding=arguments.encoding,
            ids=arguments.ids,
        )
    )


def _export(arguments: argparse.Namespace) -> None:
    from rex.regions.lxmert_tsv import export_tsv
    from rex.regions.store import RegionStore

    export_tsv(RegionStore(arguments.store), arguments.out)


def _info(arguments: argparse.Namespace) -> None:
    import yaml

    from rex.regions.inspection import information
    from rex.regions.store import RegionStore

    print(yaml.safe_dump(information(RegionStore(arguments.store)), sort_keys=False), end="")


def _verify(arguments: argparse.Namespace) -> None:
    from rex.gqa.questions import iter_questions
    from rex.regions.inspection import verify
    from rex.regions.store import RegionStore

    store = RegionStore(arguments.store)
    wanted = (
        set()
        if arguments.questions is None
        else {question.image_id for question in iter_questions(arguments.questions)}
    )
    findings = verify(store, wanted)
    for finding in findings:
        _logger.warning("%s", finding)
    if findings:
        raise InputError(
            f"{len(findings)} kinds of problems, listed above",
            file=arguments.store,
            cure="extract or import it again",
        )
    asked = f", all {len(wanted)} that are asked about" if wanted else ""
    _logger.info("sound: %d images%s", len(store), asked)


def _show(arguments: argparse.Namespace) -> None:
    from rex.regions.inspection import draw_store
    from rex.regions.store import RegionStore

    store = RegionStore(arguments.store)
    for picture in draw_store(arguments.images, store, arguments.out, arguments.most):
        _logger.info("%s", picture)
