"""From images to a region store: decoding, detection and writing work beside one another."""

from __future__ import annotations

import itertools
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from rex.boxes import resized
from rex.config import Config
from rex.errors import InputError
from rex.files import made_by
from rex.gqa.questions import iter_questions
from rex.gqa.scene_graphs import iter_scene_graphs
from rex.images import ImageFolder, read_image
from rex.logs import Progress
from rex.regions.annotations import ClassLists, annotated_images
from rex.regions.detector import Detector, Example, ExampleMaker, prepare_device
from rex.regions.store import ImageRegions
from rex.regions.store_writer import RegionStoreWriter

BATCH_SIZE = 16
"""Images that the detector takes at once."""
WAITING_BATCHES = 8
"""Batches of images that may wait, decoded, for others of their size."""

_logger = logging.getLogger("rex.regions.extraction")


@dataclass(frozen=True)
class ImageFile:
    """An image, and the boxes [n, 4] to describe in it (None: to be detected).

    They are in pixels of an image of this `size`, width and height, as which it was annotated.
    """

    path: Path
    boxes: npt.NDArray[np.float32] | None = None
    size: tuple[int, int] = (0, 0)

    def example(self, maker: ExampleMaker) -> Example:
        """Return the image as a detector takes it; raises InputError when it cannot be read."""
        pixels = read_image(self.path)
        if self.boxes is None:
            return maker.example(pixels)
        boxes = resized(self.boxes, self.size, (pixels.shape[1], pixels.shape[0]))
        return maker.example(pixels, boxes.astype(np.float32))


Found = tuple[list[int], list[ImageRegions] | InputError]
"""Places of images of one size with the regions of each, or of one image with why it has none."""


def detect_files(
    detector: Detector, files: Sequence[ImageFile], workers: int = 0
) -> Iterator[Found]:
    """Yield places in `files` with the regions of those images, batch by batch.

    Images are batched with others of exactly their size, so that an image's regions do not depend
    on its neighbours. On a CPU, `workers` other processes decode and detect, with one thread each;
    on a GPU they decode, and this process detects. 0: this process does all.
    """

    def decoded(place: Any) -> tuple[int, Example | InputError]:
        try:
            return place, files[place].example(detector.maker)
        except InputError as error:
            return place, error

    places: Any = range(len(files))
    if workers and detector.device == "cpu":
        chunks = torch.utils.data.DataLoader(
            places,
            BATCH_SIZE,
            num_workers=workers,
            collate_fn=lambda chunk: list(_detected(detector, map(decoded, chunk))),
            multiprocessing_context="fork",  # the detector is there already
        )
        yield from itertools.chain.from_iterable(chunks)
    else:
        images = torch.utils.data.DataLoader(
            places,
            batch_size=None,
            num_workers=workers,
            collate_fn=decoded,
            prefetch_factor=2 * BATCH_SIZE if workers else None,
        )
        yield from _detected(detector, images)


def _detected(
    detector: Detector, decoded: Iterable[tuple[int, Example | InputError]]
) -> Iterator[Found]:
    """Yield what is found on images of one size; what waits too long goes as a smaller batch."""
    waiting: dict[tuple[int, ...], dict[int, Example]] = defaultdict(dict)

    def batch(size: tuple[int, ...]) -> Found:
        examples = waiting.pop(size)
        return list(examples), detector.detect_examples(list(examples.values()))

    for place, example in decoded:
        if isinstance(example, InputError):
            yield [place], example
            continue
        size = tuple(example["image"].shape)
        waiting[size][place] = example
        if len(waiting[size]) == BATCH_SIZE:
            yield batch(size)
        elif sum(map(len, waiting.values())) >= WAITING_BATCHES * BATCH_SIZE:
            yield batch(max(waiting, key=lambda size: len(waiting[size])))
    for size in list(waiting):
        yield batch(size)


def detect_each(
    detector: Detector, files: Sequence[ImageFile], workers: int = 0
) -> list[ImageRegions | InputError]:
    """Return the regions of each image file, or why it has none, in order."""
    each: dict[int, ImageRegions | InputError] = {}
    progress = Progress("regions", len(files), "images")
    for places, found in detect_files(detector, files, workers):
        each.update(zip(places, [found] if isinstance(found, InputError) else found, strict=True))
        progress.advance(len(places))
    return [each[place] for place in range(len(files))]


