"""Making the world: images, scene graphs, questions, in one folder that appears whole."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rex.config import SCENE_GRAPH_SPLITS, SPLITS, WorldSettings
from rex.errors import InputError
from rex.files import made_by, whole_folder, write_json, write_text
from rex.gqa.layout import Layout
from rex.logs import track
from rex.world.annotate import Facts, annotate, scene_graph
from rex.world.balance import choose, pool_limit
from rex.world.composing import compose
from rex.world.folder import data_digest, is_replaceable, is_whole, mark, record_file
from rex.world.ood import split_out_of_distribution
from rex.world.questions.engine import candidates
from rex.world.questions.records import Candidate, question_records
from rex.world.render import render

VERSION = 4
"""Rises whenever other code makes another world of the same settings and data."""

MIN_OBJECTS, MAX_OBJECTS = 4, 10
"""Annotated objects of an image; a scene with fewer or more is composed again."""

_logger = logging.getLogger("rex.world")


def make_world(out: Path, settings: WorldSettings, processes: int | None = None) -> None:
    """Make the world in the folder `out`; the result does not depend on `processes`.

    A world with the same settings, made of the same templates and things, is left as it is,
    another one is replaced. Raises InputError when `out` is something else.
    """
    out = Path(out)
    wanted = {
        "version": VERSION,
        "settings": dataclasses.asdict(settings),
        "data": data_digest(),
    }
    if is_whole(out, wanted):
        _logger.info("%s already contains this world: nothing to do", out)
        return
    if not is_replaceable(out):
        problem = "exists and is not a world made by REX"
        raise InputError(problem, file=out, cure="name another folder with --out")
    with whole_folder(out) as folder:
        _fill(folder, settings, wanted, processes)
    _logger.info("made %s", out)


def _fill(
    folder: Path, settings: WorldSettings, wanted: Mapping[str, Any], processes: int | None
) -> None:
    layout = Layout(folder)
    layout.images().mkdir(parents=True)
    mark(folder)
    card: dict[str, Any] = {}
    for number, split in enumerate(SPLITS):
        images = getattr(settings, f"{split}_images")
        make = partial(_make_image, layout.images(), settings, number)
        made = list(track(_run(make, images, processes), f"world {split}", images, "images"))
        questions = _ask(made, number, settings)
        _write_records(layout.questions(split), questions.items())
        if split in SCENE_GRAPH_SPLITS:
            graphs = ((facts.image_id, scene_graph(facts)) for facts, _ in made)
            _write_records(layout.scene_graphs(split), graphs)
        if split != "train":
            for part, chosen in split_out_of_distribution(questions).items():
                _write_records(layout.ood_questions(split, part), chosen.items())
        card[split] = _counts([facts for facts, _ in made], questions)
    provenance = made_by("rex world make", dataclasses.asdict(settings))
    write_json(record_file(folder), {**wanted, "counts": card}, provenance=provenance)


_Made = tuple[Facts, list[Candidate]]
"""An image's facts, and what could be asked about it."""


def _run(make: Callable[[int], _Made], images: int, processes: int | None) -> Iterator[_Made]:
    count = processes or len(os.sched_getaffinity(0))
    if count == 1 or images < 16:
        yield from map(make, range(images))
        return
    with ProcessPoolExecutor(count) as pool:
        yield from pool.map(make, range(images), chunksize=8)


def _make_image(folder: Path, settings: WorldSettings, split: int, index: int) -> _Made:
    """Compose, draw and annotate one image of a split (both by number)."""
    random = np.random.default_rng([settings.seed, split, index])
    while True:
        scene = compose(random)
        if not MIN_OBJECTS <= scene.size <= MAX_OBJECTS:
            continue
        picture = render(scene, settings.width, settings.height, random)
        # what is hidden is not there
        if len(picture.visible) >= MIN_OBJECTS:
            break
    number = (split + 1) * 1_000_000 + index
    picture.image.save(folder / f"{number}.jpg", "JPEG", quality=90, subsampling=0)
    names_place = bool(random.random() < 0.5)
    facts = annotate(picture, str(number), number * 100, names_place=names_place)
    limit = partial(pool_limit, questions_per_image=settings.questions_per_image)
    return facts, candidates(facts, random, limit)


def _ask(made: list[_Made], split: int, settings: WorldSettings) -> dict[str, dict[str, Any]]:
    """Choose the questions of a split and return their records by id, image by image."""
    flat = [(image, c) for image, (_, pool) in enumerate(made) for c in pool]
    random = np.random.default_rng([settings.seed, split, 1 << 32])
    chosen: dict[int, list[Candidate]] = {}
    for index in choose(flat, len(made), settings.questions_per_image, random):
        image, candidate = flat[index]
        chosen.setdefault(image, []).append(candidate)
    records: dict[str, dict[str, Any]] = {}
    for image in sorted(chosen):
        records |= question_records(made[image][0].image_id, chosen[image])
    return records


def _write_records(path: Path, records: Iterable[tuple[str, Any]]) -> None:
    """Write a JSON object with one entry a line, so that a person can read and compare it."""
    lines = [
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in records
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")


def _counts(facts: list[Facts], questions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what there is how often, for the world's card."""
    entities = [entity for one in facts for entity in one.entities]

    def count(items: Iterable[str]) -> dict[str, int]:
        return dict(sorted(Counter(items).items(), key=lambda pair: (-pair[1], pair[0])))

    return {
        "images": len(facts),
        "objects": len(entities),
        "questions": len(questions),
        "places": count(one.place for one in facts),
        "kinds": count(entity.name for entity in entities),
        "attributes": count(word for entity in entities for word in entity.words.values()),
        "relations": count(name for entity in entities for name, _ in entity.relations),
        "operations": count(
            step["operation"] for record in questions.values() for step in record["semantic"]
        ),
        "structural": count(record["types"]["structural"] for record in questions.values()),
        "semantic": count(record["types"]["semantic"] for record in questions.values()),
        "detailed": count(record["types"]["detailed"] for record in questions.values()),
        "answers": count(record["answer"] for record in questions.values()),
    }
