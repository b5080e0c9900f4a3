"""`rex regions import|export|info|verify|show`: other people's features, and what a store holds."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from rex.command_line import Subparsers, add_verb
from rex.errors import InputError

_logger = logging.getLogger("rex.regions")


def add_verbs(verbs: Subparsers) -> None:
    """Add the verbs that need no detector."""
    bring = add_verb(
        verbs,
        "import",
        _import,
        help="write features that others extracted to a region store",
        example="rex regions import train2014_obj36.tsv --out regions.h5",
    )
    bring.add_argument(
        "source",
        type=Path,
        metavar="SOURCE",
        help=".tsv or .zip (LXMERT), folder of gqa_objects_info.json, or folder of .npz or .npy",
    )
    bring.add_argument("--out", type=Path, required=True, metavar="H5")
    bring.add_argument(
        "--label",
        default="bottom-up",
        help="which detector and settings made them; stores of one label may be used together",
    )
    bring.add_argument(
        "--vocabulary", type=Path, metavar="DIR", help="objects_vocab.txt, attributes_vocab.txt"
    )
    bring.add_argument("--images", type=Path, metavar="DIR", help="to read missing sizes from")
    bring.add_argument(
        "--dtype",
        choices=("float16", "float32"),
        default="float16",
        help="float32 keeps features exact and takes twice the room",
    )
    export = add_verb(
        verbs,
        "export",
        _export,
        help="write a region store as LXMERT's TSV",
        example="rex regions export regions.h5 --out regions.tsv",
    )
    export.add_argument("store", type=Path, metavar="H5")
    export.add_argument("--out", type=Path, required=True, metavar="TSV")
    info = add_verb(
        verbs,
        "info",
        _info,
        help="tell what is in a region store",
        example="rex regions info results/world/regions/val.h5",
    )
    info.add_argument("store", type=Path, metavar="H5")
    verify = add_verb(
        verbs,
        "verify",
        _verify,
        help="check that a region store is sound and has the images that questions ask about",
        example="rex regions verify results/world/regions/val.h5 "
        "--questions data/world/questions/val_balanced_questions.json",
    )
    verify.add_argument("store", type=Path, metavar="H5")
    verify.add_argument("--questions", type=Path, metavar="JSON")
    show = add_verb(
        verbs,
        "show",
        _show,
        help="draw the regions of images, with the names of classes and attributes",
        example="rex regions show data/world/images/1000000.jpg "
        "--store results/world/regions/train.h5 --out pictures",
    )
    show.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="<imageId>.jpg")
    show.add_argument("--store", type=Path, required=True, metavar="H5")
    show.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the PNG files")
    show.add_argument("--most", type=int, default=36, metavar="N", help="draw only the N best")


def list_unreadable(problems: Sequence[object]) -> None:
    """Warn of every image that has no regions because of what it came from."""
    for problem in problems:
        _logger.warning("no regions: %s", problem)


def _import(arguments: argparse.Namespace) -> None:
    import torch

    from rex.files import made_by
    from rex.regions.annotations import ClassLists
    from rex.regions.importing import import_regions, source_of
    from rex.regions.vocabulary import read_vocabulary

    classes = (
        ClassLists((), ())
        if arguments.vocabulary is None
        else read_vocabulary(arguments.vocabulary)
    )
    torch.set_num_threads(1)  # it rounds single images: too little work for more
    problems = import_regions(
        source_of(arguments.source, arguments.images),
        arguments.out,
        label=arguments.label,
        classes=classes,
        feature_type=arguments.dtype,
        made_by=made_by("rex regions import", {"source": str(arguments.source)}),
    )
    list_unreadable(problems)


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
    from rex.regions.drawing import draw_regions, label
    from rex.regions.store import RegionStore

    store = RegionStore(arguments.store)
    for image, row in zip(
        arguments.images, store.rows(image.stem for image in arguments.images), strict=True
    ):
        count = min(int(store.num_boxes[row]), arguments.most)
        labels = [
            label(
                number,
                int(store.object_ids[row, number]),
                int(store.attribute_ids[row, number]),
                store.object_names,
                store.attribute_names,
            )
            for number in range(count)
        ]
        out = arguments.out / f"{image.stem}.png"
        draw_regions(image, store.boxes[row, :count], labels, out)
        _logger.info("%s", out)
