"""Where the parts of a data set in GQA's layout lie."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from rex.config import SCENE_GRAPH_SPLITS, SPLITS

OOD_SPLITS = ("val", "testdev")
OOD_PARTS = ("all", "head", "tail")


class Layout:
    """The paths below one data folder, e.g. `data/world`."""

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.folder = Path(folder)

    def questions(self, split: str) -> Path:
        """Return the balanced questions of a split."""
        return self.folder / "questions" / f"{split}_balanced_questions.json"

    def scene_graphs(self, split: str) -> Path:
        """Return the scene graphs of a split (GQA publishes none for testdev)."""
        return self.folder / "sceneGraphs" / f"{split}_sceneGraphs.json"

    def images(self) -> Path:
        """Return the folder of all images."""
        return self.folder / "images"

    def image(self, image_id: str) -> Path:
        """Return one image."""
        return self.images() / f"{image_id}.jpg"

    def ood_questions(self, split: str, part: str) -> Path:
        """Return one GQA-OOD file; `part` is `all`, `head` or `tail`."""
        return self.folder / "ood" / f"ood_{split}_{part}.json"

    def annotation_files(self) -> dict[str, Path]:
        """Return every annotation file of a whole data set by what it holds, in a fixed order.

        Scene graphs come first: what questions name is looked up in them.
        """
        return {
            **{f"scene graphs {split}": self.scene_graphs(split) for split in SCENE_GRAPH_SPLITS},
            **{f"questions {split}": self.questions(split) for split in SPLITS},
            **{
                f"GQA-OOD {split} {part}": self.ood_questions(split, part)
                for split in OOD_SPLITS
                for part in OOD_PARTS
            },
        }
