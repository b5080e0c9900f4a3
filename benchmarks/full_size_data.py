"""A data set of GQA's counts in GQA's formats: the world's annotations, repeated under new ids."""

from __future__ import annotations

import binascii
import contextlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from rex.config import SCENE_GRAPH_SPLITS, SPLITS, WorldSettings
from rex.files import read_json, write_json
from rex.gqa.layout import OOD_PARTS, OOD_SPLITS, Layout
from rex.world.make import make_world

COUNTS = {"train": (943_000, 74_000), "val": (132_062, 10_696), "testdev": (12_578, 398)}
"""Questions and images of GQA's balanced splits."""
REGIONS, FEATURES = 36, 2048
FEATURE_FILES = {"vg_gqa_obj36": ("train", "val"), "gqa_testdev_obj36": ("testdev",)}
"""LXMERT's archives, and the splits that lie in each."""

_QUESTIONS_AN_IMAGE, _OBJECTS = 40, 20
"""Room between the numbers of two images' questions, and of their objects."""
_FIRST_IMAGE, _FIRST_OBJECT = 2_000_000, 10_000_000
_ID = re.compile(r"\b(\d{7}|\d{9}|\d{10})\b")
"""An image, an object or a question of the world, by the number of digits."""
_POOL = 64
"""Different feature vectors: what they hold costs no station anything."""

WORLD = WorldSettings(train_images=100, val_images=40, testdev_images=20, questions_per_image=13)


@dataclass(frozen=True)
class Template:
    """An image of the world: texts in which `%(image)s`, `%(o3)s` and `%(q5)s` stand for ids."""

    image_id: str
    graph: str
    questions: list[str]
    parts: list[frozenset[str]]
    """The GQA-OOD files that each question is in."""
    line: bytes
    """What LXMERT's table says after the image's id."""


def write_data(folder: Path, scale: float) -> dict[str, tuple[int, int]]:
    """Write annotations, features, class names and pictures; return questions and images.

    What was written at this scale before is left as it is, so that a run can go on.
    """
    source, note = folder / "source", folder / "data.json"
    if note.exists() and (written := read_json(note))["scale"] == scale:
        return {split: (asked, seen) for split, (asked, seen) in written["counts"].items()}
    note.unlink(missing_ok=True)
    make_world(source, WORLD)
    layout, old = Layout(folder / "data"), Layout(source)
    for made in ("questions", "sceneGraphs", "ood", "features", "detector", "images"):
        (layout.folder / made).mkdir(parents=True, exist_ok=True)
    names = _write_names(layout.folder / "detector", old)
    counts, templates, first = {}, {}, 0
    images: dict[str, range] = {}
    for split in SPLITS:
        templates[split] = list(_templates(old, split, names))
        questions, pictures = (max(round(part * scale), 60) for part in COUNTS[split])
        images[split] = range(first, first + pictures)
        first += pictures
        counts[split] = (questions, pictures)
        _write_questions(layout, split, templates[split], images[split], questions)
        if split in SCENE_GRAPH_SPLITS:
            _write_graphs(layout.scene_graphs(split), templates[split], images[split])
        if split != "train":  # the gallery shows pictures, and imported features need none
            for number in images[split]:
                picture = templates[split][number % len(templates[split])].image_id
                target = layout.image(_image_id(number))
                target.unlink(missing_ok=True)
                target.hardlink_to(old.image(picture))
    for name, splits in FEATURE_FILES.items():
        _write_features(layout.folder / "features" / f"{name}.zip", splits, templates, images)
    write_json(note, {"scale": scale, "counts": counts})
    return counts


def _image_id(number: int) -> str:
    return str(_FIRST_IMAGE + number)


def _names(number: int) -> dict[str, str]:
    """Return what the placeholders of a template stand for in the image with this number."""
    objects = _FIRST_OBJECT + number * _OBJECTS
    questions = number * _QUESTIONS_AN_IMAGE
    return {
        "image": _image_id(number),
        **{f"o{i}": str(objects + i) for i in range(_OBJECTS)},
        **{f"q{i}": f"{questions + i:08d}" for i in range(_QUESTIONS_AN_IMAGE)},
    }


def _templates(old: Layout, split: str, names: Mapping[str, list[str]]) -> Iterator[Template]:
    questions = json.loads(old.questions(split).read_text(encoding="utf-8"))
    graphs = {}
    if split in SCENE_GRAPH_SPLITS:
        graphs = json.loads(old.scene_graphs(split).read_text(encoding="utf-8"))
    parts: dict[str, set[str]] = {name: set() for name in OOD_PARTS}
    if split in OOD_SPLITS:
        for part in OOD_PARTS:
            file = old.ood_questions(split, part)
            parts[part] = set(json.loads(file.read_text(encoding="utf-8")))
    asked: dict[str, dict[str, Any]] = {}
    for question_id, entry in questions.items():
        asked.setdefault(entry["imageId"], {})[question_id] = entry
    generator = np.random.default_rng(0)
    for image_id, entries in asked.items():
        graph = graphs.get(image_id, {"width": 320, "height": 240, "objects": {}})
        known = {image_id: "%(image)s"}
        known |= {name: f"%(o{place})s" for place, name in enumerate(graph["objects"])}
        known |= {name: f"%(q{place})s" for place, name in enumerate(entries)}
        yield Template(
            image_id,
            _blanked(graph, known),
            [_blanked(entry, known) for entry in entries.values()],
            [
                frozenset(part for part, members in parts.items() if question_id in members)
                for question_id in entries
            ],
            _feature_line(graph, names, generator),
        )


