"""Bringing regions that others extracted into a region store."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rex.errors import InputError
from rex.files import made_by
from rex.logs import Progress
from rex.regions.annotations import ClassLists, read_vocabulary
from rex.regions.lxmert_tsv import LxmertTsv
from rex.regions.sources import INFO_FILE, ArrayFolder, GqaObjects, RegionSource
from rex.regions.store import ImageRegions, RegionStoreWriter, StoreHeader
from rex.regions.updown_hdf5 import UpDownHdf5

_LARGEST = 2**31
"""Numbers from here on do not fit a store."""


def source_of(path: Path, images: Path | None = None) -> RegionSource:
    """Return the reader of `path`: a `.tsv` or `.zip`, `.hdf5`, GQA's objects, or arrays.

    `images` is the folder of the images, for formats that do not tell their sizes. Raises
    InputError when the format is none of these.
    """
    if not path.exists():
        raise InputError("no such file or folder", file=path, cure="check the path")
    if path.suffix in (".tsv", ".zip"):
        return LxmertTsv(path)
    if path.suffix in (".hdf5", ".h5"):
        return UpDownHdf5(path)
    if path.suffix == ".json" or (path.is_dir() and (path / INFO_FILE).exists()):
        return GqaObjects(path / INFO_FILE if path.is_dir() else path)
    if path.is_dir():
        return ArrayFolder(path, images)
    raise InputError(
        "not a known format",
        file=path,
        cure=f"name a .tsv, a .zip with one, a .hdf5 of UpDn, the folder of {INFO_FILE}, or a "
        "folder of .npz or .npy files",
    )


def import_features(
    source: Path,
    out: Path,
    *,
    label: str = "bottom-up",
    vocabulary: Path | None = None,
    images: Path | None = None,
    feature_type: str = "float16",
) -> list[InputError]:
    """Write features that others extracted to the region store `out`; return what was left out.

    `vocabulary` is a folder with the names of the classes, `images` that of the images, for
    formats that do not tell their sizes. See `source_of` for the formats and `import_regions` for
    the rest.
    """
    import torch

    classes = ClassLists((), ()) if vocabulary is None else read_vocabulary(vocabulary)
    torch.set_num_threads(1)  # it rounds single images: too little work for more
    return import_regions(
        source_of(source, images),
        out,
        label=label,
        classes=classes,
        feature_type=feature_type,
        provenance=made_by("rex regions import", {"source": str(source)}),
    )


def import_regions(
    source: RegionSource,
    out: Path,
    *,
    label: str,
    classes: ClassLists,
    feature_type: str,
    provenance: Mapping[str, Any],
) -> list[InputError]:
    """Write all regions of `source` to the store `out`, and return what could not be read.

    Images of which that is so have no regions. `label` says in the store's signature which detector
    and settings made them: stores of one label may be used together. Memory stays flat; a stopped
    import goes on where it was. Raises InputError when nothing can be read.
    """
    layout = source.layout()
    problems = list(source.rejected)
    nameless = len(problems)
    header = StoreHeader(
        image_ids=layout.image_ids,
        regions=layout.regions,
        feature_size=layout.feature_size,
        signature={"detector": label, "imported_from": source.format, "regions": layout.regions},
        object_names=classes.object_names,
        attribute_names=classes.attribute_names,
        made_by=provenance,
        feature_type=feature_type,
    )
    with RegionStoreWriter(out, header) as writer, warnings.catch_warnings():
        # arrays over a file's bytes cannot be written, and are not
        warnings.filterwarnings("ignore", message="The given (NumPy array|buffer) is not writable")
        missing = writer.missing()
        progress = Progress("import", len(layout.image_ids), "images")
        progress.start_at(len(layout.image_ids) - len(missing))
        for row, found in source.images(missing):
            if isinstance(found, ImageRegions) and (problem := _problem(found)):
                found = source.kept_others(problem, place=f"image {layout.image_ids[row]}")
            if isinstance(found, InputError):
                problems.append(found)
                if len(problems) - nameless == len(layout.image_ids):
                    raise problems[nameless]
                writer.leave_empty(row, str(found))
            else:
                writer.write([row], [_rounded(found, feature_type)])
            progress.advance()
    return problems


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
