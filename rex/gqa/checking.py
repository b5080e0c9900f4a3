"""`rex gqa check`: what a data folder or file holds, and the first thing wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from rex.errors import InputError
from rex.gqa.json_entries import iter_pieces
from rex.gqa.layout import Layout
from rex.gqa.operations import Relate, Select
from rex.gqa.parsing import Program, is_object_id, parse_program
from rex.gqa.questions import ProgramError, iter_questions
from rex.gqa.scene_graphs import iter_scene_graphs
from rex.images import ImageFolder

_CURE = "expected GQA's questions or scene graphs (docs/data.md)"

Objects = Mapping[str, tuple[str, ...]]
"""Image id to the ids of its objects; tuples of a few take far less memory than sets."""


def check_path(path: Path) -> Iterator[str]:
    """Yield lines on a file or a folder in GQA's layout.

    Raises InputError at the first malformed entry, and, after the whole report on a folder, when
    parts of it are missing.
    """
    if not path.is_dir():
        yield f"{path}: {check_file(path)}"
        return
    layout = Layout(path)
    missing: list[Path] = []
    objects: dict[str, Objects] = {}
    for label, file in layout.annotation_files().items():
        out_of_distribution = label.startswith("GQA-OOD")
        if file.exists():
            split = label.rpartition(" ")[2]
            if out_of_distribution:  # of a small world they may be empty
                held = _check_questions(file, {})
            else:
                held, objects[split] = _check_file(file, objects.get(split, {}))
            yield f"{label:<24} {file}: {held}"
        elif out_of_distribution:
            yield f"{label:<24} {file}: not there (optional)"
        elif file == layout.questions("testdev"):
            yield f"{label:<24} {file}: not there (needed unless evaluation.splits is [val])"
        else:
            missing.append(file)
            yield f"{label:<24} {file}: MISSING"
    images = layout.images()
    if images.is_dir():
        yield f"{'images':<24} {images}: {_count(ImageFolder(images).count(), 'image')}"
    else:
        yield f"{'images':<24} {images}: not there (optional: to extract regions, for the gallery)"
    if missing:
        count = len(missing) - 1
        others = f" and {_count(count, 'other part')}" if count else ""
        raise InputError(
            f"lacks {missing[0].relative_to(path)}{others}",
            file=path,
            cure=f"make the world (rex world make), get GQA (rex gqa fetch {path}), or add what "
            "a data set of your own needs (docs/new-data.md)",
        )


def check_file(path: Path) -> str:
    """Return what a file holds: questions (GQA or GQA-OOD) or scene graphs, with counts.

    Raises InputError, naming the entry and the field, when it is malformed.
    """
    return _check_file(path, {})[0]


def _check_file(path: Path, objects: Objects) -> tuple[str, Objects]:
    """Return what a file holds, and the objects that are known by then."""
    if _holds_questions(path):
        return _check_questions(path, objects), objects
    return _check_scene_graphs(path)


def _holds_questions(path: Path) -> bool:
    for _, _, entries in iter_pieces(path, msgspec.Raw, entry="entry", cure=_CURE):
        for key, value in entries.items():
            try:
                fields = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                fields = {}
            if "question" in fields or "imageId" in fields:
                return True
            if "objects" in fields or "width" in fields:
                return False
            raise InputError(
                "neither a question nor a scene graph", file=path, place=f"entry {key}", cure=_CURE
            )
    raise InputError("holds no entries", file=path, cure=_CURE)


def _check_questions(path: Path, objects: Objects) -> str:
    """Return what a file holds; objects that programs name are looked up, where any are known."""
    images = set()
    lacking: list[str] = []
    structural: Counter[str] = Counter()
    without_program = 0
    for question_id, record in iter_questions(path):
        try:
            program = parse_program(record.semantic)
        except ProgramError as error:
            raise error.in_file(path, question_id) from None
        images.add(record.image_id)
        structural[record.types.structural or "no type"] += 1
        without_program += not record.semantic
        named = _objects_of(program) if record.image_id in objects else ()
        if lost := [name for name in named if name not in objects[record.image_id]]:
            lacking.append(f"{lost[0]} in question {question_id}")
    types = ", ".join(f"{count:,} {name}" for name, count in sorted(structural.items()))
    types = f" ({types})" if types else ""
    note = f"; {without_program:,} without a program" if without_program else ""
    note += _some("; {} with objects that their scene graph lacks ({}…)", lacking)
    questions = _count(structural.total(), "question")
    return f"{questions} on {_count(len(images), 'image')}{types}{note}"


def _objects_of(program: Program) -> list[str]:
    """Return the ids of the objects that a program names."""
    return [
        name for step in program if isinstance(step, Select | Relate) for name in step.objects or ()
    ]


def _check_scene_graphs(path: Path) -> tuple[str, Objects]:
    relations = 0
    objects: dict[str, tuple[str, ...]] = {}
    odd: list[str] = []
    nameless: list[str] = []
    for image_id, graph in iter_scene_graphs(path):
        objects[image_id] = tuple(graph.objects)
        for object_id, thing in graph.objects.items():
            left, top, right, bottom = thing.box
            if not (0 <= left < right <= graph.width and 0 <= top < bottom <= graph.height):
                odd.append(f"object {object_id} of image {image_id}")
            if not is_object_id(object_id):
                nameless.append(f"object {object_id} of image {image_id}")
            relations += len(thing.relations)
            for relation in thing.relations:
                if relation.object not in graph.objects:
                    raise InputError(
                        f"relation {relation.name!r} to a missing object {relation.object!r}",
                        file=path,
                        place=f"image {image_id}: field objects[{object_id}].relations",
                        cure="name an object of the same image",
                    )
    notes = _some(" ({} with a box that is empty or leaves its image: {}…)", odd)
    notes += _some(" ({} with an id that no program can name, unlike 7 or 7_b: {}…)", nameless)
    count = _count(sum(map(len, objects.values())), "object")
    held = f"scene graphs of {_count(len(objects), 'image')}, {count}{notes}"
    return f"{held}, {_count(relations, 'relation')}", objects


def _some(note: str, found: Sequence[str]) -> str:
    """Return a note of how many there are, and the first; nothing where there are none."""
    return note.format(f"{len(found):,}", found[0]) if found else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
