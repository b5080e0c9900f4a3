"""Features of a vision model of `transformers` for the regions of a store, in a store of its own.

    python workflow/scripts/describe_regions.py regions/val.h5 --images data/world/images \
        --model clip-vit-base-patch32 --pool crops --out regions/described/val.h5

The model is a local folder with its configuration and weights as safetensors (CLIP, SigLIP, DINOv2,
ViT, ConvNeXt, …); no code of the folder is run. Boxes, classes and scores stay as they are.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from rex.config import ComputeSettings
from rex.devices import find_device
from rex.errors import InputError
from rex.files import made_by
from rex.images import ImageFolder, read_image
from rex.logs import Progress
from rex.regions.store import ImageRegions, RegionStore
from rex.regions.store_writer import RegionStoreWriter, StoreHeader

Array = npt.NDArray[Any]


class Describer:
    """A vision model: what it makes of an image, whole or in crops, each resized to its square."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        from transformers import AutoImageProcessor, AutoModel
        from transformers.utils import logging

        logging.set_verbosity_error()
        logging.disable_progress_bar()
        try:
            model, report = AutoModel.from_pretrained(
                folder, use_safetensors=True, local_files_only=True, output_loading_info=True
            )
            self._processor = AutoImageProcessor.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            problem = str(error).strip().partition("\n")[0]
            cure = "name a folder of transformers with config.json, preprocessor_config.json and "
            raise InputError(problem, file=folder, cure=f"{cure}model.safetensors") from None
        vision = getattr(model, "vision_model", model)
        config = vision.config
        missing = [name for name in report["missing_keys"] if "text_model" not in name]
        # a pooler that was not trained is left out
        self._is_pooled = not any("pooler" in name for name in missing)
        missing = [name for name in missing if "pooler" not in name]
        if missing:
            problem = f"lacks {len(missing)} weights ({missing[0]}, …)"
            raise InputError(problem, file=folder, cure="fetch it again")
        self.side = int(getattr(config, "image_size", 224))
        self._patch = int(getattr(config, "patch_size", None) or self.side)
        self._model, self._device = vision.to(device).eval(), device

    def crops(self, picture: Image.Image, boxes: Array) -> Array:
        """Return a feature [n, D] of each box, cut out."""
        pieces = [picture.crop(_whole(box, picture.size)) for box in boxes]
        said = self._see(pieces)
        pooled = getattr(said, "pooler_output", None)
        if pooled is None or not self._is_pooled:
            pooled = said.last_hidden_state[:, 0]
        return pooled.flatten(1).cpu().numpy()

    def patches(self, picture: Image.Image, boxes: Array) -> Array:
        """Return the mean [n, D] of the patches of each box, by how much of them lies in it."""
        seen = self._see([picture]).last_hidden_state[0].cpu().numpy()
        if seen.ndim == 3:  # [D, rows, columns]
            grid = seen.transpose(1, 2, 0)
        else:
            side = self.side // self._patch
            grid = seen[len(seen) - side * side :].reshape(side, side, -1)  # after CLS, registers
        rows, columns, _ = grid.shape
        width, height = picture.size
        across = _shares(boxes[:, [0, 2]] / width * columns, columns)
        down = _shares(boxes[:, [1, 3]] / height * rows, rows)
        return np.einsum("nr,nc,rcd->nd", down, across, grid, optimize=True)

    def _see(self, pieces: list[Image.Image]) -> Any:
        size = {"height": self.side, "width": self.side}
        # not the middle of a crop, but all of it
        pixels = self._processor(pieces, size=size, do_center_crop=False, return_tensors="pt")
        with torch.no_grad():
            return self._model(pixels["pixel_values"].to(self._device))


def _whole(box: Array, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return a box in whole pixels, of at least one, within the image."""
    left, top = (min(max(int(v), 0), most - 1) for v, most in zip(box[:2], size, strict=True))
    right, low = (min(int(np.ceil(v)), most) for v, most in zip(box[2:], size, strict=True))
    return left, top, max(right, left + 1), max(low, top + 1)


def _shares(spans: Array, cells: int) -> Array:
    """Return how much of each of `spans` [n, 2], in cells, lies in each cell; rows sum to 1."""
    start, end = np.clip(spans, 0, cells).T[..., None]
    edges = np.arange(cells)
    inside = np.clip(np.minimum(end, edges + 1) - np.maximum(start, edges), 0, None)
    nearest = edges == np.clip(np.floor((start + end) / 2), 0, cells - 1)
    inside = np.where(inside.sum(axis=1, keepdims=True) > 0, inside, nearest)
    return inside / inside.sum(axis=1, keepdims=True)


def describe(
    store: RegionStore, images: Path, model: Path, pool: str, out: Path, device: torch.device
) -> None:
    """Write the regions of `store` with features of `model` to the store `out`."""
    describer = Describer(model, device)
    feature = describer.crops if pool == "crops" else describer.patches
    header = StoreHeader(
        image_ids=store.image_ids,
        regions=store.regions,
        feature_size=feature(Image.new("RGB", (64, 64)), np.array([[0.0, 0.0, 64.0, 64.0]])).shape[
            1
        ],
        signature=store.signature | signature(model, pool),
        object_names=store.object_names,
        attribute_names=store.attribute_names,
        made_by=made_by("describe_regions.py", {"model": str(model), "pool": pool}),
    )
    folder = ImageFolder(images)
    with RegionStoreWriter(out, header) as writer:
        missing = writer.missing()
        progress = Progress("describe", len(store), "images")
        progress.start_at(len(store) - len(missing))
        for row in missing:
            name = store.image_ids[row]
            try:
                if name in store.without_regions:
                    raise InputError(store.without_regions[name])
                pixels = read_image(folder.path(name))[:, :, ::-1]
                found = regions_of(store, row)
                features = feature(Image.fromarray(np.ascontiguousarray(pixels)), found.boxes)
                writer.write([row], [replace(found, features=features)])
            except InputError as error:
                writer.leave_empty(row, str(error))
            progress.advance()


def regions_of(store: RegionStore, row: int) -> ImageRegions:
    """Return the regions of an image, without features."""
    count = int(store.num_boxes[row])
    columns = ("boxes", "scores", "object_ids", "attribute_ids")
    width, height = (int(side) for side in store.image_sizes[row])
    found: Mapping[str, Array] = {name: getattr(store, name)[row, :count] for name in columns}
    return ImageRegions(features=np.zeros((count, 0)), width=width, height=height, **found)


def signature(model: Path, pool: str) -> dict[str, str]:
    """Return what features depend on: the weights, and how they are pooled."""
    digest = hashlib.sha256()
    for file in sorted(model.glob("*.safetensors")):
        digest.update(file.read_bytes())
    return {"features_from": digest.hexdigest(), "features_of": pool}


def main() -> int:
    """Describe a store's regions; return 2 on bad input."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path, metavar="H5")
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="<imageId>.jpg")
    parser.add_argument("--model", type=Path, required=True, metavar="DIR", help="of transformers")
    parser.add_argument("--pool", choices=("crops", "patches"), default="crops")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=int, default=1, help="sums depend on their number")
    parser.add_argument("--out", type=Path, required=True, metavar="H5")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    try:
        device = find_device(ComputeSettings(device=arguments.device))
        store = RegionStore(arguments.store)
        describe(store, arguments.images, arguments.model, arguments.pool, arguments.out, device)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
