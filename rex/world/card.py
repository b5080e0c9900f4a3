"""The card of a world: what is in it and how often, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rex.config import SPLITS
from rex.errors import InputError
from rex.files import read_json, write_text
from rex.gqa.layout import OOD_PARTS, OOD_SPLITS, Layout
from rex.gqa.ontology import HYPERNYMS, WORD_CATEGORIES
from rex.world.folder import record_file

_CLASSES = (
    "person", "animal", "clothing", "furniture", "vehicle", "food", "tableware", "container",
    "device", "toy", "plant", "building", "bag", "urban environment",
)  # fmt: skip

_BEGIN = "<!-- made by `rex world card`: do not edit -->"
_END = "<!-- end of what `rex world card` made -->"


def world_card(world: Path) -> str:
    """Return the card of a made world. Raises InputError when `world` is not one."""
    path = record_file(world)
    record = read_json(path, cure="make a world first: rex world make --out DIR")
    try:
        counts, settings = record["counts"], record["settings"]
        lines = [
            f"Seed {settings['seed']}, {settings['width']} x {settings['height']} pixels.",
            "",
            *_sizes(world, counts),
            "",
            *_things(counts["train"]),
            "",
            *_operations(counts["train"]),
        ]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"lacks {error}", file=path, cure="make the world again with this version of REX"
        ) from None
    return "\n".join(lines) + "\n"


def put_into(file: Path, card: str) -> None:
    """Replace what stands between the card's two marks in a Markdown file. Raises InputError."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        cure = f"name a Markdown file with the lines {_BEGIN} and {_END}"
        raise InputError(f"cannot be read ({error.strerror})", file=file, cure=cure) from None
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise InputError(
            "has no markers for the card", file=file, cure=f"add the lines {_BEGIN} and {_END}"
        )
    write_text(file, f"{before}{begin}\n\n{card}\n{end}{after}")


def _sizes(world: Path, counts: Mapping[str, Any]) -> list[str]:
    lines = [
        "## Size",
        "",
        "| Split | Images | Annotated objects | Questions | Distinct answers |",
        "|---|---|---|---|---|",
    ]
    for split in SPLITS:
        one = counts[split]
        lines.append(
            f"| {split} | {one['images']:,} | {one['objects']:,} | {one['questions']:,} "
            f"| {len(one['answers'])} |"
        )
    layout = Layout(world)
    lines += ["", "| GQA-OOD | " + " | ".join(OOD_PARTS) + " |", "|---|" + "---|" * len(OOD_PARTS)]
    for split in OOD_SPLITS:
        sizes = [len(read_json(layout.ood_questions(split, part))) for part in OOD_PARTS]
        lines.append(f"| {split} | " + " | ".join(f"{size:,}" for size in sizes) + " |")
    return lines


def _things(counts: Mapping[str, Any]) -> list[str]:
    kinds: Mapping[str, int] = counts["kinds"]
    lines = [
        f"## Things: {len(kinds)} kinds",
        "",
        "| Class | Kinds (in the train images) |",
        "|---|---|",
    ]
    classes: dict[str, list[str]] = {}
    for name, number in kinds.items():
        named = HYPERNYMS.get(name, frozenset())
        first = next((c for c in _CLASSES if c in named), "other")
        classes.setdefault(first, []).append(f"{name} {number:,}")
    lines += [f"| {c} | {', '.join(classes[c])} |" for c in (*_CLASSES, "other") if c in classes]
    lines += ["", "| Attribute | Words (in the train images) |", "|---|---|"]
    words: dict[str, list[str]] = {}
    for word, number in counts["attributes"].items():
        # a word of several categories stands under all of them
        for category in sorted(_shown_categories(word)):
            words.setdefault(category, []).append(f"{word} {number:,}")
    lines += [f"| {category} | {', '.join(words[category])} |" for category in sorted(words)]
    lines += ["", "| Relation | In the train images |", "|---|---|"]
    lines += [f"| {name} | {number:,} |" for name, number in counts["relations"].items()]
    places = ", ".join(f"{name} {number:,}" for name, number in counts["places"].items())
    return [*lines, "", f"Places: {places}."]


def _shown_categories(word: str) -> frozenset[str]:
    known = {
        "color", "material", "size", "shape", "pose", "activity", "age", "height", "length",
        "pattern", "cleanliness", "face expression",
    }  # fmt: skip
    found = WORD_CATEGORIES.get(word, frozenset()) & known
    if word == "short":
        return frozenset({"height", "length"})
    if len(found) > 1 and "shape" in found:
        found -= {"shape"}
    return found or frozenset({"(no category)"})


def _operations(counts: Mapping[str, Any]) -> list[str]:
    operations: Mapping[str, int] = counts["operations"]
    lines = [
        f"## Questions: {len(operations)} operation names",
        "",
        "| Verb | Operation names (steps in the train questions) |",
        "|---|---|",
    ]
    verbs: dict[str, list[str]] = {}
    for name, number in operations.items():
        verbs.setdefault(name.partition(" ")[0], []).append(f"`{name}` {number:,}")
    lines += [f"| {verb} | {', '.join(names)} |" for verb, names in sorted(verbs.items())]
    for title in ("structural", "semantic", "detailed"):
        shares = ", ".join(f"{name} {number:,}" for name, number in counts[title].items())
        lines += ["", f"By {title} type: {shares}."]
    answers = list(counts["answers"].items())[:30]
    shown = ", ".join(f"{name} {number:,}" for name, number in answers)
    return [*lines, "", f"The commonest of {len(counts['answers'])} answers: {shown}."]
