"""Bringing regions that others extracted into a region store."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rex.errors import InputError
from rex.files import made_by
from rex.logs import Progress
from rex.regions.annotations import read_vocabulary
from rex.regions.array_folder import ArrayFolder
from rex.regions.conventions import ENCODINGS, bare, in_pixels, misread, read_ids
from rex.regions.lxmert_tsv import LxmertTsv
from rex.regions.sources import INFO_FILE, GqaObjects, RegionSource
from rex.regions.store import ImageRegions
from rex.regions.store_writer import RegionStoreWriter, StoreHeader
from rex.regions.updown_hdf5 import UpDownHdf5
from rex.regions.vinvl import VinVl

_logger = logging.getLogger("rex.regions")

_GRID_FILE = "gqa_spatial_info.json"
_LARGEST = 2**31
"""Numbers from here on do not fit a store."""
_INFINITE = 65520
"""Numbers from here on are infinite in float16."""


def source_of(
    path: Path, images: Path | None = None, *, boxes: str = "xyxy", encoding: str = "float32"
) -> RegionSource:
    """Return the reader of `path`, by its name and what lies in it.

    `images` is the folder of the images, for formats that do not tell their sizes; `boxes` and
    `encoding` are what the numbers are (`BOXES`, `ENCODINGS`). Raises InputError when the format is
    not known, and names the closest that is.
    """
    if not path.exists():
        raise InputError("no such file or folder", file=path, cure="check the path")
    if path.is_dir():
        for name in (INFO_FILE, "features.tsv"):
            if (path / name).exists():
                return source_of(path / name, images, encoding=encoding)
        if not any((path / name).exists() for name in (_GRID_FILE, "data.mdb")):
            return ArrayFolder(path, images, grid=boxes == "grid")
    kind = ENCODINGS[encoding]
    if path.suffix == ".tsv":
        with open(path, "rb") as file:
            columns = file.readline().count(b"\t") + 1
        return (VinVl if columns in (2, 3) else LxmertTsv)(path, images, kind)
    if path.suffix == ".zip":
        return LxmertTsv(path, images, kind)
    if path.suffix in (".hdf5", ".h5") and not path.name.startswith("gqa_spatial"):
        return UpDownHdf5(path)
    if path.suffix == ".json" and path.name != _GRID_FILE:
        return GqaObjects(path)
    raise InputError("not a known format", file=path, cure=_closest(path))


def _closest(path: Path) -> str:
    """Return what to do with a file that is not read: which known layout it is closest to."""
    if path.name.startswith("gqa_spatial") or (path / _GRID_FILE).exists():
        way = "openvqa's gqa_feat_preproc.py --mode=spatial writes it; then --boxes grid"
        return f"the closest is a folder of <imageId>.npz with x [49, 2048]: {way}"
    if (path / "data.mdb").exists() or path.suffix in (".lmdb", ".mdb"):
        way = "entries are pickled; mmf's lmdb_conversion.py --mode extract writes them as files"
        return f"the closest is MMF's folder of <imageId>.npy with <imageId>_info.npy: {way}"
    if path.suffix in (".npz", ".npy", ".pth", ".pt"):
        return "the closest is a folder of such files, one an image: name the folder"
    if path.suffix in (".pkl", ".pickle", ".bin"):
        return "nothing is unpickled; the closest is a folder of <imageId>.npz with x and bbox"
    return "the closest is LXMERT's .tsv; docs/regions.md lists what is read"


def import_features(
    source: Path,
    out: Path,
    *,
    label: str = "bottom-up",
    vocabulary: Path | None = None,
    images: Path | None = None,
    feature_type: str = "float16",
    boxes: str = "xyxy",
    encoding: str = "float32",
    ids: Path | None = None,
) -> list[InputError]:
    """Write features that others extracted to the region store `out`; return what was left out.

    Images that cannot be read have no regions. `label` says in the signature which detector and
    settings made them: stores of one label may be used together. `vocabulary` is a folder with the
    names of the classes; `ids` maps the file's ids to those of images (`read_ids`), others are left
    out; see `source_of` for the rest. Memory stays flat; a stopped import goes on where it was.
    Raises InputError when nothing can be read, and where the first image shows other numbers.
    """
    import torch

    torch.set_num_threads(1)  # it rounds single images: too little work for more
    reader = source_of(source, images, boxes=boxes, encoding=encoding)
    reader.classes = reader.classes if vocabulary is None else read_vocabulary(vocabulary)
    layout = reader.layout()
    problems, nameless = list(reader.rejected), len(reader.rejected)
    image_ids, places = _mapped(layout.image_ids, None if ids is None else read_ids(ids), source)
    header = StoreHeader(
        image_ids=image_ids,
        regions=layout.regions,
        feature_size=layout.feature_size,
        signature={"detector": label, "imported_from": reader.format},
        object_names=reader.classes.object_names,
        attribute_names=reader.classes.attribute_names,
        made_by=made_by("rex regions import", {"source": str(source)}),
        feature_type=feature_type,
        origin=_origin(source, [str(images), boxes, encoding, places]),
    )
    with RegionStoreWriter(out, header) as writer, warnings.catch_warnings():
        # arrays over a file's bytes cannot be written, and are not
        warnings.filterwarnings("ignore", message="The given (NumPy array|buffer) is not writable")
        rows = {places[row]: row for row in writer.missing()}
        first = len(rows) == len(image_ids)
        progress = Progress("import", len(image_ids), "images")
        progress.start_at(len(image_ids) - len(rows))
        for place, found in reader.images(sorted(rows)):
            row = rows[place]
            if isinstance(found, ImageRegions):
                found = _checked(found, boxes, reader, image_ids[row], feature_type, first=first)
            if isinstance(found, InputError):
                problems.append(found)
                if len(problems) - nameless == len(image_ids):
                    raise problems[nameless]
                writer.leave_empty(row, str(found))
            else:
                first = False
                writer.write([row], [found])
            progress.advance()
    return problems


def _origin(source: Path, options: Sequence[object]) -> str:
    """Return what tells an import from others of the same images: its files and `options`."""
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    said = [
        (file.name, file.stat().st_size, file.stat().st_mtime_ns)
        for file in files
        if file.is_file() and not file.name.startswith(".")  # such as the unfinished store
    ]
    return json.dumps([str(source.resolve()), said, *options])


def _mapped(
    names: Sequence[str], ids: Mapping[str, str] | None, file: Path
) -> tuple[list[str], list[int]]:
    """Return the images that are wanted, by our ids, and the place of each among `names`."""
    if ids is None:
        return list(names), list(range(len(names)))
    found = [(ids[bare(name)], place) for place, name in enumerate(names) if bare(name) in ids]
    owners = dict(found)
    if not owners or len(owners) < len(found):
        problem = f"{len(found)} of {len(names)} images ({names[0]}, …) are in the file of --ids"
        cure = "each must be an image of its own; are the ids those of this file?"
        raise InputError(f"{problem}, as {len(owners)}", file=file, cure=cure)
    _logger.info("%d of %d images are in the file of --ids", len(owners), len(names))
    return list(owners), list(owners.values())


def _checked(
    image: ImageRegions,
    boxes: str,
    source: RegionSource,
    image_id: str,
    feature_type: str,
    *,
    first: bool,
) -> ImageRegions | InputError:
    """Return an image as the store has it, with boxes in pixels, or what is wrong with it.

    Raises InputError where the `first` one shows that the file's numbers mean something else.
    """
    place = f"image {image_id}"
    if problem := _problem(image):
        return source.kept_others(problem, place=place)
    image = in_pixels(image, boxes)
    seen = misread(image, boxes)
    if feature_type == "float16" and np.abs(image.features).max(initial=0) >= _INFINITE:
        seen = seen or ("features are too large for float16", "--dtype float32")
    if seen is None:
        return _rounded(image, feature_type)
    if first:
        raise InputError(seen[0], file=source.path, place=place, cure=seen[1])
    return source.kept_others(f"{seen[0]} ({seen[1]})", place=place)


def _problem(image: ImageRegions) -> str:
    """Return what is wrong with the regions of an image, or nothing."""
    if not np.isfinite(image.features).all():
        return "features are infinite or not numbers"
    if not np.isfinite(image.boxes).all():
        return "boxes are infinite or not numbers"
    if not (0 <= image.width < _LARGEST and 0 <= image.height < _LARGEST):
        return f"its size is given as {image.width} by {image.height} pixels"
    for name in ("object_ids", "attribute_ids"):
        ids = getattr(image, name)
        if len(ids) and not (ids.min() >= -1 and ids.max() < _LARGEST):
            return f"{name} are not classes"
    return ""


def _rounded(image: ImageRegions, feature_type: str) -> ImageRegions:
    """Round features as the store would, but with torch, which is twenty times faster at it."""
    if feature_type != "float16" or image.features.dtype != np.float32:
        return image
    import torch

    return replace(image, features=torch.from_numpy(image.features).half().numpy())
