"""`rex regions`: train a detector, extract regions, and bring in or look at region stores."""

from __future__ import annotations

import argparse
import logging
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rex.command_line import Subparsers, add_station, add_verb
from rex.regions import store_commands

if TYPE_CHECKING:
    from rex.config import Config
    from rex.regions.extraction import ImageFile

_logger = logging.getLogger("rex.regions")


def add_commands(stations: Subparsers) -> None:
    """Add `rex regions train|extract|merge|import|export|info|verify|show`."""
    verbs = add_station(stations, "regions", "detect regions and describe them by features")
    _add_train(verbs)
    _add_extract(verbs)
    _add_merge(verbs)
    store_commands.add_verbs(verbs)


def _add_train(verbs: Subparsers) -> None:
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


def _add_extract(verbs: Subparsers) -> None:
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
    extract.add_argument("--weights", type=Path, required=True, metavar="FILE", help=".pth or .pkl")
    extract.add_argument("--out", type=Path, required=True, metavar="H5")
    extract.add_argument(
        "--boxes",
        choices=("detected", "scene-graphs"),
        help="scene-graphs: describe the annotated objects, an upper bound (default: what "
        "regions.selection says)",
    )
    extract.add_argument("--scene-graphs", type=Path, metavar="JSON", help="of the images")
    extract.add_argument(
        "--shard", type=_shard, default=(1, 1), metavar="K/N", help="only the K-th of N parts"
    )
    extract.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes that work beside this one (default: compute.detector_threads; 0: none)",
    )
    extract.add_argument(
        "--strict",
        action="store_true",
        help="end at the first image that cannot be read (else it has no regions, and is listed "
        "at the end)",
    )


def _add_merge(verbs: Subparsers) -> None:
    merge = add_verb(
        verbs,
        "merge",
        _merge,
        help="join the region stores of several shards into one",
        example="rex regions merge part1.h5 part2.h5 --out train.h5",
    )
    merge.add_argument("parts", type=Path, nargs="+", metavar="H5")
    merge.add_argument("--out", type=Path, required=True, metavar="H5")


def _shard(text: str) -> tuple[int, int]:
    number, _, shards = text.partition("/")
    try:
        part = int(number), int(shards)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not K/N") from None
    if not 1 <= part[0] <= part[1]:
        raise argparse.ArgumentTypeError(f"{text!r}: K runs from 1 to N")
    return part


def _train(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.files import made_by, write_json
    from rex.gqa.scene_graphs import read_scene_graphs
    from rex.regions.annotations import ClassLists, annotated_images
    from rex.regions.detector import Detector, detector_config
    from rex.regions.extraction import ImageFile, Unreadable, detect_each
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
        processes=1 if device == "cuda" else config.compute.detector_threads,
    )
    save_checkpoint(arguments.out, model, asdict(settings), classes)
    if arguments.report is None:
        return
    detector = Detector.load(arguments.out, settings, device)
    val = annotated_images(
        read_scene_graphs(data / "sceneGraphs" / "val_sceneGraphs.json"), data / "images", classes
    )
    found = detect_each(detector, [ImageFile(image.path) for image in val], _workers(config))
    measured = [
        (image, regions)
        for image, regions in zip(val, found, strict=True)
        if not isinstance(regions, Unreadable)
    ]
    store_commands.list_unreadable(
        [regions.error for regions in found if isinstance(regions, Unreadable)]
    )
    measures = {
        "split": "val",
        "signature": detector.signature,
        **report([image for image, _ in measured], [regions for _, regions in measured], classes),
    }
    write_json(
        arguments.report, measures, provenance=made_by("rex regions train", asdict(settings))
    )
    for name in ("ap50", "coverage", "object_accuracy", "attribute_accuracy"):
        value = measures[name]
        _logger.info("%s on val: %s", name, "none" if value is None else f"{value:.1f} %")