def _blanked(entry: Any, known: Mapping[str, str]) -> str:
    # objects that a split without scene graphs names keep their ids
    text = json.dumps(entry).replace("%", "%%")
    return _ID.sub(lambda found: known.get(found[1], found[1]), text)


def _write_questions(
    layout: Layout, split: str, templates: list[Template], images: range, count: int
) -> None:
    """Write so many questions in mixed order, and the GQA-OOD files that hold some of them."""
    order = np.random.default_rng(1).permutation(count).tolist()
    with contextlib.ExitStack() as opened:
        files = {"": opened.enter_context(_entries(layout.questions(split)))}
        for part in OOD_PARTS if split in OOD_SPLITS else ():
            files[part] = opened.enter_context(_entries(layout.ood_questions(split, part)))
        for index in order:
            turn, place = divmod(index, len(images))
            number = images[place]
            template = templates[number % len(templates)]
            source = turn % len(template.questions)
            text = template.questions[source] % _names(number)
            line = f'"{number * _QUESTIONS_AN_IMAGE + turn:08d}": {text}'
            for part in ("", *template.parts[source]):
                files[part].write(line)


def _write_graphs(path: Path, templates: list[Template], images: range) -> None:
    with _entries(path) as file:
        for number in images:
            graph = templates[number % len(templates)].graph % _names(number)
            file.write(f'"{_image_id(number)}": {graph}')


class _Entries:
    """Writes the entries of one JSON object, one after the other."""

    def __init__(self, file: IO[str]) -> None:
        self._file, self._before = file, ""

    def write(self, entry: str) -> None:
        self._file.write(self._before + entry)
        self._before = ", "


@contextlib.contextmanager
def _entries(path: Path) -> Iterator[_Entries]:
    with open(path, "w", encoding="utf-8") as file:
        file.write("{")
        yield _Entries(file)
        file.write("}")


def _write_names(folder: Path, old: Layout) -> dict[str, list[str]]:
    """Write the detector's 1,600 objects and 400 attributes, the world's first; return them."""
    graphs = json.loads(old.scene_graphs("train").read_text(encoding="utf-8")).values()
    things = [thing for graph in graphs for thing in graph["objects"].values()]
    known = {
        "objects": sorted({thing["name"] for thing in things}),
        "attributes": sorted({name for thing in things for name in thing["attributes"]}),
    }
    for kind, count in (("objects", 1600), ("attributes", 400)):
        names = known[kind] + [f"{kind} {i}" for i in range(count)]
        known[kind] = names[:count]
        text = "\n".join(known[kind]) + "\n"
        (folder / f"{kind}_vocab.txt").write_text(text, encoding="utf-8")
    return known


def _feature_line(
    graph: Mapping[str, Any], names: Mapping[str, list[str]], generator: np.random.Generator
) -> bytes:
    """Return the columns of LXMERT's table behind `img_id`: boxes near the objects, then any."""
    things = list(graph["objects"].values())[:REGIONS]
    width, height = graph["width"], graph["height"]
    corners = np.sort(generator.uniform(0, 1, (REGIONS, 2, 2)), axis=1) * (width, height)
    boxes = corners.reshape(REGIONS, 4).astype("<f4")
    objects = generator.integers(0, len(names["objects"]), REGIONS)
    for row, thing in enumerate(things):
        x, y = thing["x"], thing["y"]
        boxes[row] = (x, y, x + thing["w"], y + thing["h"])
        if thing["name"] in names["objects"]:
            objects[row] = names["objects"].index(thing["name"])
    boxes += generator.normal(0, 2, boxes.shape).astype("<f4")
    boxes = np.sort(boxes.reshape(REGIONS, 2, 2), axis=1).reshape(REGIONS, 4)
    boxes = boxes.clip(0, [width, height, width, height]).astype("<f4")
    features = generator.random((_POOL, FEATURES), np.float32)
    columns = (
        str(height).encode(),
        str(width).encode(),
        _encoded(objects.astype("<i8")),
        _encoded(generator.random(REGIONS).astype("<f4")),
        _encoded(generator.integers(0, len(names["attributes"]), REGIONS).astype("<i8")),
        _encoded(np.zeros(REGIONS, "<f4")),
        str(REGIONS).encode(),
        _encoded(boxes),
        _encoded(features[generator.integers(0, _POOL, REGIONS)]),
    )
    return b"\t" + b"\t".join(columns) + b"\n"


def _encoded(values: npt.NDArray[Any]) -> bytes:
    return binascii.b2a_base64(values.tobytes(), newline=False)


def _write_features(
    path: Path,
    splits: tuple[str, ...],
    templates: Mapping[str, list[Template]],
    images: Mapping[str, range],
) -> None:
    """Write one of LXMERT's archives, line by line: no table lies on the disk."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        member = f"vg_gqa_imgfeat/{path.stem}.tsv"
        with archive.open(member, "w", force_zip64=True) as table:
            for split in splits:
                for number in images[split]:
                    template = templates[split][number % len(templates[split])]
                    table.write(_image_id(number).encode() + template.line)
