"""Speed and memory of the regions station, each a ratio against a named baseline in one run.

    python benchmarks/regions.py                    # all of it, on made-up images and features
    python benchmarks/regions.py --only pipeline    # or: store, import

pipeline: images a second of `rex regions extract`'s own pipeline with the small detector, against
the same detector called one image at a time through Detectron2's `DefaultPredictor`; both must
find the same regions. store: random images a second in training batches, against one `.npy` file
for each image, warm. import: the speed of `rex regions import` on LXMERT's TSV, against decoding
its base64 alone. Goals stand in `GOALS`; the program ends with 1 when one is missed.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import logging
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

GOALS = {"pipeline": 1.5, "store": 8.0, "import": 0.7}
"""Least ratio of our speed to the baseline's."""
SAME = 1e-3
"""Largest difference of boxes (as a share of the image) and features of the two ways to extract."""
REGIONS, WIDTH = 36, 2048


def main() -> int:
    """Run the measurements and print one line of JSON for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", choices=sorted(GOALS))
    parser.add_argument("--images", type=int, default=160, help="images of the pipeline")
    parser.add_argument("--rows", type=int, default=1500, help="images of store and import")
    parser.add_argument("--processes", type=int, default=2, help="of the pipeline")
    parser.add_argument("--threads", type=int, default=2, help="of the single images")
    arguments = parser.parse_args()
    measurements: dict[str, Callable[[Path], dict[str, Any]]] = {
        "pipeline": lambda folder: pipeline(
            folder, arguments.images, arguments.processes, arguments.threads
        ),
        "store": lambda folder: store(folder, arguments.rows),
        "import": lambda folder: tsv_import(folder, arguments.rows // 4),
    }
    missed = 0
    for name, measure in measurements.items():
        if arguments.only in (None, name):
            with tempfile.TemporaryDirectory() as folder:
                result = {"measured": name, **measure(Path(folder)), "goal": GOALS[name]}
            result["reached"] = result["ratio"] >= GOALS[name] and result.get("same", True)
            missed += not result["reached"]
            print(json.dumps(result), flush=True)
    return 1 if missed else 0


def pipeline(folder: Path, images: int, processes: int, threads: int) -> dict[str, Any]:
    """Extract with the pipeline and one by one, in turns, and compare speed and results."""
    warnings.filterwarnings("ignore", message="torch.meshgrid")
    logging.getLogger("torch.fx._symbolic_trace").setLevel(logging.ERROR)
    import torch

    from rex.config import RegionSettings
    from rex.regions.annotations import ClassLists
    from rex.regions.detector import Detector, detector_config
    from rex.regions.extraction import ImageFile, extract
    from rex.regions.images import read_image
    from rex.regions.store import RegionStore

    device = "cuda" if torch.cuda.is_available() else "cpu"
    classes = ClassLists(tuple(map(str, range(60))), tuple(map(str, range(40))))
    cfg = detector_config(RegionSettings(), classes, device)
    predictor = _default_predictor(cfg)
    _settle(predictor.model)
    detector = Detector(predictor.model, cfg, classes, {})
    paths = _make_images(folder, images)

    files = {path.stem: ImageFile(path) for path in paths}
    singly: list[Any] = []
    times: dict[str, list[float]] = {"pipeline": [], "single": []}
    for turn in range(2):
        torch.set_num_threads(1)
        start = time.perf_counter()
        extract(
            detector, files, folder / f"{turn}.h5", {}, workers=processes if processes > 1 else 0
        )
        times["pipeline"].append(time.perf_counter() - start)
        torch.set_num_threads(threads)
        start = time.perf_counter()
        singly = [predictor(read_image(path))["instances"] for path in paths]
        times["single"].append(time.perf_counter() - start)
    found = RegionStore(folder / "0.h5")
    differences = [_difference(found, row, alone) for row, alone in enumerate(singly)]
    best = {name: images / min(each) for name, each in times.items()}
    return {
        "device": device,
        "images": images,
        "images_per_second": round(best["pipeline"], 1),
        "baseline": f"DefaultPredictor, one image at a time, {threads} threads",
        "baseline_images_per_second": round(best["single"], 1),
        "ratio": round(best["pipeline"] / best["single"], 2),
        "median_difference": float(np.median(differences)),
        "images_within_tolerance": float(np.mean(np.array(differences) <= SAME)),
        "same": float(np.median(differences)) <= SAME,
        "peak_megabytes": _peak_megabytes(),
    }


def _default_predictor(cfg: Any) -> Any:
    from detectron2.engine import DefaultPredictor

    return DefaultPredictor(cfg)


def _settle(model: Any) -> None:
    """Give an untrained detector weights with which its scores differ clearly."""
    import torch

    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name.endswith(("cls_score.weight", "objectness_logits.weight")):
                value.copy_(torch.randn(value.shape, generator=generator) * 0.2)


def _difference(found: Any, row: int, alone: Any) -> float:
    """Return the largest difference of one image's regions, as far as both found the same boxes."""
    from rex.regions.report import pairwise_iou

    boxes = alone.pred_boxes.tensor.cpu().numpy()
    match = pairwise_iou(found.boxes[row], boxes)
    partner = match.argmax(axis=1)
    side = float(found.image_sizes[row].max())
    ours = found.features([row])[0].astype(np.float32)
    theirs = alone.features.cpu().numpy()[partner]
    scale = max(1.0, float(np.abs(theirs).max()))
    return max(
        float(np.abs(found.boxes[row] - boxes[partner]).max()) / side,
        float(np.abs(ours - theirs).max()) / scale,
    )