def _extract(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.files import made_by
    from rex.gqa.questions import iter_questions
    from rex.regions.detector import Detector
    from rex.regions.extraction import ImageFile, extract, shard

    config = read_config(arguments.config)
    device = _set_up_compute(config)
    image_ids = sorted({question.image_id for question in iter_questions(arguments.questions)})
    image_ids = shard(image_ids, *arguments.shard)
    annotated = "scene-graphs" in (arguments.boxes or config.regions.selection)
    if not annotated:
        files = {each: ImageFile(arguments.images / f"{each}.jpg") for each in image_ids}
    else:
        files = _annotated_files(
            image_ids, arguments.images, arguments.scene_graphs, config.regions.regions
        )
    detector = Detector.load(arguments.weights, config.regions, device)
    if annotated:
        detector.signature["selection"] = "scene-graphs"
    unreadable = extract(
        detector,
        files,
        arguments.out,
        made_by("rex regions extract", asdict(config.regions)),
        workers=_workers(config) if arguments.workers is None else arguments.workers,
        strict=arguments.strict,
    )
    store_commands.list_unreadable(unreadable)


def _annotated_files(
    image_ids: list[str], images: Path, scene_graphs: Path | None, most: int
) -> dict[str, ImageFile]:
    """Return the file of each image with its annotated boxes, at most the `most` largest."""
    from rex.errors import InputError
    from rex.gqa.scene_graphs import iter_scene_graphs
    from rex.regions.annotations import ClassLists, annotated_images
    from rex.regions.extraction import ImageFile

    if scene_graphs is None:
        raise InputError(
            "regions of scene graphs need --scene-graphs", cure="name the file of the scene graphs"
        )
    wanted = set(image_ids)
    graphs = {name: graph for name, graph in iter_scene_graphs(scene_graphs) if name in wanted}
    missing = sorted(wanted - graphs.keys())
    if missing:
        raise InputError(
            f"no scene graph of image {missing[0]!r} (and {len(missing) - 1} more)",
            file=scene_graphs,
            cure="give the scene graphs of the questions' split",
        )
    files = {}
    crowded = 0
    for image in annotated_images(graphs, images, ClassLists((), ())):
        width, height = (image.boxes[:, 2:] - image.boxes[:, :2]).T
        largest = (-width * height).argsort(kind="stable")[:most]
        crowded += len(image.boxes) > most
        largest.sort()  # in the order of annotation
        files[image.image_id] = ImageFile(image.path, image.boxes[largest])
    if crowded:
        _logger.warning("%d images have more than %d objects; the largest are kept", crowded, most)
    return files


def _merge(arguments: argparse.Namespace) -> None:
    from rex.regions.merging import merge

    empty = merge(arguments.parts, arguments.out)
    store_commands.list_unreadable(list(empty.values()))


def _workers(config: Config) -> int:
    """Return how many processes work beside this one: none, if one is all there may be."""
    threads = config.compute.detector_threads
    return threads if threads > 1 else 0


def _set_up_compute(config: Config) -> str:
    """Make torch quick and the libraries quiet, and return the device.

    Raises InputError when it is to be a GPU, and there is none.
    """
    import warnings

    import torch

    from rex.errors import InputError

    if config.compute.device == "cuda" and not torch.cuda.is_available():
        raise InputError(
            "no GPU that this PyTorch can use",
            file="config",
            place="compute.device",
            cure="set it to cpu or auto, or install PyTorch for your GPU",
        )
    # Detectron2 would print the traceback of an error that we report in one line
    logging.getLogger("detectron2").addHandler(logging.NullHandler())
    logging.getLogger("torch.fx._symbolic_trace").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="torch.meshgrid", category=UserWarning)
    torch.set_num_threads(1)  # a small network is split over processes, not over threads
    # numbers too small for normal form slow a CPU down many times, and change nothing
    torch.set_flush_denormal(True)
    if config.compute.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return config.compute.device