def extract(
    detector: Detector,
    images: Mapping[str, ImageFile],
    out: Path,
    made_by: Mapping[str, Any],
    *,
    workers: int = 0,
    strict: bool = False,
) -> list[InputError]:
    """Write the regions of `images` (id to file) to the store `out`, in their order.

    A stopped extraction goes on where it was. Images that cannot be read have no regions, and are
    returned. Raises InputError when none can be read (`strict`: when one cannot).
    """
    image_ids = list(images)
    unreadable: list[InputError] = []
    header = detector.header(image_ids, made_by)
    with RegionStoreWriter(out, header) as writer, ThreadPoolExecutor(1) as beside:
        missing = writer.missing()
        progress = Progress("regions", len(image_ids), "images")
        progress.start_at(len(image_ids) - len(missing))
        files = [images[image_ids[row]] for row in missing]
        written: Future[None] | None = None
        for places, found in detect_files(detector, files, workers):
            rows = [missing[place] for place in places]
            if isinstance(found, InputError):
                unreadable.append(found)
                if strict or len(unreadable) == len(image_ids):
                    raise found
                writer.leave_empty(rows[0], str(found))
            else:
                if written is not None:
                    written.result()  # one batch is written while the next is detected
                written = beside.submit(writer.write, rows, found)
            progress.advance(len(rows))
        if written is not None:
            written.result()
    return unreadable


def shard(image_ids: Sequence[str], number: int, shards: int) -> list[str]:
    """Return the `number`-th (from 1) of `shards` parts of about equal size, in order."""
    begin, end = (len(image_ids) * part // shards for part in (number - 1, number))
    return list(image_ids[begin:end])


def extract_regions(
    config: Config,
    *,
    images: Path,
    questions: Path,
    weights: Path,
    out: Path,
    part: tuple[int, int] = (1, 1),
    boxes: str | None = None,
    scene_graphs: Path | None = None,
    workers: int | None = None,
    strict: bool = False,
) -> list[InputError]:
    """Write the regions of the images that `questions` ask about to the region store `out`.

    `images` is the folder of the images, `weights` the detector; `part` (k, n) takes the k-th of n
    parts of the images. `boxes` "scene-graphs" describes the annotated objects of `scene_graphs`,
    the largest where there are too many (default: what `regions.selection` says). Returns the
    images that cannot be read, and why. Raises InputError for bad input.
    """
    device = prepare_device(config)
    image_ids = sorted({question.image_id for _, question in iter_questions(questions)})
    image_ids = shard(image_ids, *part)
    annotated = "scene-graphs" in (boxes or config.regions.selection)
    if annotated:
        files = _annotated_files(image_ids, images, scene_graphs, config.regions.regions)
    else:
        folder = ImageFolder(images)
        files = {image_id: ImageFile(folder.path(image_id)) for image_id in image_ids}
    detector = Detector.load(weights, config.regions, device)
    if annotated:
        detector.signature["selection"] = "scene-graphs"
    return extract(
        detector,
        files,
        out,
        made_by("rex regions extract", asdict(config.regions)),
        workers=workers_beside(config) if workers is None else workers,
        strict=strict,
    )


def workers_beside(config: Config) -> int:
    """Return how many processes work beside this one: none, if one is all there may be."""
    threads = config.compute.detector_threads
    return threads if threads > 1 else 0


def _annotated_files(
    image_ids: list[str], images: Path, scene_graphs: Path | None, most: int
) -> dict[str, ImageFile]:
    """Return the file of each image with its annotated boxes, at most the `most` largest."""
    if scene_graphs is None:
        raise InputError(
            "--boxes scene-graphs needs --scene-graphs", cure="name the scene-graph file"
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
        size = image.width, image.height
        files[image.image_id] = ImageFile(image.path, image.boxes[largest], size)
    if crowded:
        _logger.warning("%d images have more than %d objects; the largest are kept", crowded, most)
    return files