def _make_images(folder: Path, count: int) -> list[Path]:
    draw = np.random.default_rng(0)
    paths = []
    for number in range(count):
        picture = Image.new("RGB", (320, 240), tuple(draw.integers(120, 256, 3).tolist()))
        brush = ImageDraw.Draw(picture)
        for _ in range(8):
            x, y, w, h = (int(draw.integers(0, 200)) for _ in range(4))
            fill = tuple(draw.integers(0, 256, 3).tolist())
            (brush.ellipse if draw.integers(2) else brush.rectangle)((x, y, x + w, y + h), fill)
        paths.append(folder / f"{number:05}.jpg")
        picture.save(paths[-1], quality=90)
    return paths


def _write_store(path: Path, rows: int) -> None:
    from rex.regions.store import ImageRegions, RegionStoreWriter, StoreHeader

    draw = np.random.default_rng(1)
    header = StoreHeader(
        image_ids=[str(row) for row in range(rows)],
        regions=REGIONS,
        feature_size=WIDTH,
        signature={},
        object_names=[],
        attribute_names=[],
        made_by={},
    )
    with RegionStoreWriter(path, header) as writer:
        for row in range(rows):
            writer.write(
                [row],
                [
                    ImageRegions(
                        features=draw.random((REGIONS, WIDTH), dtype=np.float32),
                        boxes=draw.random((REGIONS, 4), dtype=np.float32),
                        scores=np.ones(REGIONS),
                        object_ids=np.zeros(REGIONS),
                        attribute_ids=np.zeros(REGIONS),
                        width=640,
                        height=480,
                    )
                ],
            )


def store(folder: Path, rows: int, batch: int = 128) -> dict[str, Any]:
    """Read random batches from a store, and from one `.npy` (float32) for each image."""
    from rex.regions.store import RegionStore

    _write_store(folder / "store.h5", rows)
    opened = RegionStore(folder / "store.h5")
    for row in range(rows):
        np.save(folder / f"{row}.npy", opened.features([row])[0].astype(np.float32))
    order = np.random.default_rng(2).permutation(rows)
    batches = [order[start : start + batch] for start in range(0, rows, batch)]

    def from_store() -> None:
        for each in batches:
            opened.features(each)

    def from_files() -> None:
        for each in batches:
            np.stack([np.load(folder / f"{row}.npy") for row in each])

    ours, theirs = _best(from_store), _best(from_files)
    return {
        "images_per_second": round(rows / ours),
        "baseline": "one .npy file (float32) for each image, warm",
        "baseline_images_per_second": round(rows / theirs),
        "ratio": round(theirs / ours, 2),
        "peak_megabytes": _peak_megabytes(),
    }


def tsv_import(folder: Path, rows: int) -> dict[str, Any]:
    """Import a table, and decode the base64 of the same table with nothing else."""
    import torch

    from rex.regions.annotations import ClassLists
    from rex.regions.importing import import_regions, source_of

    torch.set_num_threads(1)
    draw = np.random.default_rng(3)
    path = folder / "table.tsv"
    ids = base64.b64encode(np.zeros(REGIONS, "<i8").tobytes())
    ones = base64.b64encode(np.ones(REGIONS, "<f4").tobytes())
    with open(path, "wb") as file:
        for row in range(rows):
            features = draw.random((REGIONS, WIDTH), dtype=np.float32).tobytes()
            boxes = base64.b64encode(draw.random((REGIONS, 4), dtype=np.float32).tobytes())
            head = [str(row).encode(), b"480", b"640", ids, ones, ids, ones, b"36", boxes]
            file.write(b"\t".join([*head, base64.b64encode(features)]) + b"\n")
    columns = [line.rstrip(b"\n").split(b"\t")[9] for line in path.read_bytes().splitlines()]

    def decode() -> None:
        for column in columns:
            binascii.a2b_base64(column)

    def bring() -> None:
        (folder / "out.h5").unlink(missing_ok=True)
        import_regions(
            source_of(path),
            folder / "out.h5",
            label="benchmark",
            classes=ClassLists((), ()),
            feature_type="float16",
            made_by={},
        )

    ours, theirs = _best(bring), _best(decode)
    return {
        "images_per_second": round(rows / ours),
        "baseline": "decoding the base64 of the features, already in memory, alone",
        "baseline_images_per_second": round(rows / theirs),
        "ratio": round(theirs / ours, 2),
        "peak_megabytes": _peak_megabytes(),
    }


def _best(work: Callable[[], None], repeats: int = 8) -> float:
    """Return the least processor time of some runs, in seconds, after one to warm up.

    Processor time, because other programs on the machine do not change it.
    """
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def _peak_megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    sys.exit(main())
