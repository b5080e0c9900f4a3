"""`rex regions`: train a detector, extract regions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rex.command_line import Subparsers, add_station, add_verb

if TYPE_CHECKING:
    from rex.config import Config


def add_commands(stations: Subparsers) -> None:
    """Add `rex regions train|extract`."""
    verbs = add_station(stations, "regions", "detect regions and describe them by features")
    train = add_verb(
        verbs,
        "train",
        _train,
        help="train the detector on the scene graphs of a data set and report how good it is",
        example="rex regions train --data data/world --out results/world/regions/detector.pth "
        "--report results/world/regions/report.json",
    )
    train.add_argument("--data", type=Path, required=True, metavar="DIR", help="in GQA's layout")
    train.add_argument(
        "--out", type=Path, required=True, metavar="PTH", help="the trained detector"
    )
    train.add_argument("--report", type=Path, metavar="JSON", help="its measures on val")
    extract = add_verb(
        verbs,
        "extract",
        _extract,
        help="write the regions of the images that questions ask about to a region store",
        example="rex regions extract --images data/world/images "
        "--questions data/world/questions/val_balanced_questions.json "
        "--weights results/world/regions/detector.pth --out results/world/regions/val.h5",
    )
    extract.add_argument("--images", type=Path, required=True, metavar="DIR", help="<imageId>.jpg")
    extract.add_argument("--questions", type=Path, required=True, metavar="JSON")
    extract.add_argument("--weights", type=Path, required=True, metavar="PTH")
    extract.add_argument("--out", type=Path, required=True, metavar="H5")


def _train(arguments: argparse.Namespace) -> None:
    import logging

    from rex.config import read_config
    from rex.files import made_by, write_json
    from rex.gqa.scene_graphs import read_scene_graphs
    from rex.regions.annotations import ClassLists, annotated_images
    from rex.regions.detector import Detector, detector_config
    from rex.regions.extraction import detect_files
    from rex.regions.report import report
    from rex.regions.training import train
    from rex.regions.weights import save_checkpoint

    config = read_config(arguments.config)
    settings, data = config.regions, arguments.data
    device = _set_up_compute(config)
    scene_graphs = read_scene_graphs(data / "sceneGraphs" / "train_sceneGraphs.json")
    classes = ClassLists.of(scene_graphs.values())
    model = train(
        detector_config(settings, classes, device),
        annotated_images(scene_graphs, data / "images", classes),
        seed=settings.seed,
        resume=arguments.out.with_name(f".{arguments.out.name}.resume"),
    )
    save_checkpoint(arguments.out, model, vars(settings), classes)
    if arguments.report is None:
        return
    detector = Detector.load(arguments.out, settings, device)
    val = annotated_images(
        read_scene_graphs(data / "sceneGraphs" / "val_sceneGraphs.json"), data / "images", classes
    )
    found = [
        regions
        for batch in detect_files(detector, [image.path for image in val])
        for regions in batch
    ]
    measures = {"split": "val", "signature": detector.signature, **report(val, found, classes)}
    write_json(arguments.report, measures, provenance=made_by("rex regions train", vars(settings)))
    for name in ("ap50", "coverage", "object_accuracy", "attribute_accuracy"):
        value = measures[name]
        logging.getLogger("rex.regions").info(
            "%s on val: %s", name, "none" if value is None else f"{value:.1f} %"
        )


def _extract(arguments: argparse.Namespace) -> None:
    from rex.config import read_config
    from rex.files import made_by
    from rex.gqa.questions import iter_questions
    from rex.regions.detector import Detector
    from rex.regions.extraction import extract

    config = read_config(arguments.config)
    device = _set_up_compute(config)
    image_ids = sorted({question.image_id for question in iter_questions(arguments.questions)})
    detector = Detector.load(arguments.weights, config.regions, device)
    extract(
        detector,
        image_ids,
        arguments.images,
        arguments.out,
        made_by("rex regions extract", vars(config.regions)),
    )


def _set_up_compute(config: Config) -> str:
    """Set the number of CPU threads, keep the libraries quiet, and return the device."""
    import logging
    import warnings

    import torch

    # Detectron2 would print the traceback of an error that we report in one line
    logging.getLogger("detectron2").addHandler(logging.NullHandler())
    logging.getLogger("torch.fx._symbolic_trace").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="torch.meshgrid", category=UserWarning)

    torch.set_num_threads(config.compute.detector_threads)
    # numbers too small for normal form slow a CPU down many times, and change nothing
    torch.set_flush_denormal(True)
    if config.compute.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return config.compute.device
